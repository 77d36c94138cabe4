// switchover plan|start|status|report|resume|abort|history, failover plan|start, failback
// plan|start.
//
// detector explain, audit verify.
//
// `start` shows the plan, asks, starts exactly that plan and follows it. Ctrl-C while it follows
// detaches: the operation is the daemon's and goes on.

#include "base/clock.h"
#include "base/text.h"
#include "daemon/admin_client.h"
#include "daemon/commands/commands.h"
#include "daemon/signals.h"
#include "daemon/text_table.h"
#include "switchover/api_json.h"

#include <csignal>
#include <cstdlib>
#include <iostream>

#include <fmt/format.h>
#include <unistd.h>

namespace spillway::daemon {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookEvery{250};

std::string text_of(const json::object& object, std::string_view key) {
    return find_string(object, key).value_or("");
}

bool wants_json(const Arguments& arguments) {
    return arguments.get("output") == "json";
}

int check_output(const Arguments& arguments, Streams& streams) {
    const auto output = arguments.get("output");
    if (output == "table" || output == "json") return kExitDone;
    streams.err << "error: -o " << output << " is not known; use table or json\n";
    return kExitUsage;
}

void print(const json::object& object, std::string (*text)(const json::object&),
           const Arguments& arguments, std::ostream& out) {
    out << (wants_json(arguments) ? pretty_json(object) + "\n" : text(object));
}

Result<json::object> object_of(Result<json::value> answer) {
    if (!answer) return std::move(answer).error();
    if (!answer->is_object()) {
        return make_error(ErrorCode::Internal, "the daemon answered no JSON object");
    }
    return std::move(answer->get_object());
}

bool is_interactive(const Streams& streams) {
    return &streams.in == &std::cin && isatty(STDIN_FILENO) != 0;
}

std::string who_asks() {
    const char* user = std::getenv("USER");
    return user != nullptr && *user != '\0' ? user : "uid " + std::to_string(getuid());
}

// ---- what was asked for ----

struct Asked {
    std::string pair;
    std::string kind;
    json::object body;
};

Status add_duration(const Arguments& arguments, std::string_view flag, std::string_view member,
                    json::object& body) {
    if (!arguments.has(flag)) return {};
    auto parsed = parse_duration(arguments.get(flag));
    if (!parsed) return std::move(parsed).error().while_doing("--" + std::string(flag));
    body[member] = parsed->count();
    return {};
}

Result<Asked> asked_for(const Arguments& arguments, std::string kind) {
    Asked asked{arguments.positional("PAIR"), std::move(kind), {}};
    asked.body = {{"kind", asked.kind},
                  {"to", arguments.get("to")},
                  {"reason", arguments.get("reason")},
                  {"requested_by", who_asks()}};
    if (auto added = add_duration(arguments, "accept-loss", "accept_loss_ms", asked.body); !added) {
        return added.error();
    }
    if (auto added = add_duration(arguments, "max-loss", "max_loss_ms", asked.body); !added) {
        return added.error();
    }
    for (const auto& [flag, member] :
         {std::pair{"force", "force"}, std::pair{"break-glass", "break_glass"},
          std::pair{"accept-stale-backup", "accept_stale_backup"},
          std::pair{"accept-shrink", "accept_shrink"}}) {
        if (arguments.has(flag)) asked.body[member] = true;
    }
    return asked;
}

std::string pair_path(const std::string& pair, std::string_view what) {
    return "/api/v1/pairs/" + percent_encode(pair) + "/" + std::string(what);
}

std::string operation_path(const std::string& id, std::string_view what = {}) {
    std::string path = "/api/v1/operations/" + percent_encode(id);
    if (!what.empty()) path += "/" + std::string(what);
    return path;
}

Result<json::object> fetch_plan(AdminClient& client, const Asked& asked) {
    return object_of(client.post(pair_path(asked.pair, "plan"), asked.body));
}

bool has_blockers(const json::object& plan) {
    const auto* blockers = find_array(plan, "blockers");
    return blockers != nullptr && !blockers->empty();
}

int show_plan(const Arguments& arguments, Streams& streams, std::string kind) {
    if (const int wrong = check_output(arguments, streams); wrong != kExitDone) return wrong;
    auto asked = asked_for(arguments, std::move(kind));
    if (!asked) return report_error(asked.error(), streams);
    auto client = AdminClient::from(arguments);
    auto plan = fetch_plan(client, *asked);
    if (!plan) return report_admin_error(plan.error(), streams);
    print(*plan, switchover::plan_text, arguments, streams.out);
    return has_blockers(*plan) ? kExitRefused : kExitDone;
}

// ---- asking ----

/// True: go on. A failover wants the pair's name, everything else `yes`.
bool confirm(const Asked& asked, Streams& streams) {
    const bool forced = asked.kind == "failover";
    const std::string wanted = forced ? asked.pair : "yes";
    streams.err << (forced
                        ? "This gives up what is only in the failed region. Type the pair's name "
                          "to go on"
                        : "Type yes to go on")
                << " (--yes skips this question): " << std::flush;
    std::string typed;
    std::getline(streams.in, typed);
    return trim(typed) == wanted;
}

int check_consent(const Asked& asked, const Arguments& arguments, Streams& streams) {
    if (arguments.has("yes")) return kExitDone;
    if (!is_interactive(streams)) {
        streams.err << "error: this needs consent and stdin is not a terminal\n"
                       "  nothing was changed; say --yes if you mean it\n";
        return kExitUsage;
    }
    if (confirm(asked, streams)) return kExitDone;
    streams.err << "not confirmed; nothing was changed\n";
    return kExitRefused;
}

// ---- following ----

/// Prints what is new since the last look, one line an event.
class Progress {
  public:
    explicit Progress(std::ostream& err) : err_(err) {}

