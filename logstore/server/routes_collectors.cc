#include "base/text.h"
#include "logstore/server/routes.h"
#include "logstore/wire/error_table.h"
#include "logstore/wire/metadata_json.h"

#include <algorithm>

namespace spillway::server {

namespace {

using engine::Engine;
using engine::WriteRule;

Error invalid_parameter(const Error& error) {
    return wire::service_error("InvalidParameter", error.message);
}

ConfigForm form_of(const Call& call) {
    return call.path.front() == "configs" ? ConfigForm::Classic : ConfigForm::Pipeline;
}

Answer write_config(Engine& engine, Call& call) {
    auto body = call.body_object();
    if (!body) return std::move(body).error();
    const bool creates = call.arguments.empty();
    if (!creates && !body->contains("configName")) (*body)["configName"] = call.arguments[0];
    auto config = wire::parse_collector_config(form_of(call), *body);
    if (!config) return invalid_parameter(config.error());
    if (!creates && config->name.str() != call.arguments[0]) {
        return wire::service_error("BadRequest", "the body names another config than the path");
    }
    const auto rule = creates ? WriteRule::CreateOnly : WriteRule::ReplaceOnly;
    return answer_of(engine.write_config(call.project, *config, rule));
}

Answer get_config(Engine& engine, Call& call) {
    auto stored = engine.stored_config(call.project, ConfigName(call.arguments[0]), form_of(call));
    if (!stored) return std::move(stored).error();
    return json_answer(json::value(wire::collector_config_json(
        stored->config, stored->created_unix_s, stored->modified_unix_s)));
}

Answer delete_config(Engine& engine, Call& call) {
    return answer_of(
        engine.delete_config(call.project, ConfigName(call.arguments[0]), form_of(call)));
}

/// Where a config of either form sends its logs.
std::string logstore_of(const json::object& body) {
    if (const auto* detail = find_object(body, "outputDetail")) {
        return find_string(*detail, "logstoreName").value_or("");
    }
    const auto* flushers = find_array(body, "flushers");
    if (flushers == nullptr || flushers->empty() || !flushers->front().is_object()) return "";
    return find_string(flushers->front().as_object(), "Logstore").value_or("");
}

Answer list_configs(Engine& engine, Call& call) {
    auto names = engine.configs(call.project, form_of(call));
    if (!names) return std::move(names).error();
    if (const auto wanted = call.parameter("logstoreName")) {
        std::erase_if(*names, [&](const ConfigName& name) {
            auto stored = engine.stored_config(call.project, name, form_of(call));
            return !stored || logstore_of(stored->config.body) != *wanted;
        });
    }
    auto page = page_of(call, texts_of(*names), "configName");
    if (!page) return std::move(page).error();
    return json_answer(wire::list_json("configs", std::move(page->names), page->total));
}

Answer groups_of_config(Engine& engine, Call& call) {
    auto names = engine.bound_groups(call.project, ConfigName(call.arguments[0]));
    if (!names) return std::move(names).error();
    return json_answer(json::value(
        wire::list_json("machinegroups", wire::names_json(texts_of(*names)), names->size())));
}

Answer write_machine_group(Engine& engine, Call& call) {
    auto body = call.body_object();
    if (!body) return std::move(body).error();
    const bool creates = call.arguments.empty();
    if (!creates && !body->contains("groupName")) (*body)["groupName"] = call.arguments[0];
    auto group = wire::parse_machine_group(*body);
    if (!group) return invalid_parameter(group.error());
    if (!creates && group->name.str() != call.arguments[0]) {
        return wire::service_error("InvalidParameter",
                                   "the body names another machine group than the path");
    }
    const auto rule = creates ? WriteRule::CreateOnly : WriteRule::ReplaceOnly;
    return answer_of(engine.write_machine_group(call.project, *group, rule));
}

Answer get_machine_group(Engine& engine, Call& call) {
    auto stored = engine.stored_machine_group(call.project, MachineGroupName(call.arguments[0]));
    if (!stored) return std::move(stored).error();
    return json_answer(json::value(
        wire::machine_group_json(stored->group, stored->created_unix_s, stored->modified_unix_s)));
}

Answer delete_machine_group(Engine& engine, Call& call) {
    return answer_of(
        engine.delete_machine_group(call.project, MachineGroupName(call.arguments[0])));
}

Answer list_machine_groups(Engine& engine, Call& call) {
    auto names = engine.machine_groups(call.project);
    if (!names) return std::move(names).error();
    auto page = page_of(call, texts_of(*names), "groupName");
    if (!page) return std::move(page).error();
    return json_answer(wire::list_json("machinegroups", std::move(page->names), page->total));
}

Answer list_machines(Engine& engine, Call& call) {
    auto machines = engine.machines(call.project, MachineGroupName(call.arguments[0]));
    if (!machines) return std::move(machines).error();
    auto offset = call.number("offset", 0);
    if (!offset) return std::move(offset).error();
    auto size = call.number("size", 100);
    if (!size) return std::move(size).error();
    json::array items;
    for (std::size_t i = *offset; i < machines->size() && items.size() < *size; ++i) {
        items.push_back(wire::machine_json((*machines)[i]));
    }
    return json_answer(
        json::value(wire::list_json("machines", std::move(items), machines->size())));
}

/// Our own: a collector says that it is alive. Body {"ip", "machine-uniqueid", "userdefined-id"}.
Answer machine_heartbeat(Engine& engine, Call& call) {
    call.operation = "MachineHeartBeat";
    auto body = call.body_object();
    if (!body) return std::move(body).error();
    (*body)["lastHeartbeatTime"] = 0;  // ours to say
    auto machine = wire::parse_machine(*body);
    if (!machine) return invalid_parameter(machine.error());
    auto group = engine.machine_group(call.project, MachineGroupName(call.arguments[0]));
    if (!group) return std::move(group).error();
    return answer_of(engine.machine_heartbeat(call.project, *machine));
}

Answer change_members(Engine& engine, Call& call) {
    const auto action = call.parameter_or("action", "");
    if (action == "heartbeat") return machine_heartbeat(engine, call);
    if (action != "add" && action != "delete") {
        return wire::service_error("InvalidParameter", "action must be add, delete or heartbeat");
    }
    auto group = engine.machine_group(call.project, MachineGroupName(call.arguments[0]));
    if (!group) return std::move(group).error();
    auto body = call.body_json();
    if (!body) return std::move(body).error();
    if (!body->is_array()) {
        return wire::service_error("InvalidParameter", "the body is a list of identifiers");
    }
    for (const auto& item : body->as_array()) {
        if (!item.is_string()) {
            return wire::service_error("InvalidParameter", "an identifier is a text");
        }
        const std::string identifier(item.as_string());
        std::erase(group->machines, identifier);
        if (action == "add") group->machines.push_back(identifier);
    }
    return answer_of(engine.write_machine_group(call.project, *group, WriteRule::ReplaceOnly));
}

Answer apply_config(Engine& engine, Call& call) {
    return answer_of(engine.bind(call.project, MachineGroupName(call.arguments[0]),
                                 ConfigName(call.arguments[1])));
}

Answer remove_config(Engine& engine, Call& call) {
    return answer_of(engine.unbind(call.project, MachineGroupName(call.arguments[0]),
                                   ConfigName(call.arguments[1])));
}

Answer configs_of_group(Engine& engine, Call& call) {
    auto names = engine.bound_configs(call.project, MachineGroupName(call.arguments[0]));
    if (!names) return std::move(names).error();
    return json_answer(
        json::value(wire::list_json("configs", wire::names_json(texts_of(*names)), names->size())));
}

void add_config_routes(std::vector<Route>& routes, std::string_view all, std::string_view one) {
    const auto project = Scope::Project;
    routes.push_back({"POST", all, "CreateConfig", project, plain(write_config)});
    routes.push_back({"GET", all, "ListConfig", project, plain(list_configs)});
    routes.push_back({"GET", one, "GetConfig", project, plain(get_config)});
    routes.push_back({"PUT", one, "UpdateConfig", project, plain(write_config)});
    routes.push_back({"DELETE", one, "DeleteConfig", project, plain(delete_config)});
}

}  // namespace

std::vector<Route> collector_routes() {
    constexpr std::string_view kGroups = "/machinegroups";
    constexpr std::string_view kGroup = "/machinegroups/{}";
    constexpr std::string_view kMachines = "/machinegroups/{}/machines";
    constexpr std::string_view kBinding = "/machinegroups/{}/configs/{}";
    const auto project = Scope::Project;
    std::vector<Route> routes = {
        {"POST", kGroups, "CreateMachineGroup", project, plain(write_machine_group)},
        {"GET", kGroups, "ListMachineGroup", project, plain(list_machine_groups)},
        {"GET", kGroup, "GetMachineGroup", project, plain(get_machine_group)},
        {"PUT", kGroup, "UpdateMachineGroup", project, plain(write_machine_group)},
        {"DELETE", kGroup, "DeleteMachineGroup", project, plain(delete_machine_group)},
        {"GET", kMachines, "ListMachines", project, plain(list_machines)},
        {"PUT", kMachines, "UpdateMachineGroupMachine", project, plain(change_members)},
        {"PUT", kBinding, "ApplyConfigToMachineGroup", project, plain(apply_config)},
        {"DELETE", kBinding, "RemoveConfigFromMachineGroup", project, plain(remove_config)},
        {"GET", "/machinegroups/{}/configs", "GetAppliedConfigs", project, plain(configs_of_group)},
        {"GET", "/configs/{}/machinegroups", "GetAppliedMachineGroups", project,
         plain(groups_of_config)},
        {"GET", "/pipelineconfigs/{}/machinegroups", "GetAppliedMachineGroups", project,
         plain(groups_of_config)},
    };
    add_config_routes(routes, "/configs", "/configs/{}");
    add_config_routes(routes, "/pipelineconfigs", "/pipelineconfigs/{}");
    return routes;
}

}  // namespace spillway::server
