#include "logstore/server/routes.h"

#include "base/text.h"

#include <algorithm>

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

}  // namespace

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
