#include "daemon/commands/commands.h"

namespace spillway::daemon {

std::vector<Command> agent_commands() { return {}; }

}  // namespace spillway::daemon
