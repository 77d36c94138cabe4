// Lines of a file -> one encoded, compressed LogGroup. Pure; any thread.
#pragma once

#include "logstore/agent/agent_options.h"
#include "logstore/agent/collect_rule.h"
#include "logstore/agent/file_search.h"
#include "logstore/agent/line_splitter.h"

#include <string>
#include <vector>

namespace spillway::agent {

struct GroupRequest {
    const std::vector<Line>& lines;
    const Delivery& delivery;
    const AgentIdentity& identity;
    const std::string& path;  ///< under which the file was first opened
    FileId file;
    std::string pack_id;
    std::uint32_t unix_s = 0;
};

/// The route key keeps all groups of one path in one shard, in order.
Batch build_group(const GroupRequest& request);
RouteKey route_key_of(const AgentIdentity& identity, const std::string& path);

}  // namespace spillway::agent
