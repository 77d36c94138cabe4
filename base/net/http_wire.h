// The text of HTTP/1.1 messages: what the server decides about bytes, apart from sockets. Pure; any
// thread.
#pragma once

#include "base/net/http.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace spillway {

/// A request head made fit for a strict parser.
struct RequestHead {
    std::string text;      ///< request line and headers, with the empty line at the end
    bool chunked = false;  ///< the body is chunk-coded
    /// A Transfer-Encoding that is not just "chunked": where the body ends is not known, and bytes
    /// of it could pass for a next request. To be refused.
    bool unknown_coding = false;
    bool dropped_length = false;  ///< a Content-Length stood beside it and was taken out
    /// What it said; nothing when it was no number, or several that differ.
    std::optional<std::uint64_t> announced_length;
};

/// Where the head ends (behind its empty line), looking from `scanned` on; nothing when it is not
/// there.
std::optional<std::size_t> find_head_end(std::string_view bytes, std::size_t scanned);

/// One official client sends `Transfer-Encoding: chunked` and a Content-Length together; the body
/// is chunked, so the length goes (RFC 9112, 6.3).
RequestHead normalise_head(std::string_view head);

/// Status line and headers, names exactly as given. Content-Length is ours, not the caller's,
/// except on an answer to HEAD; line breaks in values are blanked, so a value cannot forge a
/// header.
std::string response_head(const HttpResponse& response, bool is_head, bool keep_alive,
                          bool http_1_0);

std::string_view reason_phrase(int status);

/// Answers one request once; see HttpRespond.
inline constexpr int kDropAnswer = 0;  ///< status of a response that means "close without a word"

}  // namespace spillway
