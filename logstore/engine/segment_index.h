// What is known of one segment without reading it: which positions of which shard lie where, and
// the greatest sequence id each route key reached. Built record by record while a segment is
// written, saved beside it (<segment>.idx) when it is full. The layout is docs/storage-format.md.
//
// A run is a shard's part of a segment: consecutive positions. Positions whose record is damaged
// keep their place in the run with an entry of size 0.
#pragma once

#include "base/result.h"
#include "logstore/engine/file_system.h"
#include "logstore/engine/record.h"

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace spillway::engine {

using FenceMap = std::unordered_map<HashKey, std::uint64_t, HashKeyHasher>;

struct ShardRun {
    ShardId shard;
    std::uint32_t count = 0;
    std::int64_t first_position = 0;
    std::uint32_t first_receive_s = 0;
    std::uint32_t last_receive_s = 0;
    std::uint64_t raw_bytes = 0;
    std::uint64_t stored_bytes = 0;
    std::uint64_t logs = 0;
    std::uint64_t entries_offset = 0;  ///< in the .idx file
    std::uint32_t entries_crc = 0;

    std::int64_t end_position() const { return first_position + count; }
    bool operator==(const ShardRun&) const = default;
};

/// The part that stays in memory for every segment.
struct SegmentSummary {
    SegmentHeader header;
    std::uint64_t tail = kSegmentHeaderBytes;  ///< bytes in use
    std::uint64_t last_round = 0;
    std::int64_t first_receive_ns = 0;
    std::int64_t last_receive_ns = 0;
    std::uint32_t damaged = 0;   ///< positions without a readable record
    std::vector<ShardRun> runs;  ///< sorted by shard

    const ShardRun* find(ShardId shard) const;
};

/// The index of a segment that is being written or was just scanned. One owner at a time.
class SegmentIndexBuilder {
  public:
    explicit SegmentIndexBuilder(SegmentHeader header);

    /// The next record in file order. Positions of a shard must rise; the ones left out between two
    /// records are marked damaged.
    void add(const RecordHeader& record, std::uint32_t offset);

    /// Damaged bytes behind the last good record: how many records they held is not known.
    void note_damaged_end() { ++summary_.damaged; }

    const SegmentSummary& summary() const { return summary_; }
    const FenceMap& fences() const { return fences_; }
    /// Entries [first, first + count) of the shard's run; the caller keeps inside it.
    std::vector<IndexEntry> entries(ShardId shard, std::uint32_t first, std::uint32_t count) const;

    struct Encoded {
        std::string bytes;       ///< the content of the .idx file
        SegmentSummary summary;  ///< with the places of the entries in it
    };
    Encoded encode() const;

  private:
    ShardRun& run_of(const RecordHeader& record, std::uint32_t receive_s);

    SegmentSummary summary_;
    std::map<ShardId, std::vector<IndexEntry>> entries_;
    FenceMap fences_;
};

struct SegmentIndexFile {
    SegmentSummary summary;
    FenceMap fences;
};

/// Reads all but the entries. Errors: Corrupt, Unsupported.
Result<SegmentIndexFile> read_segment_index(File& file);
/// Reads entries [first, first + count) of a run.
Result<std::vector<IndexEntry>> read_entries(File& file, const ShardRun& run, std::uint32_t first,
                                             std::uint32_t count);
/// Reads all entries of a run and checks them. Errors: Corrupt.
Status check_entries(File& file, const ShardRun& run);

}  // namespace spillway::engine
