// Bytes of a file -> lines with their offsets. Pure; any thread.
#pragma once

#include "logstore/agent/agent_options.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace spillway::agent {

struct Line {
    std::uint64_t offset = 0;  ///< of its first byte, in the file
    std::string_view bytes;    ///< without the newline; nothing else is taken away
    bool operator==(const Line&) const = default;
};

struct SplitRequest {
    std::string_view bytes;
    std::uint64_t offset = 0;     ///< of bytes[0] in the file
    bool continues_line = false;  ///< the byte before bytes[0] was sent without its newline
    bool flush_rest = false;      ///< send what has no newline yet
    std::size_t line_bytes_max = kLineBytesMax;
    std::size_t lines_max = kGroupLogsMax;
    std::size_t bytes_max = kGroupBytesMax;
};

struct SplitResult {
    std::vector<Line> lines;      ///< views into the request's bytes
    std::size_t consumed = 0;     ///< bytes done with, newlines included
    bool continues_line = false;  ///< what comes next belongs to the last line
};

/// Two lines are joined by a newline where the second one begins one byte behind the first one's
/// end, and by nothing where it begins right there: so the file can be put together again from
/// offsets alone. `bytes` must hold more than `line_bytes_max` bytes unless it reaches the end of
/// the file.
SplitResult split_lines(const SplitRequest& request);

/// First line start at or behind bytes[1], given that bytes[0] is the byte before the wanted start:
/// how far the wanted start must move. Zero when it is a line start; zero too when no newline is
/// found.
std::size_t distance_to_line_start(std::string_view bytes);

}  // namespace spillway::agent
