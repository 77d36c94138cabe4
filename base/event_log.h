// Structured log: one line an event, a stable event name, typed fields; logfmt or JSON to a stream.
// Thread-safe: a line is written whole.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "base/result.h"

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace spillway {

enum class LogLevel { Debug, Info, Warn, Error };
enum class LogFormat { Logfmt, Json };

Result<LogLevel> parse_log_level(std::string_view text);
Result<LogFormat> parse_log_format(std::string_view text);

/// One `key=value` of an event. Keys are lower_snake and carry their unit: `lag_seconds`.
struct LogField {
    std::string_view key;
    std::variant<std::string, std::int64_t, std::uint64_t, double, bool> value;

    LogField(std::string_view name, std::string_view text) : key(name), value(std::string(text)) {}
    LogField(std::string_view name, const std::string& text) : key(name), value(text) {}
    LogField(std::string_view name, const char* text) : key(name), value(std::string(text)) {}
    LogField(std::string_view name, bool flag) : key(name), value(flag) {}
    LogField(std::string_view name, double number) : key(name), value(number) {}
    template <class Integer>
    requires std::is_integral_v<Integer> LogField(std::string_view name, Integer number)
        : key(name) {
        if constexpr (std::is_signed_v<Integer>) {
            value = static_cast<std::int64_t>(number);
        } else {
            value = static_cast<std::uint64_t>(number);
        }
    }
};

using LogFields = std::initializer_list<LogField>;

class EventLog {
  public:
    virtual ~EventLog() = default;
    /// `event` is a stable dotted name for machines ("link.stalled"); `sentence` is for people.
    virtual void write(LogLevel level, std::string_view event, std::string_view sentence,
                       LogFields fields) = 0;

    void debug(std::string_view event, std::string_view sentence, LogFields fields = {}) {
        write(LogLevel::Debug, event, sentence, fields);
    }
    void info(std::string_view event, std::string_view sentence, LogFields fields = {}) {
        write(LogLevel::Info, event, sentence, fields);
    }
    void warn(std::string_view event, std::string_view sentence, LogFields fields = {}) {
        write(LogLevel::Warn, event, sentence, fields);
    }
    void error(std::string_view event, std::string_view sentence, LogFields fields = {}) {
        write(LogLevel::Error, event, sentence, fields);
    }
};

struct EventLogOptions {
    LogFormat format = LogFormat::Logfmt;
    LogLevel level = LogLevel::Info;
};

/// Writes to a file descriptor that stays open (2 for stderr). Where that is the systemd journal
/// (JOURNAL_STREAM), lines carry its <N> priority and no time: it stamps them itself.
std::unique_ptr<EventLog> make_event_log(int descriptor, EventLogOptions options,
                                         const Clock& clock);
/// Drops everything: for tests that do not look.
EventLog& null_event_log();

}  // namespace spillway
