// Arithmetic on numbers and numeric text, as Python counts.
#include "transform/arguments.h"
#include "transform/registry.h"

#include <cmath>
#include <optional>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

struct Two {
    Value left;
    Value right;
    bool are_ints() const { return left.kind == Kind::Int && right.kind == Kind::Int; }
};

std::optional<Two> two_numbers(Frame& frame, const Expr& self, const Value* a) {
    const auto left = numeric_argument(frame, self, a[0]);
    if (!left) return std::nullopt;
    const auto right = numeric_argument(frame, self, a[1]);
    if (!right) return std::nullopt;
    return Two{*left, *right};
}

/// A finite float as an int.
Value whole(Frame& frame, double number) {
    constexpr double kLimit = 9.2e18;
    if (std::abs(number) < kLimit) return Value::of(static_cast<std::int64_t>(number));
    return Value::big_int(frame.arena().copy(fmt::format("{:.0f}", number)));
}

Value op_sum(Frame& frame, const Expr& self, const Value* a, std::size_t count) {
    Value sum = Value::of(0);
    for (std::size_t i = 0; i < count; ++i) {
        const auto number = numeric_argument(frame, self, a[i]);
        if (!number) return Value::null();
        sum = i == 0 ? *number : add_numbers(frame, sum, *number);
    }
    return sum;
}

Value op_sub(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto two = two_numbers(frame, self, a);
    return two ? subtract_numbers(frame, two->left, two->right) : Value::null();
}

Value op_abs(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto number = numeric_argument(frame, self, a[0]);
    if (!number) return Value::null();
    if (number->kind == Kind::BigInt) {
        auto digits = number->text();
        if (digits.starts_with('-')) digits.remove_prefix(1);
        return Value::big_int(digits);
    }
    if (number->kind != Kind::Int) return Value::of(std::abs(as_double(*number)));
    return number->integer < 0 ? subtract_numbers(frame, Value::of(0), *number) : *number;
}

Value op_neg(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto number = numeric_argument(frame, self, a[0]);
    if (!number) return Value::null();
    if (number->kind == Kind::Int) return subtract_numbers(frame, Value::of(0), *number);
    return Value::of(-as_double(*number));
}

std::optional<std::int64_t> integer_power(std::int64_t base, std::int64_t exponent) {
    std::int64_t result = 1;
    while (exponent > 0) {
        if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result))
            return std::nullopt;
        exponent >>= 1;
        if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) return std::nullopt;
    }
    return result;
}

Value op_pow(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto two = two_numbers(frame, self, a);
    if (!two) return Value::null();
    if (two->are_ints() && two->right.integer >= 0) {
        if (const auto power = integer_power(two->left.integer, two->right.integer)) {
            return Value::of(*power);
        }
    }
    const double base = as_double(two->left);
    if (base == 0 && as_double(two->right) < 0) return frame.fail("op_pow: 0 to a negative power");
    const double power = std::pow(base, as_double(two->right));
    if (std::isnan(power)) return frame.fail("op_pow: the result is no real number");
    return Value::of(power);
}

bool is_zero(const Value& number) {
    return as_double(number) == 0;
}

/// The rest of a floor division: with the divisor's sign, even where it is zero.
double floor_rest(double number, double divisor) {
    const double rest = std::fmod(number, divisor);
    if (rest == 0) return std::copysign(0.0, divisor);
    return (rest < 0) != (divisor < 0) ? rest + divisor : rest;
}

/// Exact as far as the rest is: number / divisor alone may round up to the next integer.
double floor_quotient(double number, double divisor) {
    const double quotient = (number - floor_rest(number, divisor)) / divisor;
    if (quotient == 0) return std::copysign(0.0, number / divisor);
    const double whole = std::floor(quotient);
    return quotient - whole > 0.5 ? whole + 1 : whole;
}

/// The quotient of two integers rounded once: both may have more digits than a double.
double true_quotient(const Two& two) {
    if (!two.are_ints()) return as_double(two.left) / as_double(two.right);
    return static_cast<double>(static_cast<long double>(two.left.integer) /
                               static_cast<long double>(two.right.integer));
}

