// Grok: named patterns within patterns, written %{NAME} and %{NAME:field}. Pure; any thread.
#pragma once

#include "base/result.h"

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace spillway::transform {

using GrokPatterns = std::map<std::string, std::string, std::less<>>;

struct GrokPattern {
    std::string_view name;
    std::string_view pattern;
};

/// The built-in ones, sorted by name.
std::span<const GrokPattern> built_in_grok_patterns();

/// The regular expression. `escape`: what stands outside %{} is taken literally.
/// Errors: InvalidArgument for unknown names and patterns that hold themselves; `service_code` has
/// a hint.
Result<std::string> expand_grok(std::string_view pattern, bool escape, const GrokPatterns& extra);

}  // namespace spillway::transform
