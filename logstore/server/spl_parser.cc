// Lexer and recursive descent for SPL. Types are checked here, so that a query either runs on every
// log or is refused before the first.
#include "base/text.h"
#include "logstore/server/spl_node.h"
#include "logstore/wire/error_table.h"

#include <charconv>

#include <fmt/format.h>

namespace spillway::server {

namespace {

constexpr std::size_t kQueryBytesMax = 64 * 1024;
constexpr std::size_t kStagesMax = 16;
constexpr int kDepthMax = 100;

struct Token {
    enum class Kind : std::uint8_t { Word, Name, Text, Number, Sign, End };
    Kind kind = Kind::End;
    std::string text;  ///< without quotes
    std::size_t at = 0;
};

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

class Lexer {
  public:
    Lexer(std::string_view text, std::size_t offset) : text_(text), offset_(offset) {}

    Result<std::vector<Token>> run() {
        std::vector<Token> tokens;
        while (true) {
            if (auto skipped = skip_blank(); !skipped) return std::move(skipped).error();
            Token token;
            token.at = at_;
            if (at_ < text_.size()) {
                if (auto read = read_token(token); !read) return std::move(read).error();
            }
            token.at += offset_;
            tokens.push_back(std::move(token));
            if (tokens.back().kind == Token::Kind::End) return tokens;
        }
    }

  private:
    Error wrong(std::size_t at, std::string_view what) const {
        return wire::service_error("ParameterInvalid",
                                   fmt::format("query, position {}: {}", at + offset_ + 1, what));
    }

    Status skip_blank() {
        while (at_ < text_.size()) {
            const auto rest = text_.substr(at_);
            if (std::isspace(static_cast<unsigned char>(rest[0])) != 0) {
                ++at_;
            } else if (rest.starts_with("--")) {
                at_ = std::min(text_.find('\n', at_), text_.size());
            } else if (rest.starts_with("/*")) {
                const auto end = text_.find("*/", at_ + 2);
                if (end == std::string_view::npos) {
                    return wrong(at_, "the comment is never closed");
                }
                at_ = end + 2;
            } else {
                return {};
            }
        }
        return {};
    }

    Status read_token(Token& token) {
        const char c = text_[at_];
        if (c == '\'' || c == '"') return read_quoted(token, c);
        if (is_letter(c)) {
            token.kind = Token::Kind::Word;
            const auto begin = at_;
            // project-away and project-rename are one word.
            while (at_ < text_.size() &&
                   (is_letter(text_[at_]) || is_digit(text_[at_]) ||
                    (text_[at_] == '-' && at_ + 1 < text_.size() && is_letter(text_[at_ + 1])))) {
                ++at_;
            }
            token.text = text_.substr(begin, at_ - begin);
            return {};
        }
        if (is_digit(c) || (c == '-' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) {
            token.kind = Token::Kind::Number;
            const auto begin = at_++;
            while (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '.')) ++at_;
            token.text = text_.substr(begin, at_ - begin);
            return {};
        }
        for (const std::string_view sign :
             {"<>", "!=", "<=", ">=", "(", ")", ",", "=", "<", ">", "|", "*", ";", "-"}) {
            if (!text_.substr(at_).starts_with(sign)) continue;
            token.kind = Token::Kind::Sign;
            token.text = sign;
            at_ += sign.size();
            return {};
        }
        return wrong(at_, fmt::format("\"{}\" is no part of SPL here", to_valid_utf8({&c, 1})));
    }

    /// 'text' and "field name"; the quote twice stands for itself.
    Status read_quoted(Token& token, char quote) {
        token.kind = quote == '"' ? Token::Kind::Name : Token::Kind::Text;
        for (++at_; at_ < text_.size(); ++at_) {
            if (text_[at_] != quote) {
                token.text += text_[at_];
            } else if (at_ + 1 < text_.size() && text_[at_ + 1] == quote) {
                token.text += text_[at_++];
            } else {
                ++at_;
                return {};
            }
        }
        return wrong(token.at, "the quote is never closed");
    }

    std::string_view text_;
    std::size_t offset_;
    std::size_t at_ = 0;
};

bool is_numeric(SplType type) {
    return type == SplType::Int || type == SplType::Double;
}

bool compares(SplType left, SplType right) {
    return left == SplType::Null || right == SplType::Null || left == right ||
           (is_numeric(left) && is_numeric(right));
}

}  // namespace

class SplParser {
  public:
    explicit SplParser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

    Result<SplProgram> whole() {
        if (!take("*")) fail("a query on a pull begins with *");
        if (failure_.empty() && here().kind == Token::Kind::End) return SplProgram({});
        if (failure_.empty() && !take("|")) unexpected();
        return stages();
    }

