// Which shards of the source may be copied now. A split or a merge makes new shards out of a
// read-only parent: the parent's data is older, so the children wait until the parent is copied to
// its end. Pure.
#pragma once

#include "logstore/model/logstore.h"
#include "replicator/checkpoint.h"

#include <map>
#include <vector>

namespace spillway::replicator {

enum class ShardDuty {
    Copy,       ///< pull it
    Wait,       ///< its parents are not drained yet
    Done,       ///< drained
    Recreated,  ///< our record is of another shard that had this id: a person decides
};

struct ShardPlan {
    Shard shard;
    ShardDuty duty = ShardDuty::Copy;
    bool operator==(const ShardPlan&) const = default;
};

/// True when `child` was made out of `parent`: younger, and their key ranges overlap.
bool is_parent_of(const Shard& parent, const Shard& child);

/// One entry for each listed shard, sorted by id.
std::vector<ShardPlan> plan_shards(std::vector<Shard> listed,
                                   const std::map<ShardId, ShardRecord>& records);

/// Shards we were copying that the source no longer names and that were not copied to their end.
std::vector<ShardId> lost_shards(const std::vector<Shard>& listed,
                                 const std::map<ShardId, ShardRecord>& records);

}  // namespace spillway::replicator
