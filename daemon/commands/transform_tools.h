// What the transform commands share: reading rules, tests and events from files.
#pragma once

#include "base/result.h"
#include "daemon/cli.h"
#include "transform/rule_test.h"
#include "transform/transform.h"

#include <optional>
#include <string>
#include <vector>

namespace spillway::daemon {

/// "-" is standard input. Errors: NotFound, InvalidArgument.
Result<std::string> read_rule_file(const std::string& name, Streams& streams);
/// Nothing after the findings were printed.
std::optional<transform::Program> compile_rule_file(const std::string& name, Streams& streams);
/// YAML or JSON lines. Errors: NotFound, InvalidArgument with the place.
Result<std::vector<transform::RuleTest>> read_rule_tests(const std::string& name, Streams& streams);
/// JSON lines of objects; other lines become {"content": line}.
Result<std::vector<transform::EventFields>> read_events(const std::string& name, Streams& streams);

std::vector<Command> transform_try_commands();   ///< try
std::vector<Command> transform_more_commands();  ///< bench, fmt, docs
std::vector<Command> transform_repl_commands();

}  // namespace spillway::daemon
