#include "daemon/commands/commands.h"

namespace spillway::daemon {

std::vector<Command> logstore_commands() { return {}; }

}  // namespace spillway::daemon
