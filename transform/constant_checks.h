// Constant arguments that are wrong for every event: unit names, formats, encodings.
// Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace spillway::transform {

struct ConstantFault {
    std::string message;
    std::string help;
};

/// `text` as the argument `param` of `function`; nothing when it may be right.
std::optional<ConstantFault> wrong_constant(std::string_view function, std::string_view param,
                                            std::string_view text);

/// The first piece of the pattern that PCRE2 takes and Python refuses or reads otherwise: \h, \R,
/// \Q..\E, [[:alpha:]]. Empty when there is none.
std::string_view foreign_regex_syntax(std::string_view pattern);

}  // namespace spillway::transform
