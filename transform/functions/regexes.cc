// Regular expressions on text, and grok.
#include "transform/arguments.h"
#include "transform/compiler.h"
#include "transform/grok.h"
#include "transform/name_matcher.h"
#include "transform/regex.h"
#include "transform/registry.h"

#include <fmt/format.h>

namespace spillway::transform {

namespace {

/// Calls visit for each match until it returns false. False after a failure.
template <class Visit>
bool for_each_match(Frame& frame, const Expr& self, const Regex& regex, std::string_view subject,
                    Visit&& visit) {
    auto& runner = *frame.state.regex_runner;
    for (auto result = regex.search(runner, subject);;
         result = regex.search_next(runner, subject)) {
        if (result == MatchResult::LimitExceeded) {
            frame.fail(
                fmt::format("{}: the pattern \"{}\" takes too long", self.name, regex.pattern()));
            return false;
        }
        if (result == MatchResult::NoMatch) return true;
        if (!visit(regex.match_begin(runner), regex.match_end(runner))) return true;
    }
}

Value regex_match(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    if (!text) return Value::null();
    const Regex* regex = regex_for(frame, self.prepared[1], a[1], self.name);
    if (regex == nullptr) return Value::null();
    auto& runner = *frame.state.regex_runner;
    const auto result =
        is_true(a[2]) ? regex->full_match(runner, *text) : regex->search(runner, *text);
    if (result == MatchResult::LimitExceeded) {
        return frame.fail(
            fmt::format("{}: the pattern \"{}\" takes too long", self.name, regex->pattern()));
    }
    return Value::of(result == MatchResult::Match);
}

Value regex_select(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    if (!text) return Value::null();
    const Regex* regex = regex_for(frame, self.prepared[1], a[1], self.name);
    if (regex == nullptr) return Value::null();
    std::int64_t wanted = 0;
    if (!a[2].is_null()) wanted = integer_argument(frame, self, a[2]).value_or(0);
    std::uint32_t group = regex->group_count() > 0 ? 1 : 0;
    if (!a[3].is_null() && regex->group_count() > 0) {
        const auto index = integer_argument(frame, self, a[3]).value_or(0);
        if (index < 0 || index >= regex->group_count()) return frame.warn();
        group = static_cast<std::uint32_t>(index) + 1;
    }
    if (frame.has_failed) return Value::null();
    Value found = Value::null();
    for_each_match(frame, self, *regex, *text, [&](std::size_t, std::size_t) {
        if (wanted-- != 0) return true;
        const auto value = regex->group(*frame.state.regex_runner, group);
        if (value) found = Value::of(*value);
        return false;
    });
    if (found.is_null()) frame.warn();
    return found;
}

/// As re.findall: whole matches, or the group, or tuples of several groups.
Value regex_findall(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    if (!text) return Value::null();
    const Regex* regex = regex_for(frame, self.prepared[1], a[1], self.name);
    if (regex == nullptr) return Value::null();
    ListBuilder found(frame.arena());
    auto& runner = *frame.state.regex_runner;
    for_each_match(frame, self, *regex, *text, [&](std::size_t, std::size_t) {
        if (regex->group_count() <= 1) {
            found.add(Value::of(regex->group(runner, regex->group_count()).value_or("")));
            return true;
        }
        ListBuilder groups(frame.arena());
        for (std::uint32_t i = 1; i <= regex->group_count(); ++i) {
            groups.add(Value::of(regex->group(runner, i).value_or("")));
        }
        found.add(groups.done(true));
        return true;
    });
    return found.done();
}

Value regex_replace(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    const auto with = text_argument(frame, a[2]);
    if (!text || !with) return Value::null();
    const Regex* regex = regex_for(frame, self.prepared[1], a[1], self.name);
    if (regex == nullptr) return Value::null();
    std::int64_t count = integer_argument(frame, self, a[3]).value_or(0);
    if (frame.has_failed) return Value::null();
    if (count == 0) count = INT64_MAX;
    std::string out;
    std::size_t copied = 0;
    Status put = check_replacement(*regex, *with);
    if (!put) return frame.fail("regex_replace: " + put.error().message);
    for_each_match(frame, self, *regex, *text, [&](std::size_t begin, std::size_t end) {
        if (count-- <= 0) return false;
        out.append(*text, copied, begin - copied);
        put = append_replacement(out, *regex, *frame.state.regex_runner, *with);
        copied = end;
        return put.has_value() && out.size() <= kTextBytesMax;
    });
    if (!put) return frame.fail("regex_replace: " + put.error().message);
    if (frame.has_failed) return Value::null();
    if (out.size() > kTextBytesMax) return frame.fail("regex_replace: the text is too long");
    if (copied == 0 && out.empty()) return Value::of(*text);
    out.append(*text, copied);
    return Value::of(frame.arena().copy(out));
}

Value regex_split(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    if (!text) return Value::null();
    const Regex* regex = regex_for(frame, self.prepared[1], a[1], self.name);
    if (regex == nullptr) return Value::null();
    std::int64_t count = integer_argument(frame, self, a[2]).value_or(0);
    if (frame.has_failed) return Value::null();
    if (count == 0) count = INT64_MAX;
    ListBuilder parts(frame.arena());
    std::size_t copied = 0;
    for_each_match(frame, self, *regex, *text, [&](std::size_t begin, std::size_t end) {
        if (count-- <= 0) return false;
        parts.add(Value::of(text->substr(copied, begin - copied)));
        for (std::uint32_t i = 1; i <= regex->group_count(); ++i) {
            const auto group = regex->group(*frame.state.regex_runner, i);
            parts.add(group ? Value::of(*group) : Value::null());
        }
        copied = end;
        return true;
    });
    parts.add(Value::of(text->substr(copied)));
    return parts.done();
}

Value grok_function(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto pattern = text_argument(frame, a[0]);
    if (!pattern) return Value::null();
    GrokPatterns extra;
    if (!a[2].is_null()) {
        if (a[2].kind != Kind::Dict) {
            return frame.fail(fmt::format("{}: extend must be a dict of patterns", self.name));
        }
        for (const auto& entry : *a[2].dict) {
            extra.emplace(stored_text(entry.key, frame.arena()),
                          stored_text(entry.value, frame.arena()));
        }
    }
    const auto regex = expand_grok(*pattern, is_true(a[1]), extra);
    if (!regex) return frame.fail("grok: " + regex.error().message);
    return Value::of(frame.arena().copy(*regex));
}

/// Constant patterns are expanded with the rule, so that a wrong one is found there.
const Expr* build_grok(Compiler& compiler, const Node& call) {
    const auto strict = [](const Expr& self, Frame& frame) {
        const Value a[] = {(*self.arguments[0])(frame), (*self.arguments[1])(frame),
                           (*self.arguments[2])(frame)};
        return frame.has_failed ? Value::null() : grok_function(frame, self, a, 3);
    };
    Expr& expr = compiler.new_expr(call, strict);
    bool constant = true;
    for (std::size_t i = 0; i < 3; ++i) {
        expr.arguments.push_back(compiler.argument(call, i));
        constant = constant && expr.arguments.back()->is_constant;
    }
    if (!constant) return &expr;
    const Value& extend = expr.arguments[2]->constant;
    GrokPatterns extra;
    if (extend.kind == Kind::Dict) {
        for (const auto& entry : *extend.dict) {
            extra.emplace(stored_text(entry.key, compiler.arena()),
                          stored_text(entry.value, compiler.arena()));
        }
    }
    const auto regex = expand_grok(stored_text(expr.arguments[0]->constant, compiler.arena()),
                                   is_true(expr.arguments[1]->constant), extra);
    if (!regex) {
        compiler.diagnostics().error("T0509", call.bound[0]->span,
                                     "the grok pattern is wrong: " + regex.error().message,
                                     regex.error().service_code);
        return &expr;
    }
    return compiler.constant(call, Value::of(compiler.keep_text(*regex)));
}

constexpr FunctionEntry kFunctions[] = {
    {"regex_select(value, regex:r, mi:n=null, gi:n=null)",
     FunctionTier::Core,
     "The match with index mi (from 0), of it the group with index gi; null without a match.",
     {R"j(regex_select("a1b22", r"([a-z])(\d+)", mi=1, gi=1))j", "{}", "22"},
     regex_select},
    {"regex_findall(value, regex:r)",
     FunctionTier::Core,
     "All matches, as a list; of the group, if the pattern has one.",
     {R"(regex_findall("a1b22", r"\d+"))", "{}", R"(["1", "22"])"},
     regex_findall},
    {"regex_match(value, regex:r, full=False)",
     FunctionTier::Core,
     "Whether the pattern matches anywhere, or with full=True the whole text.",
     {R"(regex_match("a1", r"\d"))", "{}", "true"},
     regex_match},
    {"regex_replace(value, regex:r, replace=\"\", count:n=0)",
     FunctionTier::Core,
     R"(Replaces matches (count of them, 0: all); \1 and \g<name> stand for groups.)",
     {R"j(regex_replace("13912345678", r"(\d{3})\d{4}(\d{4})", r"\1****\2"))j", "{}",
      "139****5678"},
     regex_replace},
    {"regex_split(value, regex:r, maxsplit:n=0)",
     FunctionTier::Core,
     "The parts between the matches.",
     {R"(regex_split("a1b22c", r"\d+"))", "{}", R"(["a", "b", "c"])"},
     regex_split},
    {"grok(pattern:t, escape=False, extend:d=null)",
     FunctionTier::Core,
     "The regular expression a grok pattern stands for: %{NAME} and %{NAME:field}.",
     {R"(regex_select("id 42", grok("id %{INT:n}")))", "{}", "42"},
     nullptr,
     build_grok},
};

}  // namespace

std::span<const FunctionEntry> regex_functions() {
    return kFunctions;
}

}  // namespace spillway::transform
