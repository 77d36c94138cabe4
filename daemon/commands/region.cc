#include "daemon/commands/commands.h"

namespace spillway::daemon {

std::vector<Command> region_commands() { return {}; }

}  // namespace spillway::daemon
