// Looks at the running drill from outside: the daemon's status and what both regions hold, again
// and again, on a thread of its own. Thread rule: any thread may call.
#pragma once

#include "daemon/quickstart/daemon_view.h"
#include "daemon/quickstart/interval_set.h"
#include "daemon/quickstart/layout.h"
#include "daemon/quickstart/store_reader.h"
#include "logstore/model/logstore_api.h"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace spillway::daemon::quickstart {

/// Counts different lines of files in one region as they come. One owner at a time.
class LiveCount {
  public:
    void add(const StoredRecord& record);
    std::uint64_t lines() const { return lines_; }
    std::uint64_t direct_lines() const { return direct_lines_; }
    /// True when every byte of the file is there.
    bool covers(const FileId& file, std::uint64_t bytes) const;

  private:
    std::map<FileId, IntervalSet> all_;
    std::map<FileId, IntervalSet> direct_;
    std::uint64_t lines_ = 0;
    std::uint64_t direct_lines_ = 0;
};

struct Observation {
    bool daemon_answers = false;
    DaemonView daemon;
    bool source_answers = false;
    std::uint64_t lines_in_source = 0;
    std::uint64_t lines_in_target = 0;
    std::uint64_t direct_lines_in_target = 0;
};

class Observer {
  public:
    using AskDaemon = std::function<Result<json::value>()>;

    Observer(const Layout& layout, RegionApi& source, RegionApi& target, AskDaemon ask_daemon,
             std::chrono::milliseconds interval);
    ~Observer();
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;

    Observation last() const;
    /// Whether all bytes of these files are in the target region.
    bool target_covers(const std::vector<std::pair<FileId, std::uint64_t>>& files) const;

  private:
    void run(const std::stop_token& stop);
    void look();

    const Layout layout_;
    const AskDaemon ask_daemon_;
    const std::chrono::milliseconds interval_;
    StoreReader source_reader_;  // of the thread, like target_reader_
    StoreReader target_reader_;
    mutable std::mutex mutex_;  // guards all below
    std::condition_variable_any stopped_;
    LiveCount source_count_;
    LiveCount target_count_;
    Observation last_;
    std::jthread thread_;
};

}  // namespace spillway::daemon::quickstart
