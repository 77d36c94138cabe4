// The control plane of the fake region: consumer groups, collector configs, projects.
#include "tests/support/fake_region_impl.h"

#include <algorithm>
#include <iterator>

namespace spillway::test_support {
namespace {

std::vector<Shard> even_shards(std::uint32_t count, std::int64_t now_s) {
    std::vector<Shard> shards;
    std::string begin(32, '0');
    for (std::uint32_t index = 0; index < count; ++index) {
        const std::uint64_t edge = UINT64_MAX / count * (index + 1);
        std::string end(32, 'f');
        if (index + 1 < count) {
            end.assign(32, '0');
            for (std::size_t digit = 0; digit < 16; ++digit) {
                end[digit] = "0123456789abcdef"[(edge >> (60 - 4 * digit)) & 15];
            }
        }
        shards.push_back({ShardId(index), ShardStatus::ReadWrite, begin, end, now_s});
        begin = end;
    }
    return shards;
}

}  // namespace

// --- consumer groups --------------------------------------------------------------------------

Status FakeRegion::create_consumer_group(const LogstoreRef& ref, const ConsumerGroupInfo& group) {
    return run(FakeCall::Consumer, [&]() -> Status {
        auto store = find_store(ref);
        if (!store) return std::move(store).error();
        GroupState state;
        state.info = group;
        if (!(*store)->consumer_groups.emplace(group.name, std::move(state)).second) {
            return service_failure(ErrorCode::AlreadyExists, "ConsumerGroupAlreadyExist", 400,
                                   group.name.str() + " exists already");
        }
        return {};
    });
}

Status FakeRegion::update_consumer_group(const LogstoreRef& ref, const ConsumerGroupInfo& group) {
    return run(FakeCall::Consumer, [&]() -> Status {
        auto found = find_consumer_group(ref, group.name);
        if (!found) return std::move(found).error();
        (*found)->info = group;
        return {};
    });
}

Status FakeRegion::delete_consumer_group(const LogstoreRef& ref, const ConsumerGroupName& group) {
    return run(FakeCall::Consumer, [&]() -> Status {
        if (auto found = find_consumer_group(ref, group); !found) return std::move(found).error();
        find_store(ref).value()->consumer_groups.erase(group);
        return {};
    });
}

Result<std::vector<ConsumerGroupInfo>> FakeRegion::consumer_groups(const LogstoreRef& ref) {
    return run(FakeCall::Consumer, [&]() -> Result<std::vector<ConsumerGroupInfo>> {
        auto store = find_store(ref);
        if (!store) return std::move(store).error();
        std::vector<ConsumerGroupInfo> all;
        for (const auto& [name, group] : (*store)->consumer_groups) all.push_back(group.info);
        return all;
    });
}

Result<std::vector<ShardId>> FakeRegion::heartbeat(const LogstoreRef& ref,
                                                   const ConsumerGroupName& group,
                                                   const ConsumerName& consumer,
                                                   const std::vector<ShardId>&) {
    return run(FakeCall::Consumer, [&]() -> Result<std::vector<ShardId>> {
        auto found = find_consumer_group(ref, group);
        if (!found) return std::move(found).error();
        auto& consumers = (*found)->consumers;
        consumers.insert(consumer.str());
        const auto rank = static_cast<std::size_t>(
            std::distance(consumers.begin(), consumers.find(consumer.str())));
        std::vector<ShardId> mine;
        for (const ShardState& shard : find_store(ref).value()->shards) {
            if (shard.shard.id.value() % consumers.size() == rank) mine.push_back(shard.shard.id);
        }
        return mine;
    });
}

Result<std::vector<ShardCheckpoint>> FakeRegion::checkpoints(const LogstoreRef& ref,
                                                             const ConsumerGroupName& group) {
    return run(FakeCall::Consumer, [&]() -> Result<std::vector<ShardCheckpoint>> {
        auto found = find_consumer_group(ref, group);
        if (!found) return std::move(found).error();
        std::vector<ShardCheckpoint> all;
        for (const ShardState& shard : find_store(ref).value()->shards) {
            auto& checkpoint = (*found)->checkpoints[shard.shard.id];
            checkpoint.shard = shard.shard.id;
            all.push_back(checkpoint);
        }
        return all;
    });
}

Status FakeRegion::save_checkpoint(const LogstoreRef& ref, const ConsumerGroupName& group,
                                   const ConsumerName& consumer, ShardId shard,
                                   const Cursor& cursor, bool force) {
    return run(FakeCall::Consumer, [&]() -> Status {
        auto found = find_consumer_group(ref, group);
        if (!found) return std::move(found).error();
        if (!force && !(*found)->consumers.contains(consumer.str())) {
            return service_failure(ErrorCode::Conflict, "ConsumerNotExist", 404,
                                   consumer.str() + " does not hold the shard");
        }
        const auto now_us =
            std::chrono::duration_cast<std::chrono::microseconds>(clock_.wall().time_since_epoch());
        (*found)->checkpoints[shard] = {shard, cursor, consumer.str(), now_us.count()};
        return {};
    });
}

// --- collector configs ------------------------------------------------------------------------

Result<std::vector<ConfigName>> FakeRegion::configs(const ProjectName& project, ConfigForm form) {
    return run(FakeCall::Config, [&]() -> Result<std::vector<ConfigName>> {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        std::vector<ConfigName> names;
        for (const auto& [name, config] : (*found)->configs) {
            if (config.form == form) names.push_back(name);
        }
        return names;
    });
}

Result<CollectorConfig> FakeRegion::config(const ProjectName& project, const ConfigName& name,
                                           ConfigForm form) {
    return run(FakeCall::Config, [&]() -> Result<CollectorConfig> {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        const auto config = (*found)->configs.find(name);
        if (config == (*found)->configs.end() || config->second.form != form) {
            return not_found("ConfigNotExist", "config " + name.str());
        }
        return config->second;
    });
}

Status FakeRegion::put_config(const ProjectName& project, const CollectorConfig& config) {
    return run(FakeCall::Config, [&]() -> Status {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        const std::int64_t now = unix_seconds(clock_.wall());
        auto& stored = (*found)->configs[config.name];
        const auto created = find_int(stored.body, "createTime");
        stored = config;
        stored.body["configName"] = config.name.str();
        stored.body["createTime"] = created.value_or(now);
        stored.body["lastModifyTime"] = now;
        return {};
    });
}

Status FakeRegion::delete_config(const ProjectName& project, const ConfigName& name,
                                 ConfigForm form) {
    return run(FakeCall::Config, [&]() -> Status {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        const auto config = (*found)->configs.find(name);
        if (config == (*found)->configs.end() || config->second.form != form) {
            return not_found("ConfigNotExist", "config " + name.str());
        }
        (*found)->configs.erase(config);
        std::erase_if((*found)->bindings,
                      [&](const auto& binding) { return binding.second == name; });
        return {};
    });
}

Result<std::vector<MachineGroupName>> FakeRegion::machine_groups(const ProjectName& project) {
    return run(FakeCall::Config, [&]() -> Result<std::vector<MachineGroupName>> {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        return keys_of((*found)->groups);
    });
}

Result<MachineGroup> FakeRegion::machine_group(const ProjectName& project,
                                               const MachineGroupName& name) {
    return run(FakeCall::Config, [&]() -> Result<MachineGroup> {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        const auto group = (*found)->groups.find(name);
        if (group == (*found)->groups.end()) return not_found("MachineGroupNotExist", name.str());
        return group->second;
    });
}

Status FakeRegion::put_machine_group(const ProjectName& project, const MachineGroup& group) {
    return run(FakeCall::Config, [&]() -> Status {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        (*found)->groups[group.name] = group;
        return {};
    });
}

Status FakeRegion::delete_machine_group(const ProjectName& project, const MachineGroupName& name) {
    return run(FakeCall::Config, [&]() -> Status {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        if ((*found)->groups.erase(name) == 0) return not_found("MachineGroupNotExist", name.str());
        (*found)->machines.erase(name);
        std::erase_if((*found)->bindings,
                      [&](const auto& binding) { return binding.first == name; });
        return {};
    });
}

Result<std::vector<Machine>> FakeRegion::machines(const ProjectName& project,
                                                  const MachineGroupName& name) {
    return run(FakeCall::Config, [&]() -> Result<std::vector<Machine>> {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        if (!(*found)->groups.contains(name)) return not_found("MachineGroupNotExist", name.str());
        return (*found)->machines[name];
    });
}

Status FakeRegion::bind(const ProjectName& project, const MachineGroupName& group,
                        const ConfigName& config) {
    return run(FakeCall::Config, [&]() -> Status {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        if (!(*found)->groups.contains(group))
            return not_found("MachineGroupNotExist", group.str());
        if (!(*found)->configs.contains(config)) return not_found("ConfigNotExist", config.str());
        (*found)->bindings.emplace(group, config);
        return {};
    });
}

Status FakeRegion::unbind(const ProjectName& project, const MachineGroupName& group,
                          const ConfigName& config) {
    return run(FakeCall::Config, [&]() -> Status {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        (*found)->bindings.erase({group, config});
        return {};
    });
}

Result<std::vector<ConfigName>> FakeRegion::bound_configs(const ProjectName& project,
                                                          const MachineGroupName& group) {
    return run(FakeCall::Config, [&]() -> Result<std::vector<ConfigName>> {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        if (!(*found)->groups.contains(group))
            return not_found("MachineGroupNotExist", group.str());
        std::vector<ConfigName> names;
        for (const auto& [bound_group, config] : (*found)->bindings) {
            if (bound_group == group) names.push_back(config);
        }
        return names;
    });
}

Result<std::vector<MachineGroupName>> FakeRegion::bound_groups(const ProjectName& project,
                                                               const ConfigName& config) {
    return run(FakeCall::Config, [&]() -> Result<std::vector<MachineGroupName>> {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        std::vector<MachineGroupName> names;
        for (const auto& [group, bound_config] : (*found)->bindings) {
            if (bound_config == config) names.push_back(group);
        }
        return names;
    });
}

// --- projects ---------------------------------------------------------------------------------

Status FakeRegion::create_project(const ProjectInfo& project) {
    return run(FakeCall::Project, [&]() -> Status {
        ProjectState state;
        state.info = project;
        if (!projects_.emplace(project.name, std::move(state)).second) {
            return service_failure(ErrorCode::AlreadyExists, "ProjectAlreadyExist", 400,
                                   project.name.str() + " exists already");
        }
        return {};
    });
}

Result<ProjectInfo> FakeRegion::project(const ProjectName& name) {
    return run(FakeCall::Project, [&]() -> Result<ProjectInfo> {
        auto found = find_project(name);
        if (!found) return std::move(found).error();
        return (*found)->info;
    });
}

Result<std::vector<ProjectInfo>> FakeRegion::projects() {
    return run(FakeCall::Project, [&]() -> Result<std::vector<ProjectInfo>> {
        std::vector<ProjectInfo> all;
        for (const auto& [name, project] : projects_) all.push_back(project.info);
        return all;
    });
}

Status FakeRegion::delete_project(const ProjectName& name) {
    return run(FakeCall::Project, [&]() -> Status {
        if (projects_.erase(name) == 0) return not_found("ProjectNotExist", name.str());
        return {};
    });
}

Status FakeRegion::create_logstore(const LogstoreRef& ref, const LogstoreSettings& settings) {
    return run(FakeCall::Project, [&]() -> Status {
        auto project = find_project(ref.project);
        if (!project) return std::move(project).error();
        if ((*project)->stores.contains(ref.logstore)) {
            return service_failure(ErrorCode::AlreadyExists, "LogStoreAlreadyExist", 400,
                                   ref.to_string() + " exists already");
        }
        StoreState store;
        const std::int64_t now = unix_seconds(clock_.wall());
        store.info = {ref, settings, now, now};
        const std::int64_t base = now * 1'000'000'000 + (++lives_ << 40);
        for (const Shard& shard : even_shards(settings.shard_count, now)) {
            ShardState state;
            state.shard = shard;
            state.base = base + (std::int64_t{shard.id.value()} << 32);
            store.shards.push_back(std::move(state));
        }
        (*project)->stores.emplace(ref.logstore, std::move(store));
        return {};
    });
}

Status FakeRegion::update_logstore(const LogstoreRef& ref, const LogstoreSettings& settings) {
    return run(FakeCall::Project, [&]() -> Status {
        auto store = find_store(ref);
        if (!store) return std::move(store).error();
        (*store)->info.settings = settings;
        return {};
    });
}

Result<LogstoreInfo> FakeRegion::logstore(const LogstoreRef& ref) {
    return run(FakeCall::Project, [&]() -> Result<LogstoreInfo> {
        auto store = find_store(ref);
        if (!store) return std::move(store).error();
        return (*store)->info;
    });
}

Result<std::vector<LogstoreName>> FakeRegion::logstores(const ProjectName& project) {
    return run(FakeCall::Project, [&]() -> Result<std::vector<LogstoreName>> {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        return keys_of((*found)->stores);
    });
}

Status FakeRegion::delete_logstore(const LogstoreRef& ref) {
    return run(FakeCall::Project, [&]() -> Status {
        auto project = find_project(ref.project);
        if (!project) return std::move(project).error();
        if ((*project)->stores.erase(ref.logstore) == 0) {
            return not_found("LogStoreNotExist", ref.to_string());
        }
        return {};
    });
}

}  // namespace spillway::test_support
