#include "transform/lexer.h"

#include "base/text.h"
#include "transform/value.h"

#include <array>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

namespace spillway::transform {

void append_utf8(std::string& out, std::uint32_t c) {
    const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (c < 0x80) {
        put(c);
    } else if (c < 0x800) {
        put(0xC0U | c >> 6U);
        put(0x80U | (c & 0x3FU));
    } else if (c < 0x10000) {
        put(0xE0U | c >> 12U);
        put(0x80U | (c >> 6U & 0x3FU));
        put(0x80U | (c & 0x3FU));
    } else {
        put(0xF0U | c >> 18U);
        put(0x80U | (c >> 12U & 0x3FU));
        put(0x80U | (c >> 6U & 0x3FU));
        put(0x80U | (c & 0x3FU));
    }
}

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_name_start(char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_name_part(char c) {
    return is_name_start(c) || is_digit(c);
}

class Lexer {
  public:
    Lexer(std::string_view rule, Diagnostics& diagnostics) : rule_(rule), found_(diagnostics) {}

    std::vector<Token> run() {
        if (rule_.starts_with("\xEF\xBB\xBF")) at_ = 3;
        if (!is_valid_utf8(rule_)) {
            found_.error("T0101", {0, 1}, "the rule is not UTF-8 text", "save the file as UTF-8");
        }
        while (at_ < rule_.size()) step();
        end_line();
        add(TokenKind::End, rule_.size());
        return std::move(tokens_);
    }

  private:
    char peek(std::size_t ahead = 0) const {
        return at_ + ahead < rule_.size() ? rule_[at_ + ahead] : '\0';
    }

    Token& add(TokenKind kind, std::size_t begin) {
        Token token;
        token.kind = kind;
        token.span = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(at_)};
        tokens_.push_back(std::move(token));
        return tokens_.back();
    }

    void end_line() {
        if (tokens_.empty() || tokens_.back().kind == TokenKind::NewLine) return;
        add(TokenKind::NewLine, at_);
    }

    void step() {
        const char c = peek();
        if (c == '\n' || c == '\r') return new_line();
        if (c == ' ' || c == '\t' || c == '\f') {
            ++at_;
        } else if (c == '#') {
            while (at_ < rule_.size() && peek() != '\n') ++at_;
        } else if (c == '\\') {
            join_line();
        } else if (is_name_start(c)) {
            name_or_prefixed_text();
        } else if (c == '"' || c == '\'') {
            text(at_, false, false);
        } else if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
            number();
        } else {
            symbol();
        }
    }

    void new_line() {
        ++at_;
        if (depth_ == 0) return end_line();
        // A step at the start of a line while a bracket is open: the bracket was forgotten. Begin
        // the step anew so that the rest of the rule is still checked.
        if (rule_.substr(at_).starts_with("e_") && at_line_start_of_step()) {
            depth_ = 0;
            end_line();
        }
    }

    /// "e_name(" at column one; inside brackets, that is only likely after a complete argument.
    bool at_line_start_of_step() const {
        if (tokens_.empty()) return false;
        const auto& last = tokens_.back();
        return last.kind != TokenKind::Symbol || last.text == ")" || last.text == "]" ||
               last.text == "}";
    }

    void join_line() {
        std::size_t end = at_ + 1;
        if (end < rule_.size() && rule_[end] == '\r') ++end;
        if (end < rule_.size() && rule_[end] == '\n') {
            at_ = end + 1;
            return;
        }
        if (end == rule_.size()) {
            at_ = end;
            return;
        }
        bad_character("a backslash joins lines only at the end of a line", "");
    }

    void bad_character(std::string message, std::string help) {
        const std::size_t begin = at_++;
        while (at_ < rule_.size() && (static_cast<unsigned char>(rule_[at_]) & 0xC0U) == 0x80U) {
            ++at_;
        }
        const auto& token = add(TokenKind::Error, begin);
        found_.error("T0102", token.span, std::move(message), std::move(help));
    }

