#include "switchover/readiness.h"

#include "base/text.h"
#include "switchover/twin.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace spillway::switchover {

namespace {

constexpr std::chrono::minutes kHeartbeatAgeMax{5};
constexpr double kAgentsShareMin = 0.95;
constexpr milliseconds kLagMax{60'000};

bool is_missing(const Error& error) {
    return error.code == ErrorCode::NotFound;
}

/// Nothing: the group does not exist. Identified by what the machine says of itself.
Result<std::optional<std::set<std::string>>> live_machines(RegionApi& api,
                                                           const ProjectName& project,
                                                           const MachineGroupName& group,
                                                           WallTime now) {
    auto machines = api.machines(project, group);
    if (!machines && is_missing(machines.error())) {
        return std::optional<std::set<std::string>>{};
    }
    if (!machines) return std::move(machines).error();
    std::set<std::string> live;
    const auto oldest = unix_seconds(now - kHeartbeatAgeMax);
    for (const auto& machine : *machines) {
        if (machine.last_heartbeat_unix_s < oldest) continue;
        live.insert(machine.unique_id.empty() ? machine.ip : machine.unique_id);
    }
    return std::optional{std::move(live)};
}

Status look_at_stores(RegionApi& api, const LogstoreRef& logstore, StandbyFacts& facts) {
    auto project = api.project(logstore.project);
    if (!project && !is_missing(project.error())) return std::move(project).error();
    facts.has_project = project.has_value();
    if (!facts.has_project) return {};
    auto store = api.logstore(logstore);
    if (!store && !is_missing(store.error())) return std::move(store).error();
    facts.has_logstore = store.has_value();
    return {};
}

Status look_at_config(RegionApi& api, const ProjectName& project, const CollectorConfig& origin,
                      StandbyFacts& facts) {
    ConfigFact fact;
    fact.config = origin.name;
    auto twin = api.config(project, origin.name, origin.form);
    if (!twin && !is_missing(twin.error())) return std::move(twin).error();
    fact.has_twin = twin.has_value();
    if (twin) fact.drift = drift_between(origin, *twin);
    facts.configs.push_back(std::move(fact));
    return {};
}

Status look_at_configs(RegionApi& api, const ProjectName& project, const CollectorSet& set,
                       const BackupSnapshot& backup, StandbyFacts& facts) {
    for (const auto& origin : backup.configs) {
        const bool follows =
            std::find(set.configs.begin(), set.configs.end(), origin.name) != set.configs.end();
        if (!follows && !set.configs.empty()) continue;
        if (auto looked = look_at_config(api, project, origin, facts); !looked) return looked;
    }
    return {};
}

/// The active region may be dark: its heartbeats are then unknown, and nothing follows from that.
Status look_at_group(RegionApi& active_api, const ProjectName& active_project,
                     RegionApi& standby_api, const ProjectName& standby_project,
                     const CollectorSet& set, StandbyFacts& facts) {
    const auto source = set.groups.find(facts.active);
    const auto target = set.groups.find(facts.standby);
    if (source == set.groups.end() || target == set.groups.end()) return {};
    GroupFact fact;
    fact.source_group = source->second;
    fact.target_group = target->second;
    auto there = live_machines(standby_api, standby_project, target->second, facts.looked_at);
    if (!there) return std::move(there).error();
    fact.target_exists = there->has_value();
    if (!facts.active_error) {
        auto here = live_machines(active_api, active_project, source->second, facts.looked_at);
        if (!here) facts.active_error = here.error();
        if (here && here->has_value() && fact.target_exists) {
            fact.live_in_source = (*here)->size();
            fact.also_in_target = static_cast<std::size_t>(
                std::count_if((*here)->begin(), (*here)->end(),
                              [&](const auto& id) { return (*there)->contains(id); }));
        }
    }
    facts.groups.push_back(std::move(fact));
    return {};
}

class List {
  public:
    void add(std::string id, bool ok, bool blocks, std::string sentence) {
        items_.push_back({std::move(id), ok, blocks, std::move(sentence)});
    }
    std::vector<ReadinessItem> take() { return std::move(items_); }

  private:
    std::vector<ReadinessItem> items_;
};

void judge_backup(const ReadinessInputs& inputs, List& list) {
    const auto& head = inputs.backup;
    if (head.number == 0) {
        list.add("backup", false, true, "there is no backup of " + inputs.active.str() + " yet");
    } else if (!head.refused.empty()) {
        list.add("backup", false, true, head.refused);
    } else {
        const auto age = std::chrono::duration_cast<milliseconds>(inputs.now - head.checked_at);
        list.add(
            "backup", age <= inputs.backup_age_max, true,
            "the backup agreed with " + inputs.active.str() + " " + human_duration(age) + " ago");
    }
}

void judge_replication(const ReadinessInputs& inputs, List& list) {
    if (inputs.link.empty()) {
        list.add("replication", false, true,
                 "no link copies " + inputs.active.str() + " to " + inputs.standby.str());
    } else if (!inputs.rpo) {
        list.add("replication", false, true, "the lag of " + inputs.link + " is unknown");
    } else {
        list.add("replication", *inputs.rpo <= kLagMax, true,
                 inputs.link + " would lose up to " + human_duration(*inputs.rpo) + " now");
    }
}

void judge_configs(const StandbyFacts& facts, List& list) {
    std::size_t missing = 0;
    std::vector<std::string> drifted;
    for (const auto& config : facts.configs) {
        if (!config.has_twin) ++missing;
        if (!config.drift.empty()) {
            drifted.push_back(
                fmt::format("{} ({})", config.config.str(), fmt::join(config.drift, ", ")));
        }
    }
    list.add(
        "drift", drifted.empty(), false,
        drifted.empty()
            ? fmt::format("{} twin(s) say what their configs say", facts.configs.size() - missing)
            : "edited in " + facts.standby.str() +
                  ", a switch overwrites it: " + fmt::format("{}", fmt::join(drifted, "; ")));
    if (missing > 0) {
        list.add("twins", false, false,
                 fmt::format("{} config(s) have no twin in {} yet: made at the switch", missing,
                             facts.standby.str()));
    }
}

void judge_group(const StandbyFacts& facts, const GroupFact& group, List& list) {
    if (!group.target_exists) {
        return list.add("agents", false, false,
                        "machine group " + group.target_group.str() + " is not in " +
                            facts.standby.str() +
                            " yet: whether its agents reach it is not known before the switch");
    }
    if (facts.active_error || group.live_in_source == 0) return;
    const double share =
        static_cast<double>(group.also_in_target) / static_cast<double>(group.live_in_source);
    list.add("agents", share >= kAgentsShareMin, true,
             fmt::format("{} of {} live agents of {} also reach {}", group.also_in_target,
                         group.live_in_source, group.source_group.str(), facts.standby.str()));
}

void judge_standby(const ReadinessInputs& inputs, List& list) {
    if (!inputs.standby_facts) {
        return list.add("standby", false, false, "the standby was not looked at yet");
    }
    const auto& facts = *inputs.standby_facts;
    if (facts.standby_error) {
        return list.add(
            "standby", false, true,
            facts.standby.str() + " does not tell: " + facts.standby_error->to_string());
    }
    if (!facts.has_logstore) {
        list.add("logstore", false, false,
                 (facts.has_project ? "the Logstore is not in " : "the project is not in ") +
                     facts.standby.str() + " yet: made at the switch");
    }
    judge_configs(facts, list);
    for (const auto& group : facts.groups) judge_group(facts, group, list);
}

}  // namespace

StandbyFacts look_at_standby(RegionApi& active_api, RegionApi& standby_api, const PairOptions& pair,
                             const RegionName& active, const BackupSnapshot& backup, WallTime now) {
    StandbyFacts facts;
    facts.looked_at = now;
    facts.active = active;
    const PairMember* from = nullptr;
    const PairMember* to = nullptr;
    for (const auto& member : pair.members) (member.region == active ? from : to) = &member;
    facts.standby = to->region;
    Status looked = look_at_stores(standby_api, to->logstore, facts);
    for (const auto& set : pair.collectors) {
        if (!looked || !facts.has_project) break;
        looked = look_at_configs(standby_api, to->logstore.project, set, backup, facts);
        if (looked) {
            looked = look_at_group(active_api, from->logstore.project, standby_api,
                                   to->logstore.project, set, facts);
        }
    }
    if (!looked) facts.standby_error = looked.error();
    return facts;
}

std::vector<ReadinessItem> judge_readiness(const ReadinessInputs& inputs) {
    List list;
    list.add("region", inputs.standby_state == RegionState::Healthy, true,
             inputs.standby.str() + " is " + std::string(name_of(inputs.standby_state)));
    judge_backup(inputs, list);
    judge_replication(inputs, list);
    for (const auto& owed : inputs.obligations) {
        list.add("obligation", false, true,
                 std::string(name_of(owed.kind)) + " is open: " + owed.sentence);
    }
    judge_standby(inputs, list);
    return list.take();
}

}  // namespace spillway::switchover
