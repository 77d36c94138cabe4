// The engine's consumer groups: the state machine of consumer_group.h, with every change saved
// before it counts.
#include "logstore/engine/engine.h"
#include "logstore/wire/error_table.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::engine {

namespace {

Error no_group(const ConsumerGroupName& name) {
    return wire::service_error("ConsumerGroupNotExist",
                               fmt::format("consumer group {} does not exist", name.str()));
}

/// Beyond, what it is compared with would overflow.
constexpr std::chrono::seconds kTimeoutMax{86'400};

Status check_timeout(const ConsumerGroupInfo& group) {
    if (group.timeout >= std::chrono::seconds(1) && group.timeout <= kTimeoutMax) return {};
    return wire::service_error(
        "JsonInfoInvalid",
        fmt::format("the timeout of consumer group {} is {} seconds, but must "
                    "be 1 to {}",
                    group.name.str(), group.timeout.count(), kTimeoutMax.count()));
}

GroupShardRow row_of(ShardId id, const GroupShard& shard) {
    return {id,
            static_cast<int>(shard.state),
            shard.holder,
            shard.target,
            shard.checkpoint.str(),
            shard.checkpoint_consumer,
            shard.updated_unix_us};
}

std::vector<GroupShardRow> changed_rows(const ConsumerGroup& before, const ConsumerGroup& after) {
    std::vector<GroupShardRow> rows;
    for (const auto& [id, shard] : after.shards()) {
        const auto old = before.shards().find(id);
        if (old == before.shards().end() || old->second != shard) rows.push_back(row_of(id, shard));
    }
    return rows;
}

}  // namespace

Status Engine::restore_groups(Store& store) {
    auto rows = catalog_->consumer_groups(store.log->id());
    if (!rows) return std::move(rows).error();
    for (const auto& row : *rows) {
        auto info = row.info;
        info.timeout = std::clamp(info.timeout, std::chrono::seconds(1), kTimeoutMax);
        ConsumerGroup group(info);
        for (const auto& shard : row.shards) {
            group.restore(
                shard.shard,
                {static_cast<GroupShardState>(shard.state), shard.holder, shard.target,
                 Cursor(shard.checkpoint), shard.checkpoint_consumer, shard.updated_unix_us},
                clock_.mono());
        }
        store.groups.emplace(row.info.name, std::move(group));
    }
    return {};
}

ShardFacts Engine::facts_of(const LogstoreLog& log) const {
    ShardFacts facts;
    facts.shards = log.shards();
    for (const auto& shard : facts.shards) {
        if (shard.status != ShardStatus::ReadOnly) continue;
        if (auto bounds = log.positions(shard.id)) {
            facts.ends[shard.id] = Cursor::from_position(bounds->next);
        }
    }
    return facts;
}

Status Engine::change_group(
    Store& store, const ConsumerGroupName& name,
    const std::function<Status(ConsumerGroup&, const ShardFacts&)>& change) {
    const auto facts = facts_of(*store.log);
    const std::lock_guard lock(store.groups_mutex);
    const auto found = store.groups.find(name);
    if (found == store.groups.end()) return no_group(name);
    ConsumerGroup next = found->second;
    if (auto changed = change(next, facts); !changed) return changed;
    auto saved =
        catalog_->save_group_shards(store.log->id(), name, changed_rows(found->second, next));
    if (!saved) return saved;
    found->second = std::move(next);
    return {};
}

Status Engine::create_consumer_group(const LogstoreRef& ref, const ConsumerGroupInfo& group) {
    auto store = find_store(ref);
    if (!store) return std::move(store).error();
    if (group.name.empty()) {
        return wire::service_error("JsonInfoInvalid", "a consumer group needs a name");
    }
    if (auto valid = check_timeout(group); !valid) return valid;
    const std::lock_guard lock((*store)->groups_mutex);
    if ((*store)->groups.contains(group.name)) {
        return wire::service_error(
            "ConsumerGroupAlreadyExist",
            fmt::format("consumer group {} exists already", group.name.str()));
    }
    auto saved = catalog_->save_consumer_group((*store)->log->id(), group);
    if (saved) (*store)->groups.emplace(group.name, ConsumerGroup(group));
    return saved;
}

Status Engine::update_consumer_group(const LogstoreRef& ref, const ConsumerGroupInfo& group) {
    auto store = find_store(ref);
    if (!store) return std::move(store).error();
    if (auto valid = check_timeout(group); !valid) return valid;
    {
        const std::lock_guard lock((*store)->groups_mutex);
        if (!(*store)->groups.contains(group.name)) return no_group(group.name);
        auto saved = catalog_->save_consumer_group((*store)->log->id(), group);
        if (!saved) return saved;
    }
    return change_group(**store, group.name, [&](ConsumerGroup& next, const ShardFacts&) -> Status {
        next.update(group);
        return {};
    });
}

Status Engine::delete_consumer_group(const LogstoreRef& ref, const ConsumerGroupName& group) {
    auto store = find_store(ref);
    if (!store) return std::move(store).error();
    const std::lock_guard lock((*store)->groups_mutex);
    if (!(*store)->groups.contains(group)) return no_group(group);
    auto deleted = catalog_->delete_consumer_group((*store)->log->id(), group);
    if (deleted) (*store)->groups.erase(group);
    return deleted;
}

Result<std::vector<ConsumerGroupInfo>> Engine::consumer_groups(const LogstoreRef& ref) {
    auto store = find_store(ref);
    if (!store) return std::move(store).error();
    const std::lock_guard lock((*store)->groups_mutex);
    std::vector<ConsumerGroupInfo> groups;
    for (const auto& [name, group] : (*store)->groups) groups.push_back(group.info());
    return groups;
}

Result<std::vector<ShardId>> Engine::heartbeat(const LogstoreRef& ref,
                                               const ConsumerGroupName& group,
                                               const ConsumerName& consumer,
                                               const std::vector<ShardId>& held) {
    auto store = find_store(ref);
    if (!store) return std::move(store).error();
    std::vector<ShardId> assigned;
    auto changed =
        change_group(**store, group, [&](ConsumerGroup& next, const ShardFacts& facts) -> Status {
            auto answer = next.heartbeat(consumer.str(), held, facts, clock_.mono());
            if (!answer) return std::move(answer).error();
            assigned = *std::move(answer);
            return {};
        });
    if (!changed) return std::move(changed).error();
    return assigned;
}

Result<std::vector<ShardCheckpoint>> Engine::checkpoints(const LogstoreRef& ref,
                                                         const ConsumerGroupName& group) {
    auto store = find_store(ref);
    if (!store) return std::move(store).error();
    const auto facts = facts_of(*(*store)->log);
    const std::lock_guard lock((*store)->groups_mutex);
    const auto found = (*store)->groups.find(group);
    if (found == (*store)->groups.end()) return no_group(group);
    return found->second.checkpoints(facts);
}

Status Engine::save_checkpoint(const LogstoreRef& ref, const ConsumerGroupName& group,
                               const ConsumerName& consumer, ShardId shard, const Cursor& cursor,
                               bool force) {
    auto store = find_store(ref);
    if (!store) return std::move(store).error();
    return change_group(**store, group, [&](ConsumerGroup& next, const ShardFacts& facts) {
        return next.save_checkpoint(consumer.str(), shard, cursor, force, facts, clock_.wall());
    });
}

}  // namespace spillway::engine
