#include "transform/jmespath_parser.h"

#include "transform/jmespath_functions.h"
#include "transform/json.h"

#include <charconv>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

enum class Sign : std::uint8_t {
    End,
    Name,
    QuotedName,
    RawText,
    Literal,
    Number,
    Dot,
    Star,
    Flatten,  // []
    Filter,   // [?
    OpenBracket,
    CloseBracket,
    OpenParenthesis,
    CloseParenthesis,
    OpenBrace,
    CloseBrace,
    Comma,
    Colon,
    At,
    Ampersand,
    Or,
    And,
    Pipe,
    Not,
    Compare,
};

struct JmesToken {
    Sign sign = Sign::End;
    std::string text;
    std::int64_t number = 0;
    std::size_t at = 0;
};

Error wrong(std::string message) {
    return make_error(ErrorCode::InvalidArgument, std::move(message));
}

class JmesLexer {
  public:
    explicit JmesLexer(std::string_view text) : text_(text) {}

    Result<std::vector<JmesToken>> run() {
        std::vector<JmesToken> tokens;
        while (true) {
            while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])))
                ++at_;
            JmesToken token;
            token.at = at_;
            if (at_ < text_.size()) {
                auto read = next(token);
                if (!read) return std::move(read).error();
            }
            tokens.push_back(std::move(token));
            if (tokens.back().sign == Sign::End) return tokens;
        }
    }

  private:
    Status next(JmesToken& token) {
        const char c = text_[at_];
        if (std::isalpha(static_cast<unsigned char>(c)) || c == '_') return name(token);
        if (std::isdigit(static_cast<unsigned char>(c)) || c == '-') return number(token);
        if (c == '"') return quoted(token, '"', Sign::QuotedName);
        if (c == '\'') return quoted(token, '\'', Sign::RawText);
        if (c == '`') return quoted(token, '`', Sign::Literal);
        static constexpr std::pair<std::string_view, Sign> kSigns[] = {
            {"[]", Sign::Flatten},
            {"[?", Sign::Filter},
            {"||", Sign::Or},
            {"&&", Sign::And},
            {"==", Sign::Compare},
            {"!=", Sign::Compare},
            {"<=", Sign::Compare},
            {">=", Sign::Compare},
            {"<", Sign::Compare},
            {">", Sign::Compare},
            {"[", Sign::OpenBracket},
            {"]", Sign::CloseBracket},
            {"(", Sign::OpenParenthesis},
            {")", Sign::CloseParenthesis},
            {"{", Sign::OpenBrace},
            {"}", Sign::CloseBrace},
            {",", Sign::Comma},
            {":", Sign::Colon},
            {"@", Sign::At},
            {"&", Sign::Ampersand},
            {"|", Sign::Pipe},
            {"!", Sign::Not},
            {".", Sign::Dot},
            {"*", Sign::Star},
        };
        for (const auto& [text, sign] : kSigns) {
            if (!text_.substr(at_).starts_with(text)) continue;
            token.sign = sign;
            token.text = text;
            at_ += text.size();
            return {};
        }
        return wrong(fmt::format("\"{}\" at position {} has no meaning", c, at_ + 1));
    }

    Status name(JmesToken& token) {
        token.sign = Sign::Name;
        while (at_ < text_.size() &&
               (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_')) {
            token.text += text_[at_++];
        }
        return {};
    }

    Status number(JmesToken& token) {
        token.sign = Sign::Number;
        const auto [end, error] =
            std::from_chars(text_.data() + at_, text_.data() + text_.size(), token.number);
        if (error != std::errc{}) {
            return wrong(fmt::format("a number is expected at position {}", at_ + 1));
        }
        at_ = static_cast<std::size_t>(end - text_.data());
        return {};
    }

    Status quoted(JmesToken& token, char quote, Sign sign) {
        token.sign = sign;
        const std::size_t begin = at_++;
        std::string raw;
        for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
                // In '..' and `..` a backslash only shields the quote; "..." is JSON text.
                if (text_[at_ + 1] == quote && quote != '"') {
                    raw += quote;
                    ++at_;
                    continue;
                }
                raw += text_[at_++];
            }
            raw += text_[at_];
        }
        if (at_ >= text_.size()) {
            return wrong(fmt::format("the quote at position {} is never closed", begin + 1));
        }
        ++at_;
        token.text = std::move(raw);
        if (quote != '"') return {};
        Arena arena;
        const auto parsed = parse_json_value("\"" + token.text + "\"", arena);
        if (!parsed || !parsed->is_text()) {
            return wrong(fmt::format("the name at position {} is no JSON text", begin + 1));
        }
        token.text = parsed->text();
        return {};
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

