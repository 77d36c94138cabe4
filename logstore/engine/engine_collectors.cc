// The engine's collector configs, machine groups and machines: the catalog, and who was heard of
// when.
#include "logstore/engine/engine.h"
#include "logstore/wire/error_table.h"

#include <algorithm>

namespace spillway::engine {

namespace {

/// A heartbeat is saved this often; in between it lives in memory, which a restart forgets.
constexpr std::int64_t kSaveHeartbeatEverySeconds = 20;

bool belongs(const Machine& machine, const MachineGroup& group) {
    const auto& identifier = group.identify_type == "ip" ? machine.ip : machine.userdefined_id;
    return std::find(group.machines.begin(), group.machines.end(), identifier) !=
           group.machines.end();
}

}  // namespace

Result<std::vector<ConfigName>> Engine::configs(const ProjectName& project, ConfigForm form) {
    return catalog_->configs(project, form);
}

Result<CollectorConfig> Engine::config(const ProjectName& project, const ConfigName& name,
                                       ConfigForm form) {
    auto stored = catalog_->config(project, name, form);
    if (!stored) return std::move(stored).error();
    auto config = std::move(stored->config);
    config.body["createTime"] = stored->created_unix_s;
    config.body["lastModifyTime"] = stored->modified_unix_s;
    return config;
}

Result<StoredConfig> Engine::stored_config(const ProjectName& project, const ConfigName& name,
                                           ConfigForm form) {
    return catalog_->config(project, name, form);
}

Status Engine::put_config(const ProjectName& project, const CollectorConfig& config) {
    return write_config(project, config, WriteRule::Either);
}

Status Engine::write_config(const ProjectName& project, const CollectorConfig& config,
                            WriteRule rule) {
    if (auto valid = check_config_name(config.name); !valid) {
        return wire::service_error("InvalidParameter", valid.error().message);
    }
    return catalog_->put_config(project, config, rule, now_s());
}

Status Engine::delete_config(const ProjectName& project, const ConfigName& name, ConfigForm form) {
    return catalog_->delete_config(project, name, form);
}

Result<std::vector<MachineGroupName>> Engine::machine_groups(const ProjectName& project) {
    return catalog_->machine_groups(project);
}

Result<MachineGroup> Engine::machine_group(const ProjectName& project,
                                           const MachineGroupName& name) {
    auto stored = catalog_->machine_group(project, name);
    if (!stored) return std::move(stored).error();
    return std::move(stored->group);
}

Result<StoredMachineGroup> Engine::stored_machine_group(const ProjectName& project,
                                                        const MachineGroupName& name) {
    return catalog_->machine_group(project, name);
}

Status Engine::put_machine_group(const ProjectName& project, const MachineGroup& group) {
    return write_machine_group(project, group, WriteRule::Either);
}

Status Engine::write_machine_group(const ProjectName& project, const MachineGroup& group,
                                   WriteRule rule) {
    if (group.name.empty()) {
        return wire::service_error("InvalidParameter", "a machine group needs a name");
    }
    return catalog_->put_machine_group(project, group, rule, now_s());
}

Status Engine::delete_machine_group(const ProjectName& project, const MachineGroupName& name) {
    return catalog_->delete_machine_group(project, name);
}

Status Engine::bind(const ProjectName& project, const MachineGroupName& group,
                    const ConfigName& config) {
    return catalog_->bind(project, group, config);
}

Status Engine::unbind(const ProjectName& project, const MachineGroupName& group,
                      const ConfigName& config) {
    return catalog_->unbind(project, group, config);
}

Result<std::vector<ConfigName>> Engine::bound_configs(const ProjectName& project,
                                                      const MachineGroupName& group) {
    return catalog_->bound_configs(project, group);
}

Result<std::vector<MachineGroupName>> Engine::bound_groups(const ProjectName& project,
                                                           const ConfigName& config) {
    return catalog_->bound_groups(project, config);
}

Result<std::vector<Machine>> Engine::machines(const ProjectName& project,
                                              const MachineGroupName& name) {
    auto group = catalog_->machine_group(project, name);
    if (!group) return std::move(group).error();
    std::vector<Machine> found;
    const std::lock_guard lock(machines_mutex_);
    for (const auto& [key, seen] : machines_[project]) {
        if (belongs(seen.machine, group->group)) found.push_back(seen.machine);
    }
    return found;
}

Status Engine::machine_heartbeat(const ProjectName& project, Machine machine) {
    machine.last_heartbeat_unix_s = now_s();
    {
        const std::lock_guard lock(machines_mutex_);
        const auto known = machines_.find(project);
        const auto key = machine.unique_id + "@" + machine.ip;
        if (known != machines_.end() && known->second.contains(key)) {
            auto& seen = known->second[key];
            const bool is_same = seen.machine.userdefined_id == machine.userdefined_id;
            const auto age_s = machine.last_heartbeat_unix_s - seen.saved_unix_s;
            seen.machine = machine;
            if (is_same && age_s < kSaveHeartbeatEverySeconds) return {};
        }
    }
    if (auto saved = catalog_->save_machine(project, machine); !saved) return saved;
    const std::lock_guard lock(machines_mutex_);
    machines_[project][machine.unique_id + "@" + machine.ip] = {machine,
                                                                machine.last_heartbeat_unix_s};
    return {};
}

}  // namespace spillway::engine
