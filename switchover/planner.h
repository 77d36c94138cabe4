// Decides: a Situation (everything that was looked up) and a request give a Plan with every safety
// rule's verdict. Pure functions; nothing here looks anything up. Values; any thread.
//
// A planned switchover binds the target before it detaches the source, wave by wave:
//
//     prepare, import | cut | apply w, verify w, detach w | drain | commit | windows, oblige
//
// Detaching first would leave a config bound nowhere (R1): if the controller, the target or the
// line fails in between, nobody collects, and what is rotated away meanwhile is lost for good.
// Binding first costs an overlap instead, and overlap is countable and can be taken out again; a
// hole cannot. A failover never touches the source: it may not answer, and what is owed to it
// becomes obligations.
#pragma once

#include "switchover/ports.h"
#include "switchover/types.h"

namespace spillway::switchover {

struct Situation {
    WallTime now{};
    PairOptions pair;
    PairRecord record;
    PairMember from;
    PairMember to;
    RegionOptions target_region;
    RegionHealth source_health;
    RegionHealth target_health;
    std::optional<milliseconds> target_ok_age;  ///< since the last canary that succeeded
    milliseconds canary_interval{5'000};

    std::optional<BackupVersion> backup;  ///< of the source's project; trusted
    BackupHead backup_head;
    /// Configs of the target that carry a moved config's name; empty when it did not answer.
    std::map<ConfigName, CollectorConfig> target_configs;
    std::optional<Error> target_error;
    /// Planned only: the source did not answer when its backup was refreshed just now.
    std::optional<Error> source_error;

    std::string link;  ///< from source to target; empty: none
    std::optional<LinkProgress> progress;
    std::vector<Obligation> open_obligations;
    std::optional<OperationId> open_operation;
};

Plan make_plan(const Situation& situation, const OperationRequest& request);

/// Every rule that has a meaning for the request, in order. `moves`: what would be re-pointed.
std::vector<RuleResult> judge_rules(const Situation& situation, const OperationRequest& request,
                                    const std::vector<ConfigMove>& moves);

/// What would be re-pointed, and sentences about configs that cannot be.
struct Moves {
    std::vector<ConfigMove> moves;
    std::vector<std::string> problems;  ///< a config that would be left behind
};
Moves find_moves(const Situation& situation);

/// The link of the pair that copies from `source` to `target`; empty: none.
std::string link_between(const PairOptions& pair, const RegionName& source,
                         const RegionName& target);
const PairMember* member_in(const PairOptions& pair, const RegionName& region);

/// "R7: ... (override: --accept-loss DURATION)", one line a rule.
std::string refusal_text(const std::vector<RuleResult>& blockers);

}  // namespace spillway::switchover