    Result<SplProgram> stages() {
        std::vector<SplProgram::Stage> stages;
        while (failure_.empty()) {
            stages.push_back(stage());
            if (!failure_.empty() || stages.size() > kStagesMax) break;
            if (take("|")) continue;
            take(";");
            if (here().kind != Token::Kind::End) unexpected();
            break;
        }
        if (stages.size() > kStagesMax) fail(fmt::format("more than {} stages", kStagesMax));
        if (failure_.empty()) return SplProgram(std::move(stages));
        return wire::service_error("ParameterInvalid",
                                   fmt::format("query, position {}: {}", failed_at_ + 1, failure_));
    }

  private:
    using Node = std::unique_ptr<SplNode>;
    using Kind = SplNode::Kind;

    const Token& here() const { return tokens_[at_]; }
    const Token& next() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
    bool is(std::string_view sign) const {
        return here().kind == Token::Kind::Sign && here().text == sign;
    }
    bool is_word(std::string_view word) const {
        return here().kind == Token::Kind::Word && equals_ignoring_case(here().text, word);
    }
    bool take(std::string_view sign) { return is(sign) && (++at_, true); }
    bool take_word(std::string_view word) { return is_word(word) && (++at_, true); }

    void fail(std::string message) { fail_at(here().at, std::move(message)); }
    void fail_at(std::size_t at, std::string message) {
        if (!failure_.empty()) return;
        failure_ = std::move(message);
        failed_at_ = at;
    }
    void unexpected() {
        fail(here().kind == Token::Kind::End
                 ? "the query ends too early"
                 : fmt::format("\"{}\" is unexpected", to_valid_utf8(here().text)));
    }
    void expect(std::string_view sign) {
        if (!take(sign)) unexpected();
    }

    SplProgram::Stage stage() {
        SplProgram::Stage stage;
        if (take_word("where")) {
            stage.condition = condition();
            if (failure_.empty()) want_bool(*stage.condition);
        } else if (take_word("project")) {
            stage.kind = SplProgram::Stage::Kind::Project;
            columns(stage.columns, true);
        } else if (take_word("project-away")) {
            stage.kind = SplProgram::Stage::Kind::ProjectAway;
            columns(stage.columns, false);
        } else if (here().kind == Token::Kind::Word) {
            fail(fmt::format("\"{}\" is not run here: a pull takes where, project and project-away",
                             here().text));
        } else {
            unexpected();
        }
        return stage;
    }

    void columns(std::vector<SplColumn>& all, bool may_rename) {
        const bool wildcard = is("-") && (++at_, take_word("wildcard"));
        do {
            SplColumn column;
            column.from = column.to = field_name();
            if (may_rename && failure_.empty() && take("=")) {
                const auto at = here().at;
                column.from = field_name();
                if (column.from.starts_with("__") || column.to.starts_with("__")) {
                    fail_at(at, "names that begin with __ cannot be renamed");
                }
            }
            column.is_pattern = (wildcard || !may_rename) && column.from == column.to &&
                                column.from.find('*') != std::string::npos;
            all.push_back(std::move(column));
        } while (failure_.empty() && take(","));
    }

    std::string field_name() {
        if (here().kind == Token::Kind::Word || here().kind == Token::Kind::Name) {
            return next().text;
        }
        unexpected();
        return {};
    }

    static Node make(Kind kind, SplType type, std::size_t at) {
        auto node = std::make_unique<SplNode>();
        node->kind = kind;
        node->type = type;
        node->at = at;
        return node;
    }

    void want_bool(const SplNode& node) {
        if (node.type != SplType::Bool && node.type != SplType::Null) {
            fail_at(node.at, fmt::format("a condition is wanted here, not {}", name_of(node.type)));
        }
    }
    void want_text(const SplNode& node) {
        if (node.type != SplType::Text && node.type != SplType::Null) {
            fail_at(node.at, fmt::format("text is wanted here, not {}", name_of(node.type)));
        }
    }

    Node condition() {
        if (++depth_ > kDepthMax) fail("the query is nested too deep");
        auto left = conjunction();
        while (failure_.empty() && is_word("or")) {
            left = join(Kind::Or, std::move(left), [&] { return conjunction(); });
        }
        --depth_;
        return left;
    }

    Node conjunction() {
        auto left = negation();
        while (failure_.empty() && is_word("and")) {
            left = join(Kind::And, std::move(left), [&] { return negation(); });
        }
        return left;
    }

    template <class Parse>
    Node join(Kind kind, Node left, Parse parse) {
        auto node = make(kind, SplType::Bool, here().at);
        ++at_;
        want_bool(*left);
        node->children.push_back(std::move(left));
        node->children.push_back(parse());
        if (failure_.empty()) want_bool(*node->children.back());
        return node;
    }

