#include "transform/compiler.h"

#include "transform/checker.h"
#include "transform/constant_checks.h"
#include "transform/jmespath.h"
#include "transform/regex.h"
#include "transform/splice.h"
#include "transform/time_value.h"
#include "transform/time_zone.h"

#include <numbers>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

Value eval_constant(const Expr& self, Frame&) {
    return self.constant;
}

Value eval_strict(const Expr& self, Frame& frame) {
    constexpr std::size_t kInline = 8;
    Value inline_values[kInline];
    const std::size_t count = self.arguments.size();
    Value* values = count <= kInline ? inline_values : frame.arena().array<Value>(count);
    for (std::size_t i = 0; i < count; ++i) {
        values[i] = (*self.arguments[i])(frame);
        if (frame.has_failed) return Value::null();
    }
    return self.strict(frame, self, values, count);
}

Value eval_list(const Expr& self, Frame& frame) {
    ListBuilder list(frame.arena());
    for (const auto* item : self.arguments) list.add((*item)(frame));
    return list.done(self.number != 0);
}

Value eval_dict(const Expr& self, Frame& frame) {
    DictBuilder dict(frame.arena());
    for (std::size_t i = 0; i + 1 < self.arguments.size(); i += 2) {
        const Value key = (*self.arguments[i])(frame);
        dict.set(key, (*self.arguments[i + 1])(frame));
    }
    return dict.done();
}

Value eval_not(const Expr& self, Frame& frame) {
    return Value::of(!is_true((*self.arguments[0])(frame)));
}

/// Python's and/or: the operand that decided.
Value eval_logic(const Expr& self, Frame& frame) {
    const bool stop_at = self.number != 0;
    Value last;
    for (const auto* operand : self.arguments) {
        last = (*operand)(frame);
        if (frame.has_failed || is_true(last) == stop_at) return last;
    }
    return last;
}

/// Takes no events; for folding.
class NoSink final : public EventSink {
  public:
    void emit(const Event&, const Destination&) override {}
    std::size_t mark() override { return 0; }
    void roll_back(std::size_t) override {}
    void part_failed(std::string_view) override {}
};

/// Copies a folded value out of the scratch arena.
Value keep_value(const Value& value, Arena& arena) {
    Value kept = value;
    switch (value.kind) {
        case Kind::String:
        case Kind::Bytes:
        case Kind::BigInt:
            kept.chars = arena.copy(value.text()).data();
            return kept;
        case Kind::List:
        case Kind::Tuple: {
            ListBuilder list(arena);
            for (const auto& item : *value.list) list.add(keep_value(item, arena));
            return list.done(value.kind == Kind::Tuple);
        }
        case Kind::Dict: {
            DictBuilder dict(arena);
            for (const auto& entry : *value.dict) {
                dict.set(keep_value(entry.key, arena), keep_value(entry.value, arena));
            }
            return dict.done();
        }
        case Kind::DateTime: {
            auto* time = arena.array<DateTime>(1);
            *time = *value.time;
            return Value::of(time);
        }
        case Kind::Table: {
            auto* table = arena.array<Table>(1);
            *table = *value.table;
            const auto copy = [&](const std::string_view* from, std::size_t count) {
                auto* to = arena.array<std::string_view>(count);
                for (std::size_t i = 0; i < count; ++i) to[i] = arena.copy(from[i]);
                return to;
            };
            table->columns = copy(table->columns, table->column_count);
            table->cells = copy(table->cells, table->column_count * table->row_count);
            return Value::of(table);
        }
        default:
            return kept;
    }
}

std::string_view function_of(std::string_view symbol) {
    static constexpr std::pair<std::string_view, std::string_view> kFunctions[] = {
        {"==", "op_eq"},        {"!=", "op_ne"}, {"<", "op_lt"},   {"<=", "op_le"},
        {">", "op_gt"},         {">=", "op_ge"}, {"in", "op_in"},  {"not in", "op_not_in"},
        {"+", "op_add"},        {"-", "op_sub"}, {"*", "op_mul"},  {"/", "op_div_true"},
        {"//", "op_div_floor"}, {"%", "op_mod"}, {"**", "op_pow"},
    };
    for (const auto& [sign, function] : kFunctions) {
        if (sign == symbol) return function;
    }
    return {};
}

}  // namespace

Compiler::Compiler(Code& code, Diagnostics& diagnostics, WallTime folding_time)
    : code_(code), found_(diagnostics), folding_time_(folding_time) {}

