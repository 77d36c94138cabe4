// Tokens to a tree. Goes on after an error at the next step, so that one run shows several. Pure.
#pragma once

#include "transform/ast.h"
#include "transform/diagnostics.h"

#include <string_view>

namespace spillway::transform {

/// The steps that could be read; the rule is usable only when no error was reported.
Rule parse(std::string_view rule, Diagnostics& diagnostics);

}  // namespace spillway::transform