/// How strongly each sign binds what stands left of it.
int power_of(Sign sign) {
    switch (sign) {
        case Sign::Pipe:
            return 1;
        case Sign::Or:
            return 2;
        case Sign::And:
            return 3;
        case Sign::Compare:
            return 5;
        case Sign::Flatten:
            return 9;
        case Sign::Star:
            return 20;
        case Sign::Filter:
            return 21;
        case Sign::Dot:
            return 40;
        case Sign::Not:
            return 45;
        case Sign::OpenBrace:
            return 50;
        case Sign::OpenBracket:
            return 55;
        case Sign::OpenParenthesis:
            return 60;
        default:
            return 0;
    }
}

constexpr int kProjectionStop = 10;

class JmesParser {
  public:
    explicit JmesParser(std::vector<JmesToken> tokens) : tokens_(std::move(tokens)) {}

    Result<std::shared_ptr<const JmesNode>> run() {
        if (here().sign == Sign::End) return wrong("the path is empty");
        auto root = std::make_shared<JmesNode>(expression(0));
        if (error_.empty() && here().sign != Sign::End) unexpected();
        if (!error_.empty()) return wrong(error_);
        root->arena = arena_;
        return std::shared_ptr<const JmesNode>(std::move(root));
    }

  private:
    const JmesToken& here() const { return tokens_[at_]; }
    Sign ahead(std::size_t by) const {
        return tokens_[std::min(at_ + by, tokens_.size() - 1)].sign;
    }
    bool take(Sign sign) {
        if (here().sign != sign) return false;
        ++at_;
        return true;
    }
    void expect(Sign sign) {
        if (!take(sign)) unexpected();
    }
    JmesNode unexpected() {
        if (!error_.empty()) return {};
        error_ = here().sign == Sign::End ? "the path ends too early"
                                          : fmt::format("\"{}\" at position {} is unexpected",
                                                        here().text, here().at + 1);
        return {};
    }
    static JmesNode make(JmesNode::Kind kind, JmesNode left) {
        JmesNode node;
        node.kind = kind;
        node.children.push_back(std::move(left));
        return node;
    }
    static JmesNode make(JmesNode::Kind kind, JmesNode left, JmesNode right) {
        JmesNode node = make(kind, std::move(left));
        node.children.push_back(std::move(right));
        return node;
    }

    JmesNode expression(int power) {
        constexpr int kDepthMax = 100;
        if (++depth_ > kDepthMax) {
            error_ = "the path is nested too deep";
            --depth_;
            return {};
        }
        JmesNode left = prefix();
        int links = 0;
        while (error_.empty() && power < power_of(here().sign)) {
            if (++links > 200) {
                error_ = "the path has too many parts";
                break;
            }
            left = infix(std::move(left));
        }
        --depth_;
        return left;
    }

