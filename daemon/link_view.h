// The links of a daemon as the switchover controller sees them. Any thread.
#pragma once

#include "base/clock.h"
#include "replicator/replicator.h"
#include "switchover/ports.h"

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace spillway::daemon {

using LinkMap = std::map<std::string, std::unique_ptr<replicator::Link>, std::less<>>;

class LinkView final : public switchover::ReplicationView {
  public:
    LinkView(const LinkMap& links, const Clock& clock) : links_(links), clock_(clock) {}

    Result<switchover::LinkProgress> progress(const std::string& link) override;
    Status mark_late(const std::string& link, std::uint64_t epoch) override;
    Result<bool> drained(const std::string& link, const std::map<ShardId, Cursor>& ends) override;

    /// Called every few seconds by a task: remembers rates and how far each shard was known to be,
    /// so that both are there when the source no longer answers.
    void sample();

  private:
    struct Sample {
        MonoTime at;
        std::uint64_t logs_read = 0;
    };
    struct Memory {
        std::deque<Sample> samples;  ///< of the last hour
        std::map<ShardId, WallTime> replicated_until;
    };

    void remember(const std::string& name, const replicator::LinkStatus& status);
    const replicator::Link* find(const std::string& link) const;

    const LinkMap& links_;
    const Clock& clock_;
    std::mutex mutex_;  // guards memory_
    std::map<std::string, Memory> memory_;
};

}  // namespace spillway::daemon
