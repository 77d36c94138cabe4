// Choice, logic, comparison, and what works on text and lists alike.
#include "transform/arguments.h"
#include "transform/compiler.h"
#include "transform/registry.h"
#include "transform/unicode.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

Value eval_if(const Expr& self, Frame& frame) {
    const bool yes = is_true((*self.arguments[0])(frame));
    if (frame.has_failed) return Value::null();
    return (*self.arguments[yes ? 1 : 2])(frame);
}

Value eval_coalesce(const Expr& self, Frame& frame) {
    for (const auto* operand : self.arguments) {
        const Value value = (*operand)(frame);
        if (frame.has_failed || !value.is_null()) return value;
    }
    return Value::null();
}

Value eval_and(const Expr& self, Frame& frame) {
    for (const auto* operand : self.arguments) {
        const bool yes = is_true((*operand)(frame));
        if (frame.has_failed) return Value::null();
        if (!yes) return Value::of(false);
    }
    return Value::of(true);
}

Value eval_or(const Expr& self, Frame& frame) {
    for (const auto* operand : self.arguments) {
        const bool yes = is_true((*operand)(frame));
        if (frame.has_failed) return Value::null();
        if (yes) return Value::of(true);
    }
    return Value::of(false);
}

/// Evaluates its arguments one by one itself.
template <EvalFn kEval>
const Expr* build_lazy(Compiler& compiler, const Node& call) {
    Expr& expr = compiler.new_expr(call, kEval);
    expr.arguments = compiler.positional(call);
    expr.is_pure = std::all_of(expr.arguments.begin(), expr.arguments.end(),
                               [](const Expr* argument) { return argument->is_constant; });
    return &expr;
}

Value op_not(Frame&, const Expr&, const Value* a, std::size_t) {
    return Value::of(!is_true(a[0]));
}

Value op_nullif(Frame&, const Expr&, const Value* a, std::size_t) {
    return equal(a[0], a[1]) ? Value::null() : a[0];
}

Value op_eq(Frame&, const Expr&, const Value* a, std::size_t) {
    return Value::of(equal(a[0], a[1]));
}
Value op_ne(Frame&, const Expr&, const Value* a, std::size_t) {
    return Value::of(!equal(a[0], a[1]));
}

std::optional<int> order(Frame& frame, const Expr& self, const Value& left, const Value& right) {
    const auto result = compare(left, right);
    if (!result) {
        frame.fail(fmt::format("{}: {} and {} cannot be compared", self.name, name_of(left.kind),
                               name_of(right.kind)));
    }
    return result;
}

template <class Test>
Value ordered(Frame& frame, const Expr& self, const Value* a, Test test) {
    const auto result = order(frame, self, a[0], a[1]);
    return result ? Value::of(static_cast<bool>(test(*result))) : Value::null();
}

Value op_ge(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    return ordered(frame, self, a, [](int result) { return result >= 0; });
}
Value op_gt(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    return ordered(frame, self, a, [](int result) { return result > 0; });
}
Value op_le(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    return ordered(frame, self, a, [](int result) { return result <= 0; });
}
Value op_lt(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    return ordered(frame, self, a, [](int result) { return result < 0; });
}

Value extreme(Frame& frame, const Expr& self, const Value* a, std::size_t count, int wanted) {
    Value best = a[0];
    for (std::size_t i = 1; i < count; ++i) {
        const auto result = order(frame, self, a[i], best);
        if (!result) return Value::null();
        if (*result == wanted) best = a[i];
    }
    return best;
}
Value op_max(Frame& frame, const Expr& self, const Value* a, std::size_t count) {
    return extreme(frame, self, a, count, 1);
}
Value op_min(Frame& frame, const Expr& self, const Value* a, std::size_t count) {
    return extreme(frame, self, a, count, -1);
}

