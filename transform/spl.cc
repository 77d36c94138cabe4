#include "transform/spl.h"

#include "transform/search_query.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

using Sql = std::optional<std::string>;

std::string sql_text(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        out += c;
        if (c == '\'') out += '\'';
    }
    return out + "'";
}

/// A field's name, always quoted: it may be a reserved word. Nothing for names that mean something
/// else in SPL.
Sql sql_field(std::string_view name) {
    if (name.empty() || name == "__time__" || name == "__time_ns_part__") return std::nullopt;
    if (name.find('"') != std::string_view::npos) return std::nullopt;
    return fmt::format("\"{}\"", name);
}

/// Text in which LIKE and quoting have no say; NUL is refused.
bool is_safe_text(std::string_view text) {
    return text.find('\0') == std::string_view::npos && text.size() < 1000;
}

/// Understood alike by RE2 and by ours: no look-around, back-references, atomic groups, or classes
/// that Unicode widens.
bool is_safe_regex(std::string_view pattern) {
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const auto c = static_cast<unsigned char>(pattern[i]);
        if (c >= 0x80 || c < 0x20) return false;
        if (c == '(' && i + 1 < pattern.size() && pattern[i + 1] == '?') {
            if (!pattern.substr(i).starts_with("(?:")) return false;
        }
        if (c == '(' && i + 1 < pattern.size() && pattern[i + 1] == '*') return false;
        if ((c == '+' || c == '*' || c == '?' || c == '}') && i + 1 < pattern.size() &&
            pattern[i + 1] == '+') {
            return false;  // possessive
        }
        if (c == '$') return false;  // before a last line end: one says yes, the other no
        if (c == '\\') {
            ++i;
            if (i >= pattern.size() || std::isalnum(static_cast<unsigned char>(pattern[i]))) {
                return false;
            }
        }
    }
    return pattern.find("[[:") == std::string_view::npos &&
           pattern.find("{,") == std::string_view::npos;
}

bool is_text(const Node* node) {
    return node != nullptr && node->kind == NodeKind::Text;
}

/// v("f") without a default.
const Node* plain_field(const Node* node) {
    if (node == nullptr || node->kind != NodeKind::Call || node->text != "v") return nullptr;
    if (node->children.size() != 1 || !node->keywords.empty()) return nullptr;
    return is_text(node->children[0].get()) ? node->children[0].get() : nullptr;
}

Sql condition(const Node& node, int depth);

Sql contains(std::string_view field, std::string_view text) {
    const auto name = sql_field(field);
    if (!name || !is_safe_text(text) || text.empty()) return std::nullopt;
    return fmt::format("strpos({}, {}) > 0", *name, sql_text(text));
}

Sql query_leaf(const QueryNode& node) {
    if (node.any_field) return std::nullopt;
    const auto name = sql_field(node.field);
    if (!name) return std::nullopt;
    switch (node.kind) {
        case QueryNode::Kind::Exists:
            return *name + " is not null";
        case QueryNode::Kind::Contains:
            return contains(node.field, node.text);
        case QueryNode::Kind::Equals:
            if (!is_safe_text(node.text)) return std::nullopt;
            return fmt::format("{} = {}", *name, sql_text(node.text));
        default:
            // Number tests differ on "nan", "inf" and blanks; patterns go only when written as
            // such.
            return std::nullopt;
    }
}

Sql query(const QueryNode& node) {
    if (node.children.empty()) return query_leaf(node);
    std::string joined;
    for (const auto& child : node.children) {
        const auto part = query(child);
        if (!part) return std::nullopt;
        if (node.kind == QueryNode::Kind::Not) return fmt::format("not coalesce({}, false)", *part);
        if (!joined.empty()) joined += node.kind == QueryNode::Kind::And ? " and " : " or ";
        joined += fmt::format("coalesce({}, false)", *part);
    }
    return "(" + joined + ")";
}

Sql equality(const Node* left, const Node* right, bool wanted) {
    if (plain_field(left) == nullptr) std::swap(left, right);
    const Node* field = plain_field(left);
    if (field == nullptr || !is_text(right) || !is_safe_text(right->text)) return std::nullopt;
    const auto name = sql_field(field->text);
    if (!name) return std::nullopt;
    if (wanted) return fmt::format("{} = {}", *name, sql_text(right->text));
    return fmt::format("({0} is null or {0} <> {1})", *name, sql_text(right->text));
}

Sql joined(const std::vector<const Node*>& parts, std::string_view word, int depth) {
    std::string text;
    for (const Node* part : parts) {
        const auto one = condition(*part, depth + 1);
        if (!one) return std::nullopt;
        if (!text.empty()) text += fmt::format(" {} ", word);
        text += fmt::format("coalesce({}, false)", *one);
    }
    return "(" + text + ")";
}

std::vector<const Node*> children_of(const Node& node) {
    std::vector<const Node*> all;
    for (const auto& child : node.children) all.push_back(child.get());
    return all;
}

