// JSON text to values, by simdjson (named only in json.cc). Any thread.
#pragma once

#include "transform/value.h"

#include <optional>
#include <string_view>

namespace spillway::transform {

/// Nothing when the text is not JSON, is nested deeper than 500, or is not UTF-8. Of equal keys the
/// last one's value counts. Integers beyond 64 bits keep their digits.
std::optional<Value> parse_json_value(std::string_view text, Arena& arena);
/// Text that is a JSON array, blanks around it allowed. Nothing for all else.
std::optional<Value> parse_json_list(std::string_view text, Arena& arena);

}  // namespace spillway::transform
