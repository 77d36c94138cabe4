// region fault: tells a running region to misbehave, for drills.
#pragma once

#include "daemon/cli.h"

namespace spillway::daemon {

Command region_fault_command();

}  // namespace spillway::daemon
