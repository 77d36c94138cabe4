// Python's format(): "{}", "{0}", "{:>8.2f}". Pure.
#pragma once

#include "base/result.h"
#include "transform/value.h"

#include <string>
#include <string_view>

namespace spillway::transform {

/// Errors: InvalidArgument for a wrong format, a missing value, or a specification that does not
/// fit.
Status format_text(std::string& out, std::string_view format, const Value* values,
                   std::size_t count, Arena& arena);

}  // namespace spillway::transform
