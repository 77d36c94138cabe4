// Tokens: words, quoted terms, and the signs ( ) [ ] , : == ~= > >= = <= < ! && ||.
// A backslash takes the next character as it is, in names and in terms.
#include "transform/search_query.h"

#include "base/text.h"
#include "transform/regex.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

struct QueryToken {
    enum class Kind : std::uint8_t { Word, Quoted, Sign, End };
    Kind kind = Kind::End;
    std::string text;              ///< with escapes taken away
    std::vector<bool> is_escaped;  ///< per byte of text: a backslash stood before it
    std::size_t at = 0;

    bool is_sign(std::string_view sign) const { return kind == Kind::Sign && text == sign; }
    bool is_keyword(std::string_view word) const {
        return kind == Kind::Word && equals_ignoring_case(text, word) && is_escaped.size() >= 1 &&
               !is_escaped[0];
    }
};

bool is_word_character(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || std::isalnum(byte) != 0 || c == '_' || c == '-' || c == '*' ||
           c == '?' || c == '.' || c == '/' || c == '\'' || c == '@' || c == '#' || c == '$' ||
           c == '%' || c == '+' || c == ';' || c == '^' || c == '`' || c == '{' || c == '}';
}

class QueryLexer {
  public:
    explicit QueryLexer(std::string_view text) : text_(text) {}

