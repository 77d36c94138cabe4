// Comparisons of a link's copy with its books, run in the background: reading a target back takes
// as long as it takes, and whoever asked may hang up meanwhile. One a link at a time; the last
// outcome of each is kept. Any thread.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "replicator/replicator.h"

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace spillway::daemon {

/// Pages begun in [from, to), Unix seconds.
struct VerifyRange {
    std::int64_t from_unix_s = 0;
    std::int64_t to_unix_s = 0;
};

struct VerifyJob {
    VerifyRange range;
    WallTime started_at;
    std::optional<WallTime> ended_at;                         ///< nothing while it runs
    std::optional<Result<replicator::VerifyReport>> outcome;  ///< nothing while it runs
};

class VerifyJobs {
  public:
    explicit VerifyJobs(const Clock& clock) : clock_(clock) {}
    ~VerifyJobs();  // cancels what runs and waits for it
    VerifyJobs(const VerifyJobs&) = delete;
    VerifyJobs& operator=(const VerifyJobs&) = delete;

    /// `link` must outlive this. Errors: Conflict when one of the link runs already.
    Status start(const std::string& name, const replicator::Link& link, const VerifyRange& range);
    /// The one that runs, else the last. Errors: NotFound when there was none.
    Result<VerifyJob> find(const std::string& name) const;
    /// Asks it to stop; its outcome is then Cancelled. Errors: NotFound when none runs.
    Status cancel(const std::string& name);

  private:
    struct Slot {
        VerifyJob job;
        std::jthread thread;
    };

    void finish(const std::string& name, Result<replicator::VerifyReport> outcome);

    const Clock& clock_;
    mutable std::mutex mutex_;  // guards slots_
    std::map<std::string, Slot> slots_;
};

}  // namespace spillway::daemon
