// Fields are text. So a field is never equal to a number, and comparing their sizes fails. The same
// the other way round, and for queries and conjunctions that contradict themselves.
#include "transform/registry.h"
#include "transform/search_query.h"
#include "transform/warnings.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

enum class Sort { Unknown, Text, Number };

/// Of what a call surely gives, when it gives anything.
Sort sort_of_call(const Node& call) {
    static constexpr auto kText = std::to_array<std::string_view>(
        {"ct_str", "str_lower", "str_upper", "str_strip", "str_replace", "str_format", "str_join",
         "regex_replace", "dt_str", "dt_strftime", "url_decoding", "md5_encoding"});
    static constexpr auto kNumber = std::to_array<std::string_view>(
        {"ct_int", "ct_float", "op_len", "op_sum", "op_sub", "op_abs", "op_neg", "op_mod",
         "op_div_floor", "op_div_true", "op_round", "mat_ceil", "mat_floor", "str_count",
         "str_find", "dt_parsetimestamp", "dt_totimestamp", "dt_currentstamp", "dt_diff"});
    if (!plain_field(call).empty()) return Sort::Text;
    if (std::find(kText.begin(), kText.end(), call.text) != kText.end()) return Sort::Text;
    if (std::find(kNumber.begin(), kNumber.end(), call.text) != kNumber.end()) return Sort::Number;
    return Sort::Unknown;
}

Sort sort_of(const Node& node) {
    switch (node.kind) {
        case NodeKind::Text:
            return Sort::Text;
        case NodeKind::Int:
        case NodeKind::BigInt:
        case NodeKind::Float:
            return Sort::Number;
        case NodeKind::Negate:
            return Sort::Number;
        case NodeKind::Call:
            return sort_of_call(node);
        default:
            return Sort::Unknown;
    }
}

bool is_constant(const Node& node) {
    return node.kind == NodeKind::Text || node.kind == NodeKind::Int ||
           node.kind == NodeKind::Float || node.kind == NodeKind::BigInt;
}

std::string_view sign_of(std::string_view function) {
    static constexpr std::pair<std::string_view, std::string_view> kSigns[] = {
        {"op_eq", "=="}, {"op_ne", "!="}, {"op_lt", "<"},
        {"op_le", "<="}, {"op_gt", ">"},  {"op_ge", ">="},
    };
    for (const auto& [name, sign] : kSigns) {
        if (name == function) return sign;
    }
    return {};
}

class ConditionWalk {
  public:
    explicit ConditionWalk(Diagnostics& found) : found_(found) {}

    void node(const Node& node) {
        switch (node.kind) {
            case NodeKind::Compare:
                for (std::size_t i = 0; i < node.operators.size(); ++i) {
                    compare(node.operators[i], *node.children[i], *node.children[i + 1], node);
                }
                break;
            case NodeKind::And:
                conjunction(node);
                break;
            case NodeKind::Dict:
                equal_keys(node);
                break;
            case NodeKind::Call:
                call(node);
                break;
            default:
                break;
        }
        for (const auto& child : node.children) this->node(*child);
        for (const auto& keyword : node.keywords) this->node(*keyword.value);
    }

  private:
    void call(const Node& call) {
        if (call.function == nullptr) return;
        const auto& function = *call.function;
        if (const auto sign = sign_of(call.text); !sign.empty() && call.children.size() == 2) {
            compare(sign, *call.children[0], *call.children[1], call);
        }
        if (call.text == "op_and") conjunction(call);
        if (call.text == "e_switch" || call.text == "e_if") branches(call);
        if (call.text == "e_search" && !call.children.empty() &&
            call.children[0]->kind == NodeKind::Text) {
            query(*call.children[0]);
        }
        for (std::size_t i = 0; i < call.bound.size(); ++i) {
            if (call.bound[i] == nullptr || !is_condition(function, i)) continue;
            constant_condition(*call.bound[i]);
        }
    }

    static bool is_condition(const FunctionInfo& function, std::size_t place) {
        if (place < function.params.size()) {
            return function.params[place].kind == ParamKind::Condition;
        }
        if (function.repeat == 0 || function.params.empty()) return false;
        const std::size_t beyond = place - function.params.size();
        return function.params[function.params.size() - function.repeat + beyond % function.repeat]
                   .kind == ParamKind::Condition;
    }

    void constant_condition(const Node& condition) {
        if (condition.kind == NodeKind::Text && !condition.text.empty()) {
            found_.warning("T0905", condition.span, "a text that is not empty is always true",
                           "a search is e_search(\"...\"), the value of a field v(\"...\")");
        } else if (condition.kind == NodeKind::Null ||
                   (condition.kind == NodeKind::Text && condition.text.empty())) {
            found_.warning("T0905", condition.span, "this condition never holds");
        }
    }

    void compare(std::string_view sign, const Node& left, const Node& right, const Node& whole) {
        if (sign == "in" || sign == "not in") return within(left, right, whole);
        const Sort a = sort_of(left);
        const Sort b = sort_of(right);
        if (a == Sort::Unknown || b == Sort::Unknown || a == b) return;
        const auto help = advice(a == Sort::Text ? left : right);
        if (sign == "==") {
            found_.warning("T0905", whole.span, "text never equals a number", help);
        } else if (sign == "!=") {
            found_.warning("T0905", whole.span, "text always differs from a number", help);
        } else {
            found_.warning("T0905", whole.span,
                           "text and a number cannot be compared: this fails for every event "
                           "that has both",
                           help);
        }
    }

