// A Pratt parser over tokens, and a tree walk. Projections apply what follows them to each element:
//   a[*].b.c = project(a, b.c); flatten, filters and slices likewise; a pipe or a bracket ends
//   them.
#include "transform/jmespath.h"

#include "transform/jmespath_functions.h"
#include "transform/jmespath_parser.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

constexpr int kEvalDepthMax = 300;

Value evaluate(const JmesNode& node, const Value& on, JmesContext& context);

Value member(const Value& on, std::string_view name) {
    if (on.kind != Kind::Dict) return Value::null();
    const Value* found = on.dict->find(name);
    return found == nullptr ? Value::null() : *found;
}

Value element(const Value& on, std::int64_t index) {
    if (!on.is_list()) return Value::null();
    const auto size = static_cast<std::int64_t>(on.list->size);
    if (index < 0) index += size;
    return index >= 0 && index < size ? on.list->items[index] : Value::null();
}

Value project(const JmesNode& right, const Value& list, JmesContext& context) {
    ListBuilder made(context.frame.arena());
    for (const auto& item : *list.list) {
        const Value value = evaluate(right, item, context);
        if (!value.is_null()) made.add(value);
    }
    return made.done();
}

Value flatten(const Value& on, JmesContext& context) {
    ListBuilder made(context.frame.arena());
    for (const auto& item : *on.list) {
        if (!item.is_list()) {
            made.add(item);
            continue;
        }
        for (const auto& inner : *item.list) made.add(inner);
    }
    return made.done();
}

Value values_of(const Value& on, JmesContext& context) {
    ListBuilder made(context.frame.arena());
    for (const auto& entry : *on.dict) made.add(entry.value);
    return made.done();
}

Value filter(const JmesNode& condition, const Value& on, JmesContext& context) {
    ListBuilder made(context.frame.arena());
    for (const auto& item : *on.list) {
        if (jmes_true(evaluate(condition, item, context))) made.add(item);
    }
    return made.done();
}

Value take_slice(const JmesNode& node, const Value& on, JmesContext& context) {
    const auto size = static_cast<std::int64_t>(on.list->size);
    const std::int64_t step = node.slice[2].value_or(1);
    if (step == 0) return context.frame.fail("JMESPath: the step of a slice is 0");
    const auto clamp = [&](std::int64_t at, std::int64_t low, std::int64_t high) {
        if (at < 0) at += size;
        return std::clamp(at, low, high);
    };
    const std::int64_t low = step > 0 ? 0 : -1;
    const std::int64_t high = step > 0 ? size : size - 1;
    std::int64_t at = node.slice[0] ? clamp(*node.slice[0], low, high) : (step > 0 ? 0 : size - 1);
    const std::int64_t end =
        node.slice[1] ? clamp(*node.slice[1], low, high) : (step > 0 ? size : -1);
    ListBuilder made(context.frame.arena());
    while (step > 0 ? at < end : at > end) {
        made.add(on.list->items[at]);
        if (step > 0 ? end - at <= step : end - at >= step) break;
        at += step;
    }
    return made.done();
}

Value compare_values(const JmesNode& node, const Value& left, const Value& right) {
    const std::string& sign = node.text;
    if (sign == "==") return Value::of(jmes_equal(left, right));
    if (sign == "!=") return Value::of(!jmes_equal(left, right));
    const bool numbers = jmes_type(left) == "number" && jmes_type(right) == "number";
    if (!numbers) return Value::null();  // only numbers have an order in JMESPath
    const int order = compare(left, right).value_or(0);
    if (sign == "<") return Value::of(order < 0);
    if (sign == "<=") return Value::of(order <= 0);
    if (sign == ">") return Value::of(order > 0);
    return Value::of(order >= 0);
}

Value evaluate_parts(const JmesNode& node, const Value& on, JmesContext& context) {
    if (on.is_null()) return Value::null();
    if (node.kind == JmesNode::Kind::MultiList) {
        ListBuilder made(context.frame.arena());
        for (const auto& child : node.children) made.add(evaluate(child, on, context));
        return made.done();
    }
    DictBuilder made(context.frame.arena());
    for (std::size_t i = 0; i < node.children.size(); ++i) {
        made.set(Value::of(std::string_view(node.names[i])),
                 evaluate(node.children[i], on, context));
    }
    return made.done();
}

Value evaluate_call(const JmesNode& node, const Value& on, JmesContext& context) {
    std::vector<JmesArgument> arguments;
    for (const auto& child : node.children) {
        JmesArgument argument;
        if (child.kind == JmesNode::Kind::Reference) {
            argument.expression = &child.children[0];
        } else {
            argument.value = evaluate(child, on, context);
        }
        if (context.frame.has_failed) return Value::null();
        arguments.push_back(argument);
    }
    return call_jmes_function(node.text, arguments, context);
}

