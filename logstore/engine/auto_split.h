// When a shard is too hot: offered more than one shard is made for, for a while. Pure values; any
// thread. Source: docs/sources.md#shards
#pragma once

#include "base/clock.h"
#include "logstore/engine/quota.h"
#include "logstore/engine/shard_map.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace spillway::engine {

struct SplitRule {
    RateLimit capacity;  ///< of one shard; the service's where no quota is set
    std::chrono::seconds window{10};
    int windows_hot = 6;  ///< in a row
};

/// What was offered to one shard, refused writes included.
class ShardLoad {
  public:
    void offer(MonoTime now, std::uint64_t raw_bytes, const SplitRule& rule);
    /// Over its capacity in every one of the last `windows_hot` whole windows.
    bool is_hot(MonoTime now, const SplitRule& rule);
    /// Of the last whole window.
    double bytes_per_s() const { return last_bytes_per_s_; }

  private:
    void move_to(MonoTime now, const SplitRule& rule);

    std::int64_t window_ = -1;
    double bytes_ = 0;
    double ops_ = 0;
    int hot_in_a_row_ = 0;
    double last_bytes_per_s_ = 0;
};

/// The hottest shard, where the Logstore wants its shards split and may have one more. A split adds
/// one read-write shard.
std::optional<ShardId> shard_to_split(const std::vector<ShardEntry>& shards,
                                      const LogstoreSettings& settings,
                                      std::map<ShardId, ShardLoad>& loads, MonoTime now,
                                      const SplitRule& rule);

}  // namespace spillway::engine
