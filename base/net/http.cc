#include "base/net/http.h"

#include "base/text.h"

#include <algorithm>

namespace spillway {

void HttpHeaders::add(std::string_view name, std::string_view value) {
    headers_.push_back({std::string(name), std::string(value)});
}

void HttpHeaders::set(std::string_view name, std::string_view value) {
    std::erase_if(headers_, [&](const HttpHeader& header) {
        return equals_ignoring_case(header.name, name);
    });
    add(name, value);
}

std::optional<std::string_view> HttpHeaders::find(std::string_view name) const {
    for (const auto& header : headers_) {
        if (equals_ignoring_case(header.name, name)) return header.value;
    }
    return std::nullopt;
}

std::optional<std::string_view> HttpTarget::find(std::string_view name) const {
    for (const auto& [key, value] : query) {
        if (key == name && !value.empty()) return value;
    }
    return std::nullopt;
}

namespace {

/// Bytes of "http://" or "https://" in front, else 0.
std::size_t scheme_size(std::string_view target) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (equals_ignoring_case(target.substr(0, scheme.size()), scheme)) return scheme.size();
    }
    return 0;
}

}  // namespace

HttpTarget parse_target(std::string_view target) {
    HttpTarget out;
    if (const std::size_t skip = scheme_size(target); skip > 0) {
        target.remove_prefix(skip);
        const auto end = std::min(target.find_first_of("/?"), target.size());
        out.host = target.substr(0, end);
        target.remove_prefix(end);
    }
    const auto mark = target.find('?');
    out.path = target.substr(0, mark);
    if (out.path.empty()) out.path = "/";
    if (mark == std::string_view::npos) return out;
    out.raw_query = target.substr(mark + 1);
    for (const auto part : split(out.raw_query, '&')) {
        if (part.empty()) continue;
        const auto equals = part.find('=');
        const auto value = equals == std::string_view::npos ? "" : part.substr(equals + 1);
        out.query.emplace_back(percent_decode(part.substr(0, equals), true),
                               percent_decode(value, true));
    }
    return out;
}

}  // namespace spillway
