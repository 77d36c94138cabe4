// Where everything of a quickstart lies, and the files it is made of: topology, agent and collector
// configuration, written so that people can read, change and run them by hand. Pure; any thread.
#pragma once

#include "logstore/model/logstore.h"

#include <cstdint>
#include <string>
#include <vector>

namespace spillway::daemon::quickstart {

inline constexpr int kAgentCount = 3;
inline constexpr const char* kPair = "demo";
inline constexpr const char* kLink = "app-hz-to-sh";

/// One of the two stand-ins for a region.
struct RegionPlace {
    std::string name;  ///< "hz"
    std::uint16_t port = 0;
    LogstoreRef logstore;
    std::string address() const { return "127.0.0.1:" + std::to_string(port); }
    std::string endpoint() const { return "http://" + address(); }
};

/// How short the waits of a drill may be; a real topology keeps the defaults.
struct Pace {
    int probe_ms = 500;
    int quiescence_ms = 6'000;  ///< above the 5 s an agent may wait before it tries a region again
};

struct Layout {
    std::string root;
    RegionPlace source;  ///< fails
    RegionPlace target;  ///< takes over
    std::uint16_t admin_port = 0;
    std::uint16_t metrics_port = 0;
    Pace pace;

    std::string region_data(const RegionPlace& region) const { return root + "/" + region.name; }
    std::string agent_root(int agent) const;
    std::string agent_logs(int agent) const { return agent_root(agent) + "/logs"; }
    std::string agent_config(int agent) const { return agent_root(agent) + "/agent.yaml"; }
    std::string topology() const { return root + "/topology.yaml"; }
    std::string child_log(const std::string& child) const;
    std::string admin_url() const;
    std::string metrics_url() const;
    /// Agents count from 1. `source` of every LogGroup the agent writes.
    static std::string agent_ip(int agent);
    /// The name of its machine, machine group, user-defined id and collector: "web-1".
    static std::string agent_name(int agent);
    static ConfigName config_name(int agent);
};

/// `ports`: five different ones.
Layout make_layout(std::string root, const std::vector<std::uint16_t>& ports, Pace pace);

std::string topology_text(const Layout& layout);
std::string agent_text(const Layout& layout, int agent);
/// The collector config an administrator would have made in the failing region.
CollectorConfig collector_config(const Layout& layout, int agent);
MachineGroup machine_group(int agent);

/// Names for the watched files: each input's own name, ending in ".log", no two alike.
std::vector<std::string> watched_names(const std::vector<std::string>& inputs);

}  // namespace spillway::daemon::quickstart
