// What goes in and out of shards: bounded by quotas, and watched, so that a hot shard is split.
// Thread-safe.
#pragma once

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "logstore/engine/auto_split.h"
#include "logstore/engine/quota.h"
#include "logstore/engine/shard_map.h"

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

namespace spillway::engine {

class Traffic {
  public:
    Traffic(const QuotaSettings& quotas, const Clock& clock, MetricsRegistry& metrics);

    const QuotaSettings& quotas() const { return book_.settings(); }
    const SplitRule& split_rule() const { return rule_; }

    /// Whether writes to such a Logstore must come by admit_write.
    bool concerns(const LogstoreSettings& settings) const {
        return book_.settings().any() || settings.auto_split;
    }
    /// `key`: where the write has to go; none: any read-write shard. Errors: Throttled.
    Status admit_write(const LogstoreRef& ref, const std::vector<ShardEntry>& shards,
                       std::optional<HashKey> key, std::uint64_t raw_bytes);
    /// Errors: Throttled.
    Status admit_read(const LogstoreRef& ref, ShardId shard);
    void charge_read(const LogstoreRef& ref, ShardId shard, std::uint64_t raw_bytes);

    /// The shard to split now, if there is one.
    std::optional<ShardId> hot_shard(const LogstoreRef& ref, const std::vector<ShardEntry>& shards,
                                     const LogstoreSettings& settings);
    /// After a split, and when the Logstore goes.
    void forget(const LogstoreRef& ref);

  private:
    const Clock& clock_;
    QuotaBook book_;
    const SplitRule rule_;
    std::atomic<std::size_t> turn_ = 0;
    std::mutex mutex_;  // guards loads_
    std::map<LogstoreRef, std::map<ShardId, ShardLoad>> loads_;
};

}  // namespace spillway::engine
