// region check and region stat: a region's folder, looked at without serving it.
#pragma once

#include "daemon/cli.h"

namespace spillway::daemon {

Command region_check_command();
Command region_stat_command();

}  // namespace spillway::daemon