    void show(const json::object& operation) {
        const auto* journal = find_array(operation, "journal");
        for (; journal != nullptr && shown_ < journal->size(); ++shown_) {
            if (const auto* line = (*journal)[shown_].if_object()) show_line(*line);
        }
        const auto now = text_of(operation, "now_doing");
        if (text_of(operation, "phase") != "running" || now == now_) return;
        now_ = now;
        if (now != last_line_) err_ << "  ..   " << now << "\n";
    }

  private:
    void show_line(const json::object& line) {
        const auto kind = text_of(line, "kind");
        const char* mark = kind == "done" ? "ok" : kind == "failed" ? "STOP" : "..";
        last_line_ = text_of(line, "sentence");
        err_ << fmt::format("  {:<4} {} {}\n", mark, text_of(line, "at"), last_line_);
    }

    std::ostream& err_;
    std::size_t shown_ = 0;
    std::string now_;
    std::string last_line_;
};

bool has_ended(const std::string& phase) {
    return phase == "done" || phase == "aborted" || phase == "stuck";
}

/// Put back: the failed step named where a resume begins, so nothing of it is left behind.
bool was_put_back(const json::object& operation) {
    const auto* journal = find_array(operation, "journal");
    if (journal == nullptr || journal->empty()) return false;
    const auto* last = journal->back().if_object();
    const auto* detail = last == nullptr ? nullptr : find_object(*last, "detail");
    return detail != nullptr && detail->contains("rewind_to");
}

int show_end(AdminClient& client, const json::object& operation, const Arguments& arguments,
             Streams& streams) {
    const auto id = text_of(operation, "id");
    const auto phase = text_of(operation, "phase");
    if (phase == "done") {
        auto report = object_of(client.get(operation_path(id, "report")));
        if (!report) return report_admin_error(report.error(), streams);
        print(*report, switchover::report_text, arguments, streams.out);
        return kExitDone;
    }
    if (wants_json(arguments)) streams.out << pretty_json(operation) << "\n";
    streams.err << (phase == "stuck" ? "error: " : "") << text_of(operation, "advice") << "\n";
    if (phase == "aborted") return kExitRefused;
    return was_put_back(operation) ? kExitRefused : kExitPartly;
}

int detach(const std::string& id, Streams& streams, std::string_view why) {
    streams.err << why << ": the operation goes on in the daemon\n  follow: spillway switchover "
                << "status " << id << "   abort: spillway switchover abort " << id << "\n";
    return kExitTimedOut;
}

int follow(AdminClient& client, const std::string& id, const Arguments& arguments,
           Streams& streams) {
    const SignalWaiter signals({SIGINT, SIGTERM});
    const SystemClock clock;
    std::optional<MonoTime> deadline;
    if (arguments.has("timeout")) {
        auto limit = parse_duration(arguments.get("timeout"));
        if (!limit) return report_error(limit.error(), streams);
        deadline = clock.mono() + *limit;
    }
    Progress progress(streams.err);
    int unanswered = 0;
    while (true) {
        auto operation = object_of(client.get(operation_path(id)));
        if (operation) {
            unanswered = 0;
            progress.show(*operation);
            if (has_ended(text_of(*operation, "phase"))) {
                return show_end(client, *operation, arguments, streams);
            }
        } else if (++unanswered == 1) {
            streams.err << "  ..   the daemon does not answer; the operation is in its journal and "
                           "goes on when it is back\n";
        }
        if (signals.wait_for(kLookEvery)) return detach(id, streams, "detached");
        if (deadline && clock.mono() > *deadline) return detach(id, streams, "timed out");
    }
}

int check_timeout(const Arguments& arguments, Streams& streams) {
    if (!arguments.has("timeout")) return kExitDone;
    auto limit = parse_duration(arguments.get("timeout"));
    if (limit) return kExitDone;
    return report_error(Error(limit.error()).while_doing("--timeout"), streams);
}

int start(const Arguments& arguments, Streams& streams, std::string kind) {
    if (const int wrong = check_output(arguments, streams); wrong != kExitDone) return wrong;
    auto asked = asked_for(arguments, std::move(kind));
    if (!asked) return report_error(asked.error(), streams);
    auto client = AdminClient::from(arguments);
    auto plan = fetch_plan(client, *asked);
    if (!plan) return report_admin_error(plan.error(), streams);
    streams.err << switchover::plan_text(*plan);
    if (has_blockers(*plan)) {
        streams.err << "error: refused; nothing was changed\n";
        return kExitRefused;
    }
    if (const int no = check_consent(*asked, arguments, streams); no != kExitDone) return no;
    asked->body["plan_digest"] =
        arguments.has("plan") ? arguments.get("plan") : text_of(*plan, "digest");
    auto started = object_of(client.post(pair_path(asked->pair, "operations"), asked->body));
    if (!started) {
        const bool stale = started.error().message.find("StalePlan") != std::string::npos;
        const int status = report_admin_error(started.error(), streams);
        return stale ? kExitStalePlan : status;
    }
    const auto id = text_of(*started, "operation");
    if (arguments.has("detach")) {
        streams.out << (wants_json(arguments) ? pretty_json(*started) : id) << "\n";
        return kExitDone;
    }
    return follow(client, id, arguments, streams);
}

// ---- looking back ----

/// An operation's id, or a pair's name, which means its newest operation.
Result<std::string> find_id(AdminClient& client, const std::string& given) {
    auto operation = client.get(operation_path(given));
    if (operation) return given;
    if (operation.error().code != ErrorCode::NotFound) return std::move(operation).error();
    auto listed = object_of(client.get(pair_path(given, "operations")));
    if (!listed) {
        if (listed.error().code != ErrorCode::NotFound) return std::move(listed).error();
        return make_error(ErrorCode::NotFound, "there is no operation and no pair " + given);
    }
    const auto* operations = find_array(*listed, "operations");
    if (operations == nullptr || operations->empty()) {
        return make_error(ErrorCode::NotFound, "pair " + given + " was never switched");
    }
    return text_of(operations->front().as_object(), "id");
}

int show(const Arguments& arguments, Streams& streams, std::string_view what,
         std::string (*text)(const json::object&)) {
    if (const int wrong = check_output(arguments, streams); wrong != kExitDone) return wrong;
    auto client = AdminClient::from(arguments);
    auto id = find_id(client, arguments.positional("ID"));
    if (!id) return report_admin_error(id.error(), streams);
    auto answer = object_of(client.get(operation_path(*id, what)));
    if (!answer) return report_admin_error(answer.error(), streams);
    print(*answer, text, arguments, streams.out);
    return kExitDone;
}

int steer(const Arguments& arguments, Streams& streams, std::string_view what) {
    if (const int wrong = check_timeout(arguments, streams); wrong != kExitDone) return wrong;
    auto client = AdminClient::from(arguments);
    auto id = find_id(client, arguments.positional("ID"));
    if (!id) return report_admin_error(id.error(), streams);
    auto answer = object_of(client.post(operation_path(*id, what), json::object{}));
    if (!answer) return report_admin_error(answer.error(), streams);
    if (arguments.has("detach")) return kExitDone;
    const int status = follow(client, *id, arguments, streams);
    // An abort that ended in "aborted" is what was asked for.
    return what == "abort" && status == kExitRefused ? static_cast<int>(kExitDone) : status;
}

int history(const Arguments& arguments, Streams& streams) {
    if (const int wrong = check_output(arguments, streams); wrong != kExitDone) return wrong;
    auto client = AdminClient::from(arguments);
    auto listed = object_of(client.get(pair_path(arguments.positional("PAIR"), "operations")));
    if (!listed) return report_admin_error(listed.error(), streams);
    if (wants_json(arguments)) {
        streams.out << pretty_json(*listed) << "\n";
        return kExitDone;
    }
    TextTable table({"OPERATION", "KIND", "FROM", "TO", "PHASE", "STARTED", "BY", "REASON"});
    if (const auto* operations = find_array(*listed, "operations")) {
        for (const auto& entry : *operations) {
            const auto& operation = entry.as_object();
            const auto& plan = operation.at("plan").as_object();
            table.row({text_of(operation, "id"), text_of(plan, "kind"), text_of(plan, "from"),
                       text_of(plan, "to"), text_of(operation, "phase"),
                       text_of(operation, "started_at"), text_of(operation, "requested_by"),
                       text_of(operation, "reason")});
        }
    }
    streams.out << table.render();
    return kExitDone;
}

// ---- why, and was it so ----

int explain_region(const Arguments& arguments, Streams& streams) {
    if (const int wrong = check_output(arguments, streams); wrong != kExitDone) return wrong;
    auto client = AdminClient::from(arguments);
    auto region =
        object_of(client.get("/api/v1/regions/" + percent_encode(arguments.positional("REGION"))));
    if (!region) return report_admin_error(region.error(), streams);
    print(*region, switchover::region_text, arguments, streams.out);
    return kExitDone;
}

int verify_audit(const Arguments& arguments, Streams& streams) {
    if (const int wrong = check_output(arguments, streams); wrong != kExitDone) return wrong;
    auto client = AdminClient::from(arguments);
    auto audit =
        object_of(client.get("/api/v1/audit?pair=" + percent_encode(arguments.positional("PAIR"))));
    if (!audit) return report_admin_error(audit.error(), streams);
    if (wants_json(arguments)) streams.out << pretty_json(*audit) << "\n";
    int status = kExitDone;
    const auto* pairs = find_array(*audit, "pairs");
    for (std::size_t i = 0; pairs != nullptr && i < pairs->size(); ++i) {
        const auto& pair = (*pairs)[i].as_object();
        const auto broken = text_of(pair, "broken");
        if (!broken.empty()) {
            status = kExitFailed;
            streams.err << "error: the journal of pair " << text_of(pair, "pair")
                        << " was tampered with or damaged: " << broken << "\n";
        } else if (!wants_json(arguments)) {
            streams.out << fmt::format(
                "{}: {} operation(s), {} line(s), intact; newest line {}\n", text_of(pair, "pair"),
                find_int(pair, "operations").value_or(0), find_int(pair, "lines").value_or(0),
                text_of(pair, "head").substr(0, 16));
        }
    }
    return status;
}

// ---- the table ----

Flag value_flag(std::string_view name, std::string_view value_name, std::string_view help) {
    Flag flag;
    flag.name = name;
    flag.value_name = value_name;
    flag.help = help;
    return flag;
}

Flag switch_flag(std::string_view name, std::string_view help) {
    return value_flag(name, {}, help);
}

Flag output_flag() {
    auto flag = value_flag("output", "FORMAT", "table or json");
    flag.letter = 'o';
    flag.fallback = "table";
    return flag;
}

Flag required(Flag flag) {
    flag.required = true;
    return flag;
}

Flag timeout_flag() {
    return value_flag("timeout", "DURATION", "stop following after so long; the operation goes on");
}

std::vector<Flag> plan_flags(bool forced) {
    std::vector<Flag> flags{
        required(value_flag("to", "REGION", "the region that takes over")),
        value_flag("reason", "TEXT", "why; goes into the journal and the report"),
        switch_flag("accept-stale-backup", "go by a backup older than the limit (R6)"),
        switch_flag("accept-shrink", "believe a backup that lost many configs (R14)"),
        switch_flag("break-glass", "override R2, R3, R7 and R9; said in the journal"),
        output_flag(),
        server_flag()};
    if (forced) {
        flags.push_back(
            value_flag("accept-loss", "DURATION", "the loss you accept, such as 30s (R7)"));
    } else {
        flags.push_back(switch_flag("force", "go on although R12 objects"));
        flags.push_back(
            value_flag("max-loss", "DURATION", "end the drain when at most so much is left"));
    }
    return flags;
}

std::vector<Flag> start_flags(bool forced) {
    auto flags = plan_flags(forced);
    for (auto& flag : flags) {
        if (forced && (flag.name == "accept-loss" || flag.name == "reason")) flag.required = true;
    }
    flags.push_back(switch_flag("yes", "do not ask"));
    flags.push_back(switch_flag("detach", "print the operation's id and leave"));
    flags.push_back(value_flag("plan", "DIGEST", "start only if the plan still has this digest"));
    flags.push_back(timeout_flag());
    return flags;
}

Command plan_command(std::string_view path, std::string kind) {
    Command command;
    command.path = path;
    command.summary = "Show what it would do and lose; changes nothing";
    command.details =
        "Ends with 3 when a safety rule refuses; each refusal names its rule and flag.";
    command.positionals = {{"PAIR", "the pair's name in the topology"}};
    command.flags = plan_flags(kind == "failover");
    command.run = [kind](const Arguments& arguments, Streams& streams) {
        return show_plan(arguments, streams, kind);
    };
    return command;
}

Command start_command(std::string_view path, std::string_view summary, std::string_view details,
                      std::string kind) {
    Command command;
    command.path = path;
    command.summary = summary;
    command.details = details;
    command.positionals = {{"PAIR", "the pair's name in the topology"}};
    command.flags = start_flags(kind == "failover");
    command.run = [kind](const Arguments& arguments, Streams& streams) {
        return start(arguments, streams, kind);
    };
    return command;
}

Command id_command(std::string_view path, std::string_view summary, std::vector<Flag> flags,
                   std::function<int(const Arguments&, Streams&)> run) {
    Command command;
    command.path = path;
    command.summary = summary;
    command.positionals = {{"ID", "an operation's id, or a pair's name for its newest operation"}};
    command.flags = std::move(flags);
    command.flags.push_back(server_flag());
    command.run = std::move(run);
    return command;
}

Command history_command() {
    Command command;
    command.path = "switchover history";
    command.summary = "List the operations of a pair, newest first";
    command.positionals = {{"PAIR", "the pair's name in the topology"}};
    command.flags = {output_flag(), server_flag()};
    command.run = history;
    return command;
}

Command explain_command() {
    Command command;
    command.path = "detector explain";
    command.summary = "Say why a region counts as up or down";
    command.positionals = {{"REGION", "the region's name in the topology"}};
    command.flags = {output_flag(), server_flag()};
    command.run = explain_region;
    return command;
}

Command audit_command() {
    Command command;
    command.path = "audit verify";
    command.summary = "Check that the journals of operations are what was written";
    command.details =
        "Every line carries a hash over itself and the line before, from one operation to the\n"
        "next; a changed, missing or reordered line ends with 1 and is named.";
    command.positionals = {{"PAIR", "only this pair", false}};
    command.flags = {output_flag(), server_flag()};
    command.run = verify_audit;
    return command;
}

constexpr std::string_view kPlannedDetails =
    "Both regions must be healthy. The target is bound and proven before the source is detached,\n"
    "then the rest is drained: nothing is lost, some lines arrive twice and are counted.";
constexpr std::string_view kForcedDetails =
    "The source is presumed lost and is not asked anything. What was not replicated stays there\n"
    "until it returns; the daemon then fences it, copies the rest and closes the report.";

}  // namespace