Value op_mod(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto two = two_numbers(frame, self, a);
    if (!two) return Value::null();
    if (is_zero(two->right)) return frame.fail("op_mod: division by zero");
    if (two->are_ints()) {
        const std::int64_t divisor = two->right.integer;
        if (divisor == -1) return Value::of(0);
        std::int64_t rest = two->left.integer % divisor;
        if (rest != 0 && (rest < 0) != (divisor < 0)) rest += divisor;
        return Value::of(rest);
    }
    return Value::of(floor_rest(as_double(two->left), as_double(two->right)));
}

Value op_div_floor(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto two = two_numbers(frame, self, a);
    if (!two) return Value::null();
    if (is_zero(two->right)) return frame.fail("op_div_floor: division by zero");
    if (two->are_ints()) {
        const std::int64_t left = two->left.integer;
        const std::int64_t right = two->right.integer;
        if (right == -1) return subtract_numbers(frame, Value::of(0), two->left);
        const std::int64_t quotient = left / right;
        return Value::of(quotient - (left % right != 0 && (left < 0) != (right < 0) ? 1 : 0));
    }
    return Value::of(floor_quotient(as_double(two->left), as_double(two->right)));
}

Value op_div_true(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto two = two_numbers(frame, self, a);
    if (!two) return Value::null();
    if (is_zero(two->right)) return frame.fail("op_div_true: division by zero");
    return Value::of(true_quotient(*two));
}

Value repeat_text(Frame& frame, const Value& text, std::int64_t count) {
    count = std::max<std::int64_t>(count, 0);
    if (text.size != 0 && static_cast<std::size_t>(count) > kTextBytesMax / text.size) {
        return frame.fail("op_mul: the text is too long");
    }
    std::string out;
    for (std::int64_t i = 0; i < count; ++i) out += text.text();
    const auto kept = frame.arena().copy(out);
    return text.is_text() ? Value::of(kept) : Value::bytes(kept);
}

Value repeat_list(Frame& frame, const Value& list, std::int64_t count) {
    count = std::max<std::int64_t>(count, 0);
    constexpr std::size_t kItemsMax = 1'000'000;
    if (list.list->size != 0 && static_cast<std::size_t>(count) > kItemsMax / list.list->size) {
        return frame.fail("op_mul: the list is too long");
    }
    ListBuilder made(frame.arena());
    for (std::int64_t i = 0; i < count; ++i) {
        for (const auto& item : *list.list) made.add(item);
    }
    return made.done(list.kind == Kind::Tuple);
}

/// Nothing is converted here: text times a number repeats it.
Value op_mul(Frame& frame, const Expr&, const Value* a, std::size_t) {
    Value left = a[0];
    Value right = a[1];
    if (left.is_number() && right.is_number()) return multiply_numbers(frame, left, right);
    if (left.kind == Kind::Int || left.kind == Kind::Bool) std::swap(left, right);
    const bool counted = right.kind == Kind::Int || right.kind == Kind::Bool;
    const std::int64_t count = right.kind == Kind::Bool ? right.boolean : right.integer;
    if (counted && (left.is_text() || left.kind == Kind::Bytes)) {
        return repeat_text(frame, left, count);
    }
    if (counted && left.is_list()) return repeat_list(frame, left, count);
    return frame.fail(fmt::format("op_mul: {} and {} cannot be multiplied", name_of(a[0].kind),
                                  name_of(a[1].kind)));
}

/// Half to even, on the decimal digits that the number really has.
double round_digits(double number, std::int64_t digits) {
    if (digits > 300 || std::isnan(number) || std::isinf(number)) return number;
    if (digits < -308) return 0.0;
    if (digits >= 0) {
        const auto text = fmt::format("{:.{}f}", number, digits);
        return parse_double(text).value_or(number);
    }
    const double power = std::pow(10.0, static_cast<double>(-digits));
    return std::nearbyint(number / power) * power;
}

