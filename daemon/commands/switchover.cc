#include "daemon/commands/commands.h"

namespace spillway::daemon {

std::vector<Command> switchover_commands() { return {}; }

}  // namespace spillway::daemon