const Op* Compiler::rule(const Rule& rule) {
    std::vector<const Op*> steps;
    for (const auto& step : rule.steps) {
        if (const Op* op = operation(*step)) steps.push_back(op);
    }
    if (found_.has_errors()) return nullptr;
    join_last_steps(rule, steps);
    return code_.make<Sequence>(std::move(steps));
}

/// Makes one operation of the last steps, as far as they are plain.
void Compiler::join_last_steps(const Rule& rule, std::vector<const Op*>& steps) {
    if (steps.size() != rule.steps.size()) return;
    SplicePlan plan;
    for (auto step = rule.steps.rbegin(); step != rule.steps.rend(); ++step) {
        if (!plan.put_in_front(**step, code_.arena)) break;
    }
    if (plan.step_count() == 0) return;
    plan.finish(code_.arena);
    const auto first = steps.end() - static_cast<std::ptrdiff_t>(plan.step_count());
    std::vector<const Op*> last(first, steps.end());
    steps.erase(first, steps.end());
    steps.push_back(code_.make<SpliceSteps>(std::move(plan), std::move(last)));
}

Expr& Compiler::new_expr(const Node& node, EvalFn eval) {
    Expr& expr = code_.expressions.emplace_back();
    expr.eval = eval;
    expr.span = node.span;
    if (node.function != nullptr) expr.name = node.function->name;
    return expr;
}

const Expr* Compiler::constant(const Node& node, const Value& value) {
    Expr& expr = new_expr(node, eval_constant);
    expr.constant = value;
    expr.is_constant = true;
    return &expr;
}

const Expr* Compiler::expression(const Node& node) {
    switch (node.kind) {
        case NodeKind::List:
        case NodeKind::Tuple:
        case NodeKind::Dict:
            return container(node);
        case NodeKind::Name:
            return identifier(node);
        case NodeKind::Call:
            return call(node);
        case NodeKind::Not:
        case NodeKind::And:
        case NodeKind::Or:
        case NodeKind::Negate:
        case NodeKind::Compare:
        case NodeKind::Binary:
            return operators(node);
        default:
            return literal(node);
    }
}

const Expr* Compiler::literal(const Node& node) {
    switch (node.kind) {
        case NodeKind::Bool:
            return constant(node, Value::of(node.boolean));
        case NodeKind::Int:
            return constant(node, Value::of(node.integer));
        case NodeKind::BigInt:
            return constant(node, Value::big_int(keep_text(node.text)));
        case NodeKind::Float:
            return constant(node, Value::of(node.real));
        case NodeKind::Text:
            return constant(node, Value::of(keep_text(node.text)));
        case NodeKind::Bytes:
            return constant(node, Value::bytes(keep_text(node.text)));
        default:
            return constant(node, Value::null());
    }
}

const Expr* Compiler::container(const Node& node) {
    Expr& expr = new_expr(node, node.kind == NodeKind::Dict ? eval_dict : eval_list);
    expr.number = node.kind == NodeKind::Tuple;
    for (const auto& child : node.children) expr.arguments.push_back(expression(*child));
    return fold(expr);
}

const Expr* Compiler::identifier(const Node& node) {
    if (node.text == "MATH_PI") return constant(node, Value::of(std::numbers::pi));
    if (node.text == "MATH_E" || node.text == "MATCH_E") {
        return constant(node, Value::of(std::numbers::e));
    }
    return constant(node, Value::of(std::string_view(identifier_text(node.text))));
}

const Expr* Compiler::call(const Node& node) {
    const auto& entry = *node.function->entry;
    if (entry.build_expr != nullptr) return entry.build_expr(*this, node);
    return strict_call(node);
}

const Expr* Compiler::strict_call(const Node& node) {
    const auto& info = *node.function;
    Expr& expr = new_expr(node, eval_strict);
    expr.strict = info.entry->strict;
    expr.is_pure = info.entry->is_pure;
    const std::size_t keywords_at = node.bound.size() - info.keyword_params.size();
    for (std::size_t i = 0; i < node.bound.size(); ++i) {
        const Param* param = nullptr;
        if (i >= keywords_at) {
            param = &info.keyword_params[i - keywords_at];
        } else if (i < info.params.size()) {
            param = &info.params[i];
        } else {
            param = &info.params[info.params.size() - info.repeat +
                                 (i - info.params.size()) % info.repeat];
        }
        expr.arguments.push_back(node.bound[i] != nullptr ? expression(*node.bound[i])
                                                          : constant(node, param->fallback));
        prepare(expr, i, *param, node.bound[i] != nullptr ? node.bound[i]->span : node.span);
    }
    return fold(expr);
}

