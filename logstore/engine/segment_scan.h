// Reads a segment record by record, as recovery and `region check` need it, and tells a torn tail
// from damage. Any thread.
//
// Everything of one commit (round) is written, then synced, before the next begins; each record
// says where its round began. So where a record does not fit its checksum:
//   a valid record anywhere behind it belongs to   -> the bad place had been synced: damage;
//     a round that began later
//   there is none                                  -> the last write was cut off: a torn tail.
//                                                     That round was never acknowledged.
// A put of several LogGroups is there whole or not at all: where the tail is torn inside of it, its
// records before that place are part of the torn tail.
// A segment known to be complete (sealed, or closed cleanly) has no torn tail, only damage.
#pragma once

#include "logstore/engine/segment_index.h"

#include <functional>
#include <optional>
#include <vector>

namespace spillway::engine {

struct DamagedRange {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    bool operator==(const DamagedRange&) const = default;
};

struct SegmentScan {
    SegmentIndexBuilder index;
    std::uint64_t tail = 0;              ///< where the next record goes
    std::uint64_t torn_bytes = 0;        ///< not zero, behind the tail
    std::uint64_t last_round_start = 0;  ///< where the last record's round begins; 0: no record
    std::vector<DamagedRange> damaged;
};

/// `complete_to`: the segment is known to hold records up to there.
/// `visit` sees every good record. Errors: Unavailable (reading).
Result<SegmentScan> scan_segment(
    File& file, const SegmentHeader& header, std::optional<std::uint64_t> complete_to,
    const std::function<void(const RecordHeader&, std::uint32_t offset)>& visit = {});

}  // namespace spillway::engine
