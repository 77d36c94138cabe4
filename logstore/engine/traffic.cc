#include "logstore/engine/traffic.h"

#include <algorithm>

namespace spillway::engine {

namespace {

SplitRule rule_of(const QuotaSettings& quotas) {
    SplitRule rule;
    rule.capacity = quotas.shard_write.is_set() ? quotas.shard_write : service_quotas().shard_write;
    return rule;
}

}  // namespace

Traffic::Traffic(const QuotaSettings& quotas, const Clock& clock, MetricsRegistry& metrics)
    : clock_(clock), book_(quotas, clock, metrics), rule_(rule_of(quotas)) {}

Status Traffic::admit_write(const LogstoreRef& ref, const std::vector<ShardEntry>& shards,
                            std::optional<HashKey> key, std::uint64_t raw_bytes) {
    std::vector<ShardId> open;
    for (const auto& shard : shards) {
        if (shard.status != ShardStatus::ReadWrite) continue;
        if (!key || shard.holds(*key)) open.push_back(shard.id);
    }
    if (open.empty()) return {};  // the log says what is wrong
    // Writes without a key go round, as the log places them.
    std::rotate(open.begin(), open.begin() + static_cast<std::ptrdiff_t>(turn_++ % open.size()),
                open.end());
    auto admitted = book_.admit_write(ref, open, raw_bytes);
    {
        const std::lock_guard lock(mutex_);
        loads_[ref][admitted ? *admitted : open.front()].offer(clock_.mono(), raw_bytes, rule_);
    }
    if (!admitted) return std::move(admitted).error();
    return {};
}

Status Traffic::admit_read(const LogstoreRef& ref, ShardId shard) {
    return quotas().any() ? book_.admit_read(ref, shard) : Status();
}

void Traffic::charge_read(const LogstoreRef& ref, ShardId shard, std::uint64_t raw_bytes) {
    if (quotas().any()) book_.charge_read(ref, shard, raw_bytes);
}

std::optional<ShardId> Traffic::hot_shard(const LogstoreRef& ref,
                                          const std::vector<ShardEntry>& shards,
                                          const LogstoreSettings& settings) {
    const std::lock_guard lock(mutex_);
    const auto found = loads_.find(ref);
    if (found == loads_.end()) return std::nullopt;
    return shard_to_split(shards, settings, found->second, clock_.mono(), rule_);
}

void Traffic::forget(const LogstoreRef& ref) {
    const std::lock_guard lock(mutex_);
    loads_.erase(ref);
}

}  // namespace spillway::engine
