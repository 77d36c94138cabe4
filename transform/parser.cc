// Recursive descent, one function per level of binding:
//   or < and < not < comparison < + - < * / // % < sign < ** < primary
#include "transform/parser.h"

#include "transform/lexer.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

constexpr int kDepthMax = 200;

struct Forbidden {
    std::string_view word;
    std::string_view message;
    std::string_view help;
};

constexpr std::array kForbidden = {
    Forbidden{"def", "functions cannot be defined in a rule",
              "write the steps out, or e_compose(...)"},
    Forbidden{"lambda", "lambda is not part of the rule language", ""},
    Forbidden{"import", "import is not part of the rule language", ""},
    Forbidden{"from", "import is not part of the rule language", ""},
    Forbidden{"class", "classes are not part of the rule language", ""},
    Forbidden{"for", "loops are not part of the rule language", "e_split fans an event out"},
    Forbidden{"while", "loops are not part of the rule language", "e_split fans an event out"},
    Forbidden{"if", "if is not part of the rule language",
              "use e_if(condition, operation) or op_if(condition, a, b)"},
    Forbidden{"else", "else is not part of the rule language", "use e_if_else or e_switch"},
    Forbidden{"elif", "elif is not part of the rule language", "use e_switch"},
    Forbidden{"return", "return is not part of the rule language", ""},
    Forbidden{"try", "try is not part of the rule language", ""},
    Forbidden{"except", "except is not part of the rule language", ""},
    Forbidden{"with", "with is not part of the rule language", ""},
    Forbidden{"pass", "pass is not part of the rule language", "KEEP does nothing"},
    Forbidden{"del", "del is not part of the rule language", "use e_drop_fields"},
    Forbidden{"global", "global is not part of the rule language", ""},
    Forbidden{"assert", "assert is not part of the rule language", "use e_keep(condition)"},
    Forbidden{"yield", "yield is not part of the rule language", ""},
    Forbidden{"raise", "raise is not part of the rule language", ""},
    Forbidden{"async", "async is not part of the rule language", ""},
    Forbidden{"await", "await is not part of the rule language", ""},
    Forbidden{"is", "\"is\" is not part of the rule language", "use == or op_eq"},
};

const Forbidden* forbidden(std::string_view word) {
    const auto* found = std::find_if(kForbidden.begin(), kForbidden.end(),
                                     [&](const Forbidden& each) { return each.word == word; });
    return found == kForbidden.end() ? nullptr : found;
}

class Parser {
  public:
    Parser(std::vector<Token> tokens, Diagnostics& diagnostics)
        : tokens_(std::move(tokens)), found_(diagnostics) {}

    Rule run() {
        Rule rule;
        while (here().kind != TokenKind::End) {
            if (here().kind == TokenKind::NewLine) {
                ++at_;
                continue;
            }
            failed_ = false;
            auto step = parse_step();
            if (step && !failed_) rule.steps.push_back(std::move(step));
            if (failed_) skip_line();
        }
        return rule;
    }

  private:
    const Token& here() const { return tokens_[at_]; }
    const Token& ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
    bool at_symbol(std::string_view text) const {
        return here().kind == TokenKind::Symbol && here().text == text;
    }
    bool at_word(std::string_view word) const {
        return here().kind == TokenKind::Name && here().text == word;
    }
    bool take_symbol(std::string_view text) {
        if (!at_symbol(text)) return false;
        ++at_;
        return true;
    }

    void skip_line() {
        while (here().kind != TokenKind::NewLine && here().kind != TokenKind::End) ++at_;
    }

    /// Reports once per step; an Error token was reported by the lexer already.
    NodePtr fail(std::string_view code, Span where, std::string message, std::string help = "") {
        if (!failed_ && here().kind != TokenKind::Error) {
            found_.error(code, where, std::move(message), std::move(help));
        }
        failed_ = true;
        return nullptr;
    }

    static std::string describe(const Token& token) {
        switch (token.kind) {
            case TokenKind::NewLine:
                return "the end of the line";
            case TokenKind::End:
                return "the end of the rule";
            case TokenKind::Text:
            case TokenKind::Bytes:
                return "a string";
            case TokenKind::Int:
            case TokenKind::BigInt:
            case TokenKind::Float:
                return "a number";
            default:
                return fmt::format("\"{}\"", token.text);
        }
    }

    NodePtr make(NodeKind kind, Span span) const {
        auto node = std::make_unique<Node>();
        node->kind = kind;
        node->span = span;
        return node;
    }

