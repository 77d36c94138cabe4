// What a comparison of a copy with its books found. Values; any thread.
#pragma once

#include "logstore/model/names.h"
#include "replicator/record_sum.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::replicator {

enum class Difference {
    Missing,  ///< acknowledged, and not there
    Doubled,  ///< there more often than written
    Changed,  ///< another record in its place
    Unknown,  ///< the sums differ, and the source no longer holds the range to say how
};
std::string_view name_of(Difference difference);

struct VerifyFinding {
    ShardId shard;
    std::int64_t minute = 0;
    Difference difference = Difference::Unknown;
    RecordSum expected;
    RecordSum actual;
    std::optional<std::int64_t> position;  ///< source position of the first group that differs
    std::string detail;                    ///< one sentence
};

struct VerifyReport {
    std::uint64_t minutes_checked = 0;  ///< (shard, minute) entries
    std::uint64_t logs_checked = 0;
    std::uint64_t bytes_checked = 0;
    std::uint64_t minutes_differing = 0;
    std::vector<VerifyFinding> findings;  ///< the first ones, by shard and minute
    bool is_exact() const { return minutes_differing == 0; }
};

}  // namespace spillway::replicator