    JmesNode prefix() {
        const JmesToken& token = here();
        ++at_;
        switch (token.sign) {
            case Sign::Name:
                return name(token);
            case Sign::QuotedName: {
                if (here().sign == Sign::OpenParenthesis) return unexpected();
                JmesNode node;
                node.kind = JmesNode::Kind::Field;
                node.text = token.text;
                return node;
            }
            case Sign::RawText:
            case Sign::Literal:
                return literal(token);
            case Sign::At:
                return {};
            case Sign::Star:
                return make(JmesNode::Kind::ValueProjection, {}, right_side(power_of(Sign::Star)));
            case Sign::Flatten:
                return make(JmesNode::Kind::Flatten, {}, right_side(power_of(Sign::Flatten)));
            case Sign::Filter:
                return filter({});
            case Sign::OpenBracket:
                return opening_bracket();
            case Sign::OpenBrace:
                return multi_dict();
            case Sign::Not:
                return make(JmesNode::Kind::Not, expression(power_of(Sign::Not)));
            case Sign::Ampersand:
                return make(JmesNode::Kind::Reference, expression(0));
            case Sign::OpenParenthesis: {
                JmesNode inner = expression(0);
                expect(Sign::CloseParenthesis);
                return inner;
            }
            default:
                --at_;
                return unexpected();
        }
    }

    JmesNode name(const JmesToken& token) {
        JmesNode node;
        node.text = token.text;
        if (!take(Sign::OpenParenthesis)) {
            node.kind = JmesNode::Kind::Field;
            return node;
        }
        node.kind = JmesNode::Kind::Call;
        if (!is_jmes_function(token.text)) {
            error_ = fmt::format("unknown function {}()", token.text);
            return node;
        }
        while (error_.empty() && !take(Sign::CloseParenthesis)) {
            node.children.push_back(expression(0));
            if (here().sign != Sign::CloseParenthesis) expect(Sign::Comma);
        }
        return node;
    }

    JmesNode literal(const JmesToken& token) {
        JmesNode node;
        node.kind = JmesNode::Kind::Literal;
        const auto kept = arena_->copy(token.text);
        node.literal = Value::of(kept);
        if (token.sign == Sign::RawText) return node;
        if (const auto parsed = parse_json_value(kept, *arena_)) {
            node.literal = *parsed;
        } else if (const auto text = parse_json_value("\"" + token.text + "\"", *arena_)) {
            node.literal = *text;  // `foo` without quotes: an older form
        } else {
            error_ = fmt::format("the literal at position {} is no JSON", token.at + 1);
        }
        return node;
    }

    /// Behind "[" at the start of an expression.
    JmesNode opening_bracket() {
        if (here().sign == Sign::Number || here().sign == Sign::Colon) {
            return index_or_slice({});
        }
        if (here().sign == Sign::Star && ahead(1) == Sign::CloseBracket) {
            at_ += 2;
            return make(JmesNode::Kind::ListProjection, {}, right_side(power_of(Sign::Star)));
        }
        return multi_list();
    }

    JmesNode multi_list() {
        JmesNode node;
        node.kind = JmesNode::Kind::MultiList;
        do {
            node.children.push_back(expression(0));
        } while (error_.empty() && take(Sign::Comma));
        expect(Sign::CloseBracket);
        return node;
    }

    JmesNode multi_dict() {
        JmesNode node;
        node.kind = JmesNode::Kind::MultiDict;
        do {
            if (here().sign != Sign::Name && here().sign != Sign::QuotedName) return unexpected();
            node.names.push_back(here().text);
            ++at_;
            expect(Sign::Colon);
            if (error_.empty()) node.children.push_back(expression(0));
        } while (error_.empty() && take(Sign::Comma));
        expect(Sign::CloseBrace);
        return node;
    }

    JmesNode index_or_slice(JmesNode left) {
        const bool is_slice = here().sign == Sign::Colon || ahead(1) == Sign::Colon;
        if (!is_slice) {
            JmesNode node = make(JmesNode::Kind::Index, std::move(left));
            node.index = here().number;
            ++at_;
            expect(Sign::CloseBracket);
            return node;
        }
        JmesNode node = make(JmesNode::Kind::Slice, std::move(left));
        std::size_t part = 0;
        while (error_.empty() && here().sign != Sign::CloseBracket) {
            if (here().sign == Sign::Number && !node.slice[part]) {
                node.slice[part] = here().number;
                ++at_;
            } else if (here().sign == Sign::Colon && part < 2) {
                ++part;
                ++at_;
            } else {
                return unexpected();
            }
        }
        expect(Sign::CloseBracket);
        node.children.push_back(right_side(power_of(Sign::Star)));
        return node;
    }

