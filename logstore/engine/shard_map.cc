#include "logstore/engine/shard_map.h"

#include <algorithm>
#include <string>

namespace spillway::engine {

namespace {

Error refused(std::string message) {
    auto error = make_error(ErrorCode::InvalidArgument, std::move(message));
    error.service_code = "ParameterInvalid";
    return error;
}

/// floor(2^128 * part / count), with the end of the last range at the greatest key.
HashKey boundary(std::uint32_t part, std::uint32_t count) {
    if (part == count) return kHashKeyMax;
    const HashKey quotient = kHashKeyMax / count;
    const HashKey rest = kHashKeyMax % count;
    return quotient * part + (rest * part + part) / count;
}

const ShardEntry* find_writable(const std::vector<ShardEntry>& shards, ShardId id) {
    const auto found = std::find_if(shards.begin(), shards.end(),
                                    [&](const ShardEntry& shard) { return shard.id == id; });
    if (found == shards.end() || found->status != ShardStatus::ReadWrite) return nullptr;
    return &*found;
}

std::uint32_t next_id(const std::vector<ShardEntry>& shards) {
    std::uint32_t next = 0;
    for (const auto& shard : shards) next = std::max(next, shard.id.value() + 1);
    return next;
}

/// One shard is to become `parts`.
Status check_room(const std::vector<ShardEntry>& shards, std::uint32_t parts) {
    const auto writable = std::count_if(shards.begin(), shards.end(), [](const ShardEntry& shard) {
        return shard.status == ShardStatus::ReadWrite;
    });
    if (static_cast<std::uint64_t>(writable) - 1 + parts <= kShardsMax) return {};
    return refused("a logstore has at most " + std::to_string(kShardsMax) +
                   " readwrite shards, and " + std::to_string(writable) + " are there");
}

ShardEntry retired(ShardEntry shard, std::int64_t now_ns) {
    shard.status = ShardStatus::ReadOnly;
    shard.readonly_ns = now_ns;
    return shard;
}

ShardEntry fresh(std::uint32_t id, HashKey begin, HashKey end, std::int64_t now_ns) {
    ShardEntry shard;
    shard.id = ShardId(id);
    shard.begin = begin;
    shard.end = end;
    shard.created_ns = now_ns;
    return shard;
}

bool overlap(const ShardEntry& left, const ShardEntry& right) {
    return left.begin < right.end && right.begin < left.end;
}

}  // namespace

std::vector<ShardEntry> initial_shards(std::uint32_t count, std::int64_t now_ns) {
    std::vector<ShardEntry> shards;
    for (std::uint32_t i = 0; i < count; ++i) {
        shards.push_back(fresh(i, boundary(i, count), boundary(i + 1, count), now_ns));
    }
    return shards;
}

Result<ShardChange> split_shard(const std::vector<ShardEntry>& shards, ShardId id,
                                std::optional<HashKey> middle, std::int64_t now_ns) {
    const auto* parent = find_writable(shards, id);
    if (parent == nullptr)
        return refused("invalid shard id: no readwrite shard " + std::to_string(id.value()));
    if (auto room = check_room(shards, 2); !room) return std::move(room).error();
    HashKey width = parent->end - parent->begin;
    if (parent->end == kHashKeyMax) ++width;  // 0 for the whole space, whose half is 2^127
    const HashKey half = width == 0 ? HashKey{1} << 127 : width / 2;
    const HashKey at = middle.value_or(parent->begin + half);
    if (at <= parent->begin || at >= parent->end) {
        return refused("invalid mid hash: " + format_hash_key(at) + " is not inside [" +
                       format_hash_key(parent->begin) + ", " + format_hash_key(parent->end) + ")");
    }
    const auto id_left = next_id(shards);
    return ShardChange{
        {retired(*parent, now_ns)},
        {fresh(id_left, parent->begin, at, now_ns), fresh(id_left + 1, at, parent->end, now_ns)}};
}

Result<ShardChange> split_shard_evenly(const std::vector<ShardEntry>& shards, ShardId id,
                                       std::uint32_t count, std::int64_t now_ns) {
    const auto* parent = find_writable(shards, id);
    if (parent == nullptr)
        return refused("invalid shard id: no readwrite shard " + std::to_string(id.value()));
    const HashKey step = count == 0 ? 0 : (parent->end - parent->begin) / count;
    if (count < 2 || step == 0) {
        return refused("a shard is split in 2 parts or more, not in " + std::to_string(count));
    }
    if (auto room = check_room(shards, count); !room) return std::move(room).error();
    ShardChange change{{retired(*parent, now_ns)}, {}};
    const auto id_first = next_id(shards);
    for (std::uint32_t part = 0; part < count; ++part) {
        const HashKey begin = parent->begin + step * part;
        const HashKey end = part + 1 == count ? parent->end : begin + step;
        change.children.push_back(fresh(id_first + part, begin, end, now_ns));
    }
    return change;
}

Result<ShardChange> merge_shard(const std::vector<ShardEntry>& shards, ShardId id,
                                std::int64_t now_ns) {
    const auto* left = find_writable(shards, id);
    if (left == nullptr)
        return refused("invalid shard id: no readwrite shard " + std::to_string(id.value()));
    const auto right = std::find_if(shards.begin(), shards.end(), [&](const ShardEntry& shard) {
        return shard.status == ShardStatus::ReadWrite && shard.begin == left->end;
    });
    if (right == shards.end()) return refused("can not merge the last shard");
    return ShardChange{{retired(*left, now_ns), retired(*right, now_ns)},
                       {fresh(next_id(shards), left->begin, right->end, now_ns)}};
}

void apply_change(std::vector<ShardEntry>& shards, const ShardChange& change) {
    for (const auto& parent : change.parents) {
        for (auto& shard : shards) {
            if (shard.id == parent.id) shard = parent;
        }
    }
    shards.insert(shards.end(), change.children.begin(), change.children.end());
}

std::optional<ShardId> route(const std::vector<ShardEntry>& shards, HashKey key) {
    for (const auto& shard : shards) {
        if (shard.status == ShardStatus::ReadWrite && shard.holds(key)) return shard.id;
    }
    return std::nullopt;
}

std::vector<ShardId> parents_of(const std::vector<ShardEntry>& shards, ShardId id) {
    std::vector<ShardId> parents;
    const auto child = std::find_if(shards.begin(), shards.end(),
                                    [&](const ShardEntry& shard) { return shard.id == id; });
    if (child == shards.end()) return parents;
    for (const auto& shard : shards) {
        if (shard.status == ShardStatus::ReadOnly && shard.id < id && overlap(shard, *child) &&
            shard.readonly_ns == child->created_ns) {
            parents.push_back(shard.id);
        }
    }
    return parents;
}

Shard to_model(const ShardEntry& entry) {
    Shard shard;
    shard.id = entry.id;
    shard.status = entry.status;
    shard.begin_key = format_hash_key(entry.begin);
    shard.end_key = format_hash_key(entry.end);
    shard.created_unix_s = entry.created_ns / 1'000'000'000;
    return shard;
}

}  // namespace spillway::engine
