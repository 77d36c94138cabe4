// spillway transform ...: the tools around rules. The rule itself is compiled and run in
// transform/.
#include "transform/transform.h"

#include "daemon/commands/commands.h"
#include "daemon/commands/transform_tools.h"
#include "transform/rule_test.h"

#include <fmt/format.h>

namespace spillway::daemon {

namespace {

using transform::Program;

int check(const Arguments& arguments, Streams& streams) {
    int status = kExitDone;
    for (const auto& name : arguments.positionals("FILE")) {
        auto rule = read_rule_file(name, streams);
        if (!rule) {
            status = report_error(rule.error(), streams);
            continue;
        }
        const auto compiled = Program::compile(*rule);
        for (const auto& each : compiled.diagnostics) {
            streams.err << transform::render(each, *rule, name);
        }
        if (!compiled.program) {
            status = kExitFailed;
            continue;
        }
        streams.out << fmt::format("{}: ok, {} ({})\n", name,
                                   transform::name_of(compiled.program->tier()),
                                   compiled.program->tier_reason());
    }
    return status;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
    return text.empty() ? "none" : text;
}

int explain(const Arguments& arguments, Streams& streams) {
    const auto name = arguments.positional("FILE");
    auto program = compile_rule_file(name, streams);
    if (!program) return kExitFailed;
    auto& out = streams.out;
    out << fmt::format("tier      {}: {}\n", transform::name_of(program->tier()),
                       program->tier_reason());
    out << fmt::format("reads     {}\n", joined(program->fields_read()));
    out << fmt::format("writes    {}\n", joined(program->fields_written()));
    out << fmt::format("targets   {}\n", joined(program->targets()));
    for (const auto& tag : program->appended_tags()) {
        out << fmt::format("tag       {}={}\n", tag.key, tag.value);
    }
    const auto spl = program->pushdown_spl();
    out << fmt::format("push-down {}\n",
                       spl.empty() ? "none: no leading filter translates exactly" : spl);
    return kExitDone;
}

int test(const Arguments& arguments, Streams& streams) {
    constexpr std::size_t kShownMax = 10;
    std::size_t passed = 0;
    std::size_t failed = 0;
    const transform::RunContext context{SystemClock().wall()};
    for (const auto& name : arguments.positionals("FILE")) {
        auto tests = read_rule_tests(name, streams);
        if (!tests) return report_error(tests.error(), streams);
        for (const auto& each : *tests) {
            const auto outcome = transform::run_rule_test(each, context);
            if (outcome.passed) {
                ++passed;
                continue;
            }
            if (++failed <= kShownMax || arguments.has("all")) {
                streams.out << fmt::format("FAILED {}\n    rule   {}\n{}", each.name, each.rule,
                                           outcome.difference);
            }
        }
    }
    streams.out << fmt::format("{} passed, {} failed\n", passed, failed);
    return failed == 0 ? kExitDone : kExitFailed;
}

}  // namespace

std::vector<Command> transform_commands() {
    std::vector<Command> commands = {
        {"transform check",
         "say whether rules compile, and what is wrong with them",
         "Prints every finding with its line, column and what to write instead.",
         {{"FILE", "rule files; - is standard input", true, true}},
         {},
         check},
        {"transform explain",
         "say what a rule costs and why",
         "Prints the tier, the fields read and written, the targets, and the filter that a source "
         "can "
         "apply.",
         {{"FILE", "a rule file; - is standard input"}},
         {},
         explain},
        {"transform test",
         "run rule tests",
         "A test file is YAML (tests: [{name, rule or rule_file, input, output, error}]) or JSON "
         "lines "
         "of the same objects.",
         {{"FILE", "test files", true, true}},
         {{"all", 0, "", "show every difference, not just the first ten", ""}},
         test},
    };
    for (auto& command : transform_try_commands()) commands.push_back(std::move(command));
    for (auto& command : transform_more_commands()) commands.push_back(std::move(command));
    for (auto& command : transform_repl_commands()) commands.push_back(std::move(command));
    return commands;
}

}  // namespace spillway::daemon
