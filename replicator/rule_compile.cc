// Apart from rule.cc so that what only edits pages by a function does not need the rule compiler.
#include "base/text.h"
#include "replicator/rule.h"

#include <utility>

namespace spillway::replicator {

Result<Rule> Rule::compile(std::string_view text) {
    const bool blank = text.find_first_not_of(" \t\r\n") == std::string_view::npos;
    if (blank) return Rule(std::string(text), nullptr);
    transform::Program::Compiled compiled = transform::Program::compile(text);
    if (!compiled.program) {
        std::string findings = "the rule does not compile:";
        for (const auto& diagnostic : compiled.diagnostics) {
            findings += "\n" + transform::render(diagnostic, text, "rule");
        }
        return make_error(ErrorCode::InvalidArgument, std::move(findings));
    }
    auto program = std::make_shared<const transform::Program>(std::move(*compiled.program));
    Rule rule(std::string(text),
              [program](std::string_view list, const transform::RunContext& context) {
                  return program->run_page(list, context);
              });
    rule.targets_ = program->targets();
    return rule;
}

}  // namespace spillway::replicator
