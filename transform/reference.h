// The reference of the rule language as Markdown, out of the functions' own descriptions. Pure.
#pragma once

#include <string>

namespace spillway::transform {

std::string reference_markdown();

}  // namespace spillway::transform
