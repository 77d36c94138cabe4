#include "transform/checker.h"

#include "base/text.h"
#include "transform/modes.h"
#include "transform/registry.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

struct Identifier {
    std::string_view name;
    const char* text;
};

constexpr std::array kIdentifiers = {
    Identifier{"F_TIME", "__time__"},
    Identifier{"F_META", "__tag__:.+|__topic__|__source__"},
    Identifier{"F_TAGS", "__tag__:.+"},
    Identifier{"F_RECEIVE_TIME", "__tag__:__receive_time__"},
    Identifier{"F_PACK_META", "__pack_meta__|__tag__:__pack_id__"},
    Identifier{"MATH_PI", ""},
    Identifier{"MATH_E", ""},
    Identifier{"MATCH_E", ""},
};

struct Builtin {
    std::string_view name;
    std::string_view instead;
};

constexpr std::array kBuiltins = {
    Builtin{"len", "op_len(x)"},           Builtin{"str", "ct_str(x)"},
    Builtin{"int", "ct_int(x)"},           Builtin{"float", "ct_float(x)"},
    Builtin{"bool", "ct_bool(x)"},         Builtin{"chr", "ct_chr(n)"},
    Builtin{"ord", "ct_ord(c)"},           Builtin{"hex", "ct_hex(n)"},
    Builtin{"max", "op_max(a, b)"},        Builtin{"min", "op_min(a, b)"},
    Builtin{"abs", "op_abs(a)"},           Builtin{"round", "op_round(a, n)"},
    Builtin{"sum", "op_sum(a, b)"},        Builtin{"list", "lst_make(a, ...)"},
    Builtin{"dict", "dct_make(k, v)"},     Builtin{"print", "e_set(\"debug\", x)"},
    Builtin{"sorted", "str_sort(x)"},      Builtin{"reversed", "lst_reverse(l)"},
    Builtin{"split", "str_split(x, sep)"}, Builtin{"format", "str_format(fmt, a)"},
    Builtin{"pow", "op_pow(a, b)"},        Builtin{"upper", "str_upper(x)"},
    Builtin{"lower", "str_lower(x)"},      Builtin{"replace", "str_replace(x, old, new)"},
};

std::vector<std::string> function_names() {
    std::vector<std::string> names;
    for (const auto& info : all_functions()) names.push_back(info.name);
    return names;
}

bool is_literal(const Node& node) {
    switch (node.kind) {
        case NodeKind::Null:
        case NodeKind::Bool:
        case NodeKind::Int:
        case NodeKind::BigInt:
        case NodeKind::Float:
        case NodeKind::Text:
        case NodeKind::Bytes:
        case NodeKind::List:
        case NodeKind::Tuple:
        case NodeKind::Dict:
            return true;
        default:
            return false;
    }
}

std::string_view described(const Node& node) {
    switch (node.kind) {
        case NodeKind::Null:
            return "None";
        case NodeKind::Bool:
            return "a truth value";
        case NodeKind::Int:
        case NodeKind::BigInt:
        case NodeKind::Float:
            return "a number";
        case NodeKind::Text:
            return "text";
        case NodeKind::Bytes:
            return "bytes";
        case NodeKind::List:
            return "a list";
        case NodeKind::Tuple:
            return "a tuple";
        case NodeKind::Dict:
            return "a dict";
        default:
            return "an expression";
    }
}

bool is_number(const Node& node) {
    return node.kind == NodeKind::Int || node.kind == NodeKind::Float ||
           node.kind == NodeKind::BigInt || node.kind == NodeKind::Bool;
}

bool is_list(const Node& node) {
    return node.kind == NodeKind::List || node.kind == NodeKind::Tuple;
}

/// What a constant for this parameter has to be; empty when it fits.
std::string_view misfit(const Node& node, ParamKind kind) {
    if (!is_literal(node) || node.kind == NodeKind::Null) return {};
    const bool text = node.kind == NodeKind::Text || node.kind == NodeKind::Bytes;
    switch (kind) {
        case ParamKind::Text:
        case ParamKind::Field:
        case ParamKind::Regex:
        case ParamKind::Mode:
        case ParamKind::Query:
        case ParamKind::Jmes:
        case ParamKind::Zone:
            return text ? "" : "text";
        case ParamKind::Number:
            return text || is_number(node) ? "" : "a number";
        case ParamKind::Fields:
        case ParamKind::TextOrList:
            return text || is_list(node) ? "" : "text or a list";
        case ParamKind::Dict:
            return node.kind == NodeKind::Dict || text ? "" : "a dict {key: value}";
        case ParamKind::Table:
            return "a table, as tab_parse_csv(...) makes it";
        default:
            return {};
    }
}

class Checker {
  public:
    explicit Checker(Diagnostics& diagnostics) : found_(diagnostics) {}

