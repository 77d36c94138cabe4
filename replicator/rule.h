// A link's transform rule, by digest: what a page was started with is what it is finished with,
// even when the rule was changed while the daemon was down. Immutable after compile; any thread.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "transform/transform.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::replicator {

using EditPage = std::function<Result<transform::PageResult>(std::string_view log_group_list,
                                                             const transform::RunContext& context)>;

class Rule {
  public:
    /// The empty rule: copies every log.
    Rule();
    /// Errors: InvalidArgument with every diagnostic, rendered.
    static Result<Rule> compile(std::string_view text);
    /// A rule that is a function, for tests that need no rule language.
    static Rule from_function(std::string text, EditPage edit);

    const std::string& text() const { return text_; }
    /// 32 hex digits; of equal texts equal.
    const std::string& digest() const { return digest_; }
    /// Names of targets that the rule sends to by a constant; sorted.
    const std::vector<std::string>& targets() const { return targets_; }
    bool copies_everything() const { return !edit_; }
    /// Only when it does not copy everything. Groups that stay as they are may come without their
    /// bytes: OutputGroup::copies_source.
    Result<transform::PageResult> run(std::string_view log_group_list, WallTime now) const;
    /// Takes the memory of a result that is done with.
    void recycle(transform::PageResult result) const;

  private:
    Rule(std::string text, EditPage edit);
    std::string text_;
    std::string digest_;
    std::vector<std::string> targets_;
    EditPage edit_;
    std::function<void(transform::PageResult)> recycle_;
};

}  // namespace spillway::replicator