/// Compiles what a constant argument stands for.
void Compiler::prepare(Expr& expr, std::size_t place, const Param& param, Span where) {
    expr.prepared.resize(expr.arguments.size());
    const Expr& argument = *expr.arguments[place];
    if (!argument.is_constant || !argument.constant.is_text()) return;
    const auto text = argument.constant.text();
    if (auto fault = wrong_constant(expr.name, param.name, text)) {
        found_.error("T0510", where, std::move(fault->message), std::move(fault->help));
        return;
    }
    if (param.kind == ParamKind::Regex) {
        expr.prepared[place] = regex(text, where);
    } else if (param.kind == ParamKind::Jmes && !text.empty()) {
        auto path = JmesPath::parse(text);
        if (!path) {
            found_.error("T0504", where, "this is no JMESPath: " + path.error().message);
            return;
        }
        expr.prepared[place] = code_.keep(*std::move(path));
    } else if (param.kind == ParamKind::Zone) {
        auto zone = TimeZone::find(text);
        if (!zone) {
            found_.error("T0505", where, zone.error().message,
                         "zones have names such as Asia/Shanghai, Europe/Berlin or UTC");
            return;
        }
        expr.prepared[place] = *zone;
    }
}

const Expr* Compiler::operators(const Node& node) {
    if (node.kind == NodeKind::Negate) {
        Node call;
        call.kind = NodeKind::Call;
        call.span = node.span;
        call.function = find_function("op_neg");
        call.bound = {node.children[0].get()};
        return this->call(call);
    }
    if (node.kind == NodeKind::Binary) {
        return binary(node, function_of(node.operators[0]), *node.children[0], *node.children[1]);
    }
    if (node.kind == NodeKind::Compare && node.operators.size() == 1) {
        return binary(node, function_of(node.operators[0]), *node.children[0], *node.children[1]);
    }
    Expr& expr = new_expr(node, node.kind == NodeKind::Not ? eval_not : eval_logic);
    expr.number = node.kind == NodeKind::Or;
    if (node.kind == NodeKind::Compare) {
        for (std::size_t i = 0; i < node.operators.size(); ++i) {
            expr.arguments.push_back(binary(node, function_of(node.operators[i]), *node.children[i],
                                            *node.children[i + 1]));
        }
    } else {
        for (const auto& child : node.children) expr.arguments.push_back(expression(*child));
    }
    return fold(expr);
}

const Expr* Compiler::binary(const Node& node, std::string_view function, const Node& left,
                             const Node& right) {
    Node call;
    call.kind = NodeKind::Call;
    call.span = node.span;
    call.function = find_function(function);
    const bool container_first = function == "op_in" || function == "op_not_in";
    call.bound = container_first ? std::vector<const Node*>{&right, &left}
                                 : std::vector<const Node*>{&left, &right};
    return this->call(call);
}

const Expr* Compiler::fold(Expr& expr) {
    if (!expr.is_pure || found_.has_errors()) return &expr;
    for (const auto* argument : expr.arguments) {
        if (!argument->is_constant) return &expr;
    }
    RunState state;
    NoSink sink;
    Frame frame{state, &state.event, sink, folding_time_};
    state.event.load_fields({});
    const Value value = expr(frame);
    if (frame.has_failed) {
        found_.warning("T0901", expr.span,
                       fmt::format("this fails for every event: {}", frame.failure));
        return &expr;
    }
    expr.constant = keep_value(value, code_.arena);
    expr.is_constant = true;
    expr.eval = eval_constant;
    return &expr;
}

const Expr* Compiler::argument(const Node& call, std::size_t place) {
    if (place < call.bound.size() && call.bound[place] != nullptr) {
        return expression(*call.bound[place]);
    }
    return constant(call, call.function->params[place].fallback);
}

std::size_t Compiler::positional_count(const Node& call) const {
    return call.bound.size() - call.function->keyword_params.size();
}

std::vector<const Expr*> Compiler::positional(const Node& call, std::size_t from) {
    std::vector<const Expr*> made;
    for (std::size_t i = from; i < positional_count(call); ++i) {
        made.push_back(argument(call, i));
    }
    return made;
}