    void steps(Rule& rule) {
        for (auto& step : rule.steps) operation(*step, "a step");
    }

  private:
    static bool is_keep_or_drop(const Node& node) {
        return node.kind == NodeKind::Name && (node.text == "KEEP" || node.text == "DROP");
    }

    /// A place where only a global function may stand.
    void operation(Node& node, std::string_view place) {
        if (is_keep_or_drop(node)) return;
        if (node.kind != NodeKind::Call) {
            if (node.kind == NodeKind::Name && !identifier(node)) return;
            found_.error(
                "T0301", node.span,
                fmt::format("{} must be a call of a global function (e_...), KEEP or DROP, "
                            "not {}",
                            place, described(node)),
                "e_set(\"field\", value) stores a value");
            return;
        }
        const auto* info = resolve(node);
        if (info == nullptr) return;
        if (info->is_check) {
            found_.error(
                "T0302", node.name_span,
                fmt::format("{} gives a value and changes nothing, so it cannot be {}", info->name,
                            place),
                info->name.starts_with("e_")
                    ? fmt::format("use it as a condition: e_keep({}(...))", info->name)
                    : fmt::format("store its value: e_set(\"field\", {}(...))", info->name));
        }
        arguments(node, *info);
    }

    void expression(Node& node) {
        switch (node.kind) {
            case NodeKind::Name:
                if (is_keep_or_drop(node)) {
                    found_.error(
                        "T0303", node.span,
                        fmt::format("{} is an operation, but a value is needed here", node.text));
                } else {
                    identifier(node);
                }
                return;
            case NodeKind::Call:
                return call(node);
            default:
                for (auto& child : node.children) expression(*child);
        }
    }

    void call(Node& node) {
        const auto* info = resolve(node);
        if (info == nullptr) {
            for (auto& child : node.children) expression_or_operation(*child);
            return;
        }
        if (!info->is_check) {
            found_.error("T0303", node.name_span,
                         fmt::format("{} is an operation and gives no value", info->name),
                         "operations stand as steps, or inside e_if, e_switch, e_compose");
        }
        arguments(node, *info);
    }

    /// Inside a call of an unknown function: either may be meant.
    void expression_or_operation(Node& node) {
        if (is_keep_or_drop(node)) return;
        if (node.kind == NodeKind::Call) {
            const auto* info = find_function(node.text);
            if (info != nullptr && !info->is_check) return operation(node, "this");
        }
        expression(node);
    }

    bool identifier(const Node& node) {
        for (const auto& each : kIdentifiers) {
            if (each.name == node.text) return true;
        }
        std::vector<std::string> known = {"KEEP", "DROP", "True", "False", "None"};
        for (const auto& each : kIdentifiers) known.emplace_back(each.name);
        std::string help =
            fmt::format("a field's value is v(\"{}\"); text needs quotes", node.text);
        if (find_function(node.text) != nullptr) {
            help = fmt::format("a function is called with brackets: {}(...)", node.text);
        } else if (const auto same = std::find_if(
                       known.begin(), known.end(),
                       [&](const auto& name) { return equals_ignoring_case(name, node.text); });
                   same != known.end()) {
            help = fmt::format("did you mean {}?", *same);
        } else if (const auto close = nearest(node.text, known)) {
            help = fmt::format("did you mean {}?", *close);
        }
        found_.error("T0304", node.span, fmt::format("unknown name \"{}\"", node.text),
                     std::move(help));
        return false;
    }

    const FunctionInfo* resolve(Node& node) {
        node.function = find_function(node.text);
        if (node.function == nullptr) {
            unknown_function(node);
            return nullptr;
        }
        if (node.function->entry->tier == FunctionTier::Unavailable) {
            found_.error("T0306", node.name_span,
                         fmt::format("{} is known in SLS, but not available here: {}", node.text,
                                     node.function->entry->why_unavailable));
            return nullptr;
        }
        return node.function;
    }

    void unknown_function(const Node& node) {
        std::string help;
        const auto* builtin =
            std::find_if(kBuiltins.begin(), kBuiltins.end(),
                         [&](const Builtin& each) { return each.name == node.text; });
        if (builtin != kBuiltins.end()) {
            help = fmt::format("Python's built-ins are not part of the language; use {}",
                               builtin->instead);
        } else if (node.text == "KEEP" || node.text == "DROP") {
            help = fmt::format("{} stands without brackets", node.text);
        } else if (const auto close = nearest(node.text, function_names())) {
            help = fmt::format("did you mean {}?", find_function(*close)->signature);
        }
        found_.error("T0305", node.name_span, fmt::format("unknown function \"{}\"", node.text),
                     std::move(help));
    }