Value op_len(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    switch (a[0].kind) {
        case Kind::String:
            return Value::of(static_cast<std::int64_t>(code_points(a[0].text())));
        case Kind::Bytes:
            return Value::of(static_cast<std::int64_t>(a[0].size));
        case Kind::List:
        case Kind::Tuple:
            return Value::of(static_cast<std::int64_t>(a[0].list->size));
        case Kind::Dict:
            return Value::of(static_cast<std::int64_t>(a[0].dict->size));
        case Kind::Table:
            return Value::of(static_cast<std::int64_t>(a[0].table->row_count));
        case Kind::Null:
            return frame.warn();
        default:
            return frame.fail(fmt::format("{}: {} has no length", self.name, name_of(a[0].kind)));
    }
}

std::optional<bool> contains(Frame& frame, const Expr& self, const Value& container,
                             const Value& element) {
    switch (container.kind) {
        case Kind::String:
        case Kind::Bytes:
            if (element.kind == container.kind) {
                return container.text().find(element.text()) != std::string_view::npos;
            }
            if (element.is_null()) return false;
            break;
        case Kind::List:
        case Kind::Tuple:
            return std::any_of(container.list->begin(), container.list->end(),
                               [&](const Value& item) { return equal(item, element); });
        case Kind::Dict:
            return container.dict->find(element) != nullptr;
        case Kind::Null:
            frame.warn();
            return false;
        default:
            break;
    }
    frame.fail(fmt::format("{}: {} cannot hold {}", self.name, name_of(container.kind),
                           name_of(element.kind)));
    return std::nullopt;
}

Value op_in(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto found = contains(frame, self, a[0], a[1]);
    return found ? Value::of(*found) : Value::null();
}
Value op_not_in(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto found = contains(frame, self, a[0], a[1]);
    return found ? Value::of(!*found) : Value::null();
}

struct SliceBounds {
    std::optional<std::int64_t> start;
    std::optional<std::int64_t> end;
    std::int64_t step = 1;
};

/// The places Python's x[start:end:step] takes.
std::vector<std::size_t> slice_places(std::int64_t size, const SliceBounds& bounds) {
    const std::int64_t step = bounds.step;
    const auto clamp = [&](std::int64_t at, std::int64_t low, std::int64_t high) {
        if (at < 0) at += size;
        return std::clamp(at, low, high);
    };
    const std::int64_t low = step > 0 ? 0 : -1;
    const std::int64_t high = step > 0 ? size : size - 1;
    std::int64_t at = bounds.start ? clamp(*bounds.start, low, high) : (step > 0 ? 0 : size - 1);
    const std::int64_t end = bounds.end ? clamp(*bounds.end, low, high) : (step > 0 ? size : -1);
    std::vector<std::size_t> places;
    while (step > 0 ? at < end : at > end) {
        places.push_back(static_cast<std::size_t>(at));
        if (step > 0 ? end - at <= step : end - at >= step) break;
        at += step;
    }
    return places;
}

Value slice(Frame& frame, const Expr& self, const Value& of, const SliceBounds& bounds) {
    if (of.is_list()) {
        ListBuilder list(frame.arena());
        for (const auto place : slice_places(static_cast<std::int64_t>(of.list->size), bounds)) {
            list.add(of.list->items[place]);
        }
        return list.done(of.kind == Kind::Tuple);
    }
    if (of.kind != Kind::String && of.kind != Kind::Bytes) {
        return frame.fail(fmt::format("{}: {} cannot be sliced", self.name, name_of(of.kind)));
    }
    const CodePoints points(of.text());
    std::string text;
    for (const auto place : slice_places(static_cast<std::int64_t>(points.size()), bounds)) {
        text += points[place];
    }
    return Value::of(frame.arena().copy(text));
}

