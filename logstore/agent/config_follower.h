// Asks one region which configs this machine is to follow, and remembers the last answer on disk,
// so that a region that does not answer changes nothing. One owner for each follower.
#pragma once

#include "base/clock.h"
#include "base/event_log.h"
#include "logstore/agent/agent_options.h"

#include <string>
#include <vector>

namespace spillway::agent {

/// A config, and the topic of the machine group that brought it.
struct FollowedConfig {
    CollectorConfig config;
    std::string group_topic;
};

/// The last word of a region.
struct RegionConfigs {
    RegionName region;
    ProjectName project;
    std::vector<FollowedConfig> configs;  ///< by name, each once
    std::int64_t fetched_unix_s = 0;
};

/// True when the group lists this machine.
bool group_contains(const MachineGroup& group, const AgentIdentity& identity);

/// Asks for machine groups, tells each that contains this machine that it is alive, and collects
/// what is bound to them. Errors: any of the region's; then nothing is known and the last word
/// stands.
Result<RegionConfigs> fetch_configs(const AgentRegion& region, const AgentIdentity& identity,
                                    const std::string& machine_id, EventLog& log, WallTime now);

std::string to_text(const RegionConfigs& configs);
/// Errors: Corrupt.
Result<RegionConfigs> parse_region_configs(std::string_view text);

}  // namespace spillway::agent
