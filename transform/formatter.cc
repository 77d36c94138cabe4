// Works on the tokens: between two of them on one line it puts a blank or none; where the source
// breaks the line it breaks too, indented by four per open bracket.
#include "transform/formatter.h"

#include "transform/lexer.h"
#include "transform/parser.h"
#include "transform/registry.h"

#include <algorithm>

namespace spillway::transform {

namespace {

bool is_opening(const Token& token) {
    return token.kind == TokenKind::Symbol &&
           (token.text == "(" || token.text == "[" || token.text == "{");
}
bool is_closing(const Token& token) {
    return token.kind == TokenKind::Symbol &&
           (token.text == ")" || token.text == "]" || token.text == "}");
}
bool is_symbol(const Token& token, std::string_view text) {
    return token.kind == TokenKind::Symbol && token.text == text;
}

bool needs_blank(const Token& left, const Token& right, int depth) {
    if (is_opening(left) || is_closing(right) || is_symbol(right, ",") || is_symbol(right, ":")) {
        return false;
    }
    if (is_symbol(left, ",") || is_symbol(left, ":")) return true;
    const bool calls = left.kind == TokenKind::Name && is_symbol(right, "(");
    const bool word = calls && (left.text == "and" || left.text == "or" || left.text == "not" ||
                                left.text == "in");
    if (calls) return word;
    // Keyword arguments have no blanks around their sign.
    if (depth > 0 && (is_symbol(left, "=") || is_symbol(right, "="))) return false;
    return true;
}

class Formatter {
  public:
    Formatter(std::string_view rule, std::vector<Token> tokens)
        : rule_(rule), tokens_(std::move(tokens)) {}

    std::string run() {
        const Token* last = nullptr;
        std::size_t end = 0;
        for (const auto& token : tokens_) {
            if (token.kind == TokenKind::NewLine) continue;  // stands in the gap before the next
            const auto between =
                rule_.substr(end, std::max<std::size_t>(token.span.begin, end) - end);
            const bool sign = token.kind != TokenKind::End;
            gap(between, last, sign ? &token : nullptr);
            if (!sign) continue;
            if (is_closing(token)) depth_ = std::max(0, depth_ - 1);
            indent_if_needed();
            out_ += rule_.substr(token.span.begin, token.span.end - token.span.begin);
            if (is_opening(token)) ++depth_;
            last = &token;
            end = token.span.end;
        }
        while (out_.ends_with('\n')) out_.pop_back();
        if (!out_.empty()) out_ += '\n';
        return std::move(out_);
    }

  private:
    /// Comments and line breaks of the source; or the blank between two tokens.
    void gap(std::string_view between, const Token* left, const Token* right) {
        bool broke = false;
        for (std::size_t at = 0; at < between.size(); ++at) {
            if (between[at] == '#') {
                const auto stop = std::min(between.find('\n', at), between.size());
                auto comment = between.substr(at, stop - at);
                while (comment.ends_with(' ') || comment.ends_with('\r')) comment.remove_suffix(1);
                if (!out_.empty() && !out_.ends_with('\n')) out_ += "  ";
                indent_if_needed();
                out_ += comment;
                at = stop;
            }
            if (at < between.size() && between[at] == '\n') {
                if (!out_.ends_with("\n\n") && !out_.empty()) out_ += '\n';
                broke = true;
            }
            if (at < between.size() && between[at] == '\\') out_ += " \\";
        }
        if (!broke && left != nullptr && right != nullptr && !out_.ends_with('\n') &&
            between.find(';') != std::string_view::npos) {
            out_ += '\n';
            return;
        }
        if (!broke && left != nullptr && right != nullptr && needs_blank(*left, *right, depth_)) {
            out_ += ' ';
        }
    }

    void indent_if_needed() {
        if (out_.empty() || !out_.ends_with('\n')) return;
        out_.append(static_cast<std::size_t>(depth_) * 4, ' ');
    }

    std::string_view rule_;
    std::vector<Token> tokens_;
    std::string out_;
    int depth_ = 0;
};

}  // namespace

Result<std::string> format_rule(std::string_view rule) {
    Diagnostics found(rule);
    (void)parse(rule, found);
    if (found.has_errors()) {
        return make_error(ErrorCode::InvalidArgument, "the rule cannot be read");
    }
    Diagnostics again(rule);
    return Formatter(rule, lex(rule, again)).run();
}

std::vector<std::string> steps_of_rule(std::string_view rule) {
    Diagnostics found(rule);
    const Rule tree = parse(rule, found);
    std::vector<std::string> steps;
    if (found.has_errors()) return steps;
    for (const auto& step : tree.steps) {
        steps.emplace_back(rule.substr(step->span.begin, step->span.end - step->span.begin));
    }
    return steps;
}

std::vector<std::string> function_names_with(std::string_view prefix) {
    std::vector<std::string> names;
    for (const auto& function : all_functions()) {
        if (function.name.starts_with(prefix)) names.push_back(function.signature);
    }
    return names;
}

}  // namespace spillway::transform