Value op_slice(Frame& frame, const Expr& self, const Value* a, std::size_t count) {
    if (a[0].is_null()) return frame.warn();
    SliceBounds bounds;
    const auto number = [&](std::size_t i) -> std::optional<std::int64_t> {
        if (i >= count || a[i].is_null()) return std::nullopt;
        return integer_argument(frame, self, a[i]);
    };
    // One bound is the end: op_slice(x, end), op_slice(x, start, end), op_slice(x, start, end,
    // step).
    const bool only_end = a[2].is_null() && a[3].is_null();
    bounds.start = only_end ? std::nullopt : number(1);
    bounds.end = only_end ? number(1) : number(2);
    bounds.step = number(3).value_or(1);
    if (frame.has_failed) return Value::null();
    if (bounds.step == 0) return frame.fail("op_slice: the step is 0");
    return slice(frame, self, a[0], bounds);
}

Value op_index(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    if (a[0].is_null()) return frame.warn();
    if (a[0].kind == Kind::Dict) {
        const Value* found = a[0].dict->find(a[1]);
        return found != nullptr ? *found : frame.fail("op_index: there is no such key");
    }
    auto place = integer_argument(frame, self, a[1]);
    if (!place) return Value::null();
    if (a[0].is_list()) {
        const auto size = static_cast<std::int64_t>(a[0].list->size);
        if (*place < 0) *place += size;
        if (*place >= 0 && *place < size) return a[0].list->items[*place];
        return frame.fail(fmt::format("op_index: there is no element {}", *place));
    }
    if (!a[0].is_text()) {
        return frame.fail(fmt::format("op_index: {} has no elements", name_of(a[0].kind)));
    }
    const CodePoints points(a[0].text());
    const auto size = static_cast<std::int64_t>(points.size());
    if (*place < 0) *place += size;
    if (*place < 0 || *place >= size) {
        return frame.fail(fmt::format("op_index: there is no character {}", *place));
    }
    return Value::of(points[static_cast<std::size_t>(*place)]);
}

Value add_two(Frame& frame, const Value& left, const Value& right) {
    if (left.is_number() && right.is_number()) return add_numbers(frame, left, right);
    if (left.kind != right.kind) {
        return frame.fail(fmt::format("op_add: {} and {} cannot be added", name_of(left.kind),
                                      name_of(right.kind)));
    }
    if (left.is_text()) {
        if (left.size + right.size > kTextBytesMax)
            return frame.fail("op_add: the text is too long");
        return Value::of(frame.arena().concat(left.text(), right.text()));
    }
    if (left.kind == Kind::Bytes) {
        return Value::bytes(frame.arena().concat(left.text(), right.text()));
    }
    if (left.is_list()) {
        ListBuilder list(frame.arena());
        for (const auto& item : *left.list) list.add(item);
        for (const auto& item : *right.list) list.add(item);
        return list.done(left.kind == Kind::Tuple);
    }
    return frame.fail(fmt::format("op_add: {} cannot be added", name_of(left.kind)));
}

Value op_add(Frame& frame, const Expr&, const Value* a, std::size_t count) {
    Value sum = a[0];
    for (std::size_t i = 1; i < count && !frame.has_failed; ++i) sum = add_two(frame, sum, a[i]);
    return sum;
}