    Result<std::vector<QueryToken>> run() {
        std::vector<QueryToken> tokens;
        while (true) {
            while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) {
                ++at_;
            }
            QueryToken token;
            token.at = at_;
            if (at_ == text_.size()) {
                tokens.push_back(std::move(token));
                return tokens;
            }
            auto read = read_token(token);
            if (!read) return std::move(read).error();
            tokens.push_back(std::move(token));
        }
    }

  private:
    Status read_token(QueryToken& token) {
        const char c = text_[at_];
        if (c == '"') return read_quoted(token);
        for (const std::string_view sign : {"&&", "||", "==", "~=", ">=", "<=", "(", ")", "[", "]",
                                            ",", ":", ">", "<", "=", "!"}) {
            if (!text_.substr(at_).starts_with(sign)) continue;
            token.kind = QueryToken::Kind::Sign;
            token.text = sign;
            at_ += sign.size();
            return {};
        }
        if (!is_word_character(c) && c != '\\') {
            return make_error(
                ErrorCode::InvalidArgument,
                fmt::format("\"{}\" at position {} needs double quotes around the term", c,
                            at_ + 1));
        }
        token.kind = QueryToken::Kind::Word;
        while (at_ < text_.size()) {
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
                put(token, text_[at_ + 1], true);
                at_ += 2;
            } else if (is_word_character(text_[at_])) {
                put(token, text_[at_++], false);
            } else {
                break;
            }
        }
        if (token.text.empty()) ++at_;  // a lone backslash at the end
        return {};
    }

    Status read_quoted(QueryToken& token) {
        token.kind = QueryToken::Kind::Quoted;
        for (++at_; at_ < text_.size(); ++at_) {
            if (text_[at_] == '"') {
                ++at_;
                return {};
            }
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
                const char next = text_[at_ + 1];
                const bool special = next == '\\' || next == '"' || next == '*' || next == '?';
                // Other backslashes stay: "\d" within ~= is the pattern's own.
                if (!special) put(token, '\\', false);
                put(token, next, special);
                ++at_;
                continue;
            }
            put(token, text_[at_], false);
        }
        return make_error(ErrorCode::InvalidArgument,
                          fmt::format("the quote at position {} is never closed", token.at + 1));
    }

    static void put(QueryToken& token, char c, bool escaped) {
        token.text += c;
        token.is_escaped.push_back(escaped);
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

/// The pattern of ~= keeps its backslashes; only \" stood for a quote.
std::string pattern_text(const QueryToken& token) {
    std::string pattern;
    for (std::size_t i = 0; i < token.text.size(); ++i) {
        if (token.is_escaped[i] && token.text[i] != '"') pattern += '\\';
        pattern += token.text[i];
    }
    return pattern;
}

bool has_wildcard(const QueryToken& token) {
    for (std::size_t i = 0; i < token.text.size(); ++i) {
        if (!token.is_escaped[i] && (token.text[i] == '*' || token.text[i] == '?')) return true;
    }
    return false;
}

bool is_only_stars(const QueryToken& token) {
    for (std::size_t i = 0; i < token.text.size(); ++i) {
        if (token.is_escaped[i] || token.text[i] != '*') return false;
    }
    return !token.text.empty();
}

std::string wildcard_regex(const QueryToken& token, bool whole) {
    std::string pattern = whole ? "(?s)\\A" : "(?s)";
    for (std::size_t i = 0; i < token.text.size(); ++i) {
        const char c = token.text[i];
        if (!token.is_escaped[i] && c == '*') {
            pattern += ".*";
        } else if (!token.is_escaped[i] && c == '?') {
            pattern += '.';
        } else {
            pattern += regex_escape({&token.text[i], 1});
        }
    }
    return whole ? pattern + "\\Z" : pattern;
}

class QueryParser {
  public:
    explicit QueryParser(std::vector<QueryToken> tokens) : tokens_(std::move(tokens)) {}

    Result<QueryNode> run() {
        if (here().kind == QueryToken::Kind::End) {
            return make_error(ErrorCode::InvalidArgument, "the query is empty");
        }
        QueryNode node = parse_or(nullptr);
        if (error_.empty() && here().kind != QueryToken::Kind::End) unexpected();
        if (!error_.empty()) return make_error(ErrorCode::InvalidArgument, error_);
        return node;
    }

  private:
    const QueryToken& here() const { return tokens_[at_]; }
    const QueryToken& ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
    bool take(std::string_view sign) {
        if (!here().is_sign(sign)) return false;
        ++at_;
        return true;
    }

    QueryNode fail(std::string message) {
        if (error_.empty()) error_ = std::move(message);
        return {};
    }
    QueryNode unexpected() {
        if (here().kind == QueryToken::Kind::End) return fail("the query ends too early");
        return fail(fmt::format("\"{}\" at position {} is unexpected", here().text, here().at + 1));
    }

    bool begins_term() const {
        if (here().kind == QueryToken::Kind::End) return false;
        if (here().kind == QueryToken::Kind::Sign)
            return here().is_sign("(") || here().is_sign("!");
        return !here().is_keyword("and") && !here().is_keyword("or");
    }

    /// `field`: inside "f: ( ... )", the terms are about that field. Null: not inside one.
    QueryNode parse_or(const std::string* field) {
        QueryNode node = parse_and(field);
        while (error_.empty()) {
            const bool sign = here().is_sign("||") || here().is_keyword("or");
            if (sign) ++at_;
            if (!sign && !begins_term()) return node;
            node = join(QueryNode::Kind::Or, std::move(node), parse_and(field));
        }
        return node;
    }

    QueryNode parse_and(const std::string* field) {
        QueryNode node = parse_not(field);
        while (error_.empty() && (here().is_sign("&&") || here().is_keyword("and"))) {
            ++at_;
            node = join(QueryNode::Kind::And, std::move(node), parse_not(field));
        }
        return node;
    }

    QueryNode parse_not(const std::string* field) {
        if (!here().is_sign("!") && !here().is_keyword("not")) return parse_atom(field);
        ++at_;
        if (++depth_ > kDepthMax) return fail("the query is nested too deep");
        QueryNode node;
        node.kind = QueryNode::Kind::Not;
        node.children.push_back(parse_not(field));
        --depth_;
        return node;
    }

    static QueryNode join(QueryNode::Kind kind, QueryNode left, QueryNode right) {
        if (left.kind == kind) {
            left.children.push_back(std::move(right));
            return left;
        }
        QueryNode node;
        node.kind = kind;
        node.children.push_back(std::move(left));
        node.children.push_back(std::move(right));
        return node;
    }

    QueryNode parse_atom(const std::string* field) {
        if (take("(")) {
            if (++depth_ > kDepthMax) return fail("the query is nested too deep");
            QueryNode node = parse_or(field);
            --depth_;
            if (error_.empty() && !take(")")) return unexpected();
            return node;
        }
        if (here().kind == QueryToken::Kind::Sign || here().kind == QueryToken::Kind::End) {
            return unexpected();
        }
        if (field != nullptr) return term(tokens_[at_++], *field, false);
        const QueryToken& first = tokens_[at_];
        const bool names_field =
            ahead().kind == QueryToken::Kind::Sign && is_relation(ahead().text);
        ++at_;
        if (!names_field) return term(first, "", true);
        return relation(first.text);
    }

    static bool is_relation(std::string_view sign) {
        return sign == ":" || sign == "==" || sign == "~=" || sign == ">" || sign == ">=" ||
               sign == "=" || sign == "<=" || sign == "<";
    }

    QueryNode relation(const std::string& field) {
        const std::string sign = tokens_[at_++].text;
        if (sign == ":") return after_colon(field);
        const QueryToken& value = here();
        if (value.kind != QueryToken::Kind::Word && value.kind != QueryToken::Kind::Quoted) {
            return unexpected();
        }
        ++at_;
        if (sign == "==") return whole(value, field);
        if (sign == "~=") return search(pattern_text(value), field);
        return compare(sign, value, field);
    }

    QueryNode after_colon(const std::string& field) {
        if (take("[")) return range(field);
        if (here().is_sign("(")) return parse_atom(&field);
        if (here().kind != QueryToken::Kind::Word && here().kind != QueryToken::Kind::Quoted) {
            return unexpected();
        }
        return term(tokens_[at_++], field, false);
    }

    QueryNode leaf(QueryNode::Kind kind, const std::string& field, bool any_field) const {
        QueryNode node;
        node.kind = kind;
        node.field = field;
        node.any_field = any_field;
        return node;
    }

    QueryNode term(const QueryToken& token, const std::string& field, bool any_field) {
        if (token.text.empty() || is_only_stars(token)) {
            return leaf(QueryNode::Kind::Exists, field, any_field);
        }
        if (!has_wildcard(token)) {
            QueryNode node = leaf(QueryNode::Kind::Contains, field, any_field);
            node.text = token.text;
            return node;
        }
        QueryNode node = search(wildcard_regex(token, false), field);
        node.any_field = any_field;
        node.is_wildcard = true;
        return node;
    }

    QueryNode whole(const QueryToken& token, const std::string& field) {
        if (has_wildcard(token)) {
            QueryNode node = search(wildcard_regex(token, true), field);
            node.is_wildcard = true;
            node.is_whole = true;
            return node;
        }
        QueryNode node = leaf(QueryNode::Kind::Equals, field, false);
        node.text = token.text;
        return node;
    }

    QueryNode search(const std::string& pattern, const std::string& field) {
        auto regex = Regex::compile(pattern);
        if (!regex) return fail("the pattern is wrong: " + regex.error().message);
        QueryNode node = leaf(QueryNode::Kind::Matches, field, false);
        node.text = pattern;
        node.regex = *std::move(regex);
        return node;
    }

    QueryNode compare(std::string_view sign, const QueryToken& value, const std::string& field) {
        const auto number = parse_double(value.text);
        if (!number) {
            return fail(
                fmt::format("{} compares with a number, not with \"{}\"", sign, value.text));
        }
        QueryNode node = leaf(QueryNode::Kind::Number, field, false);
        constexpr double kInfinity = std::numeric_limits<double>::infinity();
        node.lower = sign == "<" || sign == "<=" ? -kInfinity : *number;
        node.upper = sign == ">" || sign == ">=" ? kInfinity : *number;
        node.lower_open = sign == ">";
        node.upper_open = sign == "<";
        return node;
    }

    double range_end(double unbounded) {
        const QueryToken& token = tokens_[at_];
        if (token.kind != QueryToken::Kind::Word && token.kind != QueryToken::Kind::Quoted) {
            unexpected();
            return 0;
        }
        ++at_;
        if (token.text == "*") return unbounded;
        const auto number = parse_double(token.text);
        if (!number) fail(fmt::format("a range ends in a number or *, not in \"{}\"", token.text));
        return number.value_or(0);
    }

    QueryNode range(const std::string& field) {
        constexpr double kInfinity = std::numeric_limits<double>::infinity();
        QueryNode node = leaf(QueryNode::Kind::Number, field, false);
        node.lower = range_end(-kInfinity);
        if (error_.empty() && !take(",")) return unexpected();
        if (error_.empty()) node.upper = range_end(kInfinity);
        if (error_.empty() && !take("]")) return unexpected();
        return node;
    }

    static constexpr int kDepthMax = 200;
    std::vector<QueryToken> tokens_;
    std::size_t at_ = 0;
    int depth_ = 0;
    std::string error_;
};

bool value_matches(const QueryNode& node, std::string_view value, Frame& frame) {
    switch (node.kind) {
        case QueryNode::Kind::Exists:
            return true;
        case QueryNode::Kind::Contains:
            return value.find(node.text) != std::string_view::npos;
        case QueryNode::Kind::Equals:
            return value == node.text;
        case QueryNode::Kind::Matches: {
            const auto result = node.regex->search(*frame.state.regex_runner, value);
            if (result == MatchResult::LimitExceeded) {
                frame.fail(fmt::format("e_search: the pattern \"{}\" takes too long", node.text));
            }
            return result == MatchResult::Match;
        }
        case QueryNode::Kind::Number: {
            const auto number = parse_double(value);
            if (!number || std::isnan(*number)) return false;
            const bool above = node.lower_open ? *number > node.lower : *number >= node.lower;
            return above && (node.upper_open ? *number < node.upper : *number <= node.upper);
        }
        default:
            return false;
    }
}

bool node_matches(const QueryNode& node, Frame& frame) {
    switch (node.kind) {
        case QueryNode::Kind::And:
            for (const auto& child : node.children) {
                if (!node_matches(child, frame)) return false;
            }
            return true;
        case QueryNode::Kind::Or:
            for (const auto& child : node.children) {
                if (node_matches(child, frame)) return true;
            }
            return false;
        case QueryNode::Kind::Not:
            return !node_matches(node.children[0], frame);
        default:
            break;
    }
    if (!node.any_field) {
        const auto value = frame.event->find(node.field, frame.arena());
        return value && value_matches(node, *value, frame);
    }
    bool found = false;
    frame.event->for_each(frame.arena(), [&](std::string_view, std::string_view value) {
        found = found || value_matches(node, value, frame);
    });
    return found;
}

}  // namespace

Result<SearchQuery> SearchQuery::parse(std::string_view text) {
    auto tokens = QueryLexer(text).run();
    if (!tokens) return std::move(tokens).error();
    auto root = QueryParser(*std::move(tokens)).run();
    if (!root) return std::move(root).error();
    SearchQuery query;
    query.root_ = *std::move(root);
    return query;
}

bool SearchQuery::matches(Frame& frame) const {
    return node_matches(root_, frame);
}

}  // namespace spillway::transform
