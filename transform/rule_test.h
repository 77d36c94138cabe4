// Rule tests: a rule, events, and what should come out. Read from JSON lines or built by the
// caller. Pure.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "transform/transform.h"

#include <string>
#include <string_view>
#include <vector>

namespace spillway::transform {

struct RuleTest {
    std::string name;
    std::string rule;
    std::vector<EventFields> input;
    std::vector<EmittedEvent> output;
    std::string error;  ///< "", "compile" or "event"
};

struct RuleTestOutcome {
    bool passed = false;
    std::string difference;  ///< for people, several lines
};

/// One case per line: {"name", "rule", "input": event or list, "output": [{"target", "event"}],
/// "error"}. Errors: InvalidArgument with the line.
Result<std::vector<RuleTest>> parse_rule_tests(std::string_view json_lines);
/// One such object.
Result<RuleTest> parse_rule_test(const json::object& object);

/// Per target the order of events counts; between targets it does not, nor does the order of
/// fields.
RuleTestOutcome run_rule_test(const RuleTest& test, const RunContext& context);

/// An object of texts (other values become their JSON text). Errors: InvalidArgument.
Result<EventFields> parse_event(const json::value& value);
/// {"a": "1", ...} on one line.
std::string event_json(const EventFields& event);

}  // namespace spillway::transform
