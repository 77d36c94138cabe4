// An order-free digest of records: what a copy is compared by. Values; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace spillway::replicator {

/// Sum of 128-bit hashes of records, with their count and bytes: equal sums mean equal multisets.
struct RecordSum {
    std::uint64_t logs = 0;
    std::uint64_t bytes = 0;  ///< of the encoded logs, without topic, source and tags
    std::uint64_t low = 0;
    std::uint64_t high = 0;

    /// `frame`: one log as it lies in its LogGroup; `origin`: digest of topic, source and tags.
    void add(std::string_view frame, std::uint64_t origin);
    RecordSum& operator+=(const RecordSum& other);
    RecordSum& operator-=(const RecordSum& other);
    bool operator==(const RecordSum&) const = default;
};

}  // namespace spillway::replicator
