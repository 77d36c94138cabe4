// What the daemon's status JSON says about the drill. Pure; values.
#pragma once

#include "base/json.h"

#include <optional>
#include <string>

namespace spillway::daemon::quickstart {

struct DaemonView {
    std::string source_state;  ///< "healthy", "failed" ...; empty: not told
    std::string target_state;
    std::string active;      ///< region
    std::string pair_state;  ///< "steady", "switching", "dirty", "stuck"
    std::string operation;   ///< id, under way or the last one
    bool ready = false;      ///< for a switch to the standby
    std::string not_ready;   ///< first reason
    std::string owed;        ///< first open obligation, as a sentence; empty: none
    std::optional<double> lag_seconds;
    std::optional<std::uint64_t> lag_logs;
    std::string link_trouble;
};

DaemonView read_status(const json::value& status, const std::string& source,
                       const std::string& target);

}  // namespace spillway::daemon::quickstart
