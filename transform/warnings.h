// Rules that compile, but do not do what they seem to: steps that never run, values nobody sees,
// conditions that never or always hold. Findings T09xx. Pure.
#pragma once

#include "transform/ast.h"
#include "transform/diagnostics.h"

#include <string_view>

namespace spillway::transform {

/// After the checker: every call in the tree is resolved.
void warn_about(const Rule& rule, Diagnostics& diagnostics);

/// The conditions in the rule alone; part of warn_about().
void warn_about_conditions(const Rule& rule, Diagnostics& diagnostics);

/// v("name") alone, without a default; empty for everything else.
std::string_view plain_field(const Node& node);

}  // namespace spillway::transform
