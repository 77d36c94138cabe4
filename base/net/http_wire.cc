#include "base/net/http_wire.h"

#include "base/text.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway {

std::optional<std::size_t> find_head_end(std::string_view bytes, std::size_t scanned) {
    constexpr std::string_view kEnd = "\r\n\r\n";
    const std::size_t from = scanned < kEnd.size() ? 0 : scanned - (kEnd.size() - 1);
    const auto at = bytes.find(kEnd, from);
    if (at == std::string_view::npos) return std::nullopt;
    return at + kEnd.size();
}

namespace {

/// Calls `visit(line, name, value)` for each header line; `line` includes its line break.
template <class Visit>
void for_each_header_line(std::string_view head, Visit visit) {
    auto at = head.find("\r\n");
    while (at != std::string_view::npos) {
        const std::size_t start = at + 2;
        at = head.find("\r\n", start);
        if (at == std::string_view::npos || at == start) return;
        const auto line = head.substr(start, at + 2 - start);
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        visit(line, trim(line.substr(0, colon)),
              trim(line.substr(colon + 1, line.size() - colon - 3)));
    }
}

}  // namespace

RequestHead normalise_head(std::string_view head) {
    RequestHead out;
    bool has_length = false;
    for_each_header_line(head, [&](auto /*line*/, auto name, auto value) {
        if (equals_ignoring_case(name, "content-length")) {
            const auto length = parse_uint(value);
            const bool differs = has_length && length != out.announced_length;
            out.announced_length = differs ? std::nullopt : length;
            has_length = true;
        }
        if (!equals_ignoring_case(name, "transfer-encoding")) return;
        const bool is_chunked = equals_ignoring_case(value, "chunked");
        out.unknown_coding = out.unknown_coding || !is_chunked || out.chunked;
        out.chunked = out.chunked || is_chunked;
    });
    out.text = head;
    if (!out.chunked || !has_length) return out;
    out.dropped_length = true;
    out.text = head.substr(0, head.find("\r\n") + 2);
    for_each_header_line(head, [&](auto line, auto name, auto /*value*/) {
        if (!equals_ignoring_case(name, "content-length")) out.text += line;
    });
    out.text += "\r\n";
    return out;
}

namespace {

void append_header(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ");
    for (const char c : value) out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
    out += "\r\n";
}

}  // namespace

std::string response_head(const HttpResponse& response, bool is_head, bool keep_alive,
                          bool http_1_0) {
    // RFC 9110, 8.6: these never carry a length.
    const bool lengthless = response.status < 200 || response.status == 204;
    bool has_length = false;
    std::string out =
        fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
    for (const auto& [name, value] : response.headers.all()) {
        if (equals_ignoring_case(name, "connection")) continue;
        if (equals_ignoring_case(name, "transfer-encoding")) continue;  // we never chunk
        if (equals_ignoring_case(name, "content-length")) {
            if (!is_head || has_length) continue;
            has_length = true;
        }
        append_header(out, name, value);
    }
    if (!has_length && !lengthless) {
        append_header(out, "Content-Length", std::to_string(response.body.size()));
    }
    if (!keep_alive) append_header(out, "Connection", "close");
    if (keep_alive && http_1_0) append_header(out, "Connection", "keep-alive");
    out += "\r\n";
    return out;
}

std::string_view reason_phrase(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 206:
            return "Partial Content";
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 303:
            return "See Other";
        case 304:
            return "Not Modified";
        case 307:
            return "Temporary Redirect";
        case 308:
            return "Permanent Redirect";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 406:
            return "Not Acceptable";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 410:
            return "Gone";
        case 411:
            return "Length Required";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 415:
            return "Unsupported Media Type";
        case 422:
            return "Unprocessable Content";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        default:
            return status < 400 ? "OK" : "Error";
    }
}

}  // namespace spillway
