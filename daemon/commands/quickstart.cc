#include "daemon/commands/commands.h"

namespace spillway::daemon {

std::vector<Command> quickstart_commands() { return {}; }

}  // namespace spillway::daemon
