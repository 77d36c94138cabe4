// agent run, agent status.

#include "logstore/agent/agent.h"

#include "base/json.h"
#include "base/text.h"
#include "daemon/agent_file.h"
#include "daemon/commands/commands.h"
#include "daemon/signals.h"
#include "logstore/client/region_client.h"

#include <csignal>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

namespace spillway::daemon {

namespace {

using std::chrono::seconds;

int print_findings(const std::vector<Finding>& findings, std::ostream& err) {
    for (const Finding& finding : findings) err << render(finding);
    return has_errors(findings) ? kExitBadConfig : kExitDone;
}

Result<wire::Credentials> resolve(const AgentFile& file, const std::string& name) {
    const CredentialsSpec& spec = file.credentials.at(name);
    const std::string what = "credentials." + name;
    auto id = spec.access_key_id.resolve();
    if (!id) return std::move(id).error().while_doing(what + ".access_key_id");
    auto secret = spec.access_key_secret.resolve();
    if (!secret) return std::move(secret).error().while_doing(what + ".access_key_secret");
    wire::Credentials credentials{*std::move(id), *std::move(secret), ""};
    if (!spec.security_token) return credentials;
    auto token = spec.security_token->resolve();
    if (!token) return std::move(token).error().while_doing(what + ".security_token");
    credentials.security_token = *std::move(token);
    return credentials;
}

Result<std::unique_ptr<client::RegionClient>> open_client(const AgentFile& file,
                                                          const AgentRegionSpec& spec,
                                                          std::stop_token cancel,
                                                          const Clock& clock) {
    client::RegionClientOptions options;
    options.name = spec.name;
    options.endpoint = spec.endpoint;
    options.sign.region = spec.sls_region;
    options.user_agent = "spillway-agent";
    options.stop = std::move(cancel);
    if (!spec.credentials.empty()) {
        auto credentials = resolve(file, spec.credentials);
        if (!credentials) return std::move(credentials).error();
        options.credentials = *std::move(credentials);
        const bool v4 = file.credentials.at(spec.credentials).sign_version == "v4";
        options.sign.version = v4 ? wire::SignVersion::V4 : wire::SignVersion::V1;
    }
    return client::RegionClient::open(std::move(options), clock);
}

/// Asks a region that does not know heartbeats once only.
std::function<Status(const MachineGroupName&, const Machine&)> heartbeat_to(
    client::RegionClient& client, const ProjectName& project) {
    return [&client, project, known = true](const MachineGroupName& group,
                                            const Machine& machine) mutable -> Status {
        if (!known) return {};
        Status told = client.machine_heartbeat(project, group, machine);
        known = told || (told.error().code != ErrorCode::InvalidArgument &&
                         told.error().code != ErrorCode::Unsupported);
        return told;
    };
}

using Clients = std::vector<std::unique_ptr<client::RegionClient>>;

Result<Clients> open_clients(AgentFile& file, const std::stop_source& cancel, const Clock& clock) {
    Clients clients;
    for (const AgentRegionSpec& spec : file.regions) {
        auto opened = open_client(file, spec, cancel.get_token(), clock);
        if (!opened) return std::move(opened).error().while_doing("region " + spec.name.str());
        client::RegionClient* client = opened->get();
        file.options.regions.push_back(
            {spec.name, spec.endpoint, spec.project, client, heartbeat_to(*client, spec.project)});
        clients.push_back(*std::move(opened));
    }
    return clients;
}

void announce(const AgentFile& file, EventLog& events) {
    std::string regions;
    for (const AgentRegionSpec& region : file.regions) {
        regions += (regions.empty() ? "" : ",") + region.name.str() + "=" + region.endpoint;
    }
    events.info("agent.ready", "the agent asks its regions for configs and follows them",
                {{"data", file.options.data_dir},
                 {"user_defined_id", file.options.identity.user_defined_id},
                 {"ip", file.options.identity.ip},
                 {"regions", regions}});
}

int run_agent(const Arguments& arguments, Streams& streams) {
    auto reading = read_agent_file(YamlDocument::load(arguments.get("config")));
    if (const int status = print_findings(reading.findings, streams.err); status != kExitDone) {
        return status;
    }
    // A full disk or a closed pipe is an error of that write, not the end of the process.
    std::signal(SIGXFSZ, SIG_IGN);
    std::signal(SIGPIPE, SIG_IGN);
    // Blocked before the first thread starts, so that every thread inherits it.
    const SignalWaiter signals({SIGINT, SIGTERM});
    const SystemClock clock;
    auto events = make_event_log(STDERR_FILENO, reading.file.log, clock);
    std::stop_source cancel;
    auto clients = open_clients(reading.file, cancel, clock);
    if (!clients) return report_error(clients.error(), streams);
    reading.file.options.cancel_calls = [&cancel] { cancel.request_stop(); };
    auto agent = agent::Agent::open(reading.file.options, *events, clock);
    if (!agent) {
        (void)report_error(agent.error(), streams);
        return kExitFailed;
    }
    announce(reading.file, *events);
    std::jthread working([&](std::stop_token stop) { (*agent)->run(std::move(stop)); });
    const int signal = signals.wait();
    events->info("agent.stopping",
                 "stopping; what was not acknowledged is read again at the next start");
    working.request_stop();
    working.join();
    return signal == SIGINT ? kExitInterrupted : kExitDone;
}

std::string text_of(const json::object& object, std::string_view key) {
    return find_string(object, key).value_or("");
}

std::uint64_t count_of(const json::object& object, std::string_view key) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(find_int(object, key).value_or(0), 0));
}

