// What must hold after every restart.
#pragma once

#include "crash_load.h"

#include <string>
#include <vector>

namespace spillway::crash {

/// What was read and compared so far. Rounds build on it; now and then all is read from the begin.
struct Progress {
    Counts stored;                                                        ///< by writer
    std::vector<std::vector<std::pair<ShardId, std::uint64_t>>> keyless;  ///< by writer
    std::map<std::pair<LogstoreRef, ShardId>, std::int64_t> read_to;
};

struct CheckResult {
    Counts stored;                      ///< by writer
    std::uint64_t groups = 0;           ///< compared byte by byte
    std::uint64_t unacknowledged = 0;   ///< whole ones, stored though their answer was lost
    std::uint64_t refused_again = 0;    ///< last sequence ids, sent again
    std::vector<std::string> problems;  ///< broken promises
};

/// Reads what `progress` has not seen yet of the region at `url` (with an empty one: everything)
/// and compares it with what was acknowledged and seen: every acknowledged group once, whole, in
/// its writer's order along the shards' lineage; nothing else but at most the one put of each
/// writer that was under way, all groups of it or none; shards that cover the ring. Then sends each
/// key's last stored sequence id again, which must be refused, and one fresh put a writer, which
/// must be taken
/// (`stored` counts it).
CheckResult check(const Plan& plan, const std::string& url, const Counts& acknowledged,
                  const SeenEnds& seen, Progress& progress);

}  // namespace spillway::crash
