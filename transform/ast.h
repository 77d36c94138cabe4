// The tree of a rule, as written. Values; one owner.
#pragma once

#include "transform/diagnostics.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace spillway::transform {

struct FunctionInfo;

enum class NodeKind : std::uint8_t {
    Null,
    Bool,
    Int,
    BigInt,
    Float,
    Text,
    Bytes,
    Name,  ///< an identifier alone
    Call,  ///< name(children..., keywords...)
    List,
    Tuple,
    Dict,  ///< children: key, value, key, value...
    Not,
    And,
    Or,
    Negate,
    Compare,  ///< children a, b, c with operators[0] between a and b, ...
    Binary,   ///< operators[0]: + - * / // % **
};

struct Node;
using NodePtr = std::unique_ptr<Node>;

struct Keyword {
    std::string name;
    Span span;
    NodePtr value;
};

struct Node {
    NodeKind kind = NodeKind::Null;
    Span span;
    std::string text;  ///< name, text, bytes, digits
    bool boolean = false;
    std::int64_t integer = 0;
    double real = 0;
    std::vector<NodePtr> children;
    std::vector<Keyword> keywords;
    std::vector<std::string> operators;
    Span name_span;  ///< of a call: the name alone

    // Filled by the checker for calls: each parameter's argument (null: absent), then the rest.
    const FunctionInfo* function = nullptr;
    std::vector<const Node*> bound;
};

struct Rule {
    std::vector<NodePtr> steps;
};

}  // namespace spillway::transform
