#include "replicator/shard_set.h"

#include <algorithm>

namespace spillway::replicator {

bool is_parent_of(const Shard& parent, const Shard& child) {
    const bool overlap = parent.begin_key < child.end_key && child.begin_key < parent.end_key;
    return parent.status == ShardStatus::ReadOnly && parent.id < child.id && overlap;
}

std::vector<ShardPlan> plan_shards(std::vector<Shard> listed,
                                   const std::map<ShardId, ShardRecord>& records) {
    std::sort(listed.begin(), listed.end(),
              [](const Shard& left, const Shard& right) { return left.id < right.id; });
    const auto is_drained = [&records](const Shard& shard) {
        const auto found = records.find(shard.id);
        return found != records.end() && found->second.drained && found->second.is_of(shard);
    };
    std::vector<ShardPlan> plans;
    for (const Shard& shard : listed) {
        ShardPlan plan{shard, ShardDuty::Copy};
        const auto found = records.find(shard.id);
        if (found != records.end() && !found->second.is_of(shard)) {
            plan.duty = ShardDuty::Recreated;
        } else if (is_drained(shard)) {
            plan.duty = ShardDuty::Done;
        } else if (std::any_of(listed.begin(), listed.end(), [&](const Shard& other) {
                       return is_parent_of(other, shard) && !is_drained(other);
                   })) {
            plan.duty = ShardDuty::Wait;
        }
        plans.push_back(std::move(plan));
    }
    return plans;
}

std::vector<ShardId> lost_shards(const std::vector<Shard>& listed,
                                 const std::map<ShardId, ShardRecord>& records) {
    std::vector<ShardId> lost;
    for (const auto& [id, record] : records) {
        const bool named = std::any_of(listed.begin(), listed.end(),
                                       [&](const Shard& shard) { return shard.id == id; });
        if (!named && !record.drained) lost.push_back(id);
    }
    return lost;
}

}  // namespace spillway::replicator