    void name_or_prefixed_text() {
        const std::size_t begin = at_;
        while (is_name_part(peek())) ++at_;
        const auto name = rule_.substr(begin, at_ - begin);
        if ((peek() == '"' || peek() == '\'') && name.size() <= 2) {
            const auto lower = to_lower(name);
            const bool known = lower == "r" || lower == "b" || lower == "br" || lower == "rb" ||
                               lower == "u" || lower == "f" || lower == "fr" || lower == "rf";
            if (lower.find('f') != std::string::npos && known) {
                found_.error("T0103",
                             {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(at_)},
                             "f-strings are not part of the rule language",
                             "use str_format(\"{}\", v(\"field\"))");
            }
            if (known) {
                return text(begin, lower.find('r') != std::string::npos,
                            lower.find('b') != std::string::npos);
            }
        }
        add(TokenKind::Name, begin).text = name;
    }

    void text(std::size_t begin, bool raw, bool bytes) {
        const char quote = peek();
        const bool triple = peek(1) == quote && peek(2) == quote;
        at_ += triple ? 3 : 1;
        std::string meaning;
        if (!text_body(quote, triple, raw, bytes, meaning)) {
            const auto& token = add(TokenKind::Error, begin);
            found_.error("T0104", token.span, "this string is never closed",
                         fmt::format("add {} at its end", quote));
            return;
        }
        add(bytes ? TokenKind::Bytes : TokenKind::Text, begin).text = std::move(meaning);
    }

    bool text_body(char quote, bool triple, bool raw, bool bytes, std::string& meaning) {
        while (at_ < rule_.size()) {
            const char c = peek();
            if (c == quote && (!triple || (peek(1) == quote && peek(2) == quote))) {
                at_ += triple ? 3 : 1;
                return true;
            }
            if (c == '\n' && !triple) return false;
            if (c != '\\') {
                meaning += c;
                ++at_;
            } else if (raw) {
                meaning += c;
                ++at_;
                if (at_ < rule_.size()) meaning += rule_[at_++];
            } else {
                escape(meaning, bytes);
            }
        }
        return false;
    }

    void escape(std::string& meaning, bool bytes) {
        static constexpr std::string_view kFrom = "\\'\"abfnrtv";
        static constexpr std::string_view kTo = "\\'\"\a\b\f\n\r\t\v";
        const char c = peek(1);
        if (const auto place = kFrom.find(c); place != std::string_view::npos && c != '\0') {
            meaning += kTo[place];
            at_ += 2;
        } else if (c == '\n') {
            at_ += 2;
        } else if (c == '\r' && peek(2) == '\n') {
            at_ += 3;
        } else if (c >= '0' && c <= '7') {
            octal_escape(meaning, bytes);
        } else if (c == 'x') {
            hex_escape(meaning, 2, bytes);
        } else if ((c == 'u' || c == 'U') && !bytes) {
            hex_escape(meaning, c == 'u' ? 4 : 8, false);
        } else {
            meaning += '\\';  // an unknown escape keeps its backslash: "\d" serves as a regex
            ++at_;
        }
    }

    static void put(std::string& meaning, std::uint32_t number, bool bytes) {
        if (bytes) {
            meaning += static_cast<char>(number & 0xFFU);
        } else {
            append_utf8(meaning, number);
        }
    }

    void octal_escape(std::string& meaning, bool bytes) {
        ++at_;
        std::uint32_t number = 0;
        for (int i = 0; i < 3 && peek() >= '0' && peek() <= '7'; ++i, ++at_) {
            number = number * 8 + static_cast<std::uint32_t>(peek() - '0');
        }
        put(meaning, number, bytes);
    }

