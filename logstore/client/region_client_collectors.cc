// Collector configs, machine groups and what binds them.
#include "logstore/client/region_client_impl.h"
#include "logstore/wire/metadata_json.h"

namespace spillway::client {

namespace {

std::string family(ConfigForm form) {
    return form == ConfigForm::Pipeline ? "pipelineconfigs" : "configs";
}

Ask config_ask(std::string_view action, const ProjectName& project, const ConfigName& name,
               ConfigForm form, std::string_view method = "GET") {
    return {.action = action,
            .subject = project.str() + " config " + name.str(),
            .method = method,
            .project = project,
            .path = {family(form), name.str()}};
}

Ask group_ask(std::string_view action, const ProjectName& project, const MachineGroupName& name,
              std::string_view method = "GET") {
    return {.action = action,
            .subject = project.str() + " machine group " + name.str(),
            .method = method,
            .project = project,
            .path = {"machinegroups", name.str()}};
}

Ask binding_ask(std::string_view action, const ProjectName& project, const MachineGroupName& group,
                const ConfigName& config, std::string_view method) {
    Ask ask = group_ask(action, project, group, method);
    ask.subject += " and config " + config.str();
    ask.path.insert(ask.path.end(), {"configs", config.str()});
    return ask;
}

bool lacks_the_thing_itself(const Error& error) {
    return error.code == ErrorCode::NotFound && error.service_code != "ProjectNotExist" &&
           error.service_code != "ProjectNotExists";
}

/// Sets a thing to a state with the service's two verbs: replaces it, or makes it where it does not
/// exist. Somebody else may make or remove it in between, so each is tried twice.
Status replace_or_create(const Requests& requests, const Ask& replace, const Ask& create) {
    Status done;
    for (int round = 0; round < 2; ++round) {
        done = requests.send_only(replace);
        if (done || !lacks_the_thing_itself(done.error())) return done;
        done = requests.send_only(create);
        if (done || done.error().code != ErrorCode::AlreadyExists) return done;
    }
    return done;
}

}  // namespace

Result<std::vector<ConfigName>> RegionClient::configs(const ProjectName& project, ConfigForm form) {
    const Ask ask{.action = "list collector configs of",
                  .subject = project.str(),
                  .project = project,
                  .path = {family(form)}};
    return as_names<ConfigName>(impl_->requests.list_names(ask, "configs"));
}

Result<CollectorConfig> RegionClient::config(const ProjectName& project, const ConfigName& name,
                                             ConfigForm form) {
    const Ask ask = config_ask("get from", project, name, form);
    const auto object = impl_->requests.send_for_object(ask);
    if (!object) return object.error();
    auto parsed = wire::parse_collector_config(form, *object);
    if (!parsed) return bad_answer(impl_->requests, std::move(parsed).error(), ask);
    return parsed;
}

Status RegionClient::put_config(const ProjectName& project, const CollectorConfig& config) {
    const auto body = wire::collector_config_body(config);
    Ask create = config_ask("create in", project, config.name, config.form, "POST");
    create.path = {family(config.form)};
    return replace_or_create(
        impl_->requests,
        with_json(config_ask("replace in", project, config.name, config.form, "PUT"), body),
        with_json(std::move(create), body));
}

Status RegionClient::delete_config(const ProjectName& project, const ConfigName& name,
                                   ConfigForm form) {
    return impl_->requests.send_only(config_ask("delete from", project, name, form, "DELETE"));
}

Result<std::vector<MachineGroupName>> RegionClient::machine_groups(const ProjectName& project) {
    const Ask ask{.action = "list machine groups of",
                  .subject = project.str(),
                  .project = project,
                  .path = {"machinegroups"}};
    return as_names<MachineGroupName>(impl_->requests.list_names(ask, "machinegroups"));
}

Result<MachineGroup> RegionClient::machine_group(const ProjectName& project,
                                                 const MachineGroupName& name) {
    const Ask ask = group_ask("get from", project, name);
    const auto object = impl_->requests.send_for_object(ask);
    if (!object) return object.error();
    auto parsed = wire::parse_machine_group(*object);
    if (!parsed) return bad_answer(impl_->requests, std::move(parsed).error(), ask);
    return parsed;
}

Status RegionClient::put_machine_group(const ProjectName& project, const MachineGroup& group) {
    const auto body = wire::machine_group_body(group);
    Ask create = group_ask("create in", project, group.name, "POST");
    create.path = {"machinegroups"};
    return replace_or_create(impl_->requests,
                             with_json(group_ask("replace in", project, group.name, "PUT"), body),
                             with_json(std::move(create), body));
}

Status RegionClient::delete_machine_group(const ProjectName& project,
                                          const MachineGroupName& name) {
    return impl_->requests.send_only(group_ask("delete from", project, name, "DELETE"));
}

Result<std::vector<Machine>> RegionClient::machines(const ProjectName& project,
                                                    const MachineGroupName& name) {
    Ask ask = group_ask("list machines of", project, name);
    ask.path.emplace_back("machines");
    const auto items = impl_->requests.list_all(ask, "machines");
    if (!items) return items.error();
    std::vector<Machine> out;
    for (const auto& item : *items) {
        const auto* object = item.if_object();
        auto parsed = wire::parse_machine(object != nullptr ? *object : json::object());
        if (!parsed) return bad_answer(impl_->requests, std::move(parsed).error(), ask);
        out.push_back(*std::move(parsed));
    }
    return out;
}

Status RegionClient::machine_heartbeat(const ProjectName& project, const MachineGroupName& group,
                                       const Machine& machine) {
    Ask ask = group_ask("send a machine's heartbeat to", project, group, "PUT");
    ask.path.emplace_back("machines");
    ask.query = {{"action", "heartbeat"}};
    return impl_->requests.send_only(with_json(std::move(ask), wire::machine_json(machine)));
}

Status RegionClient::bind(const ProjectName& project, const MachineGroupName& group,
                          const ConfigName& config) {
    return impl_->requests.send_only(binding_ask("bind in", project, group, config, "PUT"));
}

Status RegionClient::unbind(const ProjectName& project, const MachineGroupName& group,
                            const ConfigName& config) {
    auto done =
        impl_->requests.send_only(binding_ask("unbind in", project, group, config, "DELETE"));
    if (!done && lacks_the_thing_itself(done.error())) return {};
    return done;
}

Result<std::vector<ConfigName>> RegionClient::bound_configs(const ProjectName& project,
                                                            const MachineGroupName& group) {
    Ask ask = group_ask("list configs of", project, group);
    ask.path.emplace_back("configs");
    return as_names<ConfigName>(impl_->requests.list_names(ask, "configs"));
}

Result<std::vector<MachineGroupName>> RegionClient::bound_groups(const ProjectName& project,
                                                                 const ConfigName& config) {
    Ask ask = config_ask("list machine groups of", project, config, ConfigForm::Classic);
    ask.path.emplace_back("machinegroups");
    return as_names<MachineGroupName>(impl_->requests.list_names(ask, "machinegroups"));
}

}  // namespace spillway::client
