#include "logstore/server/addressing.h"

#include "base/text.h"

#include <algorithm>

namespace spillway::server {

namespace {

bool is_number(std::string_view text) {
    return !text.empty() && text.size() <= 3 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_ipv4(const std::vector<std::string_view>& labels) {
    return labels.size() == 4 && std::all_of(labels.begin(), labels.end(), is_number);
}

/// "cn-hangzhou.log.aliyuncs.com": the service's own address, without a project in front.
bool is_service_root(const std::vector<std::string_view>& labels) {
    return labels.size() == 4 && labels[1] == "log" && labels[2] == "aliyuncs" &&
           labels[3] == "com";
}

}  // namespace

ProjectName project_of_host(std::string_view host) {
    if (host.starts_with('[')) return ProjectName();  // an IPv6 address has no labels
    host = host.substr(0, host.find(':'));
    if (host.ends_with('.')) host.remove_suffix(1);
    const auto labels = split(host, '.');
    if (labels.size() < 2 || is_ipv4(labels) || is_service_root(labels)) return ProjectName();
    return ProjectName(to_lower(labels.front()));
}

ProjectName project_of(const HttpRequest& request, const HttpTarget& target) {
    const auto host =
        target.host.empty() ? std::string(request.headers.find("host").value_or("")) : target.host;
    auto project = project_of_host(host);
    if (!project.empty()) return project;
    return ProjectName(trim(request.headers.find("x-log-project").value_or("")));
}

}  // namespace spillway::server
