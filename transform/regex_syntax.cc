// What differs between Python's re and PCRE2, and is restated here:
//   (?P<name>..) names of any length and with dots -> numbered groups and a table of ours
//   (?P=name) (?P>name) (?&name) \g<name> (?(name)..) -> numbers
//   \Z -> \z, \uXXXX \UXXXXXXXX -> \x{..}, {,n} -> {0,n}, (?a) (?u) (?L) -> taken away
#include "transform/regex_syntax.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

class Restater {
  public:
    explicit Restater(std::string_view pattern) : in_(pattern) {}

    Result<RegexSyntax> run() {
        number_names();
        if (!error_.empty()) return wrong();
        at_ = 0;
        while (at_ < in_.size() && error_.empty()) step();
        if (!error_.empty()) return wrong();
        std::erase_if(made_.groups, [](const RegexGroup& group) { return is_helper(group.name); });
        return std::move(made_);
    }

  private:
    Error wrong() const { return make_error(ErrorCode::InvalidArgument, error_); }

    char peek(std::size_t ahead = 0) const {
        return at_ + ahead < in_.size() ? in_[at_ + ahead] : '\0';
    }
    bool next_is(std::string_view text) const { return in_.substr(at_).starts_with(text); }
    void copy(std::size_t count) {
        made_.pattern += in_.substr(at_, count);
        at_ += count;
    }

    /// Moves over a character class without reading it. `at_` is behind the '['.
    void skip_class() {
        if (peek() == '^') ++at_;
        if (peek() == ']') ++at_;
        for (; at_ < in_.size() && peek() != ']'; ++at_) {
            if (peek() == '\\') ++at_;
            if (next_is("[:")) {
                const auto end = in_.find(":]", at_);
                if (end != std::string_view::npos) at_ = end + 1;
            }
        }
        ++at_;
    }

    /// First pass: numbers of the capturing groups, so that names may be used before they are
    /// given.
    void number_names() {
        std::uint32_t count = 0;
        while (at_ < in_.size()) {
            const char c = in_[at_++];
            if (c == '\\') {
                ++at_;
            } else if (c == '[') {
                skip_class();
            } else if (c == '(') {
                if (next_is("?#")) {
                    at_ = std::min(in_.find(')', at_), in_.size());
                } else if (is_named()) {
                    name_group(++count);
                } else if (peek() != '?' && peek() != '*') {
                    ++count;
                }
            } else if (static_cast<unsigned char>(c) >= 0x80U) {
                made_.ascii_only = false;
            }
        }
        for (const char c : in_) made_.ascii_only &= static_cast<unsigned char>(c) < 0x80U;
    }

    /// Groups of the built-in patterns that only serve recursion have names no rule can give: with
    /// a blank in front. They yield no field, and each new one is like the first.
    static bool is_helper(std::string_view name) { return name.starts_with(' '); }

    /// `at_` is behind the '('.
    bool is_named() const {
        if (next_is("?P<")) return true;
        return next_is("?<") && peek(2) != '=' && peek(2) != '!';
    }

    std::string_view take_until(char end) {
        const auto stop = in_.find(end, at_);
        if (stop == std::string_view::npos) {
            error_ = fmt::format("a group name is never closed with \"{}\"", end);
            at_ = in_.size();
            return {};
        }
        const auto name = in_.substr(at_, stop - at_);
        at_ = stop + 1;
        return name;
    }

    void name_group(std::uint32_t number) {
        at_ += next_is("?P<") ? 3 : 2;
        const auto name = take_until('>');
        if (!error_.empty()) return;
        if (name.empty()) error_ = "a group has an empty name";
        for (const auto& group : made_.groups) {
            if (group.name == name && !is_helper(name)) {
                error_ = fmt::format("the group name \"{}\" is used twice", name);
            }
        }
        made_.groups.push_back({std::string(name), number});
    }

    std::string number_of(std::string_view name) {
        if (!name.empty() &&
            std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) {
            return std::string(name);
        }
        for (const auto& group : made_.groups) {
            if (group.name == name) return std::to_string(group.number);
        }
        error_ = fmt::format("there is no group named \"{}\"", name);
        return "0";
    }

    void step() {
        const char c = peek();
        if (c == '\\') return escape(false);
        if (c == '[') return character_class();
        if (c == '(') return open_group();
        if (c == '{' && peek(1) == ',' && std::isdigit(static_cast<unsigned char>(peek(2)))) {
            made_.pattern += "{0";
            ++at_;
            return;
        }
        copy(1);
    }

