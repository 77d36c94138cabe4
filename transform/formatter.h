// Rules in their customary form: one blank behind commas, none inside brackets. Strings, comments
// and line breaks stay as they are written. Pure.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace spillway::transform {

/// Errors: InvalidArgument for a rule that cannot be read.
Result<std::string> format_rule(std::string_view rule);

/// The steps of a rule as they are written, without comments between them. Empty for a rule that
/// cannot be read.
std::vector<std::string> steps_of_rule(std::string_view rule);

/// Signatures of the functions whose names begin so: for completion.
std::vector<std::string> function_names_with(std::string_view prefix);

}  // namespace spillway::transform
