// Python regex text restated for PCRE2. Pure; any thread.
#pragma once

#include "base/result.h"
#include "transform/regex.h"

#include <string>
#include <string_view>
#include <vector>

namespace spillway::transform {

struct RegexSyntax {
    std::string pattern;  ///< groups are numbered; names are looked up in `groups`
    std::vector<RegexGroup> groups;
    bool ascii_classes = false;  ///< (?a): \d \w \s \b by ASCII
    bool ascii_only = true;      ///< the pattern itself holds ASCII only
};

/// Errors: InvalidArgument.
Result<RegexSyntax> restate_regex(std::string_view pattern);

}  // namespace spillway::transform