    Node negation() {
        if (!is_word("not")) return comparison();
        const auto at = here().at;
        ++at_;
        if (++depth_ > kDepthMax) fail("the query is nested too deep");
        auto inner = failure_.empty() ? negation() : make(Kind::Literal, SplType::Null, at);
        --depth_;
        if (failure_.empty()) want_bool(*inner);
        return negated(std::move(inner));
    }

    static Node negated(Node inner) {
        auto node = make(Kind::Not, SplType::Bool, inner->at);
        node->children.push_back(std::move(inner));
        return node;
    }

    Node comparison() {
        auto left = operand();
        if (!failure_.empty()) return left;
        static constexpr std::pair<std::string_view, Kind> kSigns[] = {
            {"=", Kind::Equal},      {"<>", Kind::NotEqual}, {"!=", Kind::NotEqual},
            {"<=", Kind::LessEqual}, {"<", Kind::Less},      {">=", Kind::GreaterEqual},
            {">", Kind::Greater},
        };
        for (const auto& [sign, kind] : kSigns) {
            if (!is(sign)) continue;
            const auto at = here().at;
            ++at_;
            return compared(kind, at, std::move(left), operand());
        }
        if (take_word("is")) {
            const bool is_not = take_word("not");
            if (!take_word("null")) unexpected();
            auto node = make(Kind::IsNull, SplType::Bool, left->at);
            node->children.push_back(std::move(left));
            return is_not ? negated(std::move(node)) : std::move(node);
        }
        const bool is_not = take_word("not");
        Node node;
        if (take_word("in")) {
            node = membership(std::move(left));
        } else if (take_word("like")) {
            node = likeness(std::move(left));
        } else if (take_word("between")) {
            node = between(std::move(left));
        } else {
            if (is_not) unexpected();
            return left;
        }
        return is_not ? negated(std::move(node)) : std::move(node);
    }

    Node compared(Kind kind, std::size_t at, Node left, Node right) {
        auto node = make(kind, SplType::Bool, at);
        if (failure_.empty() && !compares(left->type, right->type)) {
            fail_at(at, fmt::format("{} cannot be compared with {}; fields are text: write "
                                    "try_cast(field as bigint) to compare numbers",
                                    name_of(left->type), name_of(right->type)));
        }
        node->children.push_back(std::move(left));
        node->children.push_back(std::move(right));
        return node;
    }

    Node membership(Node left) {
        auto node = make(Kind::In, SplType::Bool, left->at);
        const auto type = left->type;
        node->children.push_back(std::move(left));
        expect("(");
        do {
            auto item = operand();
            if (failure_.empty() && !compares(type, item->type)) {
                fail_at(item->at, fmt::format("{} cannot be compared with {}", name_of(type),
                                              name_of(item->type)));
            }
            node->children.push_back(std::move(item));
        } while (failure_.empty() && take(","));
        expect(")");
        return node;
    }

    Node likeness(Node left) {
        auto node = make(Kind::Like, SplType::Bool, left->at);
        want_text(*left);
        node->children.push_back(std::move(left));
        node->text = constant_text();
        if (take_word("escape")) {
            const auto escape = constant_text();
            if (failure_.empty() && escape.size() != 1) fail("escape takes one character");
            if (!escape.empty()) node->escape = escape[0];
        }
        return node;
    }

    Node between(Node left) {
        auto node = make(Kind::Between, SplType::Bool, left->at);
        node->children.push_back(std::move(left));
        for (int i = 0; i < 2 && failure_.empty(); ++i) {
            if (i == 1 && !take_word("and")) unexpected();
            auto bound = operand();
            if (failure_.empty() && !compares(node->children[0]->type, bound->type)) {
                fail_at(bound->at,
                        fmt::format("{} cannot be compared with {}",
                                    name_of(node->children[0]->type), name_of(bound->type)));
            }
            node->children.push_back(std::move(bound));
        }
        return node;
    }

    std::string constant_text() {
        if (here().kind == Token::Kind::Text) return next().text;
        if (failure_.empty()) fail("a text in single quotes is wanted here");
        return {};
    }

    Node operand() {
        const auto at = here().at;
        if (!failure_.empty()) return make(Kind::Literal, SplType::Null, at);
        if (take("(")) {
            auto inner = condition();
            expect(")");
            return inner;
        }
        switch (here().kind) {
            case Token::Kind::Text: {
                auto node = make(Kind::Literal, SplType::Text, at);
                node->text = next().text;
                return node;
            }
            case Token::Kind::Number:
                return number();
            case Token::Kind::Name:
                return field(next().text, at);
            case Token::Kind::Word:
                return word();
            default:
                unexpected();
                return make(Kind::Literal, SplType::Null, at);
        }
    }