    NodePtr parse_step() {
        if (here().kind == TokenKind::Name) {
            if (const auto* word = forbidden(here().text)) {
                return fail("T0201", here().span, std::string(word->message),
                            std::string(word->help));
            }
            if (ahead().kind == TokenKind::Symbol && ahead().text == "=") {
                return fail("T0202", here().span, "a rule has no variables to assign to",
                            fmt::format("to set a field: e_set(\"{}\", ...)", here().text));
            }
        }
        auto step = parse_expression();
        if (failed_) return nullptr;
        if (here().kind != TokenKind::NewLine && here().kind != TokenKind::End) {
            return fail_after_expression("a step ends at the end of its line");
        }
        return step;
    }

    /// What follows an expression and cannot: say which Python habit it was.
    NodePtr fail_after_expression(std::string_view expected) {
        const auto& token = here();
        if (token.kind == TokenKind::Name) {
            if (const auto* word = forbidden(token.text)) {
                return fail("T0201", token.span, std::string(word->message),
                            std::string(word->help));
            }
        }
        if (token.kind == TokenKind::Symbol && token.text == ".") {
            return fail("T0203", token.span, "values have no attributes or methods in a rule",
                        "use a function: str_lower(v(\"f\")) instead of v(\"f\").lower()");
        }
        if (token.kind == TokenKind::Symbol && token.text == "[") {
            return fail("T0204", token.span, "subscripts and slices are not part of the language",
                        "use op_index(x, i), op_slice(x, start, end), lst_get or dct_get");
        }
        if (token.kind == TokenKind::Symbol && token.text == "=") {
            return fail("T0202", token.span, "a rule has no variables to assign to",
                        "== compares; e_set sets a field");
        }
        return fail("T0205", token.span,
                    fmt::format("{}, but here is {}", expected, describe(token)));
    }

    NodePtr too_deep() {
        --depth_;
        return fail("T0206", here().span,
                    fmt::format("the expression is nested deeper than {}", kDepthMax));
    }

    NodePtr parse_expression() {
        if (++depth_ > kDepthMax) return too_deep();
        auto node = parse_logic(NodeKind::Or, "or", &Parser::parse_and);
        --depth_;
        return node;
    }

    NodePtr parse_and() { return parse_logic(NodeKind::And, "and", &Parser::parse_not); }

    NodePtr parse_logic(NodeKind kind, std::string_view word, NodePtr (Parser::*next)()) {
        auto first = (this->*next)();
        if (!first || !at_word(word)) return first;
        auto node = make(kind, first->span);
        node->children.push_back(std::move(first));
        while (at_word(word)) {
            ++at_;
            auto other = (this->*next)();
            if (!other) return nullptr;
            node->span.end = other->span.end;
            node->children.push_back(std::move(other));
        }
        return node;
    }

    NodePtr parse_not() {
        if (!at_word("not")) return parse_comparison();
        const Span begin = here().span;
        ++at_;
        if (++depth_ > kDepthMax) return too_deep();
        auto operand = parse_not();
        --depth_;
        if (!operand) return nullptr;
        auto node = make(NodeKind::Not, {begin.begin, operand->span.end});
        node->children.push_back(std::move(operand));
        return node;
    }

    /// "" when there is none; moves past it otherwise.
    std::string take_comparison() {
        if (at_word("in")) {
            ++at_;
            return "in";
        }
        if (at_word("not") && ahead().kind == TokenKind::Name && ahead().text == "in") {
            at_ += 2;
            return "not in";
        }
        for (const std::string_view each : {"==", "!=", "<=", ">=", "<", ">"}) {
            if (take_symbol(each)) return std::string(each);
        }
        if (at_symbol("&&") || at_symbol("||")) {
            fail("T0207", here().span, "logic is written in words",
                 here().text == "&&" ? "write and" : "write or");
        }
        return "";
    }

    NodePtr parse_comparison() {
        auto first = parse_sum();
        if (!first) return nullptr;
        std::string comparison = take_comparison();
        if (comparison.empty()) return failed_ ? nullptr : std::move(first);
        auto node = make(NodeKind::Compare, first->span);
        node->children.push_back(std::move(first));
        while (!comparison.empty()) {
            node->operators.push_back(std::move(comparison));
            auto other = parse_sum();
            if (!other) return nullptr;
            node->span.end = other->span.end;
            node->children.push_back(std::move(other));
            comparison = take_comparison();
        }
        return failed_ ? nullptr : std::move(node);
    }

    NodePtr binary(NodePtr left, std::string symbol, NodePtr right) {
        if (!left || !right) return nullptr;
        auto node = make(NodeKind::Binary, {left->span.begin, right->span.end});
        node->operators.push_back(std::move(symbol));
        node->children.push_back(std::move(left));
        node->children.push_back(std::move(right));
        return node;
    }

    NodePtr parse_sum() {
        auto left = parse_product();
        for (int terms = 0; left && (at_symbol("+") || at_symbol("-")); ++terms) {
            if (terms > kDepthMax) return fail("T0206", here().span, "too many terms in one sum");
            std::string symbol = tokens_[at_++].text;
            left = binary(std::move(left), std::move(symbol), parse_product());
        }
        return left;
    }

