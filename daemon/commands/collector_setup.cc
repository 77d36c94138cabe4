// collector import, attach, detach: sets up what agents of one region collect, without a daemon.

#include "base/storage/durable_file.h"
#include "daemon/commands/commands.h"
#include "daemon/region_options.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::daemon {

namespace {

int region_failed(Streams& streams, const Error& error) {
    return report_error(error, streams, region_advice(error));
}

/// A config as the service's API shows it: `inputs` make it a pipeline, `inputDetail` the older
/// form.
Result<CollectorConfig> read_config(const std::string& path) {
    auto text = read_file(path, 1024 * 1024);
    if (!text) return std::move(text).error();
    auto body = parse_json_object(*text);
    if (!body) return std::move(body).error().while_doing(path);
    CollectorConfig config;
    config.name = ConfigName(find_string(*body, "configName").value_or(""));
    if (find_array(*body, "inputs") != nullptr) {
        config.form = ConfigForm::Pipeline;
    } else if (find_object(*body, "inputDetail") != nullptr) {
        config.form = ConfigForm::Classic;
    } else {
        return make_error(ErrorCode::InvalidArgument,
                          path + " is no collector config: it has neither inputs nor inputDetail");
    }
    if (auto fine = check_config_name(config.name); !fine) {
        return std::move(fine).error().while_doing(path + ", configName");
    }
    config.body = *std::move(body);
    return config;
}

int import_config(const Arguments& arguments, Streams& streams) {
    auto config = read_config(arguments.positional("FILE"));
    if (!config) return report_error(config.error(), streams);
    const SystemClock clock;
    auto region = open_region(arguments, clock);
    if (!region) return report_error(region.error(), streams);
    auto put = (*region)->put_config(ProjectName(arguments.get("project")), *config);
    if (!put) return region_failed(streams, put.error());
    streams.out << fmt::format("config {} is in project {}; attach it to a machine group next\n",
                               config->name.str(), arguments.get("project"));
    return kExitDone;
}

/// The group with these machines in it, made where it is missing; members it has stay.
Status ensure_group(RegionApi& region, const ProjectName& project, const MachineGroupName& name,
                    const std::vector<std::string>& machines) {
    auto found = region.machine_group(project, name);
    if (!found && found.error().code != ErrorCode::NotFound) return std::move(found).error();
    MachineGroup group = found ? *std::move(found) : MachineGroup{};
    group.name = name;
    const auto before = group.machines.size();
    for (const auto& machine : machines) {
        if (std::find(group.machines.begin(), group.machines.end(), machine) ==
            group.machines.end()) {
            group.machines.push_back(machine);
        }
    }
    if (found && group.machines.size() == before) return {};
    return region.put_machine_group(project, group);
}

int attach(const Arguments& arguments, Streams& streams) {
    const SystemClock clock;
    auto region = open_region(arguments, clock);
    if (!region) return report_error(region.error(), streams);
    const ProjectName project(arguments.get("project"));
    const MachineGroupName group(arguments.get("group"));
    const ConfigName config(arguments.positional("CONFIG"));
    auto ready = ensure_group(**region, project, group, arguments.all("machine"));
    if (!ready) return region_failed(streams, ready.error());
    auto bound = (*region)->bind(project, group, config);
    if (!bound) return region_failed(streams, bound.error());
    streams.out << fmt::format("config {} is attached to machine group {}\n", config.str(),
                               group.str());
    return kExitDone;
}

int detach(const Arguments& arguments, Streams& streams) {
    const SystemClock clock;
    auto region = open_region(arguments, clock);
    if (!region) return report_error(region.error(), streams);
    const MachineGroupName group(arguments.get("group"));
    const ConfigName config(arguments.positional("CONFIG"));
    auto unbound = (*region)->unbind(ProjectName(arguments.get("project")), group, config);
    if (!unbound) return region_failed(streams, unbound.error());
    streams.out << fmt::format("config {} is not attached to machine group {}\n", config.str(),
                               group.str());
    return kExitDone;
}

std::vector<Flag> with_project(std::vector<Flag> own) {
    own.push_back(
        {.name = "project", .value_name = "PROJECT", .help = "the project", .required = true});
    for (auto& flag : region_flags()) own.push_back(std::move(flag));
    return own;
}

const Flag kGroup{
    .name = "group", .value_name = "GROUP", .help = "the machine group", .required = true};

}  // namespace

std::vector<Command> collector_setup_commands() {
    const Flag machine{.name = "machine",
                       .value_name = "ID",
                       .help = "put this machine (user-defined id or address) into the group",
                       .repeats = true};
    const Positional config{"CONFIG", "a collector config of the project"};
    return {
        {"collector import",
         "Create or replace a collector config in one region",
         "FILE is JSON as the service's API has it, pipeline form (inputs, flushers) or the older "
         "one.",
         {{"FILE", "the config"}},
         with_project({}),
         import_config},
        {"collector attach",
         "Let a machine group's agents follow a config",
         "",
         {config},
         with_project({kGroup, machine}),
         attach},
        {"collector detach",
         "Stop a machine group's agents from following a config",
         "",
         {config},
         with_project({kGroup}),
         detach},
    };
}

}  // namespace spillway::daemon
