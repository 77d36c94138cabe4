// Is the standby ready to take over, and what would be found out too late: a list of checks, judged
// by a pure function over facts that a task gathers every minute. Values; any thread.
//
// A check that blocks would make an operation stop or lose; one that does not is a note: the
// operation makes up for it (a missing twin is imported), or only a person can tell.
#pragma once

#include "switchover/ports.h"
#include "switchover/types.h"

#include <string>
#include <vector>

namespace spillway::switchover {

struct ConfigFact {
    ConfigName config;
    bool has_twin = false;
    std::vector<std::string> drift;  ///< members in which the twin says something else
};

struct GroupFact {
    MachineGroupName source_group;
    MachineGroupName target_group;
    bool target_exists = false;
    std::size_t live_in_source = 0;  ///< machines with a heartbeat in the last five minutes
    std::size_t also_in_target = 0;  ///< of those, live in the target too
};

struct StandbyFacts {
    WallTime looked_at{};
    RegionName active;
    RegionName standby;
    std::optional<Error> standby_error;  ///< it did not answer; the rest was not looked at
    std::optional<Error> active_error;   ///< heartbeats in the active region are not known
    bool has_project = false;
    bool has_logstore = false;
    std::vector<ConfigFact> configs;
    std::vector<GroupFact> groups;
};

/// Asks the standby, and the active region for its heartbeats; writes nothing.
StandbyFacts look_at_standby(RegionApi& active_api, RegionApi& standby_api, const PairOptions& pair,
                             const RegionName& active, const BackupSnapshot& backup, WallTime now);

/// Everything else that decides, known without asking a region.
struct ReadinessInputs {
    WallTime now{};
    RegionName active;
    RegionName standby;
    RegionState standby_state = RegionState::Unknown;
    BackupHead backup;
    milliseconds backup_age_max{0};
    std::string link;  ///< from active to standby; empty: none
    std::optional<milliseconds> rpo;
    std::vector<Obligation> obligations;
    std::optional<StandbyFacts> standby_facts;  ///< nothing: not looked yet
};

std::vector<ReadinessItem> judge_readiness(const ReadinessInputs& inputs);

}  // namespace spillway::switchover