std::vector<Command> switchover_commands() {
    const std::vector<Flag> steer_flags{output_flag(), timeout_flag(),
                                        switch_flag("detach", "do not follow")};
    return {
        plan_command("switchover plan", "switchover"),
        start_command("switchover start", "Move a pair's agents to the other region, planned",
                      kPlannedDetails, "switchover"),
        id_command("switchover status", "Show how far an operation is", {output_flag()},
                   [](const Arguments& arguments, Streams& streams) {
                       return show(arguments, streams, "", switchover::operation_text);
                   }),
        id_command("switchover report", "Show the measured loss and duplicate windows",
                   {output_flag()},
                   [](const Arguments& arguments, Streams& streams) {
                       return show(arguments, streams, "report", switchover::report_text);
                   }),
        id_command("switchover resume", "Go on with an operation that stopped", steer_flags,
                   [](const Arguments& arguments, Streams& streams) {
                       return steer(arguments, streams, "resume");
                   }),
        id_command("switchover abort", "Put back what an operation has done so far", steer_flags,
                   [](const Arguments& arguments, Streams& streams) {
                       return steer(arguments, streams, "abort");
                   }),
        history_command(),
        plan_command("failover plan", "failover"),
        start_command("failover start", "Move a pair's agents out of a region that is lost",
                      kForcedDetails, "failover"),
        explain_command(),
        audit_command(),
        plan_command("failback plan", "failback"),
        start_command("failback start", "Move a pair's agents back home, planned", kPlannedDetails,
                      "failback"),
    };
}

}  // namespace spillway::daemon
