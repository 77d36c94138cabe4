#include "transform/name_matcher.h"

#include "base/hash.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

/// What one matcher said of one name. A place holds the last that came to it.
struct Answer {
    static constexpr std::size_t kNameMax = 45;
    std::uint64_t matcher = 0;
    std::int8_t place = -1;  ///< -1: none of the patterns
    std::uint8_t size = 0;
    std::array<char, kNameMax> name{};

    bool is_about(std::uint64_t id, std::string_view wanted) const {
        return matcher == id && size == wanted.size() &&
               std::memcmp(name.data(), wanted.data(), wanted.size()) == 0;
    }
};

Answer& answer_of(std::uint64_t matcher, std::string_view name) {
    static constexpr std::size_t kAnswers = 512;
    thread_local std::array<Answer, kAnswers> answers;
    return answers[hash64(name, matcher) % kAnswers];
}

/// Never the same twice, so that no answer outlives its matcher.
std::uint64_t next_id() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
}

}  // namespace

NameMatcher::NameMatcher(std::vector<const Expr*> names, std::vector<const Regex*> patterns,
                         bool is_regex)
    : names_(std::move(names)), patterns_(std::move(patterns)), is_regex_(is_regex) {
    const auto is_fixed = [](const Regex* pattern) { return pattern != nullptr; };
    const auto is_literal = [](const Regex* pattern) {
        return pattern != nullptr && pattern->literal().has_value();
    };
    constexpr std::size_t kPatternsMax = 100;
    const bool remembers = patterns_.size() < kPatternsMax &&
                           std::all_of(patterns_.begin(), patterns_.end(), is_fixed) &&
                           !std::all_of(patterns_.begin(), patterns_.end(), is_literal);
    if (remembers) id_ = next_id();
}

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
    if (id_ == 0 || name.empty() || name.size() > Answer::kNameMax) return look(frame, name);
    Answer& known = answer_of(id_, name);
    if (!known.is_about(id_, name)) {
        const auto found = look(frame, name);
        if (frame.has_failed) return std::nullopt;
        known.matcher = id_;
        known.place = found ? static_cast<std::int8_t>(*found) : std::int8_t{-1};
        known.size = static_cast<std::uint8_t>(name.size());
        std::memcpy(known.name.data(), name.data(), name.size());
    }
    if (known.place < 0) return std::nullopt;
    return static_cast<std::size_t>(known.place);
}

std::optional<std::size_t> NameMatcher::look(Frame& frame, std::string_view name) const {
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
