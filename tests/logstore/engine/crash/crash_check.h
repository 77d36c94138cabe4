// What must hold after every restart.
#pragma once

#include "crash_load.h"

#include <string>
#include <vector>

namespace spillway::crash {

struct CheckResult {
    Counts stored;                      ///< by writer
    std::uint64_t groups = 0;           ///< compared byte by byte
    std::uint64_t unacknowledged = 0;   ///< whole ones, stored though their answer was lost
    std::uint64_t refused_again = 0;    ///< last sequence ids, sent again
    std::vector<std::string> problems;  ///< broken promises
};

/// Reads everything of the region at `url` and compares it with what was acknowledged and seen:
/// every acknowledged group once, whole, in its writer's order along the shards' lineage; nothing
/// else but at most the one put of each writer that was under way; shards that cover the ring. Then
/// sends each key's last stored sequence id again, which must be refused, and one fresh put a
/// writer, which must be taken (`stored` counts it).
CheckResult check(const Plan& plan, const std::string& url, const Counts& acknowledged,
                  const SeenEnds& seen);

}  // namespace spillway::crash
