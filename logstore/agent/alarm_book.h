// Things a person should know about, by the real agent's names: counted, kept for the status file,
// and written to the event log the first time and then rarely. Thread-safe.
#pragma once

#include "base/clock.h"
#include "base/event_log.h"

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::agent {

inline constexpr std::string_view kMultiConfigMatchAlarm = "MULTI_CONFIG_MATCH_ALARM";
inline constexpr std::string_view kSkipReadLogAlarm = "SKIP_READ_LOG_ALARM";
inline constexpr std::string_view kDiscardDataAlarm = "DISCARD_DATA_ALARM";
inline constexpr std::string_view kSendDataFailAlarm = "SEND_DATA_FAIL_ALARM";
inline constexpr std::string_view kSendQuotaExceedAlarm = "SEND_QUOTA_EXCEED_ALARM";
inline constexpr std::string_view kOpenLogfileFailAlarm = "OPEN_LOGFILE_FAIL_ALARM";
inline constexpr std::string_view kLogTruncateAlarm = "LOG_TRUNCATE_ALARM";
inline constexpr std::string_view kCheckpointAlarm = "CHECKPOINT_ALARM";
inline constexpr std::string_view kConfigAlarm = "USER_CONFIG_ALARM";

struct Alarm {
    std::string kind;
    std::string subject;   ///< what it is about: a path, a target, a config
    std::string sentence;  ///< the latest
    std::uint64_t count = 0;
    std::uint64_t amount = 0;  ///< of what the kind counts: bytes skipped, logs dropped
    WallTime first;
    WallTime last;
};

class AlarmBook {
  public:
    AlarmBook(EventLog& log, const Clock& clock) : log_(log), clock_(clock) {}

    void raise(std::string_view kind, std::string_view subject, std::string_view sentence,
               std::uint64_t amount = 0);
    /// By kind and subject.
    std::vector<Alarm> all() const;
    std::uint64_t count(std::string_view kind) const;
    std::uint64_t amount(std::string_view kind) const;

  private:
    EventLog& log_;
    const Clock& clock_;
    mutable std::mutex mutex_;  // guards everything below
    std::map<std::pair<std::string, std::string>, Alarm> alarms_;
    std::map<std::pair<std::string, std::string>, MonoTime> logged_;
};

}  // namespace spillway::agent
