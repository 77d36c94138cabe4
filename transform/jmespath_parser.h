// JMESPath text to a tree. Pure; any thread.
#pragma once

#include "base/result.h"
#include "transform/value.h"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::transform {

struct JmesNode {
    enum class Kind : std::uint8_t {
        Current,  ///< @, and what a projection without a right side applies
        Field,    ///< text
        Index,    ///< children[0][index]
        Literal,
        Sub,   ///< a.b
        Pipe,  ///< a | b
        Or,
        And,
        Not,
        Compare,           ///< text: the sign
        MultiList,         ///< [a, b]
        MultiDict,         ///< {x: a}; names
        Call,              ///< text: the function
        Reference,         ///< &expr
        ListProjection,    ///< children: left, right
        ValueProjection,   ///< left.*
        FilterProjection,  ///< children: left, condition, right
        Flatten,
        Slice,
    };
    Kind kind = Kind::Current;
    std::string text;
    std::int64_t index = 0;
    std::array<std::optional<std::int64_t>, 3> slice;
    Value literal;
    std::vector<std::string> names;
    std::vector<JmesNode> children;
    std::shared_ptr<Arena> arena;  ///< of the root: holds the literals
};

/// Errors: InvalidArgument.
Result<std::shared_ptr<const JmesNode>> parse_jmes(std::string_view text);

}  // namespace spillway::transform