Value op_round(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto number = numeric_argument(frame, self, a[0]);
    if (!number) return Value::null();
    const auto digits =
        a[1].is_null() ? std::optional<std::int64_t>(0) : integer_argument(frame, self, a[1]);
    if (!digits) return Value::null();
    if (number->kind == Kind::Int || number->kind == Kind::BigInt) {
        if (*digits >= 0) return *number;
        return whole(frame, round_digits(as_double(*number), *digits));
    }
    const double rounded = *digits == 0 ? std::nearbyint(as_double(*number))
                                        : round_digits(as_double(*number), *digits);
    if (*digits != 0) return Value::of(rounded);
    if (!std::isfinite(rounded)) return frame.fail("op_round: the number is not finite");
    return whole(frame, rounded);
}

Value rounded_whole(Frame& frame, const Expr& self, const Value& value, double (*round)(double)) {
    const auto number = numeric_argument(frame, self, value);
    if (!number || number->kind == Kind::Int || number->kind == Kind::BigInt) {
        return number.value_or(Value::null());
    }
    if (!std::isfinite(as_double(*number))) {
        return frame.fail(fmt::format("{}: the number is not finite", self.name));
    }
    return whole(frame, round(as_double(*number)));
}

Value mat_ceil(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    return rounded_whole(frame, self, a[0], [](double number) { return std::ceil(number); });
}
Value mat_floor(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    return rounded_whole(frame, self, a[0], [](double number) { return std::floor(number); });
}

using Real = double (*)(double);

template <Real kFunction>
Value real_function(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto number = numeric_argument(frame, self, a[0]);
    if (!number) return Value::null();
    const double result = kFunction(as_double(*number));
    const double given = as_double(*number);
    if ((std::isnan(result) && !std::isnan(given)) || (std::isinf(result) && !std::isinf(given))) {
        return frame.fail(fmt::format("{}: {} is outside of what it is defined for", self.name,
                                      float_text(given)));
    }
    return Value::of(result);
}

double degrees(double x) {
    return x * 180.0 / M_PI;
}
double radians(double x) {
    return x * M_PI / 180.0;
}

Value mat_log(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto two = two_numbers(frame, self, a);
    if (!two) return Value::null();
    const double number = as_double(two->left);
    const double base = as_double(two->right);
    if (number <= 0 || base <= 0 || base == 1) {
        return frame.fail("mat_log: number and base must be positive, and the base not 1");
    }
    return Value::of(std::log(number) / std::log(base));
}

Value mat_hypot(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto two = two_numbers(frame, self, a);
    return two ? Value::of(std::hypot(as_double(two->left), as_double(two->right))) : Value::null();
}

Value mat_atan2(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto two = two_numbers(frame, self, a);
    return two ? Value::of(std::atan2(as_double(two->left), as_double(two->right))) : Value::null();
}

constexpr auto kCore = FunctionTier::Core;
constexpr auto kMore = FunctionTier::More;

