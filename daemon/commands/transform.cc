#include "daemon/commands/commands.h"

namespace spillway::daemon {

std::vector<Command> transform_commands() { return {}; }

}  // namespace spillway::daemon