Value evaluate_projection(const JmesNode& node, const Value& on, JmesContext& context) {
    const Value left = evaluate(node.children[0], on, context);
    const JmesNode& right = node.children.back();
    switch (node.kind) {
        case JmesNode::Kind::ValueProjection:
            if (left.kind != Kind::Dict) return Value::null();
            return project(right, values_of(left, context), context);
        case JmesNode::Kind::FilterProjection:
            if (!left.is_list()) return Value::null();
            return project(right, filter(node.children[1], left, context), context);
        case JmesNode::Kind::Flatten:
            if (!left.is_list()) return Value::null();
            return project(right, flatten(left, context), context);
        case JmesNode::Kind::Slice:
            if (!left.is_list()) return Value::null();
            {
                const Value part = take_slice(node, left, context);
                return part.is_list() ? project(right, part, context) : Value::null();
            }
        default:
            return left.is_list() ? project(right, left, context) : Value::null();
    }
}

Value evaluate_node(const JmesNode& node, const Value& on, JmesContext& context) {
    switch (node.kind) {
        case JmesNode::Kind::Current:
            return on;
        case JmesNode::Kind::Field:
            return member(on, node.text);
        case JmesNode::Kind::Index:
            return element(evaluate(node.children[0], on, context), node.index);
        case JmesNode::Kind::Literal:
            return node.literal;
        case JmesNode::Kind::Sub:
        case JmesNode::Kind::Pipe:
            return evaluate(node.children[1], evaluate(node.children[0], on, context), context);
        case JmesNode::Kind::Or: {
            const Value left = evaluate(node.children[0], on, context);
            return jmes_true(left) ? left : evaluate(node.children[1], on, context);
        }
        case JmesNode::Kind::And: {
            const Value left = evaluate(node.children[0], on, context);
            return jmes_true(left) ? evaluate(node.children[1], on, context) : left;
        }
        case JmesNode::Kind::Not:
            return Value::of(!jmes_true(evaluate(node.children[0], on, context)));
        case JmesNode::Kind::Compare:
            return compare_values(node, evaluate(node.children[0], on, context),
                                  evaluate(node.children[1], on, context));
        case JmesNode::Kind::MultiList:
        case JmesNode::Kind::MultiDict:
            return evaluate_parts(node, on, context);
        case JmesNode::Kind::Call:
            return evaluate_call(node, on, context);
        case JmesNode::Kind::Reference:
            return Value::null();
        default:
            return evaluate_projection(node, on, context);
    }
}

Value evaluate(const JmesNode& node, const Value& on, JmesContext& context) {
    if (context.frame.has_failed) return Value::null();
    if (context.frame.arena().used() > kEventMemoryMax) {
        return context.frame.fail("JMESPath: the result is too large");
    }
    if (++context.depth > kEvalDepthMax) {
        --context.depth;
        return context.frame.fail("JMESPath: nested too deep");
    }
    const Value value = evaluate_node(node, on, context);
    --context.depth;
    return value;
}

}  // namespace

bool jmes_true(const Value& value) {
    switch (value.kind) {
        case Kind::Null:
            return false;
        case Kind::Bool:
            return value.boolean;
        case Kind::String:
            return value.size != 0;
        case Kind::List:
        case Kind::Tuple:
            return value.list->size != 0;
        case Kind::Dict:
            return value.dict->size != 0;
        default:
            return true;  // numbers, even 0
    }
}

Value evaluate_jmes(const JmesNode& node, const Value& on, JmesContext& context) {
    return evaluate(node, on, context);
}

Result<JmesPath> JmesPath::parse(std::string_view text) {
    auto root = parse_jmes(text);
    if (!root) return std::move(root).error();
    JmesPath path;
    path.root_ = *std::move(root);
    return path;
}

std::optional<Value> JmesPath::try_select(const Value& from, Frame& frame) const {
    if (frame.has_failed) return std::nullopt;
    const Value found = select(from, frame);
    if (!frame.has_failed) return found;
    frame.has_failed = false;
    frame.failure = {};
    frame.warn();
    return std::nullopt;
}

Value JmesPath::select(const Value& from, Frame& frame) const {
    JmesContext context{frame};
    return evaluate(*root_, from, context);
}

const JmesPath* compile_jmes(Compiler& compiler, std::string_view text, Span where) {
    auto path = JmesPath::parse(text);
    if (!path) {
        compiler.diagnostics().error("T0504", where,
                                     "this is no JMESPath: " + path.error().message);
        return nullptr;
    }
    return compiler.code().keep(*std::move(path));
}

}  // namespace spillway::transform
