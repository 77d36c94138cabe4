// Ports for servers that must come back on the same port after a kill. Any thread.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <vector>

namespace spillway::daemon::quickstart {

/// `count` different TCP ports free on 127.0.0.1 now, outside the range the kernel gives to
/// outgoing connections: inside it, a client retrying a dead server's port may be given that very
/// port, and the server could not return to it. Errors: Exhausted.
Result<std::vector<std::uint16_t>> choose_free_ports(std::size_t count);

}  // namespace spillway::daemon::quickstart
