// The operations of the protocol, one table a subject. Any thread. Source:
// docs/sources.md#operations
#pragma once

#include "logstore/server/call.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::server {

std::vector<Route> project_routes();         ///< projects, Logstores, shards, index
std::vector<Route> data_routes();            ///< PutLogs, cursors, PullLogs, web tracking
std::vector<Route> consumer_group_routes();  ///< consumer groups
std::vector<Route> collector_routes();       ///< configs, machine groups, bindings, machines
std::vector<Route> query_routes();           ///< GetLogs

std::vector<Route> all_routes();

/// The operation of a request: one path may stand for several, and a parameter tells.
std::string operation_of(const Route& route, const Call& call);
/// Whatever operation_of can give, sorted: as metrics and fault switches name them.
std::vector<std::string> operation_names();

/// Queries share a path with GetLogStore and GetIndex and differ by `type`; nothing without one.
std::optional<Answer> query_answer(engine::Engine& engine, Call& call);

/// The route of a request, and what stood at its {}. Null when nothing fits; `path_known` then
/// tells whether another method would have.
const Route* find_route(const std::vector<Route>& routes, std::string_view method,
                        const std::vector<std::string>& path, std::vector<std::string>& arguments,
                        bool& path_known);

}  // namespace spillway::server