    void argument(Node& node, const Param& param, const FunctionInfo& info) {
        if (param.kind == ParamKind::Operation) {
            operation(node, fmt::format("the argument {} of {}", param.name, info.name));
            return;
        }
        expression(node);
        if (const auto wanted = misfit(node, param.kind); !wanted.empty()) {
            found_.error("T0501", node.span,
                         fmt::format("{} of {} must be {}, not {}", param.name, info.name, wanted,
                                     described(node)),
                         info.signature);
        }
        if (param.kind == ParamKind::Mode && node.kind == NodeKind::Text &&
            !parse_mode(node.text)) {
            found_.error("T0502", node.span, fmt::format("unknown mode \"{}\"", node.text),
                         "fill, fill-auto, add, add-auto, overwrite or overwrite-auto");
        }
    }

    const Param& param_at(const FunctionInfo& info, std::size_t place) const {
        if (place < info.params.size()) return info.params[place];
        const std::size_t beyond = place - info.params.size();
        return info.params[info.params.size() - info.repeat + beyond % info.repeat];
    }

    void arguments(Node& node, const FunctionInfo& info) {
        node.bound.clear();
        const std::size_t given = node.children.size();
        for (std::size_t i = 0; i < given; ++i) {
            if (i >= info.params.size() && info.repeat == 0) {
                too_many(node, info);
                break;
            }
            argument(*node.children[i], param_at(info, i), info);
            node.bound.push_back(node.children[i].get());
        }
        if (node.bound.size() < info.params.size()) node.bound.resize(info.params.size());
        const std::size_t keywords_at = node.bound.size();
        node.bound.resize(keywords_at + info.keyword_params.size());
        for (auto& keyword : node.keywords) bind_keyword(node, info, keyword, keywords_at);
        check_complete(node, info, given);
    }

    void too_many(const Node& node, const FunctionInfo& info) {
        const Node& first = *node.children[info.params.size()];
        found_.error("T0401", {first.span.begin, node.children.back()->span.end},
                     fmt::format("{} takes at most {} argument{}, but {} are given", info.name,
                                 info.params.size(), info.params.size() == 1 ? "" : "s",
                                 node.children.size()),
                     info.signature);
        for (std::size_t i = info.params.size(); i < node.children.size(); ++i) {
            expression(*node.children[i]);
        }
    }

    void bind_keyword(Node& node, const FunctionInfo& info, Keyword& keyword,
                      std::size_t keywords_at) {
        for (std::size_t i = 0; i < info.params.size(); ++i) {
            if (info.params[i].name != keyword.name) continue;
            argument(*keyword.value, info.params[i], info);
            bind(node, i, keyword);
            return;
        }
        for (std::size_t i = 0; i < info.keyword_params.size(); ++i) {
            if (info.keyword_params[i].name != keyword.name) continue;
            argument(*keyword.value, info.keyword_params[i], info);
            bind(node, keywords_at + i, keyword);
            return;
        }
        std::vector<std::string> known;
        for (const auto& param : info.params) known.push_back(param.name);
        for (const auto& param : info.keyword_params) known.push_back(param.name);
        const auto close = nearest(keyword.name, known);
        found_.error("T0402", keyword.span,
                     fmt::format("{} has no argument named \"{}\"", info.name, keyword.name),
                     (close ? fmt::format("did you mean {}? ", *close) : "") + info.signature);
        expression_or_operation(*keyword.value);
    }

    void bind(Node& node, std::size_t place, const Keyword& keyword) {
        if (node.bound[place] != nullptr) {
            found_.error("T0403", keyword.span,
                         fmt::format("the argument {} is given twice", keyword.name));
        }
        node.bound[place] = keyword.value.get();
    }

    void check_complete(const Node& node, const FunctionInfo& info, std::size_t given) {
        for (std::size_t i = 0; i < info.params.size(); ++i) {
            if (!info.params[i].required || node.bound[i] != nullptr) continue;
            found_.error("T0404", node.name_span,
                         fmt::format("{} needs the argument {}", info.name, info.params[i].name),
                         info.signature);
            return;
        }
        if (info.repeat > 1 && given > info.params.size() &&
            (given - info.params.size()) % info.repeat != 0) {
            std::string help = info.signature;
            if (info.name == "e_if") help = "for a choice of two use e_if_else(condition, a, b)";
            found_.error(
                "T0405", node.name_span,
                fmt::format("{} takes its arguments in pairs, but {} are given", info.name, given),
                std::move(help));
        }
    }

    Diagnostics& found_;
};

}  // namespace

const char* identifier_text(std::string_view name) {
    for (const auto& each : kIdentifiers) {
        if (each.name == name && each.text[0] != '\0') return each.text;
    }
    return nullptr;
}

void check(Rule& rule, Diagnostics& diagnostics) {
    Checker(diagnostics).steps(rule);
}

}  // namespace spillway::transform
