#include "logstore/server/routes.h"

#include "base/text.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace spillway::server {

namespace {

bool fits(std::string_view pattern, const std::vector<std::string>& path,
          std::vector<std::string>& arguments) {
    auto parts = split(pattern, '/');
    std::erase(parts, "");
    if (parts.size() != path.size()) return false;
    arguments.clear();
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (parts[i] == "{}") {
            arguments.push_back(path[i]);
        } else if (parts[i] != path[i]) {
            return false;
        }
    }
    return true;
}

/// A path that stands for several operations, told apart by the parameter type.
struct SharedPath {
    std::string_view operation;
    std::string_view type;
    std::string_view means;
};

constexpr SharedPath kSharedPaths[] = {
    {"GetLogStore", "log", "GetLogs"},
    {"GetLogStore", "histogram", "GetHistograms"},
    {"GetIndex", "log", "GetLogs"},
    {"GetIndex", "histogram", "GetHistograms"},
    {"ReadShard", "log", "PullLogs"},
    {"ReadShard", "logs", "PullLogs"},
    {"ReadShard", "cursor", "GetCursor"},
    {"ReadShard", "cursor_time", "GetCursorTime"},
    {"ConsumerGroupPost", "heartbeat", "ConsumerGroupHeartBeat"},
    {"ConsumerGroupPost", "checkpoint", "ConsumerGroupUpdateCheckPoint"},
};

}  // namespace

std::vector<Route> all_routes() {
    std::vector<Route> all;
    // Data first: /shards/lb and /shards/route must win over /shards/{}.
    for (auto* part :
         {data_routes, project_routes, consumer_group_routes, collector_routes, query_routes}) {
        auto routes = part();
        std::move(routes.begin(), routes.end(), std::back_inserter(all));
    }
    return all;
}

std::string operation_of(const Route& route, const Call& call) {
    if (route.operation == "GetProject" && call.project.empty()) return "ListProject";
    const auto type = call.parameter_or("type", "");
    for (const auto& shared : kSharedPaths) {
        if (shared.operation == route.operation && shared.type == type) {
            return std::string(shared.means);
        }
    }
    return std::string(route.operation);
}

std::vector<std::string> operation_names() {
    std::set<std::string> names{"ListProject"};
    for (const auto& route : all_routes()) names.emplace(route.operation);
    for (const auto& shared : kSharedPaths) names.emplace(shared.means);
    return {names.begin(), names.end()};
}

const Route* find_route(const std::vector<Route>& routes, std::string_view method,
                        const std::vector<std::string>& path, std::vector<std::string>& arguments,
                        bool& path_known) {
    path_known = false;
    for (const auto& route : routes) {
        if (!fits(route.pattern, path, arguments)) continue;
        path_known = true;
        if (route.method == method) return &route;
    }
    arguments.clear();
    return nullptr;
}

}  // namespace spillway::server
