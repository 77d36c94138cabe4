// Apart from rule.cc so that what only edits pages by a function does not need the rule compiler.
#include "base/text.h"
#include "replicator/rule.h"

#include <mutex>
#include <utility>
#include <vector>

namespace spillway::replicator {
namespace {

/// A program and the memory it works in: as much as there were pages at the same time.
class Runner {
  public:
    explicit Runner(transform::Program program) : program_(std::move(program)) {}

    Result<transform::PageResult> run(std::string_view list, const transform::RunContext& context) {
        transform::Scratch scratch = take();
        auto result = program_.run_page_sparing(list, context, scratch);
        give_back(std::move(scratch));
        return result;
    }

    void recycle(transform::PageResult result) {
        transform::Scratch scratch = take();
        scratch.recycle(std::move(result));
        give_back(std::move(scratch));
    }

  private:
    transform::Scratch take() {
        const std::lock_guard lock(mutex_);
        if (idle_.empty()) return {};
        transform::Scratch scratch = std::move(idle_.back());
        idle_.pop_back();
        return scratch;
    }
    void give_back(transform::Scratch scratch) {
        const std::lock_guard lock(mutex_);
        idle_.push_back(std::move(scratch));
    }

    const transform::Program program_;
    std::mutex mutex_;
    std::vector<transform::Scratch> idle_;  // guarded by mutex_
};

}  // namespace

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
    std::vector<std::string> targets = compiled.program->targets();
    auto runner = std::make_shared<Runner>(std::move(*compiled.program));
    Rule rule(std::string(text),
              [runner](std::string_view list, const transform::RunContext& context) {
                  return runner->run(list, context);
              });
    rule.recycle_ = [runner](transform::PageResult result) { runner->recycle(std::move(result)); };
    rule.targets_ = std::move(targets);
    return rule;
}

}  // namespace spillway::replicator
