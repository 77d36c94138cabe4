// Conditions of SPL as a tree: made by the parser (spl_parser.cc), evaluated on an event (spl.cc).
// For the spl*.cc files alone.
#pragma once

#include "logstore/server/spl.h"
#include "transform/regex.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::server {

enum class SplType : std::uint8_t { Null, Bool, Int, Double, Text };
std::string_view name_of(SplType type);

struct SplValue {
    SplType type = SplType::Null;
    bool truth = false;
    std::int64_t whole = 0;
    double real = 0;
    std::string_view text{};

    static SplValue null() { return {}; }
    static SplValue of(bool truth) { return {SplType::Bool, truth, 0, 0, {}}; }
    static SplValue of(std::int64_t whole) { return {SplType::Int, false, whole, 0, {}}; }
    static SplValue of(double real) { return {SplType::Double, false, 0, real, {}}; }
    static SplValue of(std::string_view text) { return {SplType::Text, false, 0, 0, text}; }

    bool is_null() const { return type == SplType::Null; }
    double number() const { return type == SplType::Int ? static_cast<double>(whole) : real; }
};

struct SplNode {
    enum class Kind : std::uint8_t {
        Literal,
        Field,
        And,
        Or,
        Not,
        Equal,
        NotEqual,
        Less,
        LessEqual,
        Greater,
        GreaterEqual,
        IsNull,
        In,       ///< the first child in the others
        Between,  ///< the first child from the second to the third, both included
        Like,
        Coalesce,
        Strpos,
        RegexpLike,
        TryCast,
    };
    Kind kind = Kind::Literal;
    SplType type = SplType::Null;  ///< of its value, when it has one
    std::size_t at = 0;            ///< in the query, for messages
    SplValue literal;
    std::string text;  ///< of a literal, a field's name, a pattern
    char escape = 0;   ///< of Like; 0: none
    std::shared_ptr<const transform::Regex> regex;
    std::vector<std::unique_ptr<SplNode>> children;
};

struct SplColumn {
    std::string from;
    std::string to;           ///< equals `from` unless renamed
    bool is_pattern = false;  ///< `from` has * in it
    bool names(std::string_view field) const;
};

struct SplProgram::Stage {
    enum class Kind : std::uint8_t { Where, Project, ProjectAway };
    Kind kind = Kind::Where;
    std::unique_ptr<SplNode> condition;
    std::vector<SplColumn> columns;
};

/// The signs of a pattern with wildcards; 0: there is none.
struct SplWildcards {
    char any_text = '%';
    char one_character = '_';
    char escape = 0;
};
bool spl_like(std::string_view text, std::string_view pattern, const SplWildcards& signs);

}  // namespace spillway::server
