// transform try: what a rule makes of sample events, before and after.
#include "daemon/commands/transform_tools.h"

#include <algorithm>

#include <fmt/format.h>
#include <unistd.h>

namespace spillway::daemon {

namespace {

using transform::EventFields;

struct Colors {
    std::string_view removed = "";
    std::string_view added = "";
    std::string_view faint = "";
    std::string_view end = "";
};

Colors choose_colors(const std::string& wanted) {
    const bool on = wanted == "always" || (wanted == "auto" && isatty(STDOUT_FILENO) == 1);
    if (!on) return {};
    return {"\033[31m", "\033[32m", "\033[2m", "\033[0m"};
}

const std::string* find_field(const EventFields& event, const std::string& key) {
    const auto found = std::find_if(event.begin(), event.end(),
                                    [&](const auto& field) { return field.first == key; });
    return found == event.end() ? nullptr : &found->second;
}

void print_difference(const EventFields& before, const EventFields& after, const Colors& colors,
                      std::ostream& out) {
    for (const auto& [key, value] : before) {
        const auto* now = find_field(after, key);
        if (now != nullptr && *now == value) {
            out << fmt::format("    {}{}: {}{}\n", colors.faint, key, value, colors.end);
            continue;
        }
        out << fmt::format("  {}- {}: {}{}\n", colors.removed, key, value, colors.end);
        if (now != nullptr) {
            out << fmt::format("  {}+ {}: {}{}\n", colors.added, key, *now, colors.end);
        }
    }
    for (const auto& [key, value] : after) {
        if (find_field(before, key) != nullptr) continue;
        out << fmt::format("  {}+ {}: {}{}\n", colors.added, key, value, colors.end);
    }
}

void print_event(std::size_t number, const EventFields& event, const transform::EventResult& result,
                 const Colors& colors, std::ostream& out) {
    for (const auto& failure : result.failures) {
        out << fmt::format("event {}: {}failed{}: {}\n", number, colors.removed, colors.end,
                           failure);
    }
    if (result.emitted.empty() && result.failures.empty()) {
        out << fmt::format("event {}: {}dropped{}\n", number, colors.removed, colors.end);
    }
    std::size_t part = 0;
    for (const auto& emitted : result.emitted) {
        ++part;
        out << fmt::format("event {}{} -> {}\n", number,
                           result.emitted.size() > 1 ? fmt::format(" part {}", part) : "",
                           emitted.target.empty() ? "default target" : emitted.target);
        print_difference(event, emitted.fields, colors, out);
    }
}

int try_rule(const Arguments& arguments, Streams& streams) {
    auto program = compile_rule_file(arguments.get("rule"), streams);
    if (!program) return kExitFailed;
    auto events = read_events(arguments.get("file"), streams);
    if (!events) return report_error(events.error(), streams);
    const transform::RunContext context{SystemClock().wall()};
    const Colors colors = choose_colors(arguments.get("color"));
    const bool as_json = arguments.get("output") == "json";
    transform::Scratch scratch;
    std::size_t number = 0;
    bool failed = false;
    for (const auto& event : *events) {
        const auto result = program->run_event(event, context, scratch);
        failed = failed || !result.failures.empty();
        ++number;
        if (!as_json) {
            print_event(number, event, result, colors, streams.out);
            continue;
        }
        for (const auto& emitted : result.emitted) {
            streams.out << fmt::format(
                "{{\"target\": {}, \"event\": {}}}\n",
                emitted.target.empty() ? "null" : json::serialize(json::string(emitted.target)),
                transform::event_json(emitted.fields));
        }
        for (const auto& failure : result.failures) {
            streams.err << fmt::format("event {}: failed: {}\n", number, failure);
        }
    }
    return failed ? kExitPartly : kExitDone;
}

}  // namespace

std::vector<Command> transform_try_commands() {
    return {
        {"transform try",
         "show what a rule makes of sample events",
         "Events are JSON objects, one a line; a line that is none becomes {\"content\": line}. "
         "Exit "
         "status 4 when an event failed.",
         {},
         {{"rule", 'r', "FILE", "the rule", "", true},
          {"file", 'f', "FILE", "the events; - is standard input", "-"},
          {"output", 'o', "FORMAT", "text or json", "text"},
          {"color", 0, "WHEN", "auto, always or never", "auto"}},
         try_rule},
    };
}

}  // namespace spillway::daemon
