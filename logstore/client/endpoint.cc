#include "logstore/client/endpoint.h"

#include "base/text.h"

#include <algorithm>

namespace spillway::client {

namespace {

Error refused(std::string_view text, std::string_view why) {
    return make_error(
        ErrorCode::InvalidArgument,
        "endpoint \"" + to_valid_utf8(text) + "\" " + std::string(why) +
            "; write it as https://cn-hangzhou.log.aliyuncs.com or http://127.0.0.1:7101");
}

bool is_localhost(std::string_view host) {
    return host == "localhost" || host.ends_with(".localhost");
}

bool is_ipv4(std::string_view host) {
    const auto parts = split(host, '.');
    return parts.size() == 4 && std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
               const auto number = parse_uint(part);
               return number && *number <= 255;
           });
}

bool is_host_name(std::string_view host) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    };
    return !host.empty() && host.front() != '.' && std::all_of(host.begin(), host.end(), allowed);
}

bool is_ipv6(std::string_view host) {
    return host.size() > 2 && host.front() == '[' && host.back() == ']' &&
           host.find_first_not_of("0123456789abcdef:.", 1) == host.size() - 1;
}

}  // namespace

Result<Endpoint> Endpoint::parse(std::string_view text) {
    Endpoint out;
    std::string_view rest = trim(text);
    if (const auto mark = rest.find("://"); mark != std::string_view::npos) {
        out.scheme_ = to_lower(rest.substr(0, mark));
        rest.remove_prefix(mark + 3);
        if (out.scheme_ != "http" && out.scheme_ != "https") {
            return refused(text, "is neither http nor https");
        }
    }
    if (rest.ends_with('/')) rest.remove_suffix(1);
    if (rest.find_first_of("/?#@") != std::string_view::npos) {
        return refused(text, "has more than a host and a port");
    }
    const auto bracket = rest.find(']');
    const auto colon = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
    if (colon != std::string_view::npos) {
        const auto port = parse_uint(rest.substr(colon + 1));
        if (!port || *port == 0 || *port > 65'535) return refused(text, "has no valid port");
        out.port_ = ":" + std::to_string(*port);
        rest = rest.substr(0, colon);
    }
    out.host_ = to_lower(rest);
    out.literal_ = is_ipv4(out.host_) || is_ipv6(out.host_) || is_localhost(out.host_);
    if (!out.literal_ && !is_host_name(out.host_)) return refused(text, "has no valid host name");
    if (out.scheme_.empty()) {
        const bool here =
            is_localhost(out.host_) || out.host_.starts_with("127.") || out.host_ == "[::1]";
        out.scheme_ = here ? "http" : "https";
    }
    return out;
}

Address Endpoint::address_for(const ProjectName& project) const {
    if (project.empty()) return {url(), host_ + port_};
    // A label cannot stand before an IPv6 literal; the name of this machine serves as well there.
    const std::string suffix = host_.starts_with('[') ? "localhost" : host_;
    const std::string host = project.str() + "." + suffix + port_;
    if (literal_) return {url(), host};
    return {scheme_ + "://" + host, host};
}

}  // namespace spillway::client
