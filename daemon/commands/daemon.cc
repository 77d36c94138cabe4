// run, validate, status.

#include "daemon/daemon.h"

#include "base/text.h"
#include "daemon/admin_client.h"
#include "daemon/commands/commands.h"
#include "daemon/preflight.h"
#include "daemon/signals.h"
#include "daemon/status_text.h"
#include "daemon/topology.h"

#include <csignal>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

namespace spillway::daemon {

namespace {

void print_findings(const std::vector<Finding>& findings, std::ostream& err) {
    std::size_t errors = 0;
    for (const auto& finding : findings) {
        err << render(finding);
        if (finding.severity == FindingSeverity::Error) ++errors;
    }
    if (!findings.empty()) {
        const std::size_t warnings = findings.size() - errors;
        err << fmt::format("{} error{}, {} warning{}\n", errors, errors == 1 ? "" : "s", warnings,
                           warnings == 1 ? "" : "s");
    }
}

int run_daemon(const Arguments& arguments, Streams& streams) {
    auto loaded = load_topology(arguments.get("config"));
    print_findings(loaded.findings, streams.err);
    if (has_errors(loaded.findings)) return kExitBadConfig;

    // Blocked before the first thread starts, so that every thread inherits it.
    const SignalWaiter signals({SIGINT, SIGTERM, SIGHUP});
    const SystemClock clock;
    auto events = make_event_log(STDERR_FILENO, loaded.topology.log, clock);
    auto daemon = Daemon::open(std::move(loaded.topology), clock, *events);
    if (!daemon) {
        const int status = report_error(daemon.error(), streams);
        return daemon.error().code == ErrorCode::Conflict ? kExitFailed : status;
    }
    events->info(
        "daemon.ready", "the control plane is up",
        {{"admin", (*daemon)->admin_address()}, {"metrics", (*daemon)->metrics_address()}});
    while (true) {
        const int signal = signals.wait();
        if (signal != SIGHUP) break;
        events->warn("daemon.reload_ignored", "a changed topology is read at the next start", {});
    }
    events->info("daemon.stopping", "stopping; nothing acknowledged is lost", {});
    return kExitDone;
}

json::array findings_json(const std::vector<Finding>& findings) {
    json::array list;
    for (const auto& finding : findings) {
        const bool error = finding.severity == FindingSeverity::Error;
        list.push_back(json::object{
            {"severity", error ? "error" : "warning"},
            {"summary", finding.message},
            {"range", json::object{{"filename", finding.file},
                                   {"start", json::object{{"line", finding.line},
                                                          {"column", finding.column}}}}},
            {"snippet", finding.snippet}});
    }
    return list;
}

int validate(const Arguments& arguments, Streams& streams) {
    const std::string file = arguments.get("config");
    auto loaded = load_topology(file);
    auto findings = loaded.findings;
    if (!has_errors(findings) && !arguments.has("no-environment")) {
        auto more = check_environment(loaded.topology, file);
        findings.insert(findings.end(), more.begin(), more.end());
    }
    const bool bad = has_errors(findings) || (arguments.has("strict") && !findings.empty());
    if (arguments.get("output") == "json") {
        streams.out << pretty_json(json::object{{"schema", "spillway/v1/validation"},
                                                {"valid", !bad},
                                                {"diagnostics", findings_json(findings)}})
                    << "\n";
    } else {
        print_findings(findings, streams.err);
        if (!bad) streams.out << file << ": valid\n";
    }
    return bad ? kExitBadConfig : kExitDone;
}

bool wants_colour() {
    const char* no_color = std::getenv("NO_COLOR");
    return ::isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0');
}

/// Clears and redraws on a terminal; elsewhere one screen follows the other.
int watch_status(AdminClient& client, const Arguments& arguments, Streams& streams) {
    const SignalWaiter signals({SIGINT, SIGTERM});
    const bool terminal = ::isatty(STDOUT_FILENO) == 1;
    while (true) {
        auto status = client.get("/api/v1/status");
        if (terminal) streams.out << "\033[H\033[2J";
        if (!status) {
            streams.out << "no answer from " << client.server() << ": " << status.error().message
                        << "\n";
        } else if (arguments.get("output") == "json") {
            streams.out << json::serialize(*status) << "\n";
        } else {
            streams.out << status_text(status->as_object(), wants_colour());
        }
        streams.out.flush();
        if (signals.wait_for(std::chrono::seconds{2})) return kExitDone;
    }
}

int show_status(const Arguments& arguments, Streams& streams) {
    auto client = AdminClient::from(arguments);
    if (arguments.has("watch")) return watch_status(client, arguments, streams);
    auto status = client.get("/api/v1/status");
    if (!status) return report_admin_error(status.error(), streams);
    if (arguments.get("output") == "json") {
        streams.out << pretty_json(*status) << "\n";
    } else if (status->is_object()) {
        streams.out << status_text(status->get_object(), wants_colour());
    }
    return kExitDone;
}

Flag config_flag() {
    Flag flag;
    flag.name = "config";
    flag.letter = 'c';
    flag.value_name = "FILE";
    flag.help = "the topology";
    flag.fallback = "topology.yaml";
    return flag;
}

Flag output_flag() {
    Flag flag;
    flag.name = "output";
    flag.letter = 'o';
    flag.value_name = "FORMAT";
    flag.help = "text or json";
    flag.fallback = "text";
    return flag;
}

Flag switch_flag(std::string_view name, char letter, std::string_view help) {
    Flag flag;
    flag.name = name;
    flag.letter = letter;
    flag.help = help;
    return flag;
}

}  // namespace

std::vector<Command> daemon_commands() {
    return {
        {"run", "Run the control plane in the foreground", "", {}, {config_flag()}, run_daemon},
        {"validate",
         "Check a topology: syntax, fields, references, rules, and the regions themselves",
         "",
         {},
         {config_flag(), output_flag(),
          switch_flag("no-environment", 0, "ask no region; check the file alone"),
          switch_flag("strict", 0, "warnings fail too")},
         validate},
        {"status",
         "Show pairs, links and regions on one screen",
         "",
         {},
         {server_flag(), output_flag(), switch_flag("watch", 'w', "redraw every 2 s until Ctrl-C")},
         show_status},
    };
}

}  // namespace spillway::daemon
