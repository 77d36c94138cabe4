// The leading filter of a rule as SPL, so that a source can leave out what the rule would drop
// anyway. Only translations that mean exactly the same are made. Pure.
#pragma once

#include "transform/ast.h"

#include <string>

namespace spillway::transform {

/// "* | where ..."; empty when no leading step translates.
std::string leading_filter_as_spl(const Rule& rule);

}  // namespace spillway::transform