    JmesNode filter(JmesNode left) {
        JmesNode condition = expression(0);
        expect(Sign::CloseBracket);
        JmesNode node =
            make(JmesNode::Kind::FilterProjection, std::move(left), std::move(condition));
        // A flatten behind a filter ends the projection.
        node.children.push_back(here().sign == Sign::Flatten ? JmesNode{}
                                                             : right_side(power_of(Sign::Filter)));
        return node;
    }

    /// What a projection applies to each element.
    JmesNode right_side(int power) {
        if (!error_.empty() || power_of(here().sign) < kProjectionStop) return {};
        if (here().sign == Sign::OpenBracket || here().sign == Sign::Filter) {
            return expression(power);
        }
        if (take(Sign::Dot)) return dot_side(power);
        return unexpected();
    }

    JmesNode dot_side(int power) {
        switch (here().sign) {
            case Sign::Name:
            case Sign::QuotedName:
            case Sign::Star:
                return expression(power);
            case Sign::OpenBracket: {
                ++at_;
                JmesNode left = multi_list();
                return continue_with(std::move(left), power);
            }
            case Sign::OpenBrace: {
                ++at_;
                JmesNode left = multi_dict();
                return continue_with(std::move(left), power);
            }
            default:
                return unexpected();
        }
    }

    JmesNode continue_with(JmesNode left, int power) {
        while (error_.empty() && power < power_of(here().sign)) left = infix(std::move(left));
        return left;
    }

    JmesNode infix(JmesNode left) {
        const JmesToken& token = here();
        ++at_;
        switch (token.sign) {
            case Sign::Dot:
                if (take(Sign::Star)) {
                    return make(JmesNode::Kind::ValueProjection, std::move(left),
                                right_side(power_of(Sign::Star)));
                }
                return make(JmesNode::Kind::Sub, std::move(left), dot_side(power_of(Sign::Dot)));
            case Sign::Pipe:
                return make(JmesNode::Kind::Pipe, std::move(left),
                            expression(power_of(Sign::Pipe)));
            case Sign::Or:
                return make(JmesNode::Kind::Or, std::move(left), expression(power_of(Sign::Or)));
            case Sign::And:
                return make(JmesNode::Kind::And, std::move(left), expression(power_of(Sign::And)));
            case Sign::Compare: {
                JmesNode node = make(JmesNode::Kind::Compare, std::move(left),
                                     expression(power_of(Sign::Compare)));
                node.text = token.text;
                return node;
            }
            case Sign::Flatten:
                return make(JmesNode::Kind::Flatten, std::move(left),
                            right_side(power_of(Sign::Flatten)));
            case Sign::Filter:
                return filter(std::move(left));
            case Sign::OpenBracket:
                if (here().sign == Sign::Number || here().sign == Sign::Colon) {
                    return index_or_slice(std::move(left));
                }
                if (take(Sign::Star)) {
                    expect(Sign::CloseBracket);
                    return make(JmesNode::Kind::ListProjection, std::move(left),
                                right_side(power_of(Sign::Star)));
                }
                return unexpected();
            default:
                --at_;
                return unexpected();
        }
    }

    std::vector<JmesToken> tokens_;
    std::size_t at_ = 0;
    int depth_ = 0;
    std::string error_;
    std::shared_ptr<Arena> arena_ = std::make_shared<Arena>();
};

}  // namespace

Result<std::shared_ptr<const JmesNode>> parse_jmes(std::string_view text) {
    auto tokens = JmesLexer(text).run();
    if (!tokens) return std::move(tokens).error();
    return JmesParser(*std::move(tokens)).run();
}

}  // namespace spillway::transform
