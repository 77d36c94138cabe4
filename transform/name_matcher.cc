#include "transform/name_matcher.h"

#include <fmt/format.h>

namespace spillway::transform {

NameMatcher NameMatcher::build(Compiler& compiler, const Node& call, std::size_t first,
                               std::size_t stride) {
    const bool is_regex = compiler.constant_flag(call, "regex");
    std::vector<const Expr*> names;
    std::vector<const Regex*> patterns;
    for (std::size_t i = first; i < compiler.positional_count(call); i += stride) {
        const Expr* name = compiler.argument(call, i);
        const bool constant = name->is_constant && name->constant.is_text();
        names.push_back(name);
        patterns.push_back(is_regex && constant
                               ? compiler.regex(name->constant.text(), call.bound[i]->span)
                               : nullptr);
        const bool plain =
            constant &&
            (!is_regex || (patterns.back() != nullptr && patterns.back()->literal().has_value()));
        if (plain) {
            compiler.reads(name);
        } else {
            compiler.effects().reads_unknown = true;
        }
    }
    return {std::move(names), std::move(patterns), is_regex};
}

const Regex* regex_for(Frame& frame, const void* prepared, const Value& pattern,
                       std::string_view function) {
    if (prepared != nullptr) return static_cast<const Regex*>(prepared);
    if (!pattern.is_text() && pattern.kind != Kind::Bytes) {
        frame.fail(fmt::format("{}: a regular expression must be text, not {}", function,
                               name_of(pattern.kind)));
        return nullptr;
    }
    auto& known = frame.state.regexes;
    constexpr std::size_t kKnownMax = 256;
    std::string key(pattern.text());
    auto found = known.find(key);
    if (found == known.end()) {
        if (known.size() >= kKnownMax) known.clear();
        auto made = Regex::compile(key);
        found = known.emplace(std::move(key), made ? *std::move(made) : nullptr).first;
    }
    if (found->second == nullptr) {
        frame.fail(fmt::format("{}: \"{}\" is no regular expression", function, pattern.text()));
    }
    return found->second.get();
}

std::optional<std::size_t> NameMatcher::find(Frame& frame, std::string_view name) const {
    for (std::size_t i = 0; i < names_.size(); ++i) {
        const Regex* regex = patterns_[i];
        if (regex != nullptr) {
            if (const auto literal = regex->literal()) {
                if (*literal == name) return i;
                continue;
            }
        } else {
            const Value wanted = (*names_[i])(frame);
            if (frame.has_failed) return std::nullopt;
            if (wanted.is_null()) continue;
            if (!is_regex_) {
                if (stored_text(wanted, frame.arena()) == name) return i;
                continue;
            }
            regex = regex_for(frame, nullptr, wanted, "a field pattern");
            if (regex == nullptr) return std::nullopt;
        }
        const auto result = regex->full_match(*frame.state.regex_runner, name);
        if (result == MatchResult::Match) return i;
        if (result == MatchResult::LimitExceeded) {
            frame.fail(fmt::format("the field pattern \"{}\" takes too long", regex->pattern()));
            return std::nullopt;
        }
    }
    return std::nullopt;
}

}  // namespace spillway::transform
