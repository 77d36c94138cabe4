#include "logstore/engine/consumer_group.h"

#include "logstore/wire/error_table.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

namespace spillway::engine {

namespace {

bool contains(const std::vector<ShardId>& shards, ShardId shard) {
    return std::find(shards.begin(), shards.end(), shard) != shards.end();
}

bool is_taken(const GroupShard& shard) {
    return shard.state == GroupShardState::Held || shard.state == GroupShardState::Handover;
}

}  // namespace

void ConsumerGroup::update(const ConsumerGroupInfo& info) {
    info_.timeout = info.timeout;
    info_.order = info.order;
    if (info_.order) return;
    for (auto& [id, shard] : shards_) {
        if (shard.state == GroupShardState::Waiting) shard.state = GroupShardState::Free;
    }
}

void ConsumerGroup::restore(ShardId shard, GroupShard saved, MonoTime now) {
    if (!saved.holder.empty()) consumers_[saved.holder] = {now};
    if (!saved.target.empty()) consumers_[saved.target] = {now};
    shards_[shard] = std::move(saved);
}

bool ConsumerGroup::is_over(ShardId shard) const {
    const auto found = shards_.find(shard);
    return found == shards_.end() || found->second.state == GroupShardState::Over;
}

/// New shards join, expired ones leave.
void ConsumerGroup::sync_shards(const ShardFacts& facts) {
    for (const auto& shard : facts.shards) {
        const auto [place, is_new] = shards_.try_emplace(shard.id);
        if (is_new && info_.order) place->second.state = GroupShardState::Waiting;
    }
    std::erase_if(shards_, [&](const auto& known) {
        return std::none_of(facts.shards.begin(), facts.shards.end(),
                            [&](const ShardEntry& shard) { return shard.id == known.first; });
    });
}

/// What follows from checkpoints: shards read to their end are over, and then their children may
/// go.
void ConsumerGroup::settle(const ShardFacts& facts) {
    for (auto& [id, shard] : shards_) {
        const auto end = facts.ends.find(id);
        const bool at_end = end != facts.ends.end() && shard.checkpoint == end->second;
        if (at_end) {
            shard.state = GroupShardState::Over;
            shard.holder.clear();
            shard.target.clear();
        } else if (shard.state == GroupShardState::Over) {
            shard.state = GroupShardState::Free;  // a checkpoint was forced elsewhere
        }
    }
    for (auto& [id, shard] : shards_) {
        if (shard.state != GroupShardState::Waiting) continue;
        const auto parents = parents_of(facts.shards, id);
        const bool ready = std::all_of(parents.begin(), parents.end(),
                                       [&](ShardId parent) { return is_over(parent); });
        if (ready) shard.state = GroupShardState::Free;
    }
}

void ConsumerGroup::drop_silent(MonoTime now) {
    std::erase_if(consumers_, [&](const auto& consumer) {
        return now - consumer.second.last_seen > info_.timeout;
    });
    for (auto& [id, shard] : shards_) {
        if (!is_taken(shard)) continue;
        if (!shard.target.empty() && !consumers_.contains(shard.target)) {
            shard.target.clear();
            shard.state = GroupShardState::Held;
        }
        if (consumers_.contains(shard.holder)) continue;
        shard.holder = std::exchange(shard.target, "");
        shard.state = shard.holder.empty() ? GroupShardState::Free : GroupShardState::Held;
    }
}

/// The consumer stopped reading what it was told to hand over.
void ConsumerGroup::release(const std::string& consumer, const std::vector<ShardId>& held) {
    for (auto& [id, shard] : shards_) {
        if (shard.state != GroupShardState::Handover || shard.holder != consumer) continue;
        if (contains(held, id)) continue;
        shard.holder = std::exchange(shard.target, "");
        shard.state = GroupShardState::Held;
    }
}

/// How many shards each consumer has or is about to get.
std::map<std::string, std::size_t> ConsumerGroup::counts() const {
    std::map<std::string, std::size_t> counts;
    for (const auto& [name, consumer] : consumers_) counts[name] = 0;
    for (const auto& [id, shard] : shards_) {
        if (shard.state == GroupShardState::Held) ++counts[shard.holder];
        if (shard.state == GroupShardState::Handover) ++counts[shard.target];
    }
    return counts;
}

/// Even shares differ by one at most; those who hold more already get the larger ones, so that as
/// few shards as possible move.
std::size_t ConsumerGroup::share_of(const std::string& consumer) const {
    const auto assignable = static_cast<std::size_t>(
        std::count_if(shards_.begin(), shards_.end(), [](const auto& shard) {
            return shard.second.state == GroupShardState::Free || is_taken(shard.second);
        }));
    const auto count = counts();
    const auto mine = count.at(consumer);
    const auto before_me =
        static_cast<std::size_t>(std::count_if(count.begin(), count.end(), [&](const auto& other) {
            return other.second > mine || (other.second == mine && other.first < consumer);
        }));
    return assignable / count.size() + (before_me < assignable % count.size() ? 1 : 0);
}

void ConsumerGroup::take_free(const std::string& consumer, const std::vector<ShardId>& held) {
    // Fixed before the first is taken: taking changes who is first in line for a larger share.
    const auto share = share_of(consumer);
    auto mine = counts()[consumer];
    for (const bool only_claimed : {true, false}) {
        for (auto& [id, shard] : shards_) {
            if (mine >= share) return;
            if (shard.state != GroupShardState::Free) continue;
            if (only_claimed && !contains(held, id)) continue;
            shard.state = GroupShardState::Held;
            shard.holder = consumer;
            ++mine;
        }
    }
}

void ConsumerGroup::begin_handovers() {
    const bool some_free = std::any_of(shards_.begin(), shards_.end(), [](const auto& shard) {
        return shard.second.state == GroupShardState::Free;
    });
    if (some_free) return;  // whoever lacks a shard takes a free one at its next heartbeat
    while (true) {
        const auto count = counts();
        if (count.size() < 2) return;
        const auto by_count = [](const auto& left, const auto& right) {
            return left.second < right.second;
        };
        const auto least = std::min_element(count.begin(), count.end(), by_count);
        const auto most = std::max_element(count.begin(), count.end(), by_count);
        if (most->second - least->second < 2) return;
        const auto given = std::find_if(shards_.begin(), shards_.end(), [&](const auto& shard) {
            return shard.second.state == GroupShardState::Held &&
                   shard.second.holder == most->first;
        });
        if (given == shards_.end()) return;  // all of them are on their way to it
        given->second.state = GroupShardState::Handover;
        given->second.target = least->first;
    }
}

Result<std::vector<ShardId>> ConsumerGroup::heartbeat(const std::string& consumer,
                                                      const std::vector<ShardId>& held,
                                                      const ShardFacts& facts, MonoTime now) {
    drop_silent(now);
    if (!consumers_.contains(consumer) && !held.empty()) {
        return wire::service_error(
            "NotExistConsumerWithBody",
            fmt::format("consumer {} claims shards but was not heard of for {} s: begin with none",
                        consumer, info_.timeout.count()));
    }
    consumers_[consumer] = {now};
    sync_shards(facts);
    settle(facts);
    release(consumer, held);
    take_free(consumer, held);
    begin_handovers();
    std::vector<ShardId> assigned;
    for (const auto& [id, shard] : shards_) {
        if (shard.state == GroupShardState::Held && shard.holder == consumer)
            assigned.push_back(id);
    }
    return assigned;
}

Status ConsumerGroup::save_checkpoint(const std::string& consumer, ShardId shard_id,
                                      const Cursor& cursor, bool force, const ShardFacts& facts,
                                      WallTime now) {
    sync_shards(facts);
    const auto found = shards_.find(shard_id);
    if (found == shards_.end()) {
        return wire::service_error("ShardNotExist",
                                   fmt::format("there is no shard {}", shard_id.value()));
    }
    if (!cursor.position()) {
        return wire::service_error(
            "InvalidShardCheckPoint",
            "a checkpoint is the base64 of a decimal number, as cursors of this store are");
    }
    auto& shard = found->second;
    if (!force && !consumers_.contains(consumer)) {
        return wire::service_error("ConsumerNotExist",
                                   fmt::format("consumer {} is not in the group", consumer));
    }
    if (!force && (!is_taken(shard) || shard.holder != consumer)) {
        return wire::service_error(
            "ConsumerNotMatch",
            fmt::format("shard {} is not held by consumer {}", shard_id.value(), consumer));
    }
    shard.checkpoint = cursor;
    shard.checkpoint_consumer = consumer;
    shard.updated_unix_us =
        std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
    settle(facts);
    return {};
}

std::vector<ShardCheckpoint> ConsumerGroup::checkpoints(const ShardFacts& facts) const {
    std::vector<ShardCheckpoint> all;
    for (const auto& shard : facts.shards) {
        ShardCheckpoint checkpoint;
        checkpoint.shard = shard.id;
        if (const auto known = shards_.find(shard.id); known != shards_.end()) {
            checkpoint.cursor = known->second.checkpoint;
            checkpoint.consumer = known->second.checkpoint_consumer;
            checkpoint.updated_unix_us = known->second.updated_unix_us;
        }
        all.push_back(checkpoint);
    }
    std::sort(all.begin(), all.end(),
              [](const auto& left, const auto& right) { return left.shard < right.shard; });
    return all;
}

}  // namespace spillway::engine