    void escape(bool in_class) {
        const char c = peek(1);
        if (c == 'Z' && !in_class) {
            made_.pattern += "\\z";
            at_ += 2;
        } else if (c == 'u' || c == 'U') {
            const std::size_t digits = c == 'u' ? 4 : 8;
            const auto hex = in_.substr(std::min(at_ + 2, in_.size()), digits);
            if (hex.size() != digits || !std::all_of(hex.begin(), hex.end(), [](char digit) {
                    return std::isxdigit(static_cast<unsigned char>(digit)) != 0;
                })) {
                error_ = fmt::format("\\{} needs {} hexadecimal digits", c, digits);
                return;
            }
            made_.pattern += fmt::format("\\x{{{}}}", hex);
            made_.ascii_only = false;
            at_ += 2 + digits;
        } else if (c == 'g' && peek(2) == '<' && !in_class) {
            at_ += 3;
            const auto name = take_until('>');
            if (error_.empty()) made_.pattern += fmt::format("\\g{{{}}}", number_of(name));
        } else if (c == 's' && !made_.ascii_classes) {
            // Python counts the four separators as blanks.
            made_.pattern += in_class ? "\\x1c-\\x1f\\s" : "[\\x1c-\\x1f\\s]";
            at_ += 2;
        } else if (c == 'S' && !in_class && !made_.ascii_classes) {
            made_.pattern += "[^\\x1c-\\x1f\\s]";
            at_ += 2;
        } else if (c == '\0' && at_ + 1 >= in_.size()) {
            error_ = "the pattern ends with a lone backslash";
        } else {
            copy(2);
        }
    }

    void character_class() {
        const std::size_t begin = at_;
        copy(1);
        if (peek() == '^') copy(1);
        if (peek() == ']') {
            made_.pattern += "\\]";
            ++at_;
        }
        while (at_ < in_.size() && peek() != ']' && error_.empty()) {
            if (peek() == '\\') {
                escape(true);
            } else if (next_is("[:") && in_.find(":]", at_) != std::string_view::npos) {
                copy(in_.find(":]", at_) + 2 - at_);
            } else if (peek() == '[') {
                made_.pattern += "\\[";
                ++at_;
            } else {
                copy(1);
            }
        }
        if (at_ >= in_.size() && error_.empty()) {
            error_ = fmt::format("the \"[\" at position {} is never closed", begin);
            return;
        }
        copy(1);
    }

    void open_group() {
        ++at_;
        if (next_is("?#")) {
            at_ = std::min(in_.find(')', at_), in_.size());
            ++at_;
        } else if (is_named()) {
            at_ += next_is("?P<") ? 3 : 2;
            (void)take_until('>');
            made_.pattern += '(';
        } else if (next_is("?P=")) {
            at_ += 3;
            made_.pattern += fmt::format("\\g{{{}}}", number_of(take_until(')')));
        } else if (next_is("?P>") || next_is("?&")) {
            at_ += next_is("?&") ? 2 : 3;
            made_.pattern += fmt::format("(?{})", number_of(take_until(')')));
        } else if (next_is("?(")) {
            at_ += 2;
            if (peek() == '?') {
                made_.pattern += "(?(";
                return;
            }
            made_.pattern += fmt::format("(?({})", number_of(take_until(')')));
        } else if (peek() == '?' && std::isalpha(static_cast<unsigned char>(peek(1))) &&
                   peek(1) != 'P' && peek(1) != 'R') {
            flags();
        } else {
            made_.pattern += '(';
        }
    }

    /// (?aiLmsux) and (?i:...): those about character sets are ours to keep.
    void flags() {
        ++at_;
        std::string kept;
        while (std::isalpha(static_cast<unsigned char>(peek())) || peek() == '-') {
            const char flag = peek();
            if (flag == 'a') made_.ascii_classes = true;
            if (flag != 'a' && flag != 'u' && flag != 'L') kept += flag;
            ++at_;
        }
        if (peek() == ')' && kept.empty()) {
            ++at_;
            return;
        }
        made_.pattern += "(?" + kept;
    }

    std::string_view in_;
    std::size_t at_ = 0;
    std::string error_;
    RegexSyntax made_;
};

}  // namespace

Result<RegexSyntax> restate_regex(std::string_view pattern) {
    return Restater(pattern).run();
}

}  // namespace spillway::transform
