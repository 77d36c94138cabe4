// agent.yaml: what one collector agent is told. Values; any thread.
#pragma once

#include "base/event_log.h"
#include "daemon/topology.h"
#include "daemon/yaml_document.h"
#include "logstore/agent/agent_options.h"

#include <map>
#include <string>
#include <vector>

namespace spillway::daemon {

struct AgentRegionSpec {
    RegionName name;
    std::string endpoint;
    ProjectName project;
    std::string sls_region;   ///< scope of v4 signatures
    std::string credentials;  ///< name in AgentFile::credentials; empty: unsigned
    bool operator==(const AgentRegionSpec&) const = default;
};

struct AgentFile {
    agent::AgentOptions options;  ///< without regions: those need open clients
    std::vector<AgentRegionSpec> regions;
    std::map<std::string, CredentialsSpec> credentials;
    EventLogOptions log;
};

struct AgentFileReading {
    AgentFile file;  ///< to be used only when no finding is an error
    std::vector<Finding> findings;
};

AgentFileReading read_agent_file(YamlDocument document);

}  // namespace spillway::daemon
