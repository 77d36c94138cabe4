// The commands of the binary, one file each in this folder; daemon/main.cc joins them into the
// table.
#pragma once

#include "daemon/cli.h"

#include <vector>

namespace spillway::daemon {

std::vector<Command> region_commands();     ///< region serve
std::vector<Command> logstore_commands();   ///< logstore create|ls|stat|put|pull|tail
std::vector<Command> agent_commands();      ///< agent run
std::vector<Command> transform_commands();  ///< transform check|try|explain|...
std::vector<Command> daemon_commands();     ///< run, validate, status
std::vector<Command> link_commands();       ///< link list|describe|pause|verify|translate|...
std::vector<Command>
switchover_commands();  ///< switchover plan|start|status|report|resume, failover start
std::vector<Command> collector_commands();        ///< collector list|backup|restore
std::vector<Command> collector_setup_commands();  ///< collector import|attach|detach
std::vector<Command> quickstart_commands();       ///< quickstart

}  // namespace spillway::daemon