    static std::string advice(const Node& text) {
        if (text.kind == NodeKind::Text) {
            return fmt::format("write the number without quotes: {}", text.text);
        }
        const auto field = plain_field(text);
        if (field.empty()) return "make it a number first: ct_int(...)";
        return fmt::format("fields are text; make it a number first: ct_int(v(\"{}\"))", field);
    }

    /// A text among numbers, or a number among texts.
    void within(const Node& element, const Node& container, const Node& whole) {
        const Sort wanted = sort_of(element);
        if (container.kind != NodeKind::List && container.kind != NodeKind::Tuple) return;
        if (wanted == Sort::Unknown || container.children.empty()) return;
        const bool never = std::all_of(
            container.children.begin(), container.children.end(), [&](const NodePtr& item) {
                const Sort sort = is_constant(*item) ? sort_of(*item) : Sort::Unknown;
                return sort != Sort::Unknown && sort != wanted;
            });
        if (!never) return;
        found_.warning("T0905", whole.span,
                       wanted == Sort::Text ? "text is in no list of numbers"
                                            : "a number is in no list of texts",
                       wanted == Sort::Text ? "put the numbers in quotes, as fields are text"
                                            : "take the quotes off the numbers");
    }

    /// v("f") == "a" and v("f") == "b".
    void conjunction(const Node& all) {
        std::map<std::string_view, std::string_view> equals;
        for (const auto& part : all.children) {
            if (part->kind != NodeKind::Compare || part->operators.size() != 1 ||
                part->operators[0] != "==") {
                continue;
            }
            const auto field = plain_field(*part->children[0]);
            const Node& value = *part->children[1];
            if (field.empty() || value.kind != NodeKind::Text) continue;
            const auto [before, is_new] = equals.emplace(field, value.text);
            if (is_new || before->second == value.text) continue;
            found_.warning("T0905", all.span,
                           fmt::format("\"{}\" cannot be \"{}\" and \"{}\" at once", field,
                                       before->second, value.text),
                           "did you mean \"or\"?");
        }
    }

    /// The same condition a second time, where only the first that holds runs.
    void branches(const Node& call) {
        if (call.text != "e_switch") return;
        for (std::size_t i = 0; i + 1 < call.children.size(); i += 2) {
            const Node& condition = *call.children[i];
            const bool always = condition.kind == NodeKind::Bool && condition.boolean;
            if (!always || i + 2 >= call.children.size()) continue;
            found_.warning("T0907", call.children[i + 2]->span,
                           "this branch never runs: the one before always does");
            return;
        }
    }

    void equal_keys(const Node& dict) {
        std::set<std::string_view> keys;
        for (std::size_t i = 0; i + 1 < dict.children.size(); i += 2) {
            const Node& key = *dict.children[i];
            if (key.kind != NodeKind::Text || keys.insert(key.text).second) continue;
            found_.warning(
                "T0904", key.span,
                fmt::format("the key \"{}\" is there twice: the last value counts", key.text));
        }
    }

    // ---- Queries ----

    void query(const Node& text) {
        const auto parsed = SearchQuery::parse(text.text);
        if (parsed) query_node(parsed->root(), text);
    }

    void query_node(const QueryNode& query, const Node& text) {
        if (query.kind == QueryNode::Kind::Number && query.lower > query.upper) {
            found_.warning("T0905", text.span,
                           fmt::format("no number is from {} to {}", query.lower, query.upper),
                           "the smaller bound comes first");
        }
        if (query.kind == QueryNode::Kind::And) contradiction(query, text);
        for (const auto& child : query.children) query_node(child, text);
    }

    void contradiction(const QueryNode& all, const Node& text) {
        for (std::size_t i = 0; i < all.children.size(); ++i) {
            for (std::size_t j = i + 1; j < all.children.size(); ++j) {
                if (!exclude(all.children[i], all.children[j])) continue;
                found_.warning("T0905", text.span,
                               fmt::format("this never matches: two of its conditions on \"{}\" "
                                           "exclude each other",
                                           field_of(all.children[i])),
                               "did you mean \"or\"?");
                return;
            }
        }
    }

    static const std::string& field_of(const QueryNode& node) {
        return node.kind == QueryNode::Kind::Not ? field_of(node.children[0]) : node.field;
    }

    static bool exclude(const QueryNode& a, const QueryNode& b) {
        if (a.any_field || b.any_field || field_of(a) != field_of(b)) return false;
        const bool is_not = a.kind == QueryNode::Kind::Not || b.kind == QueryNode::Kind::Not;
        if (is_not) {
            const QueryNode& negated =
                a.kind == QueryNode::Kind::Not ? a.children[0] : b.children[0];
            const QueryNode& other = a.kind == QueryNode::Kind::Not ? b : a;
            return negated.kind == QueryNode::Kind::Exists && is_positive(other);
        }
        if (a.kind == QueryNode::Kind::Equals && b.kind == QueryNode::Kind::Equals) {
            return a.text != b.text;
        }
        if (a.kind != QueryNode::Kind::Number || b.kind != QueryNode::Kind::Number) return false;
        const bool apart = a.lower > b.upper || b.lower > a.upper;
        const bool touch = (a.lower == b.upper && (a.lower_open || b.upper_open)) ||
                           (b.lower == a.upper && (b.lower_open || a.upper_open));
        return apart || touch;
    }
    static bool is_positive(const QueryNode& node) { return node.children.empty(); }

    Diagnostics& found_;
};

}  // namespace

void warn_about_conditions(const Rule& rule, Diagnostics& diagnostics) {
    ConditionWalk walk(diagnostics);
    for (const auto& step : rule.steps) walk.node(*step);
}

}  // namespace spillway::transform
