// XML text to values, in the customary shape: attributes "@a", text "#text", repeats as lists.
// Pure.
#pragma once

#include "transform/value.h"

#include <optional>
#include <string_view>

namespace spillway::transform {

/// Nothing when the text is not well formed. External entities are not looked at.
std::optional<Value> parse_xml(std::string_view text, Arena& arena);

}  // namespace spillway::transform