    void hex_escape(std::string& meaning, std::size_t digits, bool bytes) {
        const std::size_t begin = at_;
        const auto hex = rule_.substr(std::min(at_ + 2, rule_.size()), digits);
        std::uint32_t number = 0;
        const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), number, 16);
        const bool surrogate = number >= 0xD800 && number <= 0xDFFF;
        if (hex.size() != digits || error != std::errc{} || end != hex.data() + digits ||
            number > 0x10FFFF || surrogate) {
            found_.error(
                "T0105", {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(begin + 2)},
                fmt::format("\\{} needs {} hexadecimal digits of a character", peek(1), digits),
                "write r\"...\" to keep the backslash");
            at_ += 2;
            return;
        }
        put(meaning, number, bytes);
        at_ += 2 + digits;
    }

    void number() {
        const std::size_t begin = at_;
        if (peek() == '0' && std::isalpha(static_cast<unsigned char>(peek(1)))) {
            return based_number(begin);
        }
        bool real = false;
        while (is_digit(peek()) || (peek() == '_' && is_digit(peek(1)))) ++at_;
        if (peek() == '.') {
            real = true;
            ++at_;
            while (is_digit(peek()) || (peek() == '_' && is_digit(peek(1)))) ++at_;
        }
        if (peek() == 'e' || peek() == 'E') {
            const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
            if (is_digit(peek(1 + sign))) {
                real = true;
                at_ += 1 + sign;
                while (is_digit(peek())) ++at_;
            }
        }
        if (is_name_part(peek())) return bad_number(begin);
        const auto written = rule_.substr(begin, at_ - begin);
        if (!real && written[0] == '0' && written.find_first_not_of("0_") != written.npos) {
            return bad_number(begin, "a whole number begins with no 0; octal ones are 0o17");
        }
        std::string digits(rule_.substr(begin, at_ - begin));
        std::erase(digits, '_');
        finish_number(begin, digits, real);
    }

    void finish_number(std::size_t begin, const std::string& digits, bool real) {
        Arena arena;
        if (real) {
            add(TokenKind::Float, begin).real = parse_double(digits).value_or(0);
            return;
        }
        const auto number = parse_number(digits, arena);
        const bool big = number && number->kind == Kind::BigInt;
        auto& token = add(big ? TokenKind::BigInt : TokenKind::Int, begin);
        if (big) token.text = number->text();
        if (!big && number) token.integer = number->integer;
    }

    void based_number(std::size_t begin) {
        const char letter = static_cast<char>(std::tolower(static_cast<unsigned char>(peek(1))));
        const int base = letter == 'x' ? 16 : (letter == 'o' ? 8 : (letter == 'b' ? 2 : 0));
        at_ += 2;
        const std::size_t first = at_;
        while (is_name_part(peek())) ++at_;
        std::string digits(rule_.substr(first, at_ - first));
        std::erase(digits, '_');
        std::int64_t value = 0;
        const auto parsed =
            base == 0 ? std::from_chars_result{nullptr, std::errc::invalid_argument}
                      : std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
        if (parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size()) {
            return bad_number(begin);
        }
        add(TokenKind::Int, begin).integer = value;
    }

    void bad_number(std::size_t begin,
                    std::string help = "names begin with a letter; text needs quotes") {
        while (is_name_part(peek())) ++at_;
        const auto& token = add(TokenKind::Error, begin);
        found_.error("T0106", token.span,
                     fmt::format("\"{}\" is not a number", rule_.substr(begin, at_ - begin)),
                     std::move(help));
    }

    void symbol() {
        static constexpr std::array<std::string_view, 14> kTwo = {
            "==", "!=", "<=", ">=", "//", "**", "->", ":=", "+=", "-=", "<>", "&&", "||", "=>"};
        static constexpr std::string_view kOne = "()[]{},:=<>+-*/%.;@&|^~!";
        const std::size_t begin = at_;
        std::size_t length = 0;
        for (const auto two : kTwo) {
            if (rule_.substr(at_).starts_with(two)) length = 2;
        }
        if (length == 0 && kOne.find(peek()) != std::string_view::npos && peek() != '\0') {
            length = 1;
        }
        if (length == 0) return unknown_character();
        at_ += length;
        auto& token = add(TokenKind::Symbol, begin);
        token.text = rule_.substr(begin, length);
        track_depth(token.text);
    }

    void unknown_character() {
        for (const std::string_view quote : {"\u201C", "\u201D", "\u2018", "\u2019"}) {
            if (rule_.substr(at_).starts_with(quote)) {
                return bad_character("this is a typographic quote, not a string quote",
                                     "type \" or '");
            }
        }
        for (const std::string_view wide : {"\uFF08", "\uFF09", "\uFF0C"}) {
            if (rule_.substr(at_).starts_with(wide)) {
                return bad_character("this is a full-width character", "type ( ) or , instead");
            }
        }
        bad_character("this character has no meaning outside a string", "");
    }

    void track_depth(std::string_view text) {
        if (text == "(" || text == "[" || text == "{") ++depth_;
        if ((text == ")" || text == "]" || text == "}") && depth_ > 0) --depth_;
        if (text == ";" && depth_ == 0) tokens_.back().kind = TokenKind::NewLine;
    }

    std::string_view rule_;
    Diagnostics& found_;
    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    int depth_ = 0;
};

}  // namespace

std::vector<Token> lex(std::string_view rule, Diagnostics& diagnostics) {
    return Lexer(rule, diagnostics).run();
}

}  // namespace spillway::transform