    Node number() {
        const auto at = here().at;
        const auto text = next().text;
        auto node = make(Kind::Literal, SplType::Int, at);
        if (const auto whole = parse_int(text)) {
            node->literal = SplValue::of(*whole);
            return node;
        }
        double real = 0;
        const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), real);
        if (failure != std::errc() || end != text.data() + text.size()) {
            fail_at(at, fmt::format("\"{}\" is no number", text));
        }
        node->type = SplType::Double;
        node->literal = SplValue::of(real);
        return node;
    }

    static Node field(std::string name, std::size_t at) {
        const bool whole = name == "__time__" || name == "__time_ns_part__";
        auto node = make(Kind::Field, whole ? SplType::Int : SplType::Text, at);
        node->text = std::move(name);
        return node;
    }

    Node word() {
        const auto at = here().at;
        if (take_word("null")) return make(Kind::Literal, SplType::Null, at);
        for (const bool truth : {true, false}) {
            if (!take_word(truth ? "true" : "false")) continue;
            auto node = make(Kind::Literal, SplType::Bool, at);
            node->literal = SplValue::of(truth);
            return node;
        }
        const auto name = next().text;
        if (!is("(")) return field(name, at);
        return call(to_lower(name), at);
    }

    Node call(const std::string& name, std::size_t at) {
        ++at_;  // (
        if (++depth_ > kDepthMax) fail("the query is nested too deep");
        Node node;
        if (name == "coalesce") {
            node = coalesce(at);
        } else if (name == "strpos") {
            node = make(Kind::Strpos, SplType::Int, at);
            text_arguments(*node, 2);
        } else if (name == "regexp_like") {
            node = regexp_like(at);
        } else if (name == "try_cast") {
            node = try_cast(at);
        } else {
            fail_at(at, fmt::format("the function {} is not run here: a pull takes coalesce, "
                                    "strpos, regexp_like and try_cast",
                                    name));
            node = make(Kind::Literal, SplType::Null, at);
        }
        --depth_;
        expect(")");
        return node;
    }

    void text_arguments(SplNode& node, std::size_t count) {
        for (std::size_t i = 0; i < count && failure_.empty(); ++i) {
            if (i > 0) expect(",");
            node.children.push_back(condition());
            if (failure_.empty()) want_text(*node.children.back());
        }
    }

    Node coalesce(std::size_t at) {
        auto node = make(Kind::Coalesce, SplType::Null, at);
        do {
            node->children.push_back(condition());
            const auto type = node->children.back()->type;
            if (failure_.empty() && !compares(node->type, type)) {
                fail_at(node->children.back()->at, "the arguments of coalesce differ in type");
            }
            if (node->type == SplType::Null || type == SplType::Double) node->type = type;
        } while (failure_.empty() && take(","));
        return node;
    }

    Node regexp_like(std::size_t at) {
        auto node = make(Kind::RegexpLike, SplType::Bool, at);
        text_arguments(*node, 1);
        if (failure_.empty()) expect(",");
        const auto pattern_at = here().at;
        const auto pattern = constant_text();
        if (!failure_.empty()) return node;
        auto regex = transform::Regex::compile(pattern);
        if (!regex) {
            fail_at(pattern_at, "the pattern is wrong: " + regex.error().message);
        } else {
            node->regex = *std::move(regex);
        }
        return node;
    }

    Node try_cast(std::size_t at) {
        auto node = make(Kind::TryCast, SplType::Text, at);
        node->children.push_back(condition());
        if (failure_.empty() && !take_word("as")) unexpected();
        if (!failure_.empty()) return node;
        if (take_word("bigint")) {
            node->type = SplType::Int;
        } else if (take_word("double")) {
            node->type = SplType::Double;
        } else if (!take_word("varchar")) {
            fail("try_cast gives bigint, double or varchar");
        }
        return node;
    }

    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    int depth_ = 0;
    std::string failure_;
    std::size_t failed_at_ = 0;
};

namespace {

Result<std::vector<Token>> tokens_of(std::string_view text, std::size_t offset) {
    if (text.size() > kQueryBytesMax) {
        return wire::service_error("ParameterInvalid", "the query is longer than 64 KiB");
    }
    return Lexer(text, offset).run();
}

}  // namespace

Result<SplProgram> SplProgram::parse(std::string_view text) {
    auto tokens = tokens_of(text, 0);
    if (!tokens) return std::move(tokens).error();
    return SplParser(*std::move(tokens)).whole();
}

Result<SplProgram> SplProgram::parse_stages(std::string_view text, std::size_t offset) {
    auto tokens = tokens_of(text, offset);
    if (!tokens) return std::move(tokens).error();
    return SplParser(*std::move(tokens)).stages();
}

}  // namespace spillway::server
