// One stored LogGroup: a header of fixed size and the LZ4 block as it arrived. The layout, byte by
// byte, is docs/storage-format.md. Values; any thread.
#pragma once

#include "base/result.h"
#include "logstore/engine/hash_key.h"
#include "logstore/model/logstore.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace spillway::engine {

inline constexpr std::size_t kRecordHeaderBytes = 96;
inline constexpr std::size_t kSegmentHeaderBytes = 64;
inline constexpr std::uint32_t kFormatVersion = 1;

/// First bytes of a segment file.
struct SegmentHeader {
    std::uint64_t log_id = 0;  ///< of the Logstore in the catalog
    std::uint64_t number = 0;  ///< counts from 1 within the Logstore
    std::int64_t created_ns = 0;
    std::uint64_t salt = 0;  ///< random: no body can pretend to hold a record of this segment
    bool operator==(const SegmentHeader&) const = default;
};

std::string encode_segment_header(const SegmentHeader& header);
/// Errors: Corrupt; Unsupported (a later version wrote it).
Result<SegmentHeader> decode_segment_header(std::string_view bytes);

struct RecordHeader {
    Codec codec = Codec::Lz4;
    std::uint32_t body_bytes = 0;
    std::uint32_t body_crc = 0;
    std::uint32_t raw_bytes = 0;
    std::uint32_t log_count = 0;
    ShardId shard;
    std::int64_t position = 0;
    std::int64_t receive_ns = 0;
    std::optional<HashKey> route_key;
    std::optional<std::uint64_t> sequence_id;
    std::uint64_t round = 0;        ///< which commit of this Logstore wrote it
    std::uint32_t round_start = 0;  ///< offset of the first record of that commit in this segment
    std::uint32_t last_sequence =
        0;  ///< offset of the block's last LZ4 sequence: what stitching needs
    /// Records of the same put behind this one: a put is stored when its last one is, with a 0.
    std::uint32_t groups_to_come = 0;
    bool operator==(const RecordHeader&) const = default;

    std::uint32_t stored_bytes() const {
        return static_cast<std::uint32_t>(kRecordHeaderBytes) + body_bytes;
    }
};

/// `offset` and `salt` go into the checksum, so bytes of another place never pass for this record.
std::string encode_record_header(const RecordHeader& header, std::uint64_t salt,
                                 std::uint32_t offset);
/// Errors: Corrupt, saying what does not fit.
Result<RecordHeader> decode_record_header(std::string_view bytes, std::uint64_t salt,
                                          std::uint32_t offset);
/// True where the first four bytes could begin a record.
bool has_record_magic(std::string_view bytes);

/// Where a record lies; what an index keeps of it. A size of 0 marks a position whose record is
/// damaged.
struct IndexEntry {
    std::uint32_t offset = 0;
    std::uint32_t stored_bytes = 0;
    std::uint32_t raw_bytes = 0;
    std::uint32_t receive_s = 0;
    bool operator==(const IndexEntry&) const = default;
};

}  // namespace spillway::engine