const Expr* Compiler::keyword(const Node& call, std::string_view name) {
    const auto& params = call.function->keyword_params;
    for (std::size_t i = 0; i < params.size(); ++i) {
        if (params[i].name != name) continue;
        const Node* given = call.bound[positional_count(call) + i];
        return given != nullptr ? expression(*given) : constant(call, params[i].fallback);
    }
    return nullptr;
}

const Expr* Compiler::named(const Node& call, std::string_view param) {
    const auto& params = call.function->params;
    for (std::size_t i = 0; i < params.size(); ++i) {
        if (params[i].name == param) return argument(call, i);
    }
    return keyword(call, param);
}

Span Compiler::span_of(const Node& call, std::string_view param) const {
    const auto& info = *call.function;
    for (std::size_t i = 0; i < info.params.size(); ++i) {
        if (info.params[i].name == param && call.bound[i] != nullptr) return call.bound[i]->span;
    }
    for (std::size_t i = 0; i < info.keyword_params.size(); ++i) {
        const Node* given = call.bound[positional_count(call) + i];
        if (info.keyword_params[i].name == param && given != nullptr) return given->span;
    }
    return call.name_span;
}

std::string_view Compiler::constant_text(const Node& call, std::string_view param) {
    const Expr* given = named(call, param);
    if (given->is_constant) {
        return given->constant.is_null() ? std::string_view{}
                                         : stored_text(given->constant, code_.arena);
    }
    found_.error("T0503", span_of(call, param),
                 fmt::format("{} of {} must be a constant", param, call.function->name));
    return {};
}

bool Compiler::constant_flag(const Node& call, std::string_view param) {
    const Expr* given = named(call, param);
    if (given->is_constant) return is_true(given->constant);
    found_.error("T0503", span_of(call, param),
                 fmt::format("{} of {} must be a constant", param, call.function->name));
    return false;
}

Mode Compiler::constant_mode(const Node& call) {
    const auto text = constant_text(call, "mode");
    if (const auto mode = parse_mode(text)) return *mode;
    if (!found_.has_errors()) {
        found_.error("T0502", span_of(call, "mode"), fmt::format("unknown mode \"{}\"", text),
                     "fill, fill-auto, add, add-auto, overwrite or overwrite-auto");
    }
    return Mode::Overwrite;
}

const Regex* Compiler::regex(std::string_view pattern, Span where) {
    auto made = Regex::compile(pattern);
    if (!made) {
        found_.error("T0506", where, "this regular expression is wrong: " + made.error().message);
        return nullptr;
    }
    if (const auto foreign = foreign_regex_syntax(pattern); !foreign.empty()) {
        found_.warning("T0909", where,
                       fmt::format("\"{}\" is no syntax of Python's regular expressions", foreign),
                       "it works here, but not where the rule may run besides");
    }
    if (looks_catastrophic(pattern)) {
        found_.warning("T0902", where,
                       "a repeat within a repeat can take very long on text that does not match",
                       "make the inner one possessive or atomic: (?>a+)+");
    }
    code_.regexes.push_back(*std::move(made));
    return code_.regexes.back().get();
}

void Compiler::reads(const Expr* field) {
    if (field->is_constant && field->constant.is_text()) {
        effects_.reads.emplace(field->constant.text());
    } else if (field->is_constant && field->constant.is_list()) {
        for (const auto& item : *field->constant.list) {
            if (item.is_text()) effects_.reads.emplace(item.text());
        }
    } else {
        effects_.reads_unknown = true;
    }
}

void Compiler::writes(const Expr* field, std::string_view function) {
    if (field->is_constant && field->constant.is_text()) {
        effects_.writes.emplace(field->constant.text());
    } else {
        effects_.writes_unknown = true;
    }
    edits(fmt::format("{} changes a field of each log", function));
}

void Compiler::edits(std::string_view reason) {
    if (!effects_.edits) effects_.edit_reason = reason;
    effects_.edits = true;
}

const Op* Compiler::operation(const Node& node) {
    if (node.kind == NodeKind::Name) {
        Node call;
        call.kind = NodeKind::Call;
        call.span = node.span;
        call.name_span = node.span;
        call.function = find_function(node.text == "DROP" ? "e_drop" : "e_keep");
        call.bound = {nullptr};
        return call.function->entry->build_op(*this, call);
    }
    return node.function->entry->build_op(*this, node);
}

}  // namespace spillway::transform