constexpr FunctionEntry kFunctions[] = {
    {"op_if(condition:c, if_true, if_false)",
     FunctionTier::Core,
     "One of two values; the other is not computed.",
     {R"(op_if(e_has("a"), "yes", "no"))", R"({"a": "1"})", "yes"},
     nullptr,
     build_lazy<eval_if>},
    {"op_ifnull(a, b)",
     FunctionTier::Core,
     "a unless it is null, else b. Empty text is not null.",
     {R"(op_ifnull(v("z"), "none"))", "{}", "none"},
     nullptr,
     build_lazy<eval_coalesce>},
    {"op_coalesce(a, b, ...)",
     FunctionTier::Core,
     "The first that is not null.",
     {R"(op_coalesce(v("x"), v("y"), "z"))", R"({"y": "1"})", "1"},
     nullptr,
     build_lazy<eval_coalesce>},
    {"op_nullif(a, b)",
     FunctionTier::Core,
     "Null when both are equal, else a.",
     {R"(op_ifnull(op_nullif("-", "-"), "was a dash"))", "{}", "was a dash"},
     op_nullif},
    {"op_and(a, b, ...)",
     FunctionTier::Core,
     "Whether all are true; stops at the first false one.",
     {R"(op_and(1, "x", v("z")))", "{}", "false"},
     nullptr,
     build_lazy<eval_and>},
    {"op_or(a, b, ...)",
     FunctionTier::Core,
     "Whether any is true; stops at the first true one.",
     {R"(op_or("", v("a")))", R"({"a": "1"})", "true"},
     nullptr,
     build_lazy<eval_or>},
    {"op_not(a)",
     FunctionTier::Core,
     "Whether it is false: null, 0, or empty.",
     {R"(op_not(""))", "{}", "true"},
     op_not},
    {"op_eq(a, b)",
     FunctionTier::Core,
     "Equality; values of different types are never equal.",
     {R"(op_eq(v("a"), "1"))", R"({"a": "1"})", "true"},
     op_eq},
    {"op_ne(a, b)",
     FunctionTier::Core,
     "Inequality.",
     {R"(op_ne(v("a"), "1"))", R"({"a": "1"})", "false"},
     op_ne},
    {"op_ge(a, b)",
     FunctionTier::Core,
     "a >= b, of the same type; text by code point.",
     {R"(op_ge(2, 2.0))", "{}", "true"},
     op_ge},
    {"op_gt(a, b)",
     FunctionTier::Core,
     "a > b, of the same type.",
     {R"(op_gt(ct_int(v("n")), 9))", R"({"n": "10"})", "true"},
     op_gt},
    {"op_le(a, b)",
     FunctionTier::Core,
     "a <= b, of the same type.",
     {R"(op_le("a", "b"))", "{}", "true"},
     op_le},
    {"op_lt(a, b)",
     FunctionTier::Core,
     "a < b, of the same type.",
     {R"(op_lt("10", "9"))", "{}", "true"},
     op_lt},
    {"op_len(x)",
     FunctionTier::Core,
     "Number of characters of text, or of elements.",
     {R"(op_len("héé"))", "{}", "3"},
     op_len},
    {"op_in(container, element)",
     FunctionTier::Core,
     "Whether the container (first!) holds the element: substring, list element or dict key.",
     {R"(op_in(["a", "b"], v("x")))", R"({"x": "b"})", "true"},
     op_in},
    {"op_not_in(container, element)",
     FunctionTier::Core,
     "The opposite of op_in.",
     {R"(op_not_in("abc", "z"))", "{}", "true"},
     op_not_in},
    {"op_slice(x, start:n, end:n=null, step:n=null)",
     FunctionTier::Core,
     "Part of text or a list, by Python's rules. A single bound is the end.",
     {R"(op_slice("abcdef", 1, 4))", "{}", "bcd"},
     op_slice},
    {"op_index(x, index:n)",
     FunctionTier::Core,
     "One character or element; an index outside is the event's error.",
     {R"(op_index("abc", -1))", "{}", "c"},
     op_index},
    {"op_add(a, b, ...)",
     FunctionTier::Core,
     "Joins text, adds numbers, joins lists. Nothing is converted.",
     {R"(op_add("a", "-", v("b")))", R"({"b": "x"})", "a-x"},
     op_add},
    {"op_max(a, b, ...)",
     FunctionTier::Core,
     "The greatest, of one type.",
     {R"(op_max(3, 10, 7))", "{}", "10"},
     op_max},
    {"op_min(a, b, ...)",
     FunctionTier::Core,
     "The least, of one type.",
     {R"(op_min(3, 10, 7))", "{}", "3"},
     op_min},
};

}  // namespace

std::span<const FunctionEntry> operator_functions() {
    return kFunctions;
}

}  // namespace spillway::transform
