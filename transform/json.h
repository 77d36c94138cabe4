// JSON text to values, by simdjson (named only in json.cc). Any thread.
#pragma once

#include "transform/value.h"

#include <optional>
#include <span>
#include <string_view>

namespace spillway::transform {

/// Nothing when the text is not JSON, is nested deeper than 500, or is not UTF-8. Of equal keys the
/// last one's value counts. Integers beyond 64 bits keep their digits.
std::optional<Value> parse_json_value(std::string_view text, Arena& arena);
/// Text that is a JSON array, blanks around it allowed. Nothing for all else.
std::optional<Value> parse_json_list(std::string_view text, Arena& arena);

/// A member of an object whose values are all texts, numbers, truths and nulls: name, and the value
/// as a field stores it.
struct FlatMember {
    std::string_view name;
    std::string_view text;
};

/// The quick way for what logs mostly hold: views into one copy in `arena`, no tree. Nothing for
/// all that is not so simple, wrong JSON, escapes and a name twice among it: parse_json_value()
/// tells.
std::optional<std::span<const FlatMember>> read_flat_object(std::string_view text, Arena& arena);

}  // namespace spillway::transform
