#include "transform/tier.h"

#include "transform/event.h"
#include "transform/registry.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

bool is_text(const Node* node) {
    return node != nullptr && node->kind == NodeKind::Text;
}

bool is_keep(const Node& step) {
    if (step.kind == NodeKind::Name) return step.text == "KEEP";
    return step.text == "e_keep" && step.children.empty() && step.keywords.empty();
}

/// e_set("__tag__:k", "constant", ...) in the default mode; adds its tags.
bool sets_constant_tags(const Node& step, std::vector<AppendedTag>& tags) {
    if (step.kind != NodeKind::Call || step.text != "e_set" || !step.keywords.empty()) return false;
    for (std::size_t i = 0; i + 1 < step.children.size(); i += 2) {
        const Node* key = step.children[i].get();
        const Node* value = step.children[i + 1].get();
        if (!is_text(key) || !is_text(value) || !key->text.starts_with(kTagPrefix)) return false;
        AppendedTag tag{key->text.substr(kTagPrefix.size()), value->text};
        const auto same = std::find_if(
            tags.begin(), tags.end(), [&](const AppendedTag& each) { return each.key == tag.key; });
        if (same == tags.end()) {
            tags.push_back(std::move(tag));
        } else {
            same->value = tag.value;
        }
    }
    return true;
}

}  // namespace

TierChoice choose_tier(const Rule& rule, const Effects& effects) {
    TierChoice choice;
    const bool only_keep = std::all_of(rule.steps.begin(), rule.steps.end(),
                                       [](const NodePtr& step) { return is_keep(*step); });
    if (only_keep) {
        return {Tier::Passthrough, "the rule changes nothing: pages go through as they are", {}};
    }
    std::vector<AppendedTag> tags;
    const bool only_tags = std::all_of(
        rule.steps.begin(), rule.steps.end(),
        [&](const NodePtr& step) { return is_keep(*step) || sets_constant_tags(*step, tags); });
    if (only_tags) {
        return {Tier::TagAppend, "the rule only gives constant tags to every group",
                std::move(tags)};
    }
    if (effects.edits || effects.sends || effects.splits) {
        choice.tier = Tier::Rewrite;
        choice.reason = effects.edits    ? effects.edit_reason
                        : effects.splits ? "e_split makes several logs out of one"
                                         : "logs go to several targets";
        return choice;
    }
    choice.tier = Tier::DropOnly;
    choice.reason = "the rule keeps or drops whole logs: their bytes are copied or left out";
    return choice;
}

}  // namespace spillway::transform
