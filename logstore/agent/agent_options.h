// What the agent is told before it starts. Values; any thread.
#pragma once

#include "base/storage/durable_file.h"
#include "logstore/model/logstore_api.h"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace spillway::agent {

/// How this machine is known to machine groups.
struct AgentIdentity {
    std::string user_defined_id;  ///< of groups that list user-defined ids; may be empty
    std::string ip;  ///< of groups that list addresses; also the source of every LogGroup
    std::string hostname;
};

/// One region whose control plane is asked for configs, and whose Logstores those configs write to.
struct AgentRegion {
    RegionName name;
    std::string endpoint;  ///< for people: in the log and the status file
    ProjectName project;
    RegionApi* api = nullptr;  ///< borrowed; must outlive the agent
    /// Tells the region that the machine is alive. Empty: the region is not told.
    std::function<Status(const MachineGroupName&, const Machine&)> heartbeat;
};

struct AgentOptions {
    std::string data_dir;
    AgentIdentity identity;
    std::vector<AgentRegion> regions;
    std::chrono::milliseconds config_poll{10'000};
    std::chrono::milliseconds scan{1'000};
    /// A file with little news is read this long after the first of it, so that groups are not
    /// tiny.
    std::chrono::milliseconds linger{1'000};
    /// A last line without its newline is sent after this long without growth.
    std::chrono::milliseconds flush_timeout{5'000};
    std::chrono::milliseconds checkpoint_interval{5'000};
    /// A file that was renamed away or deleted is closed after this long without growth.
    std::chrono::milliseconds gone_close_after{60'000};
    /// Age from which a group that cannot be sent is dropped.
    std::chrono::milliseconds discard_after{std::chrono::hours(6)};
    /// How long a stopping agent goes on sending what it has read.
    std::chrono::milliseconds stop_grace{3'000};
    /// Ends calls that hang in a region which does not answer; called once, by an agent that stops.
    std::function<void()> cancel_calls;
    /// Writes a file so that it survives a power cut; tests put a full disk here.
    std::function<Status(const std::string& path, std::string_view content)> write_durably =
        write_file_durably;
};

/// Limits of the real agent.
inline constexpr std::size_t kGroupBytesMax = 512 * 1024;  ///< raw
inline constexpr std::size_t kGroupLogsMax = 4000;
inline constexpr std::size_t kLineBytesMax = 512 * 1024;  ///< a longer line becomes several logs
inline constexpr std::size_t kQueueGroupsMax = 15;        ///< for each target
inline constexpr int kOtherErrorTriesMax = 5;

}  // namespace spillway::agent
