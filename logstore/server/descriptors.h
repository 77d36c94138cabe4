// How many clients the process's file descriptors are good for. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace spillway::server {

/// Connections to serve where the process may have that many descriptors open. What the store needs
/// for its segments stays free: else idle clients would make writes fail. Between 64, so that a
/// small limit still serves somebody, and the server's own 16,384.
std::size_t connections_for(std::uint64_t descriptors_max);

}  // namespace spillway::server
