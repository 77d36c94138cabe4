#include "logstore/agent/config_follower.h"

#include "base/json.h"

#include <algorithm>
#include <map>

namespace spillway::agent {
namespace {

bool is_gone(const Error& error) {
    // Deleted between listing and reading: the group or the config, never the whole project.
    return error.code == ErrorCode::NotFound && !error.service_code.starts_with("Project");
}

Result<CollectorConfig> read_config(const AgentRegion& region, const ConfigName& name) {
    auto pipeline = region.api->config(region.project, name, ConfigForm::Pipeline);
    if (pipeline || !is_gone(pipeline.error())) return pipeline;
    return region.api->config(region.project, name, ConfigForm::Classic);
}

void tell_alive(const AgentRegion& region, const MachineGroupName& group,
                const AgentIdentity& identity, const std::string& machine_id, EventLog& log) {
    if (!region.heartbeat) return;
    Machine machine;
    machine.ip = identity.ip;
    machine.unique_id = machine_id;
    machine.userdefined_id = identity.user_defined_id;
    const Status told = region.heartbeat(group, machine);
    if (told) return;
    log.debug("agent.heartbeat_failed", told.error().to_string(),
              {{"region", region.name.str()}, {"machine_group", group.str()}});
}

Status add_group(const AgentRegion& region, const MachineGroup& group,
                 std::map<std::string, FollowedConfig>& found) {
    auto names = region.api->bound_configs(region.project, group.name);
    if (!names) return is_gone(names.error()) ? Status() : Status(std::move(names).error());
    for (const ConfigName& name : *names) {
        if (found.contains(name.str())) continue;
        auto config = read_config(region, name);
        if (!config && is_gone(config.error())) continue;
        if (!config) return std::move(config).error();
        found[name.str()] = {std::move(*config),
                             find_string(group.attribute, "groupTopic").value_or("")};
    }
    return {};
}

}  // namespace

bool group_contains(const MachineGroup& group, const AgentIdentity& identity) {
    const std::string& mine = group.identify_type == "ip" ? identity.ip : identity.user_defined_id;
    return !mine.empty() &&
           std::find(group.machines.begin(), group.machines.end(), mine) != group.machines.end();
}

Result<RegionConfigs> fetch_configs(const AgentRegion& region, const AgentIdentity& identity,
                                    const std::string& machine_id, EventLog& log, WallTime now) {
    auto names = region.api->machine_groups(region.project);
    if (!names) return std::move(names).error().while_doing("list machine groups");
    std::map<std::string, FollowedConfig> found;
    for (const MachineGroupName& name : *names) {
        auto group = region.api->machine_group(region.project, name);
        if (!group && is_gone(group.error())) continue;
        if (!group) return std::move(group).error().while_doing("read machine group " + name.str());
        if (!group_contains(*group, identity)) continue;
        tell_alive(region, name, identity, machine_id, log);
        if (auto added = add_group(region, *group, found); !added) {
            return Error(added.error()).while_doing("read configs of machine group " + name.str());
        }
    }
    RegionConfigs answer{region.name, region.project, {}, unix_seconds(now)};
    for (auto& [name, config] : found) answer.configs.push_back(std::move(config));
    return answer;
}

std::string to_text(const RegionConfigs& configs) {
    json::array list;
    for (const FollowedConfig& followed : configs.configs) {
        json::object entry;
        entry["name"] = followed.config.name.str();
        entry["form"] = followed.config.form == ConfigForm::Pipeline ? "pipeline" : "classic";
        entry["group_topic"] = followed.group_topic;
        entry["body"] = followed.config.body;
        list.push_back(std::move(entry));
    }
    json::object whole;
    whole["region"] = configs.region.str();
    whole["project"] = configs.project.str();
    whole["fetched"] = configs.fetched_unix_s;
    whole["configs"] = std::move(list);
    return pretty_json(whole) + "\n";
}

Result<RegionConfigs> parse_region_configs(std::string_view text) {
    auto whole = parse_json_object(text);
    if (!whole) return make_error(ErrorCode::Corrupt, whole.error().message);
    RegionConfigs configs;
    configs.region = RegionName(find_string(*whole, "region").value_or(""));
    configs.project = ProjectName(find_string(*whole, "project").value_or(""));
    configs.fetched_unix_s = find_int(*whole, "fetched").value_or(0);
    const json::array* list = find_array(*whole, "configs");
    if (list == nullptr) return make_error(ErrorCode::Corrupt, "\"configs\" is missing");
    for (const json::value& item : *list) {
        const json::object* entry = item.if_object();
        const json::object* body = entry == nullptr ? nullptr : find_object(*entry, "body");
        if (body == nullptr) return make_error(ErrorCode::Corrupt, "a config has no \"body\"");
        FollowedConfig followed;
        followed.config.name = ConfigName(find_string(*entry, "name").value_or(""));
        followed.config.form = find_string(*entry, "form").value_or("") == "classic"
                                   ? ConfigForm::Classic
                                   : ConfigForm::Pipeline;
        followed.config.body = *body;
        followed.group_topic = find_string(*entry, "group_topic").value_or("");
        configs.configs.push_back(std::move(followed));
    }
    return configs;
}

}  // namespace spillway::agent
