// Looks at a tree without running it: do the functions exist, do the arguments fit, does each stand
// where it may. Binds every argument to its parameter. Pure.
#pragma once

#include "transform/ast.h"
#include "transform/diagnostics.h"

namespace spillway::transform {

void check(Rule& rule, Diagnostics& diagnostics);

/// The names an identifier may have, with their values: F_TIME and so on. Null: no such name.
const char* identifier_text(std::string_view name);

}  // namespace spillway::transform
