// Event checks: expressions about the fields of an event.
#include "base/text.h"
#include "transform/compiler.h"
#include "transform/name_matcher.h"
#include "transform/regex.h"
#include "transform/registry.h"
#include "transform/search_query.h"

#include <fmt/format.h>

namespace spillway::transform {

namespace {

Value eval_has(const Expr& self, Frame& frame) {
    const Value name = (*self.arguments[0])(frame);
    if (frame.has_failed) return Value::null();
    const bool has = frame.event->has(stored_text(name, frame.arena()), frame.arena());
    return Value::of(has == (self.number != 0));
}

const Expr* build_has(Compiler& compiler, const Node& call, bool wanted) {
    Expr& expr = compiler.new_expr(call, eval_has);
    expr.is_pure = false;
    expr.number = wanted;
    expr.arguments = {compiler.argument(call, 0)};
    compiler.reads(expr.arguments[0]);
    return &expr;
}

const Expr* build_e_has(Compiler& compiler, const Node& call) {
    return build_has(compiler, call, true);
}
const Expr* build_e_not_has(Compiler& compiler, const Node& call) {
    return build_has(compiler, call, false);
}

Value eval_search(const Expr& self, Frame& frame) {
    if (self.data != nullptr) {
        return Value::of(static_cast<const SearchQuery*>(self.data)->matches(frame));
    }
    const Value text = (*self.arguments[0])(frame);
    if (frame.has_failed) return Value::null();
    const auto query = SearchQuery::parse(stored_text(text, frame.arena()));
    if (!query) return frame.fail("e_search: " + query.error().message);
    return Value::of(query->matches(frame));
}

void note_reads(Compiler& compiler, const QueryNode& node) {
    for (const auto& child : node.children) note_reads(compiler, child);
    if (!node.children.empty()) return;
    if (node.any_field) {
        compiler.effects().reads_unknown = true;
    } else {
        compiler.effects().reads.insert(node.field);
    }
}

/// "and x" looks for the text "and": likely not what was meant.
void warn_about_first_word(Compiler& compiler, const Node& call, std::string_view query) {
    const auto words = trim(query);
    const auto word = words.substr(0, words.find_first_of(" \t(:"));
    if (!equals_ignoring_case(word, "and") && !equals_ignoring_case(word, "or")) return;
    if (words.substr(word.size()).starts_with(':')) return;
    compiler.diagnostics().warning(
        "T0910", call.bound[0]->span,
        fmt::format("the query begins with \"{}\": it is looked for as a term there", word),
        "name the left side, or put the term into double quotes");
}

const Expr* build_search(Compiler& compiler, const Node& call) {
    const Expr* text = compiler.argument(call, 0);
    Expr& expr = compiler.new_expr(call, eval_search);
    expr.is_pure = false;
    expr.arguments = {text};
    if (!text->is_constant || !text->constant.is_text()) {
        compiler.effects().reads_unknown = true;
        return &expr;
    }
    auto query = SearchQuery::parse(text->constant.text());
    if (!query) {
        compiler.diagnostics().error("T0508", call.bound[0]->span,
                                     "the query is wrong: " + query.error().message);
        return &expr;
    }
    warn_about_first_word(compiler, call, text->constant.text());
    note_reads(compiler, query->root());
    expr.data = compiler.code().keep(*std::move(query));
    return &expr;
}

/// Pairs (field, pattern);, then `full`. `number` 1: all must match, 0: one is enough.
Value eval_match(const Expr& self, Frame& frame) {
    const bool all = self.number != 0;
    const Value full = (*self.arguments.back())(frame);
    for (std::size_t i = 0; i + 2 < self.arguments.size(); i += 2) {
        const Value name = (*self.arguments[i])(frame);
        const Value pattern = (*self.arguments[i + 1])(frame);
        if (frame.has_failed) return Value::null();
        const auto value = frame.event->find(stored_text(name, frame.arena()), frame.arena());
        bool matches = false;
        if (value) {
            const Regex* regex = regex_for(frame, self.prepared[i + 1], pattern, self.name);
            if (regex == nullptr) return Value::null();
            auto& runner = *frame.state.regex_runner;
            const auto result =
                is_true(full) ? regex->full_match(runner, *value) : regex->search(runner, *value);
            if (result == MatchResult::LimitExceeded) {
                return frame.fail(fmt::format("{}: the pattern \"{}\" takes too long", self.name,
                                              regex->pattern()));
            }
            matches = result == MatchResult::Match;
        }
        if (matches != all) return Value::of(!all);
    }
    return Value::of(all);
}

const Expr* build_matches(Compiler& compiler, const Node& call, bool all) {
    Expr& expr = compiler.new_expr(call, eval_match);
    expr.is_pure = false;
    expr.number = all;
    const bool repeats = call.function->repeat != 0;
    const std::size_t count = repeats ? compiler.positional_count(call) : 2;
    for (std::size_t i = 0; i < count; ++i) {
        expr.arguments.push_back(compiler.expression(*call.bound[i]));
        const Expr& made = *expr.arguments.back();
        const bool constant = i % 2 == 1 && made.is_constant && made.constant.is_text();
        expr.prepared.push_back(constant ? compiler.regex(made.constant.text(), call.bound[i]->span)
                                         : nullptr);
        if (i % 2 == 0) compiler.reads(expr.arguments.back());
    }
    expr.arguments.push_back(repeats ? compiler.keyword(call, "full") : compiler.argument(call, 2));
    expr.prepared.push_back(nullptr);
    return &expr;
}

const Expr* build_match_all(Compiler& compiler, const Node& call) {
    return build_matches(compiler, call, true);
}
const Expr* build_match_any(Compiler& compiler, const Node& call) {
    return build_matches(compiler, call, false);
}

constexpr FunctionEntry kFunctions[] = {
    {"e_has(field:f)",
     FunctionTier::Core,
     "Whether the field exists; an empty one does.",
     {R"(e_has("a"))", R"({"a": ""})", "true"},
     nullptr,
     build_e_has},
    {"e_not_has(field:f)",
     FunctionTier::Core,
     "Whether the field does not exist.",
     {R"(e_not_has("a"))", R"({"a": ""})", "false"},
     nullptr,
     build_e_not_has},
    {"e_search(query:q)",
     FunctionTier::Core,
     "Whether the event matches a search query: words, field:word, ==, ~=, ranges, and, or, not.",
     {R"(e_search("code >= 500 and not path: health"))", R"({"code": "503", "path": "/pay"})",
      "true"},
     nullptr,
     build_search},
    {"e_match(field:f, regex:r, full=True)",
     FunctionTier::Core,
     "Whether the field's whole value (full=False: any part) matches; false without the field.",
     {R"(e_match("n", r"\d+"))", R"({"n": "42"})", "true"},
     nullptr,
     build_match_all},
    {"e_match_all(field:f, regex:r, ...2, full=True)",
     FunctionTier::Core,
     "Whether every field matches its pattern.",
     {R"(e_match_all("a", r"\d+", "b", r"\w+"))", R"({"a": "1", "b": "-"})", "false"},
     nullptr,
     build_match_all},
    {"e_match_any(field:f, regex:r, ...2, full=True)",
     FunctionTier::Core,
     "Whether any field matches its pattern.",
     {R"(e_match_any("a", r"\d+", "b", r"\w+"))", R"({"a": "1", "b": "-"})", "true"},
     nullptr,
     build_match_any},
};

}  // namespace

std::span<const FunctionEntry> check_functions() {
    return kFunctions;
}

}  // namespace spillway::transform
