#include "transform/rule_test.h"

#include "base/text.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

Error wrong(std::string message) {
    return make_error(ErrorCode::InvalidArgument, std::move(message));
}

std::string text_of(const json::value& value) {
    if (value.is_string()) return std::string(value.get_string());
    return json::serialize(value);
}

Result<std::vector<EventFields>> parse_events(const json::value& value) {
    std::vector<EventFields> events;
    if (!value.is_array()) {
        auto event = parse_event(value);
        if (!event) return std::move(event).error();
        events.push_back(*std::move(event));
        return events;
    }
    for (const auto& each : value.get_array()) {
        auto event = parse_event(each);
        if (!event) return std::move(event).error();
        events.push_back(*std::move(event));
    }
    return events;
}

using Sorted = std::map<std::string, std::string>;
using PerTarget = std::map<std::string, std::vector<Sorted>>;

PerTarget per_target(const std::vector<EmittedEvent>& events) {
    PerTarget sorted;
    for (const auto& event : events) {
        sorted[event.target].emplace_back(event.fields.begin(), event.fields.end());
    }
    return sorted;
}

std::string shown(const Sorted& event) {
    return event_json(EventFields(event.begin(), event.end()));
}

std::string describe(const PerTarget& events, std::string_view label) {
    std::string text;
    for (const auto& [target, list] : events) {
        for (const auto& event : list) {
            text += fmt::format("    {} {}{}\n", label,
                                target.empty() ? "" : fmt::format("[{}] ", target), shown(event));
        }
    }
    return text.empty() ? fmt::format("    {} nothing\n", label) : text;
}

RuleTestOutcome failed(std::string difference) {
    return {false, std::move(difference)};
}

}  // namespace

Result<EventFields> parse_event(const json::value& value) {
    if (!value.is_object()) return wrong("an event must be a JSON object of field to text");
    EventFields fields;
    for (const auto& member : value.get_object()) {
        fields.emplace_back(std::string(member.key()), text_of(member.value()));
    }
    return fields;
}

std::string event_json(const EventFields& event) {
    std::string text = "{";
    for (const auto& [key, value] : event) {
        if (text.size() > 1) text += ", ";
        text += json::serialize(json::string(to_valid_utf8(key))) + ": " +
                json::serialize(json::string(to_valid_utf8(value)));
    }
    return text + "}";
}

Result<RuleTest> parse_rule_test(const json::object& object) {
    RuleTest test;
    test.name = find_string(object, "name").value_or("unnamed");
    const auto rule = find_string(object, "rule");
    if (!rule) return wrong("a rule test needs \"rule\"");
    test.rule = *rule;
    test.error = find_string(object, "error").value_or("");
    if (!test.error.empty() && test.error != "compile" && test.error != "event") {
        return wrong("\"error\" must be \"compile\" or \"event\", not \"" + test.error + "\"");
    }
    if (const auto* input = object.if_contains("input")) {
        auto events = parse_events(*input);
        if (!events) return std::move(events).error();
        test.input = *std::move(events);
    }
    const auto* output = find_array(object, "output");
    if (output == nullptr) {
        if (object.contains("output")) return wrong("\"output\" must be a list of events");
        if (test.error.empty()) {
            return wrong(
                "a rule test needs \"output\" (an empty list for an event that is "
                "dropped) or \"error\"");
        }
        return test;
    }
    for (const auto& each : *output) {
        if (!each.is_object()) return wrong("\"output\" must be a list of {\"target\", \"event\"}");
        const auto& entry = each.get_object();
        const auto* event = entry.if_contains("event");
        auto fields = event == nullptr ? parse_event(each) : parse_event(*event);
        if (!fields) return std::move(fields).error();
        const auto target = event == nullptr ? std::nullopt : find_string(entry, "target");
        test.output.push_back({target.value_or(""), *std::move(fields)});
    }
    return test;
}

Result<std::vector<RuleTest>> parse_rule_tests(std::string_view json_lines) {
    std::vector<RuleTest> tests;
    std::size_t line_number = 0;
    for (const auto line : split(json_lines, '\n')) {
        ++line_number;
        if (trim(line).empty() || line == "\r") continue;
        auto object = parse_json_object(line);
        auto test = object ? parse_rule_test(*object) : Result<RuleTest>(object.error());
        if (!test) {
            return std::move(test).error().while_doing(fmt::format("line {}", line_number));
        }
        tests.push_back(*std::move(test));
    }
    return tests;
}

RuleTestOutcome run_rule_test(const RuleTest& test, const RunContext& context) {
    auto compiled = Program::compile(test.rule);
    if (!compiled.program) {
        if (test.error == "compile") return {true, ""};
        std::string text = "    the rule does not compile\n";
        for (const auto& each : compiled.diagnostics) text += render(each, test.rule, "rule");
        return failed(std::move(text));
    }
    if (test.error == "compile") return failed("    the rule must be rejected, but compiles\n");
    Scratch scratch;
    std::vector<EmittedEvent> emitted;
    std::vector<std::string> failures;
    for (const auto& event : test.input) {
        auto result = compiled.program->run_event(event, context, scratch);
        std::move(result.emitted.begin(), result.emitted.end(), std::back_inserter(emitted));
        failures.insert(failures.end(), result.failures.begin(), result.failures.end());
    }
    const auto wanted = per_target(test.output);
    const auto got = per_target(emitted);
    std::string difference;
    if (wanted != got) difference = describe(wanted, "wanted") + describe(got, "got   ");
    if (test.error == "event" && failures.empty()) difference += "    no event failed\n";
    if (test.error.empty()) {
        for (const auto& failure : failures) difference += "    failed: " + failure + "\n";
    }
    return {difference.empty(), std::move(difference)};
}

}  // namespace spillway::transform
