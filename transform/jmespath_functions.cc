#include "transform/jmespath_functions.h"

#include "transform/json.h"
#include "transform/unicode.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace spillway::transform {

std::string_view jmes_type(const Value& value) {
    switch (value.kind) {
        case Kind::Null:
            return "null";
        case Kind::Bool:
            return "boolean";
        case Kind::Int:
        case Kind::BigInt:
        case Kind::Float:
            return "number";
        case Kind::List:
        case Kind::Tuple:
            return "array";
        case Kind::Dict:
            return "object";
        default:
            return "string";
    }
}

bool jmes_equal(const Value& left, const Value& right) {
    return jmes_type(left) == jmes_type(right) && equal(left, right);
}

namespace {

using Arguments = std::vector<JmesArgument>;
using Function = Value (*)(const Arguments&, JmesContext&);

Value whole(double number) {
    constexpr double kLimit = 9.2e18;
    if (std::abs(number) < kLimit) return Value::of(static_cast<std::int64_t>(number));
    return Value::of(number);
}

Value abs_of(const Arguments& a, JmesContext&) {
    const Value& number = a[0].value;
    if (number.kind == Kind::Int && number.integer != INT64_MIN) {
        return Value::of(number.integer < 0 ? -number.integer : number.integer);
    }
    return Value::of(std::abs(as_double(number)));
}

Value sum_of(const Arguments& a, JmesContext&) {
    std::int64_t whole_sum = 0;
    double sum = 0;
    bool is_whole = true;
    for (const auto& item : *a[0].value.list) {
        sum += as_double(item);
        is_whole = is_whole && item.kind == Kind::Int &&
                   !__builtin_add_overflow(whole_sum, item.integer, &whole_sum);
    }
    return is_whole ? Value::of(whole_sum) : Value::of(sum);
}

Value avg(const Arguments& a, JmesContext& context) {
    const auto size = a[0].value.list->size;
    if (size == 0) return Value::null();
    return Value::of(as_double(sum_of(a, context)) / static_cast<double>(size));
}

Value ceil_of(const Arguments& a, JmesContext&) {
    return whole(std::ceil(as_double(a[0].value)));
}
Value floor_of(const Arguments& a, JmesContext&) {
    return whole(std::floor(as_double(a[0].value)));
}

Value contains(const Arguments& a, JmesContext&) {
    const Value& in = a[0].value;
    if (in.is_list()) {
        return Value::of(std::any_of(in.list->begin(), in.list->end(), [&](const Value& item) {
            return jmes_equal(item, a[1].value);
        }));
    }
    return Value::of(a[1].value.is_text() &&
                     in.text().find(a[1].value.text()) != std::string_view::npos);
}

Value starts_with(const Arguments& a, JmesContext&) {
    return Value::of(a[0].value.text().starts_with(a[1].value.text()));
}
Value ends_with(const Arguments& a, JmesContext&) {
    return Value::of(a[0].value.text().ends_with(a[1].value.text()));
}

Value join(const Arguments& a, JmesContext& context) {
    std::string text;
    bool first = true;
    for (const auto& item : *a[1].value.list) {
        if (!first) text += a[0].value.text();
        text += item.text();
        first = false;
    }
    return Value::of(context.frame.arena().copy(text));
}

Value keys(const Arguments& a, JmesContext& context) {
    ListBuilder made(context.frame.arena());
    for (const auto& entry : *a[0].value.dict) made.add(entry.key);
    return made.done();
}
Value values(const Arguments& a, JmesContext& context) {
    ListBuilder made(context.frame.arena());
    for (const auto& entry : *a[0].value.dict) made.add(entry.value);
    return made.done();
}

Value length(const Arguments& a, JmesContext&) {
    const Value& of = a[0].value;
    if (of.is_list()) return Value::of(static_cast<std::int64_t>(of.list->size));
    if (of.kind == Kind::Dict) return Value::of(static_cast<std::int64_t>(of.dict->size));
    return Value::of(static_cast<std::int64_t>(code_points(of.text())));
}

Value map_over(const Arguments& a, JmesContext& context) {
    ListBuilder made(context.frame.arena());
    for (const auto& item : *a[1].value.list) {
        made.add(evaluate_jmes(*a[0].expression, item, context));
    }
    return made.done();
}

Value extreme(const Arguments& a, int wanted) {
    const List& list = *a[0].value.list;
    if (list.size == 0) return Value::null();
    Value best = list.items[0];
    for (const auto& item : list) {
        if (compare(item, best).value_or(0) == wanted) best = item;
    }
    return best;
}
Value max_of(const Arguments& a, JmesContext&) {
    return extreme(a, 1);
}
Value min_of(const Arguments& a, JmesContext&) {
    return extreme(a, -1);
}

/// Keys by the expression; all must be numbers or all text. False after a failure.
bool keyed(const Arguments& a, JmesContext& context, std::vector<std::pair<Value, Value>>& made) {
    for (const auto& item : *a[0].value.list) {
        const Value key = evaluate_jmes(*a[1].expression, item, context);
        if (context.frame.has_failed) return false;
        const auto type = jmes_type(key);
        const bool same = made.empty() || type == jmes_type(made[0].first);
        if ((type != "number" && type != "string") || !same) {
            context.frame.fail("JMESPath: the keys must be all numbers or all strings");
            return false;
        }
        made.emplace_back(key, item);
    }
    return true;
}

Value extreme_by(const Arguments& a, JmesContext& context, int wanted) {
    std::vector<std::pair<Value, Value>> pairs;
    if (!keyed(a, context, pairs) || pairs.empty()) return Value::null();
    auto best = pairs[0];
    for (const auto& pair : pairs) {
        if (compare(pair.first, best.first).value_or(0) == wanted) best = pair;
    }
    return best.second;
}
Value max_by(const Arguments& a, JmesContext& context) {
    return extreme_by(a, context, 1);
}
Value min_by(const Arguments& a, JmesContext& context) {
    return extreme_by(a, context, -1);
}

Value sort_by(const Arguments& a, JmesContext& context) {
    std::vector<std::pair<Value, Value>> pairs;
    if (!keyed(a, context, pairs)) return Value::null();
    std::stable_sort(pairs.begin(), pairs.end(), [](const auto& left, const auto& right) {
        return compare(left.first, right.first).value_or(0) < 0;
    });
    ListBuilder made(context.frame.arena());
    for (const auto& pair : pairs) made.add(pair.second);
    return made.done();
}

Value sort(const Arguments& a, JmesContext& context) {
    std::vector<Value> items(a[0].value.list->begin(), a[0].value.list->end());
    std::stable_sort(items.begin(), items.end(), [](const Value& left, const Value& right) {
        return compare(left, right).value_or(0) < 0;
    });
    ListBuilder made(context.frame.arena());
    for (const auto& item : items) made.add(item);
    return made.done();
}

Value merge(const Arguments& a, JmesContext& context) {
    DictBuilder made(context.frame.arena());
    for (const auto& argument : a) {
        for (const auto& entry : *argument.value.dict) made.set(entry.key, entry.value);
    }
    return made.done();
}

Value not_null(const Arguments& a, JmesContext&) {
    for (const auto& argument : a) {
        if (!argument.value.is_null()) return argument.value;
    }
    return Value::null();
}

Value reverse(const Arguments& a, JmesContext& context) {
    if (!a[0].value.is_list()) {
        const CodePoints points(a[0].value.text());
        std::string text;
        for (std::size_t i = points.size(); i > 0; --i) text += points[i - 1];
        return Value::of(context.frame.arena().copy(text));
    }
    ListBuilder made(context.frame.arena());
    for (std::size_t i = a[0].value.list->size; i > 0; --i) made.add(a[0].value.list->items[i - 1]);
    return made.done();
}

Value to_array(const Arguments& a, JmesContext& context) {
    if (a[0].value.is_list()) return a[0].value;
    ListBuilder made(context.frame.arena());
    made.add(a[0].value);
    return made.done();
}

Value to_string(const Arguments& a, JmesContext& context) {
    if (a[0].value.is_text()) return a[0].value;
    std::string text;
    append_json(text, a[0].value);
    // JMESPath's own text of a container has no blanks between the parts.
    if (a[0].value.is_list() || a[0].value.kind == Kind::Dict) {
        std::string tight;
        bool quoted = false;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (quoted && text[i] == '\\') tight += text[i++];
            if (text[i] == '"') quoted = !quoted;
            if (!quoted && text[i] == ' ') continue;
            tight += text[i];
        }
        text = std::move(tight);
    }
    return Value::of(context.frame.arena().copy(text));
}

