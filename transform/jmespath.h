// JMESPath: selecting from JSON values. The whole standard language: projections, slices, filters,
// multi-select, pipes, functions. Immutable; any thread.
#pragma once

#include "base/result.h"
#include "transform/compiler.h"
#include "transform/runtime.h"

#include <memory>
#include <string_view>

namespace spillway::transform {

struct JmesNode;

class JmesPath {
  public:
    /// Errors: InvalidArgument, with the place.
    static Result<JmesPath> parse(std::string_view text);

    /// A wrong argument of a function is the event's error. Null when nothing is found.
    Value select(const Value& from, Frame& frame) const;
    /// Nothing, with a warning, where select() fails because of the data.
    std::optional<Value> try_select(const Value& from, Frame& frame) const;

  private:
    std::shared_ptr<const JmesNode> root_;
};

/// A constant path of a rule; null after an error was reported.
const JmesPath* compile_jmes(Compiler& compiler, std::string_view text, Span where);

}  // namespace spillway::transform
