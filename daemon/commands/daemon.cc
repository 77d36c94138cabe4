#include "daemon/commands/commands.h"

namespace spillway::daemon {

std::vector<Command> daemon_commands() { return {}; }

}  // namespace spillway::daemon
