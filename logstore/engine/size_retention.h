// What goes when a region may hold only so many bytes: whole sealed segments, oldest first. The
// segment that is written to always stays. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace spillway::engine {

struct SizeLimits {
    std::uint64_t region_bytes = 0;    ///< all Logstores together; 0: no limit
    std::uint64_t logstore_bytes = 0;  ///< each Logstore; 0: no limit

    bool any() const { return region_bytes > 0 || logstore_bytes > 0; }
};

struct SealedSegment {
    std::uint64_t number = 0;
    std::uint64_t bytes = 0;
    std::int64_t last_receive_ns = 0;
};

/// One Logstore's share of the disk.
struct LogSize {
    std::uint64_t bytes = 0;            ///< the open segment too
    std::vector<SealedSegment> sealed;  ///< oldest first
};

/// By log: up to which segment number it gives its segments up; nothing where all stay. First each
/// log comes down to its own limit, then those with the oldest segments to the region's.
std::vector<std::optional<std::uint64_t>> plan_size_retention(std::vector<LogSize> logs,
                                                              const SizeLimits& limits);

}  // namespace spillway::engine
