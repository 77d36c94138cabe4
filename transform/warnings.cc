// Walks the steps in order and remembers what the ones before made sure of: a field that was set
// and not looked at since, a field that is gone. Whatever may do more than is plain to see makes it
// forget, so that a warning is always true.
#include "transform/warnings.h"

#include "transform/registry.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace spillway::transform {

std::string_view plain_field(const Node& node) {
    const bool plain = node.kind == NodeKind::Call && node.text == "v" &&
                       node.children.size() == 1 && node.keywords.empty() &&
                       node.children[0]->kind == NodeKind::Text;
    return plain ? std::string_view(node.children[0]->text) : std::string_view{};
}

namespace {

bool is_text(const Node& node) {
    return node.kind == NodeKind::Text;
}

bool is_plain_name(std::string_view name) {
    return !name.empty() && name.find_first_of("\\.[](){}*+?^$|#") == std::string_view::npos;
}

bool has_keyword(const Node& call, std::string_view name) {
    return std::any_of(call.keywords.begin(), call.keywords.end(),
                       [&](const Keyword& keyword) { return keyword.name == name; });
}

template <class Visit>
void each_node(const Node& node, Visit&& visit) {
    visit(node);
    for (const auto& child : node.children) each_node(*child, visit);
    for (const auto& keyword : node.keywords) each_node(*keyword.value, visit);
}

/// Whether a text in it holds the field's name: it may mean the field.
bool mentions(const Node& node, std::string_view field) {
    bool found = false;
    each_node(node, [&](const Node& each) {
        found = found || (is_text(each) && each.text.find(field) != std::string::npos);
    });
    return found;
}

bool ends_every_event(const Node& step) {
    if (step.kind == NodeKind::Name) return step.text == "DROP";
    if (step.kind != NodeKind::Call) return false;
    if (step.text == "e_output") return true;
    if (step.text == "e_compose") {
        return std::any_of(step.children.begin(), step.children.end(),
                           [](const NodePtr& part) { return ends_every_event(*part); });
    }
    if (step.text != "e_drop" && step.text != "e_keep") return false;
    const Node* condition = step.bound.empty() ? nullptr : step.bound[0];
    if (condition == nullptr) return step.text == "e_drop";
    return condition->kind == NodeKind::Bool && condition->boolean == (step.text == "e_drop");
}

class StepWalk {
  public:
    explicit StepWalk(Diagnostics& found) : found_(found) {}

    void run(const Rule& rule) {
        for (std::size_t i = 0; i < rule.steps.size(); ++i) {
            const Node& step = *rule.steps[i];
            if (step.kind == NodeKind::Call) this->step(step);
            if (!ends_every_event(step) || i + 1 == rule.steps.size()) continue;
            found_.warning("T0903", rule.steps[i + 1]->span,
                           "this step never runs: the one before ends every event",
                           "give that one a condition, or use e_coutput to send a copy");
            return;
        }
    }

  private:
    void step(const Node& step) {
        warn_gone(step);
        if (step.text == "e_set") return set(step);
        if (step.text == "e_drop_fields") return drop(step);
        if (step.text == "e_rename") return rename(step);
        if (step.text == "e_keep" || step.text == "e_drop") {
            look(step);  // may end the event, but changes nothing
            return;
        }
        written_.clear();
        if (step.text != "e_coutput") gone_.clear();
    }

    /// Fields whose names stand in the step may have been looked at by it.
    void look(const Node& step) {
        std::erase_if(written_, [&](const auto& entry) { return mentions(step, entry.first); });
    }

    void set(const Node& step) {
        const Node* mode = step.keywords.empty() ? nullptr : step.keywords[0].value.get();
        const bool overwrites = mode == nullptr || (is_text(*mode) && mode->text == "overwrite");
        for (std::size_t i = 0; i + 1 < step.children.size(); i += 2) {
            const Node& key = *step.children[i];
            const Node& value = *step.children[i + 1];
            look(value);
            if (!is_text(key)) {
                written_.clear();
                gone_.clear();
                continue;
            }
            set_one(key, value, overwrites);
        }
    }

    void set_one(const Node& key, const Node& value, bool overwrites) {
        const bool certain = is_text(value) || value.kind == NodeKind::Int ||
                             value.kind == NodeKind::Float || value.kind == NodeKind::Bool;
        const auto before = written_.find(key.text);
        if (before != written_.end() && !overwrites && before->second.has_text) {
            found_.warning(
                "T0908", key.span,
                fmt::format("\"{}\" was just set: with this mode it is not set again", key.text),
                "mode=\"overwrite\" replaces what is there");
        } else if (before != written_.end() && overwrites && certain) {
            found_.warning(
                "T0904", before->second.span,
                fmt::format("\"{}\" is overwritten further down before anything looks at it",
                            key.text),
                "one of the two can go");
        }
        if (overwrites) {
            written_.insert_or_assign(key.text,
                                      Written{key.span, is_text(value) && !value.text.empty()});
        }
        gone_.erase(key.text);
    }

    void drop(const Node& step) {
        const bool literal = has_keyword(step, "regex");
        for (const auto& name : step.children) {
            look(*name);
            if (!is_text(*name) || (!literal && !is_plain_name(name->text))) {
                written_.clear();
                continue;
            }
            gone_.insert_or_assign(name->text, "dropped");
        }
    }

    void rename(const Node& step) {
        const bool plain = step.keywords.empty() && step.children.size() == 2 &&
                           is_text(*step.children[0]) && is_text(*step.children[1]) &&
                           is_plain_name(step.children[0]->text);
        look(step);
        if (!plain) {
            gone_.clear();
            return;
        }
        gone_.erase(step.children[1]->text);
        if (step.children[0]->text != step.children[1]->text) {
            gone_.insert_or_assign(step.children[0]->text, "renamed");
        }
    }

    /// Fields that the step reads by their plain names, and that no event has any more.
    void warn_gone(const Node& step) {
        if (gone_.empty()) return;
        each_node(step, [&](const Node& node) {
            if (node.kind != NodeKind::Call || node.function == nullptr) return;
            const bool reads = node.text == "v" ? !plain_field(node).empty()
                                                : !node.function->params.empty() &&
                                                      reads_first(node.function->params[0].kind);
            if (!reads || node.children.empty() || !is_text(*node.children[0])) return;
            const auto gone = gone_.find(node.children[0]->text);
            if (gone == gone_.end()) return;
            found_.warning("T0906", node.children[0]->span,
                           fmt::format("no event has \"{}\" here: it was {} before", gone->first,
                                       gone->second));
        });
    }
    static bool reads_first(ParamKind kind) {
        return kind == ParamKind::Field || kind == ParamKind::Fields;
    }

    struct Written {
        Span span;
        bool has_text = false;  ///< surely not empty
    };

    Diagnostics& found_;
    std::map<std::string, Written, std::less<>> written_;
    std::map<std::string, std::string_view, std::less<>> gone_;
};

}  // namespace

void warn_about(const Rule& rule, Diagnostics& diagnostics) {
    StepWalk(diagnostics).run(rule);
    warn_about_conditions(rule, diagnostics);
}

}  // namespace spillway::transform
