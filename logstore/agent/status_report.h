// The status file: what the agent is doing, as JSON for people and tests. Pure; any thread.
#pragma once

#include "logstore/agent/agent.h"

#include <string>
#include <vector>

namespace spillway::agent {

struct StatusFacts {
    const AgentIdentity& identity;
    const std::string& machine_id;
    std::vector<RegionStatus> regions;
    std::vector<const CollectRule*> rules;
    std::vector<TailStatus> files;
    std::vector<QueueStatus> queues;
    std::vector<Alarm> alarms;
    WallTime now;
    int pid = 0;
};

std::string status_text(const StatusFacts& facts);

}  // namespace spillway::agent
