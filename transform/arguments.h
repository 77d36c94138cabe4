// How functions read their arguments: numbers from text, text from anything. Failures are the
// event's.
#pragma once

#include "transform/runtime.h"

#include <optional>
#include <string_view>

namespace spillway::transform {

/// Int, or text of one. A failure of the event otherwise.
std::optional<std::int64_t> integer_argument(Frame& frame, const Expr& self, const Value& value);
/// A number, or numeric text: integral text becomes Int, other Float. Null and all else fail.
std::optional<Value> numeric_argument(Frame& frame, const Expr& self, const Value& value);
/// As stored; null stays null (nothing), with a warning.
std::optional<std::string_view> text_argument(Frame& frame, const Value& value);

Value add_numbers(Frame& frame, const Value& left, const Value& right);
Value subtract_numbers(Frame& frame, const Value& left, const Value& right);
Value multiply_numbers(Frame& frame, const Value& left, const Value& right);

/// A list as it is, or text that is a JSON array. Nothing otherwise.
std::optional<Value> list_argument(Frame& frame, const Value& value);
std::optional<Value> dict_argument(Frame& frame, const Value& value);

}  // namespace spillway::transform
