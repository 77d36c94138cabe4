// link list|describe|gaps|pause|resume|drain|verify|translate|reset,
// link dead-letters list|show|replay|drop.

#include "base/clock.h"
#include "base/storage/state_store.h"
#include "base/text.h"
#include "daemon/admin_client.h"
#include "daemon/commands/commands.h"
#include "daemon/link_text.h"
#include "daemon/logstore_tool/read_point.h"
#include "daemon/signals.h"
#include "daemon/topology.h"
#include "replicator/replicator.h"

#include <csignal>
#include <iostream>

#include <fmt/format.h>
#include <unistd.h>

namespace spillway::daemon {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookEvery{200};
/// Where a verification begins unless told; the books keep two weeks.
constexpr std::string_view kVerifyFrom = "1h";

using Render = std::string (*)(const json::object&);

int check_output(const Arguments& arguments, Streams& streams) {
    const auto output = arguments.get("output");
    if (output == "text" || output == "json") return kExitDone;
    streams.err << "error: -o " << output << " is not known; use text or json\n";
    return kExitUsage;
}

std::string link_path(const Arguments& arguments, std::string_view below = {}) {
    std::string path = "/api/v1/links/" + percent_encode(arguments.positional("LINK"));
    if (!below.empty()) path += "/" + std::string(below);
    return path;
}

std::string letter_path(const Arguments& arguments, const std::string& id,
                        std::string_view below = {}) {
    std::string path = link_path(arguments, "dead-letters/" + percent_encode(id));
    if (!below.empty()) path += "/" + std::string(below);
    return path;
}

/// Prints an answer, or the error that came instead.
int print(const Result<json::value>& answer, Render render, const Arguments& arguments,
          Streams& streams) {
    if (!answer) return report_admin_error(answer.error(), streams);
    if (arguments.get("output") == "json" || !answer->is_object()) {
        streams.out << pretty_json(*answer) << "\n";
    } else {
        streams.out << render(answer->get_object());
    }
    return kExitDone;
}

int show(const Arguments& arguments, Streams& streams, const std::string& path, Render render) {
    if (const int wrong = check_output(arguments, streams); wrong != kExitDone) return wrong;
    auto client = AdminClient::from(arguments);
    return print(client.get(path), render, arguments, streams);
}

int list(const Arguments& arguments, Streams& streams) {
    return show(arguments, streams, "/api/v1/links", links_text);
}
int describe(const Arguments& arguments, Streams& streams) {
    return show(arguments, streams, link_path(arguments), link_text);
}
int gaps(const Arguments& arguments, Streams& streams) {
    return show(arguments, streams, link_path(arguments, "gaps"), gaps_text);
}

std::function<int(const Arguments&, Streams&)> switch_to(std::string mode) {
    return [mode = std::move(mode)](const Arguments& arguments, Streams& streams) {
        if (const int wrong = check_output(arguments, streams); wrong != kExitDone) return wrong;
        auto client = AdminClient::from(arguments);
        return print(client.post(link_path(arguments, mode), json::object{}), link_text, arguments,
                     streams);
    };
}

// ---- verify ----

Result<std::int64_t> time_flag(const Arguments& arguments, std::string_view flag,
                               std::string_view fallback) {
    const std::string text = arguments.has(flag) ? arguments.get(flag) : std::string(fallback);
    const WallTime now = SystemClock().wall();
    if (text == "now") return unix_seconds(now);
    auto point = parse_read_point(text, now);
    if (!point) return std::move(point).error().while_doing("--" + std::string(flag));
    const auto* seek = std::get_if<CursorSeek>(&*point);
    if (seek == nullptr || seek->kind != SeekKind::Time) {
        return make_error(ErrorCode::InvalidArgument,
                          "--" + std::string(flag) + " " + text +
                              " is no time; use 15m (ago), now, Unix seconds or "
                              "2025-10-10T08:00:00Z");
    }
    return seek->unix_s;
}

bool is_running(const json::value& job) {
    return job.is_object() && find_string(job.get_object(), "state") == "running";
}

/// Looks until it is over; Ctrl-C cancels it.
Result<json::value> follow_verify(AdminClient& client, const Arguments& arguments,
                                  json::value job) {
    const SignalWaiter signals({SIGINT, SIGTERM});
    while (is_running(job)) {
        if (signals.wait_for(kLookEvery)) {
            (void)client.post(link_path(arguments, "verify/cancel"), json::object{});
        }
        auto looked = client.get(link_path(arguments, "verify"));
        if (!looked) return looked;
        job = *std::move(looked);
    }
    return job;
}

int exit_of_verify(const json::value& job) {
    const auto state = find_string(job.get_object(), "state").value_or("");
    if (state == "exact") return kExitDone;
    if (state == "cancelled") return kExitInterrupted;
    return kExitFailed;
}

int verify(const Arguments& arguments, Streams& streams) {
    if (const int wrong = check_output(arguments, streams); wrong != kExitDone) return wrong;
    auto from = time_flag(arguments, "from", kVerifyFrom);
    if (!from) return report_error(from.error(), streams);
    auto to = time_flag(arguments, "to", "now");
    if (!to) return report_error(to.error(), streams);
    auto client = AdminClient::from(arguments);
    auto job = client.post(link_path(arguments, "verify"),
                           json::object{{"from_unix_s", *from}, {"to_unix_s", *to}});
    if (!job) return report_admin_error(job.error(), streams);
    auto over = follow_verify(client, arguments, *std::move(job));
    const int printed = print(over, verify_text, arguments, streams);
    return printed == kExitDone ? exit_of_verify(*over) : printed;
}

// ---- translate ----

Result<json::object> translation_wanted(const Arguments& arguments) {
    const bool back = arguments.has("to-source");
    json::object body{{"to", back ? "source" : "target"}};
    if (arguments.has("time")) {
        auto time = time_flag(arguments, "time", "");
        if (!time) return std::move(time).error();
        body["time_unix_s"] = *time;
        return body;
    }
    json::array places;
    for (const auto& text : arguments.all("cursor")) {
        const auto colon = text.find(':');
        const auto shard = parse_uint(std::string_view(text).substr(0, colon));
        if (colon == std::string::npos || !shard) {
            return make_error(ErrorCode::InvalidArgument,
                              "--cursor " + text + " must be SHARD:CURSOR, such as 0:MTIz");
        }
        places.push_back(json::object{{"shard", *shard}, {"cursor", text.substr(colon + 1)}});
    }
    if (places.empty()) {
        return make_error(ErrorCode::InvalidArgument,
                          "say where the reader is: --cursor SHARD:CURSOR, or --time TIME");
    }
    body["places"] = std::move(places);
    return body;
}

int translate(const Arguments& arguments, Streams& streams) {
    if (const int wrong = check_output(arguments, streams); wrong != kExitDone) return wrong;
    auto body = translation_wanted(arguments);
    if (!body) return report_error(body.error(), streams);
    auto client = AdminClient::from(arguments);
    return print(client.post(link_path(arguments, "translate"), *body), places_text, arguments,
                 streams);
}

// ---- dead letters ----

int list_dead(const Arguments& arguments, Streams& streams) {
    return show(arguments, streams, link_path(arguments, "dead-letters"), dead_letters_text);
}

int show_dead(const Arguments& arguments, Streams& streams) {
    return show(arguments, streams, letter_path(arguments, arguments.positional("ID")),
                dead_letter_text);
}

/// The ids named, or all there are.
Result<std::vector<std::string>> wanted_letters(AdminClient& client, const Arguments& arguments) {
    auto named = arguments.positionals("ID");
    if (arguments.has("all") != named.empty()) {
        return make_error(ErrorCode::InvalidArgument, "name the letters, or say --all");
    }
    if (!named.empty()) return named;
    auto listed = client.get(link_path(arguments, "dead-letters"));
    if (!listed) return std::move(listed).error();
    const auto* letters =
        listed->is_object() ? find_array(listed->get_object(), "dead_letters") : nullptr;
    if (letters == nullptr) return named;
    for (const auto& letter : *letters) {
        if (letter.is_object()) {
            named.push_back(find_string(letter.get_object(), "id").value_or(""));
        }
    }
    return named;
}

std::function<int(const Arguments&, Streams&)> each_dead(std::string action) {
    return [action = std::move(action)](const Arguments& arguments, Streams& streams) {
        auto client = AdminClient::from(arguments);
        auto ids = wanted_letters(client, arguments);
        if (!ids) return report_admin_error(ids.error(), streams);
        std::size_t failed = 0;
        for (const auto& id : *ids) {
            auto done = client.post(letter_path(arguments, id, action), json::object{});
            if (!done && ids->size() == 1) return report_admin_error(done.error(), streams);
            if (!done) ++failed;
            streams.out << id << ": " << (done ? action + " done" : done.error().message) << "\n";
        }
        if (failed == 0) return int{kExitDone};
        return int{failed == ids->size() ? kExitFailed : kExitPartly};
    };
}

// ---- reset ----

int consent_to_reset(const std::string& link, const Arguments& arguments, Streams& streams) {
    if (arguments.has("yes")) return kExitDone;
    if (&streams.in != &std::cin || ::isatty(STDIN_FILENO) == 0) {
        streams.err << "error: this needs consent and stdin is not a terminal\n"
                       "  nothing was changed; say --yes if you mean it\n";
        return kExitUsage;
    }
    streams.err << "What link " << link
                << " copied will be copied a second time. Type the link's name to go on "
                   "(--yes skips this question): "
                << std::flush;
    std::string typed;
    std::getline(streams.in, typed);
    if (trim(typed) == link) return kExitDone;
    streams.err << "not confirmed; nothing was changed\n";
    return kExitRefused;
}

/// Works on the state itself, with the daemon stopped: a link that runs cannot forget where it is.
int reset(const Arguments& arguments, Streams& streams) {
    const std::string link = arguments.positional("LINK");
    auto loaded = load_topology(arguments.get("config"));
    if (has_errors(loaded.findings)) {
        for (const auto& finding : loaded.findings) streams.err << render(finding);
        return kExitBadConfig;
    }
    auto state = open_sqlite_state_store(loaded.topology.state_path);
    if (!state) return report_error(state.error(), streams);
    if (const int no = consent_to_reset(link, arguments, streams); no != kExitDone) return no;
    if (auto done = replicator::reset_link(**state, link); !done) {
        return report_error(done.error(), streams);
    }
    streams.out << "link " << link << " begins anew at its start_from when the daemon runs\n";
    return kExitDone;
}

// ---- the table ----

Flag flag(std::string_view name, char letter, std::string_view value, std::string_view help,
          std::string_view fallback = {}) {
    Flag out;
    out.name = name;
    out.letter = letter;
    out.value_name = value;
    out.help = help;
    out.fallback = fallback;
    return out;
}

const Positional kLink{"LINK", "as the topology names it"};

Flag output_flag() {
    return flag("output", 'o', "FORMAT", "text or json", "text");
}

Flag cursor_flag() {
    Flag cursor = flag("cursor", 0, "SHARD:CURSOR", "where the reader is; one for each shard");
    cursor.repeats = true;
    return cursor;
}

std::vector<Command> dead_letter_commands() {
    const Positional ids{"ID", "as `link dead-letters list` shows it", false, true};
    const Flag all = flag("all", 0, "", "every one the link holds");
    return {
        {"link dead-letters list",
         "List the records that could not be copied",
         "",
         {kLink},
         {server_flag(), output_flag()},
         list_dead},
        {"link dead-letters show",
         "Show one with its logs",
         "",
         {kLink, {"ID", "as `link dead-letters list` shows it"}},
         {server_flag(), output_flag()},
         show_dead},
        {"link dead-letters replay",
         "Run today's rule over them and write what comes out, once",
         "",
         {kLink, ids},
         {server_flag(), all},
         each_dead("replay")},
        {"link dead-letters drop",
         "Give them up for good",
         "",
         {kLink, ids},
         {server_flag(), all},
         each_dead("drop")},
    };
}

std::vector<Command> switch_commands() {
    return {
        {"link pause",
         "Finish the page in hand, then copy no more; outlives a restart",
         "",
         {kLink},
         {server_flag(), output_flag()},
         switch_to("pause")},
        {"link resume",
         "Go on after pause or drain",
         "",
         {kLink},
         {server_flag(), output_flag()},
         switch_to("resume")},
        {"link drain",
         "Copy to the source's end without lingering",
         "`link describe` says \"drained\" of each read-only shard that is done.",
         {kLink},
         {server_flag(), output_flag()},
         switch_to("drain")},
    };
}

std::vector<Command> question_commands() {
    return {
        {"link list",
         "List the links with their lag",
         "",
         {},
         {server_flag(), output_flag()},
         list},
        {"link describe",
         "Show one link: totals, trouble, every shard",
         "",
         {kLink},
         {server_flag(), output_flag()},
         describe},
        {"link gaps",
         "List what went away at the source before it was copied",
         "",
         {kLink},
         {server_flag(), output_flag()},
         gaps},
        {"link verify",
         "Read the target back and compare it with the books, record by record",
         "Exit status 0: exact. 1: something is missing, doubled or changed, and is named.",
         {kLink},
         {server_flag(), output_flag(),
          flag("from", 0, "TIME", "pages begun at or after: 15m (ago), Unix seconds, a date",
               kVerifyFrom),
          flag("to", 0, "TIME", "pages begun before", "now")},
         verify},
        {"link translate",
         "Say where a reader goes on at the other end",
         "With --cursor: one shard of the source. With --time: the whole source at that time. "
         "With --to-source: a reader of the target, one --cursor for each shard it reads.",
         {kLink},
         {server_flag(), output_flag(), cursor_flag(),
          flag("time", 0, "TIME", "15m (ago), Unix seconds, a date"),
          flag("to-source", 0, "", "from the target back to the source")},
         translate},
    };
}

}  // namespace

std::vector<Command> link_commands() {
    std::vector<Command> all = question_commands();
    for (auto* part : {switch_commands, dead_letter_commands}) {
        auto more = part();
        all.insert(all.end(), more.begin(), more.end());
    }
    all.push_back({"link reset",
                   "Forget where a link is, so that it begins anew; the daemon must be stopped",
                   "What was copied before is copied a second time. Gaps and dead letters stay.",
                   {kLink},
                   {flag("config", 'c', "FILE", "the topology", "topology.yaml"),
                    flag("yes", 0, "", "do not ask")},
                   reset});
    return all;
}

}  // namespace spillway::daemon
