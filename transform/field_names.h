// What the extracting functions share about names and separators.
#pragma once

#include "transform/compiler.h"

#include <string>
#include <string_view>

namespace spillway::transform {

/// ["a", "b"] or "a, b": a list of names. Other kinds fail the event.
Value name_list(Frame& frame, const Value& names);
/// Tells the compiler which fields are written, where that is known.
void note_written_names(Compiler& compiler, const Expr* names);

std::string_view trimmed(std::string_view text);
/// A separator that is one character special in regexes is meant as that character.
std::string literal_or_regex(std::string_view separator);

}  // namespace spillway::transform
