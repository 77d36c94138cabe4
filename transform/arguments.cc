#include "transform/arguments.h"

#include "transform/json.h"

#include <cmath>

#include <fmt/format.h>

namespace spillway::transform {

std::optional<Value> numeric_argument(Frame& frame, const Expr& self, const Value& value) {
    if (value.kind == Kind::Bool) return Value::of(static_cast<std::int64_t>(value.boolean));
    if (value.is_number()) return value;
    if (value.is_text() || value.kind == Kind::Bytes) {
        if (const auto number = parse_number(value.text(), frame.arena())) return number;
        frame.fail(
            fmt::format("{}: \"{}\" is not a number", self.name, value.text().substr(0, 80)));
        return std::nullopt;
    }
    frame.fail(fmt::format("{}: a number is needed, not {}", self.name, name_of(value.kind)));
    return std::nullopt;
}

std::optional<std::int64_t> integer_argument(Frame& frame, const Expr& self, const Value& value) {
    const auto number = numeric_argument(frame, self, value);
    if (!number) return std::nullopt;
    if (number->kind == Kind::Int) return number->integer;
    const double real = as_double(*number);
    constexpr double kLimit = 9.2e18;
    if (number->kind == Kind::Float && std::trunc(real) == real && std::abs(real) < kLimit) {
        return static_cast<std::int64_t>(real);
    }
    frame.fail(fmt::format("{}: an integer is needed", self.name));
    return std::nullopt;
}

std::optional<std::string_view> text_argument(Frame& frame, const Value& value) {
    if (value.is_null()) {
        frame.warn();
        return std::nullopt;
    }
    return stored_text(value, frame.arena());
}

namespace {

bool are_ints(const Value& left, const Value& right) {
    const auto is_int = [](const Value& value) {
        return value.kind == Kind::Int || value.kind == Kind::Bool;
    };
    return is_int(left) && is_int(right);
}
std::int64_t as_int(const Value& value) {
    return value.kind == Kind::Bool ? (value.boolean ? 1 : 0) : value.integer;
}

}  // namespace

Value add_numbers(Frame&, const Value& left, const Value& right) {
    std::int64_t sum = 0;
    if (are_ints(left, right) && !__builtin_add_overflow(as_int(left), as_int(right), &sum)) {
        return Value::of(sum);
    }
    return Value::of(as_double(left) + as_double(right));
}

Value subtract_numbers(Frame&, const Value& left, const Value& right) {
    std::int64_t difference = 0;
    if (are_ints(left, right) &&
        !__builtin_sub_overflow(as_int(left), as_int(right), &difference)) {
        return Value::of(difference);
    }
    return Value::of(as_double(left) - as_double(right));
}

Value multiply_numbers(Frame&, const Value& left, const Value& right) {
    std::int64_t product = 0;
    if (are_ints(left, right) && !__builtin_mul_overflow(as_int(left), as_int(right), &product)) {
        return Value::of(product);
    }
    return Value::of(as_double(left) * as_double(right));
}

std::optional<Value> list_argument(Frame& frame, const Value& value) {
    if (value.is_list()) return value;
    if (!value.is_text()) return std::nullopt;
    const auto parsed = parse_json_value(value.text(), frame.arena());
    if (!parsed || !parsed->is_list()) return std::nullopt;
    return parsed;
}

std::optional<Value> dict_argument(Frame& frame, const Value& value) {
    if (value.kind == Kind::Dict) return value;
    if (!value.is_text()) return std::nullopt;
    const auto parsed = parse_json_value(value.text(), frame.arena());
    if (!parsed || parsed->kind != Kind::Dict) return std::nullopt;
    return parsed;
}

}  // namespace spillway::transform
