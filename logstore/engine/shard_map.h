// How the MD5 space is divided between shards, and how the division changes. Pure values; any
// thread.
#pragma once

#include "logstore/engine/hash_key.h"
#include "logstore/model/logstore.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace spillway::engine {

/// Of those that take writes, in one Logstore.
inline constexpr std::uint32_t kShardsMax = 256;

/// A shard as the engine keeps it.
struct ShardEntry {
    ShardId id;
    ShardStatus status = ShardStatus::ReadWrite;
    HashKey begin = 0;
    HashKey end = kHashKeyMax;  ///< exclusive, but for the greatest key, which belongs to the last
    std::int64_t created_ns = 0;   ///< also the first position of the shard
    std::int64_t readonly_ns = 0;  ///< since when; 0: it is not

    bool holds(HashKey key) const {
        return key >= begin && (key < end || (end == kHashKeyMax && key == kHashKeyMax));
    }
    bool operator==(const ShardEntry&) const = default;
};

/// `count` even ranges with ids from 0.
std::vector<ShardEntry> initial_shards(std::uint32_t count, std::int64_t now_ns);

/// What a split or merge does: these entries replace or join the map.
struct ShardChange {
    std::vector<ShardEntry> parents;   ///< now read-only
    std::vector<ShardEntry> children;  ///< new
};

/// Errors: InvalidArgument (ParameterInvalid): "invalid shard id", "invalid mid hash".
/// Without `middle` the range is halved.
Result<ShardChange> split_shard(const std::vector<ShardEntry>& shards, ShardId id,
                                std::optional<HashKey> middle, std::int64_t now_ns);
/// The range in `count` even parts. Errors: InvalidArgument.
Result<ShardChange> split_shard_evenly(const std::vector<ShardEntry>& shards, ShardId id,
                                       std::uint32_t count, std::int64_t now_ns);
/// The shard and its right neighbour become one. Errors: InvalidArgument.
Result<ShardChange> merge_shard(const std::vector<ShardEntry>& shards, ShardId id,
                                std::int64_t now_ns);
void apply_change(std::vector<ShardEntry>& shards, const ShardChange& change);

/// The read-write shard whose range holds the key; nothing when there is none.
std::optional<ShardId> route(const std::vector<ShardEntry>& shards, HashKey key);
/// Shards that gave their range to this one, directly: read-only, older, overlapping, and not
/// separated from it by a later one.
std::vector<ShardId> parents_of(const std::vector<ShardEntry>& shards, ShardId id);

Shard to_model(const ShardEntry& entry);

}  // namespace spillway::engine