Sql negated(const Node& node, int depth) {
    const auto inner = condition(node, depth + 1);
    if (!inner) return std::nullopt;
    return fmt::format("not coalesce({}, false)", *inner);
}

Sql member_of(const Node* container, const Node* element) {
    if (plain_field(container) != nullptr && is_text(element)) {
        return contains(plain_field(container)->text, element->text);
    }
    const Node* field = plain_field(element);
    if (field == nullptr || container == nullptr || container->kind != NodeKind::List) {
        return std::nullopt;
    }
    const auto name = sql_field(field->text);
    if (!name || container->children.empty()) return std::nullopt;
    std::string list;
    for (const auto& item : container->children) {
        if (!is_text(item.get()) || !is_safe_text(item->text)) return std::nullopt;
        list += (list.empty() ? "" : ", ") + sql_text(item->text);
    }
    return fmt::format("{} in ({})", *name, list);
}

Sql match(const Node& node) {
    if (node.children.size() != 2 || !node.keywords.empty()) return std::nullopt;
    const Node* field = node.children[0].get();
    const Node* pattern = node.children[1].get();
    if (!is_text(field) || !is_text(pattern) || !is_safe_regex(pattern->text)) return std::nullopt;
    const auto name = sql_field(field->text);
    if (!name) return std::nullopt;
    return fmt::format("regexp_like({}, {})", *name, sql_text("\\A(?:" + pattern->text + ")\\z"));
}

Sql call(const Node& node, int depth) {
    const auto& name = node.text;
    const auto parts = children_of(node);
    if (!node.keywords.empty()) return std::nullopt;
    if (name == "op_and") return joined(parts, "and", depth);
    if (name == "op_or") return joined(parts, "or", depth);
    if (name == "op_not") return negated(*parts[0], depth);
    if (name == "op_eq") return equality(parts[0], parts[1], true);
    if (name == "op_ne") return equality(parts[0], parts[1], false);
    if (name == "op_in") return member_of(parts[0], parts[1]);
    if (name == "e_match") return match(node);
    if (name == "v" && plain_field(&node) != nullptr) {
        const auto field = sql_field(parts[0]->text);
        if (!field) return std::nullopt;
        return fmt::format("({0} is not null and {0} <> '')", *field);
    }
    if ((name == "e_has" || name == "e_not_has") && is_text(parts[0])) {
        const auto field = sql_field(parts[0]->text);
        if (!field) return std::nullopt;
        return *field + (name == "e_has" ? " is not null" : " is null");
    }
    if (name == "e_search" && is_text(parts[0])) {
        const auto parsed = SearchQuery::parse(parts[0]->text);
        return parsed ? query(parsed->root()) : std::nullopt;
    }
    return std::nullopt;
}

Sql condition(const Node& node, int depth) {
    if (depth > 50) return std::nullopt;
    switch (node.kind) {
        case NodeKind::Call:
            return call(node, depth);
        case NodeKind::And:
            return joined(children_of(node), "and", depth);
        case NodeKind::Or:
            return joined(children_of(node), "or", depth);
        case NodeKind::Not:
            return negated(*node.children[0], depth);
        case NodeKind::Compare: {
            if (node.operators.size() != 1) return std::nullopt;
            const auto& sign = node.operators[0];
            const Node* left = node.children[0].get();
            const Node* right = node.children[1].get();
            if (sign == "==" || sign == "!=") return equality(left, right, sign == "==");
            if (sign == "in") return member_of(right, left);
            return std::nullopt;
        }
        default:
            return std::nullopt;
    }
}

bool is_drop(const Node& node) {
    return (node.kind == NodeKind::Name && node.text == "DROP") ||
           (node.kind == NodeKind::Call && node.text == "e_drop" && node.children.empty() &&
            node.keywords.empty());
}

/// e_keep(c), e_drop(c), e_if(c, DROP): what an event must satisfy to go on.
Sql filter_step(const Node& step) {
    if (step.kind != NodeKind::Call || !step.keywords.empty()) return std::nullopt;
    if (step.text == "e_keep" && step.children.size() == 1) return condition(*step.children[0], 0);
    if (step.text == "e_drop" && step.children.size() == 1) return negated(*step.children[0], 0);
    if (step.text == "e_if" && step.children.size() == 2 && is_drop(*step.children[1])) {
        return negated(*step.children[0], 0);
    }
    return std::nullopt;
}

}  // namespace

std::string leading_filter_as_spl(const Rule& rule) {
    constexpr std::size_t kScriptMax = 10'000;
    std::string where;
    for (const auto& step : rule.steps) {
        const auto part = filter_step(*step);
        if (!part || where.size() + part->size() > kScriptMax) break;
        if (!where.empty()) where += " and ";
        where += *part;
    }
    return where.empty() ? "" : "* | where " + where;
}

}  // namespace spillway::transform
