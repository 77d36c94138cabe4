#include "daemon/commands/commands.h"

namespace spillway::daemon {

std::vector<Command> collector_commands() { return {}; }

}  // namespace spillway::daemon