template <class Print>
void for_each_object(const json::object& status, std::string_view key, Print print) {
    const json::array* list = find_array(status, key);
    if (list == nullptr) return;
    for (const json::value& item : *list) {
        if (item.is_object()) print(item.as_object());
    }
}

void print_status(const json::object& status, std::ostream& out) {
    const auto pid = static_cast<pid_t>(count_of(status, "pid"));
    const bool runs = pid > 0 && (kill(pid, 0) == 0 || errno == EPERM);
    out << fmt::format("as of {}, process {}{}\n", text_of(status, "time"), pid,
                       runs ? "" : ", which has ended");
    for_each_object(status, "regions", [&](const json::object& region) {
        const bool answers = find_bool(region, "answers").value_or(false);
        out << fmt::format("region {}: {}, {} configs in force{}\n", text_of(region, "name"),
                           answers ? "answers" : "silent", count_of(region, "configs"),
                           answers ? "" : " (" + text_of(region, "last_error") + ")");
    });
    for_each_object(status, "files", [&](const json::object& file) {
        out << fmt::format(
            "file {} -> {}:{}: {}, read {} of {} bytes, acknowledged {}\n", text_of(file, "path"),
            text_of(file, "region"), text_of(file, "logstore"), text_of(file, "state"),
            human_count(count_of(file, "read_offset")), human_count(count_of(file, "size")),
            human_count(count_of(file, "acknowledged_offset")));
    });
    for_each_object(status, "queues", [&](const json::object& queue) {
        out << fmt::format("queue {}:{}: {} groups wait, {} logs stored, {} dropped{}\n",
                           text_of(queue, "region"), text_of(queue, "logstore"),
                           count_of(queue, "groups"), human_count(count_of(queue, "stored_logs")),
                           human_count(count_of(queue, "dropped_logs")),
                           text_of(queue, "last_error").empty()
                               ? ""
                               : "; last error: " + text_of(queue, "last_error"));
    });
    for_each_object(status, "alarms", [&](const json::object& alarm) {
        out << fmt::format("alarm {} ({} times): {}\n", text_of(alarm, "alarm"),
                           count_of(alarm, "count"), text_of(alarm, "sentence"));
    });
}

int show_status(const Arguments& arguments, Streams& streams) {
    auto reading = read_agent_file(YamlDocument::load(arguments.get("config")));
    if (const int status = print_findings(reading.findings, streams.err); status != kExitDone) {
        return status;
    }
    const std::string path = reading.file.options.data_dir + "/status.json";
    auto text = read_file(path);
    if (!text) {
        return report_error(
            std::move(text).error().while_doing("read the agent's status"), streams,
            "start it with: spillway agent run --config " + arguments.get("config"));
    }
    auto status = parse_json_object(*text);
    if (!status)
        return report_error(std::move(status).error().while_doing("read " + path), streams);
    if (arguments.get("output") == "json") {
        streams.out << *text;
    } else {
        print_status(*status, streams.out);
    }
    return kExitDone;
}

}  // namespace

std::vector<Command> agent_commands() {
    const Flag config{.name = "config",
                      .letter = 'c',
                      .value_name = "FILE",
                      .help = "The agent's YAML file.",
                      .fallback = "",
                      .required = true};
    const Flag output{.name = "output",
                      .letter = 'o',
                      .value_name = "FORMAT",
                      .help = "text or json.",
                      .fallback = "text"};
    return {
        {"agent run",
         "Collect log files, following collector configs from region to region",
         "The reference collector. It asks every region in its file which collector configs are "
         "bound "
         "to its\nmachine groups, tails the files they name and writes to the region each config "
         "came "
         "from. While a\nregion is down its data stays in the files. SIGTERM sends what was read, "
         "saves "
         "and ends with status 0.\n\nIts state is in the data folder; status.json there says what "
         "it "
         "is doing.",
         {},
         {config},
         run_agent},
        {"agent status",
         "Show what an agent reads, holds and has given up",
         "Reads the status file in the agent's data folder, which the agent writes every second.",
         {},
         {config, output},
         show_status},
    };
}

}  // namespace spillway::daemon
