#include "replicator/link_context.h"

#include <utility>

namespace spillway::replicator {

RuleBook::RuleBook(StateStore& state, LinkKeys keys, Rule current, Compile compile)
    : state_(state),
      keys_(std::move(keys)),
      current_(std::make_shared<const Rule>(std::move(current))),
      compile_(std::move(compile)) {}

Result<std::shared_ptr<const Rule>> RuleBook::find(const std::string& digest) {
    if (digest == current_->digest()) return current_;
    const std::lock_guard lock(mutex_);
    if (const auto found = earlier_.find(digest); found != earlier_.end()) return found->second;
    auto text = state_.get(keys_.rule(digest));
    if (!text) return std::move(text).error();
    if (!*text) {
        return make_error(ErrorCode::NotFound, "rule " + digest +
                                                   ", under which a page was begun, is not in the "
                                                   "state store: restore it, or reset the link");
    }
    auto rule = compile_((*text)->value);
    if (!rule) return std::move(rule).error();
    auto shared = std::make_shared<const Rule>(std::move(*rule));
    earlier_.emplace(digest, shared);
    return shared;
}

Status RuleBook::keep_current() {
    const std::string key = keys_.rule(current_->digest());
    auto kept = state_.get(key);
    if (!kept) return std::move(kept).error();
    if (*kept) return {};
    auto put = state_.put(key, current_->text());
    if (!put) return std::move(put).error();
    return {};
}

}  // namespace spillway::replicator