Value to_number(const Arguments& a, JmesContext& context) {
    if (jmes_type(a[0].value) == "number") return a[0].value;
    if (!a[0].value.is_text()) return Value::null();
    return parse_number(a[0].value.text(), context.frame.arena()).value_or(Value::null());
}

Value type_of(const Arguments& a, JmesContext&) {
    return Value::of(jmes_type(a[0].value));
}

/// Types of the arguments, one word each; "x|y" either, "any", "expr", "array-number",
/// "array-string", "array-ordered"; a trailing "..." repeats the last.
struct Entry {
    std::string_view name;
    std::string_view types;
    Function function;
};

constexpr Entry kEntries[] = {
    {"abs", "number", abs_of},
    {"avg", "array-number", avg},
    {"ceil", "number", ceil_of},
    {"contains", "array|string any", contains},
    {"ends_with", "string string", ends_with},
    {"floor", "number", floor_of},
    {"join", "string array-string", join},
    {"keys", "object", keys},
    {"length", "string|array|object", length},
    {"map", "expr array", map_over},
    {"max", "array-ordered", max_of},
    {"max_by", "array expr", max_by},
    {"merge", "object ...", merge},
    {"min", "array-ordered", min_of},
    {"min_by", "array expr", min_by},
    {"not_null", "any ...", not_null},
    {"reverse", "array|string", reverse},
    {"sort", "array-ordered", sort},
    {"sort_by", "array expr", sort_by},
    {"starts_with", "string string", starts_with},
    {"sum", "array-number", sum_of},
    {"to_array", "any", to_array},
    {"to_number", "any", to_number},
    {"to_string", "any", to_string},
    {"type", "any", type_of},
    {"values", "object", values},
};