    NodePtr parse_product() {
        auto left = parse_sign();
        for (int terms = 0;
             left && (at_symbol("*") || at_symbol("/") || at_symbol("//") || at_symbol("%"));
             ++terms) {
            if (terms > kDepthMax)
                return fail("T0206", here().span, "too many factors in one product");
            std::string symbol = tokens_[at_++].text;
            left = binary(std::move(left), std::move(symbol), parse_sign());
        }
        return left;
    }

    NodePtr parse_sign() {
        if (!at_symbol("-") && !at_symbol("+")) return parse_power();
        const bool negative = at_symbol("-");
        const Span begin = here().span;
        ++at_;
        if (++depth_ > kDepthMax) return too_deep();
        auto operand = parse_sign();
        --depth_;
        if (!operand || !negative) return operand;
        if (operand->kind == NodeKind::Int) {
            operand->integer = -operand->integer;
            operand->span.begin = begin.begin;
            return operand;
        }
        if (operand->kind == NodeKind::Float) {
            operand->real = -operand->real;
            operand->span.begin = begin.begin;
            return operand;
        }
        auto node = make(NodeKind::Negate, {begin.begin, operand->span.end});
        node->children.push_back(std::move(operand));
        return node;
    }

    NodePtr parse_power() {
        auto base = parse_primary();
        if (!base || !at_symbol("**")) return base;
        ++at_;
        if (++depth_ > kDepthMax) return too_deep();
        auto exponent = parse_sign();
        --depth_;
        return binary(std::move(base), "**", std::move(exponent));
    }

    NodePtr parse_primary() {
        auto node = parse_atom();
        if (!node || failed_) return nullptr;
        if (at_symbol(".") || at_symbol("[")) return fail_after_expression("");
        if (at_symbol("(")) {
            return fail("T0208", here().span, "only a function's name can be called");
        }
        return node;
    }

    NodePtr parse_atom() {
        const Token& token = here();
        switch (token.kind) {
            case TokenKind::Text:
            case TokenKind::Bytes:
                return parse_text();
            case TokenKind::Int:
            case TokenKind::BigInt:
            case TokenKind::Float:
                return parse_number_literal();
            case TokenKind::Name:
                return parse_name();
            case TokenKind::Symbol:
                return parse_bracketed();
            default:
                return fail("T0209", token.span,
                            fmt::format("a value is missing before {}", describe(token)));
        }
    }

    NodePtr parse_text() {
        const bool bytes = here().kind == TokenKind::Bytes;
        auto node = make(bytes ? NodeKind::Bytes : NodeKind::Text, here().span);
        while (here().kind == TokenKind::Text || here().kind == TokenKind::Bytes) {
            node->text += here().text;
            node->span.end = here().span.end;
            ++at_;
        }
        return node;
    }

    NodePtr parse_number_literal() {
        const Token& token = tokens_[at_++];
        const auto kind =
            token.kind == TokenKind::Int
                ? NodeKind::Int
                : (token.kind == TokenKind::BigInt ? NodeKind::BigInt : NodeKind::Float);
        auto node = make(kind, token.span);
        node->integer = token.integer;
        node->real = token.real;
        node->text = token.text;
        return node;
    }

    NodePtr parse_name() {
        const Token& token = here();
        if (token.text == "and" || token.text == "or" || token.text == "in") {
            return fail("T0209", token.span,
                        fmt::format("a value is missing before \"{}\"", token.text));
        }
        if (const auto* word = forbidden(token.text)) {
            return fail("T0201", token.span, std::string(word->message), std::string(word->help));
        }
        ++at_;
        if (at_symbol("(")) return parse_call(token);
        if (token.text == "True" || token.text == "true" || token.text == "False" ||
            token.text == "false") {
            auto node = make(NodeKind::Bool, token.span);
            node->boolean = token.text == "True" || token.text == "true";
            return node;
        }
        if (token.text == "None" || token.text == "null") return make(NodeKind::Null, token.span);
        auto node = make(NodeKind::Name, token.span);
        node->text = token.text;
        return node;
    }

    NodePtr parse_call(const Token& name) {
        auto node = make(NodeKind::Call, name.span);
        node->text = name.text;
        node->name_span = name.span;
        const Span open = here().span;
        ++at_;
        while (!at_symbol(")")) {
            if (!parse_argument(*node)) return nullptr;
            if (take_symbol(",")) continue;
            if (!at_symbol(")")) return fail_in_brackets(open, "(", ")");
        }
        node->span.end = here().span.end;
        ++at_;
        return node;
    }

