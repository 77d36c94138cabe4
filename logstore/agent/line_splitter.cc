#include "logstore/agent/line_splitter.h"

#include <algorithm>

namespace spillway::agent {

SplitResult split_lines(const SplitRequest& request) {
    SplitResult result;
    result.continues_line = request.continues_line;
    std::size_t taken_bytes = 0;
    const auto full = [&](std::size_t next) {
        return result.lines.size() >= request.lines_max ||
               (!result.lines.empty() && taken_bytes + next > request.bytes_max);
    };
    while (result.consumed < request.bytes.size()) {
        const std::string_view rest = request.bytes.substr(result.consumed);
        const std::size_t newline = rest.substr(0, request.line_bytes_max + 1).find('\n');
        const bool whole = newline != std::string_view::npos;
        const bool cut = !whole && rest.size() > request.line_bytes_max;
        if (!whole && !cut && !request.flush_rest) break;
        const std::size_t length = whole ? newline : std::min(rest.size(), request.line_bytes_max);
        // The newline of a line that went out before it: nothing is left to send, not even an empty
        // log.
        const bool only_newline = whole && length == 0 && result.continues_line;
        if (!only_newline) {
            if (full(length)) break;
            result.lines.push_back({request.offset + result.consumed, rest.substr(0, length)});
            taken_bytes += length;
        }
        result.consumed += length + (whole ? 1 : 0);
        result.continues_line = !whole;
    }
    return result;
}

std::size_t distance_to_line_start(std::string_view bytes) {
    const std::size_t newline = bytes.find('\n');
    return newline == std::string_view::npos ? 0 : newline;
}

}  // namespace spillway::agent
