#include "logstore/engine/auto_split.h"

#include <algorithm>

namespace spillway::engine {

/// Closes the windows between the last one and now.
void ShardLoad::move_to(MonoTime now, const SplitRule& rule) {
    const auto window = now.time_since_epoch() / rule.window;
    if (window == window_) return;
    if (window_ >= 0) {
        const double seconds = std::chrono::duration<double>(rule.window).count();
        last_bytes_per_s_ = bytes_ / seconds;
        const bool hot =
            (rule.capacity.bytes_per_s > 0 && last_bytes_per_s_ >= rule.capacity.bytes_per_s) ||
            (rule.capacity.ops_per_s > 0 && ops_ / seconds >= rule.capacity.ops_per_s);
        hot_in_a_row_ = hot ? hot_in_a_row_ + 1 : 0;
        if (window > window_ + 1) {  // nothing at all came in between
            hot_in_a_row_ = 0;
            last_bytes_per_s_ = 0;
        }
    }
    window_ = window;
    bytes_ = 0;
    ops_ = 0;
}

void ShardLoad::offer(MonoTime now, std::uint64_t raw_bytes, const SplitRule& rule) {
    move_to(now, rule);
    bytes_ += static_cast<double>(raw_bytes);
    ops_ += 1;
}

bool ShardLoad::is_hot(MonoTime now, const SplitRule& rule) {
    move_to(now, rule);
    return hot_in_a_row_ >= rule.windows_hot;
}

std::optional<ShardId> shard_to_split(const std::vector<ShardEntry>& shards,
                                      const LogstoreSettings& settings,
                                      std::map<ShardId, ShardLoad>& loads, MonoTime now,
                                      const SplitRule& rule) {
    if (!settings.auto_split) return std::nullopt;
    std::uint32_t writable = 0;
    std::optional<ShardId> hottest;
    double most = -1;
    for (const auto& shard : shards) {
        if (shard.status != ShardStatus::ReadWrite) continue;
        ++writable;
        const auto load = loads.find(shard.id);
        if (load == loads.end() || !load->second.is_hot(now, rule)) continue;
        if (shard.end - shard.begin < 2) continue;  // one key: nothing to divide
        if (load->second.bytes_per_s() <= most) continue;
        most = load->second.bytes_per_s();
        hottest = shard.id;
    }
    if (writable >= std::min(settings.max_split_shard, kShardsMax)) return std::nullopt;
    return hottest;
}

}  // namespace spillway::engine
