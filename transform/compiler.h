// A checked tree to code. Constants are folded; regexes, queries and paths that are constant are
// compiled here, so that a wrong one is a diagnostic and not a dropped event. One owner, one rule.
#pragma once

#include "transform/ast.h"
#include "transform/diagnostics.h"
#include "transform/modes.h"
#include "transform/registry.h"
#include "transform/runtime.h"

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace spillway::transform {

/// What a rule does to events, seen without running it: decides the tier.
struct Effects {
    std::set<std::string, std::less<>> reads;
    std::set<std::string, std::less<>> writes;
    bool reads_unknown = false;  ///< fields whose names are made at run time, or all
    bool writes_unknown = false;
    bool drops = false;
    bool edits = false;
    bool sends = false;  ///< e_output, e_coutput
    bool splits = false;
    std::string edit_reason;
    std::set<std::string, std::less<>> targets;
};

class Compiler {
  public:
    Compiler(Code& code, Diagnostics& diagnostics, WallTime folding_time);

    /// The whole rule; null only when an error was reported.
    const Op* rule(const Rule& rule);

    const Expr* expression(const Node& node);
    const Op* operation(const Node& node);

    Code& code() { return code_; }
    Effects& effects() { return effects_; }
    Diagnostics& diagnostics() { return found_; }
    Arena& arena() { return code_.arena; }

    // ---- For the functions' builders ----

    /// Text that lives as long as the program.
    std::string_view keep_text(std::string_view text) { return code_.arena.copy(text); }
    Expr& new_expr(const Node& node, EvalFn eval);
    const Expr* constant(const Node& node, const Value& value);

    /// The argument of a parameter, or its default as a constant.
    const Expr* argument(const Node& call, std::size_t place);
    /// All positional arguments.
    std::vector<const Expr*> positional(const Node& call, std::size_t from = 0);
    std::size_t positional_count(const Node& call) const;
    /// A keyword-only argument, or its default.
    const Expr* keyword(const Node& call, std::string_view name);

    /// Constants; an error is reported when the argument is none.
    std::string_view constant_text(const Node& call, std::string_view param);
    bool constant_flag(const Node& call, std::string_view param);
    Mode constant_mode(const Node& call);
    /// By parameter name, positional or keyword-only.
    const Expr* named(const Node& call, std::string_view param);
    /// Where to point for that parameter.
    Span span_of(const Node& call, std::string_view param) const;

    /// Null after an error was reported. An unbounded repeat within a repeat gives a warning.
    const Regex* regex(std::string_view pattern, Span where);

    void reads(const Expr* field);
    void writes(const Expr* field, std::string_view function);
    void edits(std::string_view reason);

  private:
    void join_last_steps(const Rule& rule, std::vector<const Op*>& steps);
    const Expr* literal(const Node& node);
    const Expr* container(const Node& node);
    const Expr* identifier(const Node& node);
    const Expr* call(const Node& node);
    const Expr* strict_call(const Node& node);
    const Expr* operators(const Node& node);
    const Expr* binary(const Node& node, std::string_view function, const Node& left,
                       const Node& right);
    const Expr* fold(Expr& expr);
    void prepare(Expr& expr, std::size_t place, const Param& param, Span where);

    Code& code_;
    Diagnostics& found_;
    WallTime folding_time_;
    Effects effects_;
};

}  // namespace spillway::transform