const Entry* find_entry(std::string_view name) {
    for (const auto& entry : kEntries) {
        if (entry.name == name) return &entry;
    }
    return nullptr;
}

bool all_of_type(const Value& list, std::string_view type) {
    return list.is_list() &&
           std::all_of(list.list->begin(), list.list->end(),
                       [&](const Value& item) { return jmes_type(item) == type; });
}

bool fits(const JmesArgument& argument, std::string_view types) {
    if (types == "expr") return argument.expression != nullptr;
    if (argument.expression != nullptr) return false;
    if (types == "any") return true;
    if (types == "array-number") return all_of_type(argument.value, "number");
    if (types == "array-string") return all_of_type(argument.value, "string");
    if (types == "array-ordered") {
        return all_of_type(argument.value, "number") || all_of_type(argument.value, "string");
    }
    while (true) {
        const auto bar = types.find('|');
        if (types.substr(0, bar) == jmes_type(argument.value)) return true;
        if (bar == std::string_view::npos) return false;
        types.remove_prefix(bar + 1);
    }
}

}  // namespace

bool is_jmes_function(std::string_view name) {
    return find_entry(name) != nullptr;
}

Value call_jmes_function(std::string_view name, const std::vector<JmesArgument>& arguments,
                         JmesContext& context) {
    const Entry& entry = *find_entry(name);
    std::string_view types = entry.types;
    std::string_view last;
    bool repeats = false;
    std::size_t place = 0;
    while (!types.empty()) {
        const auto blank = types.find(' ');
        const auto word = types.substr(0, blank);
        types.remove_prefix(blank == std::string_view::npos ? types.size() : blank + 1);
        if (word == "...") {
            repeats = true;
            break;
        }
        last = word;
        if (place >= arguments.size() || !fits(arguments[place], word)) {
            return context.frame.fail(
                fmt::format("JMESPath: argument {} of {}() must be {}", place + 1, name, word));
        }
        ++place;
    }
    for (; repeats && place < arguments.size(); ++place) {
        if (!fits(arguments[place], last)) {
            return context.frame.fail(
                fmt::format("JMESPath: argument {} of {}() must be {}", place + 1, name, last));
        }
    }
    if (place != arguments.size()) {
        return context.frame.fail(fmt::format("JMESPath: {}() has too many arguments", name));
    }
    return entry.function(arguments, context);
}

}  // namespace spillway::transform