    /// Neither a comma nor the closing bracket followed.
    NodePtr fail_in_brackets(Span open, std::string_view opening, std::string_view closing) {
        const Token& token = here();
        if (token.kind == TokenKind::NewLine || token.kind == TokenKind::End) {
            return fail("T0210", open, fmt::format("this \"{}\" is never closed", opening),
                        fmt::format("add \"{}\"", closing));
        }
        if (token.kind == TokenKind::Symbol && token.text == ":") {
            return fail("T0211", token.span, "\":\" belongs into a dict {key: value} only",
                        "arguments are separated by \",\"");
        }
        const bool value_follows = token.kind == TokenKind::Text || token.kind == TokenKind::Int ||
                                   token.kind == TokenKind::Float ||
                                   (token.kind == TokenKind::Name && !forbidden(token.text));
        if (value_follows) {
            return fail(
                "T0212", token.span,
                fmt::format("\",\" or \"{}\" is missing before {}", closing, describe(token)));
        }
        return fail_after_expression(fmt::format("\",\" or \"{}\" is expected", closing));
    }

    bool parse_argument(Node& call) {
        if (at_symbol("*") || at_symbol("**")) {
            fail("T0213", here().span, "arguments cannot be unpacked with * or **",
                 "write each argument out");
            return false;
        }
        const bool keyword = here().kind == TokenKind::Name && ahead().kind == TokenKind::Symbol &&
                             ahead().text == "=";
        if (keyword) {
            Keyword made;
            made.name = here().text;
            made.span = here().span;
            at_ += 2;
            made.value = parse_expression();
            if (!made.value) return false;
            call.keywords.push_back(std::move(made));
            return true;
        }
        const Span begin = here().span;
        auto value = parse_expression();
        if (!value) return false;
        if (!call.keywords.empty()) {
            fail("T0214", begin, "a positional argument follows a keyword argument",
                 "put keyword arguments last");
            return false;
        }
        call.children.push_back(std::move(value));
        return true;
    }

    NodePtr parse_bracketed() {
        const Token& token = here();
        if (token.text == "(") return parse_parenthesis();
        if (token.text == "[") return parse_list();
        if (token.text == "{") return parse_dict();
        if (token.text == "!") {
            return fail("T0207", token.span, "logic is written in words", "write not");
        }
        if (token.text == "*" || token.text == "**") {
            return fail("T0213", token.span, "values cannot be unpacked with * or **");
        }
        return fail("T0209", token.span,
                    fmt::format("a value is missing before {}", describe(token)));
    }

    /// Elements up to `closing`, which is taken. False after an error.
    bool parse_elements(Node& node, Span open, std::string_view opening, std::string_view closing,
                        bool& comma) {
        while (!at_symbol(closing)) {
            auto value = parse_expression();
            if (!value) return false;
            node.children.push_back(std::move(value));
            if (take_symbol(",")) {
                comma = true;
                continue;
            }
            if (!at_symbol(closing)) {
                fail_in_brackets(open, opening, closing);
                return false;
            }
        }
        node.span.end = here().span.end;
        ++at_;
        return true;
    }

    NodePtr parse_parenthesis() {
        const Span open = tokens_[at_++].span;
        auto node = make(NodeKind::Tuple, open);
        bool comma = false;
        if (!parse_elements(*node, open, "(", ")", comma)) return nullptr;
        if (node->children.size() == 1 && !comma) return std::move(node->children[0]);
        return node;
    }

    NodePtr parse_list() {
        const Span open = tokens_[at_++].span;
        auto node = make(NodeKind::List, open);
        bool comma = false;
        if (!parse_elements(*node, open, "[", "]", comma)) return nullptr;
        return node;
    }

    NodePtr parse_dict() {
        const Span open = tokens_[at_++].span;
        auto node = make(NodeKind::Dict, open);
        while (!at_symbol("}")) {
            auto key = parse_expression();
            if (!key) return nullptr;
            if (at_symbol(",") || at_symbol("}")) {
                return fail("T0215", open, "sets are not part of the rule language",
                            "use a list [...] or a dict {key: value}");
            }
            if (!take_symbol(":")) {
                return fail("T0216", here().span,
                            fmt::format("\":\" is missing before {}", describe(here())));
            }
            auto value = parse_expression();
            if (!value) return nullptr;
            node->children.push_back(std::move(key));
            node->children.push_back(std::move(value));
            if (!take_symbol(",") && !at_symbol("}")) return fail_in_brackets(open, "{", "}");
        }
        node->span.end = here().span.end;
        ++at_;
        return node;
    }

    std::vector<Token> tokens_;
    Diagnostics& found_;
    std::size_t at_ = 0;
    int depth_ = 0;
    bool failed_ = false;
};

}  // namespace

Rule parse(std::string_view rule, Diagnostics& diagnostics) {
    return Parser(lex(rule, diagnostics), diagnostics).run();
}

}  // namespace spillway::transform
