// The environment layer of `spillway validate`: what only asking can tell. Changes nothing
// anywhere.
#pragma once

#include "daemon/topology.h"

#include <vector>

namespace spillway::daemon {

/// Secrets can be read, regions answer with these keys, Logstores and machine groups exist, the
/// state folder can be written. Takes at most a few seconds a region. Findings have no line.
std::vector<Finding> check_environment(const Topology& topology, const std::string& file);

}  // namespace spillway::daemon
