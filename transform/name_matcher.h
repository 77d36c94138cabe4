// Which field names are meant: patterns that must match a whole name, or names as they are. Answers
// for names seen before are remembered per thread, as names repeat from log to log.
#pragma once

#include "transform/compiler.h"
#include "transform/regex.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::transform {

class NameMatcher {
  public:
    /// Null patterns are compiled at run time.
    NameMatcher(std::vector<const Expr*> names, std::vector<const Regex*> patterns, bool is_regex);

    /// Which of the patterns matches the whole name first; nothing when none does.
    std::optional<std::size_t> find(Frame& frame, std::string_view name) const;
    std::size_t size() const { return names_.size(); }

    /// From the arguments of a call, every `stride`-th from `first` on; regexes are compiled.
    static NameMatcher build(Compiler& compiler, const Node& call, std::size_t first,
                             std::size_t stride);

  private:
    std::optional<std::size_t> look(Frame& frame, std::string_view name) const;

    std::vector<const Expr*> names_;
    std::vector<const Regex*> patterns_;
    bool is_regex_;
    std::uint64_t id_ = 0;  ///< of those whose answers are remembered; 0: not worth it
};

/// The regex of an argument: compiled with the rule, or now and remembered. Null after a failure of
/// the event.
const Regex* regex_for(Frame& frame, const void* prepared, const Value& pattern,
                       std::string_view function);

}  // namespace spillway::transform