constexpr FunctionEntry kFunctions[] = {
    {"op_sum(a, b, ...)",
     kCore,
     "Sum; integers stay integers.",
     {R"(op_sum("1", 2, "3.5"))", "{}", "6.5"},
     op_sum},
    {"op_sub(a, b)", kCore, "Difference.", {R"(op_sub("7", 9))", "{}", "-2"}, op_sub},
    {"op_abs(a)", kCore, "Absolute value.", {R"(op_abs("-3"))", "{}", "3"}, op_abs},
    {"op_neg(a)", kCore, "The negative.", {R"(op_neg(5))", "{}", "-5"}, op_neg},
    {"op_pow(a, b)", kCore, "a to the power b.", {R"(op_pow(2, "10"))", "{}", "1024"}, op_pow},
    {"op_mod(a, b)",
     kCore,
     "The rest of a division, with the sign of the divisor.",
     {R"(op_mod(-7, 3))", "{}", "2"},
     op_mod},
    {"op_mul(a, b)",
     kCore,
     "Product; text or a list times an integer is repeated. No conversion.",
     {R"(op_mul("ab", 2))", "{}", "abab"},
     op_mul},
    {"op_div_floor(a, b)",
     kCore,
     "Quotient rounded down; a zero divisor is the event's error.",
     {R"(op_div_floor(-7, 2))", "{}", "-4"},
     op_div_floor},
    {"op_div_true(a, b)",
     kCore,
     "Quotient as a float.",
     {R"(op_div_true(6, 3))", "{}", "2.0"},
     op_div_true},
    {"op_round(a, n:n=0)",
     kCore,
     "Rounds to n digits, half to even; to an integer with n = 0.",
     {R"(op_round("2.5"))", "{}", "2"},
     op_round},
    {"mat_ceil(a)",
     kCore,
     "The next integer upwards.",
     {R"(mat_ceil("1.2"))", "{}", "2"},
     mat_ceil},
    {"mat_floor(a)",
     kCore,
     "The next integer downwards.",
     {R"(mat_floor(-1.2))", "{}", "-2"},
     mat_floor},
    {"mat_fabs(a)",
     kMore,
     "Absolute value, as a float.",
     {R"(mat_fabs(-2))", "{}", "2.0"},
     real_function<std::fabs>},
    {"mat_exp(a)",
     kMore,
     "e to the power a.",
     {R"(mat_exp(0))", "{}", "1.0"},
     real_function<std::exp>},
    {"mat_sqrt(a)",
     kMore,
     "Square root.",
     {R"(mat_sqrt("16"))", "{}", "4.0"},
     real_function<std::sqrt>},
    {"mat_log10(a)",
     kMore,
     "Logarithm to base 10.",
     {R"(mat_log10(100))", "{}", "2.0"},
     real_function<std::log10>},
    {"mat_log(a, base)", kMore, "Logarithm to a base.", {R"(mat_log(8, 2))", "{}", "3.0"}, mat_log},
    {"mat_hypot(x, y)",
     kMore,
     "Length of the hypotenuse.",
     {R"(mat_hypot(3, 4))", "{}", "5.0"},
     mat_hypot},
    {"mat_degrees(a)",
     kMore,
     "Radians as degrees.",
     {R"(mat_degrees(MATH_PI))", "{}", "180.0"},
     real_function<degrees>},
    {"mat_radians(a)",
     kMore,
     "Degrees as radians.",
     {R"(mat_radians(0))", "{}", "0.0"},
     real_function<radians>},
    {"mat_sin(a)", kMore, "Sine.", {R"(mat_sin(0))", "{}", "0.0"}, real_function<std::sin>},
    {"mat_cos(a)", kMore, "Cosine.", {R"(mat_cos(0))", "{}", "1.0"}, real_function<std::cos>},
    {"mat_tan(a)", kMore, "Tangent.", {R"(mat_tan(0))", "{}", "0.0"}, real_function<std::tan>},
    {"mat_acos(a)",
     kMore,
     "Arc cosine.",
     {R"(mat_acos(1))", "{}", "0.0"},
     real_function<std::acos>},
    {"mat_asin(a)", kMore, "Arc sine.", {R"(mat_asin(0))", "{}", "0.0"}, real_function<std::asin>},
    {"mat_atan(a)",
     kMore,
     "Arc tangent.",
     {R"(mat_atan(0))", "{}", "0.0"},
     real_function<std::atan>},
    {"mat_atanh(a)",
     kMore,
     "Inverse hyperbolic tangent.",
     {R"(mat_atanh(0))", "{}", "0.0"},
     real_function<std::atanh>},
    {"mat_atan2(x, y)",
     kMore,
     "The angle whose tangent is x / y.",
     {R"(mat_atan2(0, 1))", "{}", "0.0"},
     mat_atan2},
};

}  // namespace

std::span<const FunctionEntry> arithmetic_functions() {
    return kFunctions;
}

}  // namespace spillway::transform
