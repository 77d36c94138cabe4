// Looking into a region's folder without serving it: what `region check` and `region stat` know.
// Reads only, unless asked to isolate damage. Any thread.
#pragma once

#include "base/result.h"
#include "logstore/engine/file_system.h"
#include "logstore/engine/segment_scan.h"
#include "logstore/engine/shard_map.h"
#include "logstore/model/names.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace spillway::engine {

enum class InspectDepth {
    Summary,  ///< indexes only; segments without one are read
    Full,     ///< every byte of every segment, and that its index says the same
};

struct SegmentReport {
    std::string path;
    SegmentSummary summary;
    bool is_header_damaged = false;
    std::string index_problem;                 ///< empty: the index is good, or rightly absent
    std::vector<DamagedRange> damaged;         ///< of the segment
    std::vector<DamagedRange> isolated;        ///< damaged too, but its index leaves it out already
    std::optional<std::uint64_t> complete_to;  ///< known to hold records up to there
    std::uint64_t torn_bytes = 0;  ///< of an unfinished write; harmless, cut at the next start

    bool is_sound() const { return !is_header_damaged && index_problem.empty() && damaged.empty(); }
};

struct LogstoreReport {
    std::uint64_t id = 0;
    LogstoreRef ref;
    std::vector<ShardEntry> shards;
    std::size_t fence_keys = 0;
    std::vector<SegmentReport> segments;
};

struct FolderReport {
    std::vector<LogstoreReport> logstores;
    std::uint64_t bytes_read = 0;

    bool is_sound() const;
};

/// Errors: NotFound (not a region's folder), Unsupported, Corrupt (the catalog), Unavailable.
Result<FolderReport> inspect_folder(const std::string& path, InspectDepth depth, FileSystem& files);

/// Sets the damage aside: copies damaged bytes to PATH/damaged/, and writes indexes and headers
/// anew, so that a region serves the rest without meeting it. Segments keep every byte. The caller
/// holds the folder's lock. Returns how many segments were changed.
Result<std::size_t> isolate_damage(const std::string& path, const FolderReport& report,
                                   FileSystem& files);

}  // namespace spillway::engine
