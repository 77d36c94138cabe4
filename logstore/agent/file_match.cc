#include "logstore/agent/file_match.h"

#include <tuple>

namespace spillway::agent {
namespace {

bool is_better(const RuleMatch& left, const RuleMatch& right) {
    if (left.base_length != right.base_length) return left.base_length > right.base_length;
    return std::tie(left.rule->created_unix_s, left.rule->effective_name) <
           std::tie(right.rule->created_unix_s, right.rule->effective_name);
}

}  // namespace

FileCollectors choose_collectors(const std::vector<RuleMatch>& matches) {
    FileCollectors chosen;
    const RuleMatch* best = nullptr;
    for (const RuleMatch& match : matches) {
        if (match.rule->allows_other_configs) {
            chosen.collecting.push_back(match.rule);
        } else if (best == nullptr || is_better(match, *best)) {
            best = &match;
        }
    }
    if (best == nullptr) return chosen;
    chosen.collecting.push_back(best->rule);
    for (const RuleMatch& match : matches) {
        if (!match.rule->allows_other_configs && match.rule != best->rule) {
            chosen.shut_out.push_back(match.rule);
        }
    }
    return chosen;
}

}  // namespace spillway::agent
