// The functions of the rule language: one table entry each, from which the checker, the compiler,
// the documentation, completion and "did you mean" all come. Constant after the first use; any
// thread.
#pragma once

#include "transform/ast.h"
#include "transform/runtime.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::transform {

class Compiler;

/// How needed a function is to those who replicate logs; Unavailable ones are known but refused.
enum class FunctionTier : std::uint8_t { Core, More, Unavailable };

/// What an argument may be; decides what the checker says about constants.
enum class ParamKind : std::uint8_t {
    Any,
    Text,
    Number,
    Field,   ///< a field's name
    Fields,  ///< a field's name, or a list of them
    Condition,
    Operation,  ///< a call of a global function, KEEP or DROP
    Regex,
    Mode,   ///< how a field is set: "fill", "overwrite-auto", ...
    Query,  ///< e_search text
    Jmes,
    Zone,
    Dict,
    Table,
    TextOrList,
};

struct Param {
    std::string name;
    ParamKind kind = ParamKind::Any;
    bool required = true;
    Value fallback;
    std::string fallback_text;
};

/// For functions of expressions: `call` on an event given as JSON gives `result` as text.
/// For global functions: the event (or list of events) that comes out, as JSON.
struct Example {
    std::string_view call;
    std::string_view input = "{}";
    std::string_view result;
};

using BuildExpr = const Expr* (*)(Compiler&, const Node& call);
using BuildOp = const Op* (*)(Compiler&, const Node& call);

/// As written in the tables of functions/*.cc.
/// `signature`: "str_find(x, sub, start:n=null, end:n=null)". A letter behind ':' names the kind (t
/// text, n number, f field, F fields, c condition, o operation, r regex, m mode, q query, j
/// JMESPath, z zone, d dict, T table, l text or list). "..." repeats the parameter before it,
/// "...2" the two before it; what stands behind it can be given by name only.
struct FunctionEntry {
    std::string_view signature;
    FunctionTier tier;
    std::string_view summary;
    Example example;
    StrictFn strict = nullptr;
    BuildExpr build_expr = nullptr;
    BuildOp build_op = nullptr;
    bool is_pure = true;
    std::string_view why_unavailable = {};
};

struct FunctionInfo {
    const FunctionEntry* entry = nullptr;
    std::string name;
    std::string group;                  ///< chapter of the documentation
    std::string signature;              ///< for people: without kinds
    std::vector<Param> params;          ///< by position or name
    std::vector<Param> keyword_params;  ///< behind "...": by name only
    std::size_t repeat = 0;             ///< how many trailing params repeat; 0: none

    bool is_global() const { return name.starts_with("e_") && !is_check; }
    bool is_check = false;  ///< e_has, e_search, ...: expressions for all their prefix
    std::size_t required_count() const;
};

/// Null when there is none of that name.
const FunctionInfo* find_function(std::string_view name);
/// All, in the order of the documentation.
std::span<const FunctionInfo> all_functions();

// The groups, one file each in functions/.
std::span<const FunctionEntry> flow_functions();
std::span<const FunctionEntry> field_functions();
std::span<const FunctionEntry> extract_functions();
std::span<const FunctionEntry> json_extract_functions();
std::span<const FunctionEntry> mapping_functions();
std::span<const FunctionEntry> check_functions();
std::span<const FunctionEntry> operator_functions();
std::span<const FunctionEntry> convert_functions();
std::span<const FunctionEntry> arithmetic_functions();
std::span<const FunctionEntry> string_functions();
std::span<const FunctionEntry> string_check_functions();
std::span<const FunctionEntry> time_functions();
std::span<const FunctionEntry> regex_functions();
std::span<const FunctionEntry> json_functions();
std::span<const FunctionEntry> ip_functions();
std::span<const FunctionEntry> encoding_functions();
std::span<const FunctionEntry> container_functions();
std::span<const FunctionEntry> unavailable_functions();

}  // namespace spillway::transform
