// Reads a pattern only as far as needed to see repeats within repeats. A repeated group is a hazard
// when one of its alternatives can match as nothing but an unbounded repeat, all its other parts
// being optional: then a run of n characters splits among the two repeats in 2^n ways, as in (a+)+,
// (\w+\s*)*, (x|y*)+. A part that must match between them, as in (\.\w+)*, makes it safe. So are
// two alternatives that take the same text, as in (a|aa)+.
#include "transform/regex.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace spillway::transform {

namespace {

/// What an atom, a sequence or a group can match.
struct Shape {
    bool is_optional = true;  ///< the empty text
    bool is_repeat = false;   ///< a run of any length, and nothing that must be beside it
    bool has_twins = false;   ///< two alternatives, one the other or a row of it
};

struct Repeat {
    bool is_optional = false;
    bool is_unbounded = false;
    bool is_possessive = false;
};

class HazardReader {
  public:
    explicit HazardReader(std::string_view pattern) : in_(pattern) {}

    bool found() {
        while (at_ < in_.size() && !found_) {
            (void)alternatives();
            skip(1);  // a stray ')'
        }
        return found_;
    }

  private:
    char peek(std::size_t ahead = 0) const {
        return at_ + ahead < in_.size() ? in_[at_ + ahead] : '\0';
    }
    void skip(std::size_t count) { at_ = std::min(at_ + count, in_.size()); }
    bool take(std::string_view text) {
        if (!in_.substr(at_).starts_with(text)) return false;
        at_ += text.size();
        return true;
    }

    /// Up to the ')' that closes the group, or the end.
    Shape alternatives() {
        Shape all{false, false, false};
        std::vector<std::string_view> texts;
        if (++depth_ > kDepthMax) at_ = in_.size();
        while (true) {
            const std::size_t begin = std::min(at_, in_.size());
            const Shape one = sequence();
            texts.push_back(in_.substr(begin, at_ - begin));
            all.has_twins = all.has_twins || is_twin(texts);
            all.is_optional = all.is_optional || one.is_optional;
            all.is_repeat = all.is_repeat || one.is_repeat;
            if (!take("|")) break;
        }
        --depth_;
        return all;
    }

    /// Whether the last text is one of the others, or they are rows of each other.
    static bool is_twin(const std::vector<std::string_view>& texts) {
        constexpr std::size_t kTextsMax = 50;
        const auto last = texts.back();
        if (last.empty() || texts.size() > kTextsMax) return false;
        return std::any_of(texts.begin(), texts.end() - 1, [&](std::string_view other) {
            return is_row_of(last, other) || is_row_of(other, last);
        });
    }
    static bool is_row_of(std::string_view row, std::string_view part) {
        if (part.empty() || row.size() % part.size() != 0) return false;
        for (std::size_t at = 0; at < row.size(); at += part.size()) {
            if (row.substr(at, part.size()) != part) return false;
        }
        return !row.empty();
    }

    Shape sequence() {
        std::size_t must = 0;
        std::size_t repeats = 0;
        std::size_t must_and_repeat = 0;
        while (at_ < in_.size() && peek() != '|' && peek() != ')') {
            const Shape part = element();
            must += part.is_optional ? 0 : 1;
            repeats += part.is_repeat ? 1 : 0;
            must_and_repeat += part.is_repeat && !part.is_optional ? 1 : 0;
        }
        const bool alone = must == 0 || (must == 1 && must_and_repeat == 1);
        return {must == 0, repeats > 0 && alone, false};
    }

    Shape element() {
        bool is_atomic = false;
        Shape atom{false, false, false};
        if (peek() == '(') {
            atom = group(is_atomic);
        } else if (peek() == '[') {
            character_class();
        } else {
            const bool mark = peek() == '^' || peek() == '$';
            const bool border =
                peek() == '\\' && std::string_view("bBAZz").find(peek(1)) != std::string_view::npos;
            atom.is_optional = mark || border;
            skip(peek() == '\\' ? 2 : 1);
        }
        const Repeat repeat = quantifier();
        const bool backtracks = !repeat.is_possessive && !is_atomic;
        if (repeat.is_unbounded && (atom.is_repeat || atom.has_twins) && backtracks) found_ = true;
        return {atom.is_optional || repeat.is_optional,
                backtracks && (atom.is_repeat || repeat.is_unbounded), false};
    }

    Shape group(bool& is_atomic) {
        ++at_;
        if (take("?#")) {
            at_ = std::min(in_.find(')', at_), in_.size());
            skip(1);
            return {true, false, false};
        }
        const bool looks =
            take("?=") || take("?!") || take("?<=") || take("?<!");  // matches nothing itself
        is_atomic = !looks && take("?>");
        if (!looks && !is_atomic && take("?")) skip_head();
        const Shape inside = alternatives();
        take(")");
        return looks || is_atomic ? Shape{looks || inside.is_optional, false, false} : inside;
    }

    /// Behind "(?": a name, flags or a condition.
    void skip_head() {
        if (take("P<") || take("<")) {
            at_ = std::min(in_.find('>', at_), in_.size());
            skip(1);
            return;
        }
        while (at_ < in_.size() && peek() != ':' && peek() != ')' && peek() != '(') ++at_;
        if (peek() == ':') ++at_;
    }

    void character_class() {
        ++at_;
        if (peek() == '^') ++at_;
        if (peek() == ']') ++at_;
        while (at_ < in_.size() && peek() != ']') skip(peek() == '\\' ? 2 : 1);
        skip(1);
    }

    Repeat quantifier() {
        Repeat repeat;
        if (take("*")) {
            repeat = {true, true, false};
        } else if (take("+")) {
            repeat = {false, true, false};
        } else if (take("?")) {
            repeat = {true, false, false};
        } else if (!counted(repeat)) {
            return repeat;
        }
        if (take("+")) repeat.is_possessive = true;
        take("?");
        return repeat;
    }

    /// {2}, {2,}, {,3}, {2,3}
    bool counted(Repeat& repeat) {
        const auto close = in_.find('}', at_);
        if (peek() != '{' || close == std::string_view::npos) return false;
        const auto inside = in_.substr(at_ + 1, close - at_ - 1);
        if (inside.empty() || inside.find_first_not_of("0123456789,") != std::string_view::npos) {
            return false;
        }
        repeat.is_optional = inside.starts_with('0') || inside.starts_with(',');
        repeat.is_unbounded = inside.ends_with(',');
        at_ = close + 1;
        return true;
    }

    static constexpr int kDepthMax = 200;
    std::string_view in_;
    std::size_t at_ = 0;
    int depth_ = 0;
    bool found_ = false;
};

}  // namespace

bool looks_catastrophic(std::string_view pattern) {
    return HazardReader(pattern).found();
}

}  // namespace spillway::transform
