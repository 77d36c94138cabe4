// A link's status as the admin API shows it. Unknown is null, never zero. Any thread.
#pragma once

#include "base/clock.h"
#include "base/json.h"
#include "daemon/topology.h"
#include "replicator/replicator.h"

namespace spillway::daemon {

json::object link_json(const LinkSpec& spec, const replicator::LinkStatus& status);

}  // namespace spillway::daemon
