#include "replicator/rule.h"

#include "base/hash.h"
#include "base/text.h"

#include <utility>

namespace spillway::replicator {

Rule::Rule() : Rule(std::string(), nullptr) {}

Rule::Rule(std::string text, EditPage edit)
    : text_(std::move(text)),
      digest_(to_hex(sha256(text_)).substr(0, 32)),
      edit_(std::move(edit)) {}

Rule Rule::from_function(std::string text, EditPage edit) {
    return {std::move(text), std::move(edit)};
}

Result<transform::PageResult> Rule::run(std::string_view log_group_list, WallTime now) const {
    return edit_(log_group_list, transform::RunContext{now});
}

void Rule::recycle(transform::PageResult result) const {
    if (recycle_) recycle_(std::move(result));
}

}  // namespace spillway::replicator
