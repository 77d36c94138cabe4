#include "logstore/engine/record.h"

#include "base/hash.h"
#include "logstore/engine/byte_order.h"

namespace spillway::engine {

namespace {

constexpr std::string_view kSegmentMagic = "SPILLSEG";
constexpr std::string_view kRecordMagic = "SPR1";
constexpr std::size_t kChecksummedFrom = 8;  // magic and the checksum itself stand before

constexpr std::uint8_t kHasRouteKey = 1;
constexpr std::uint8_t kHasSequenceId = 2;

Error corrupt(std::string message) {
    return make_error(ErrorCode::Corrupt, std::move(message));
}

std::uint32_t place_seed(std::uint64_t salt, std::uint32_t offset) {
    std::string place;
    append_number(place, salt);
    append_number(place, offset);
    return crc32c(place);
}

std::uint8_t codec_number(Codec codec) {
    switch (codec) {
        case Codec::None:
            return 0;
        case Codec::Deflate:
            return 1;
        case Codec::Lz4:
            return 2;
        case Codec::Zstd:
            return 3;
    }
    return 0;
}

Codec codec_of_number(std::uint8_t number) {
    switch (number) {
        case 1:
            return Codec::Deflate;
        case 2:
            return Codec::Lz4;
        case 3:
            return Codec::Zstd;
        default:
            return Codec::None;
    }
}

void set_checksum(std::string& header, std::uint32_t seed) {
    std::string checksum;
    append_number(checksum, crc32c(std::string_view(header).substr(12), seed));
    header.replace(8, 4, checksum);
}

}  // namespace

std::string encode_segment_header(const SegmentHeader& header) {
    std::string out(kSegmentMagic);
    append_number(out, std::uint32_t{0});  // checksum, below
    append_number(out, kFormatVersion);
    append_number(out, header.log_id);
    append_number(out, header.number);
    append_number(out, header.created_ns);
    append_number(out, header.salt);
    out.resize(kSegmentHeaderBytes, '\0');
    set_checksum(out, 0);
    return out;
}

Result<SegmentHeader> decode_segment_header(std::string_view bytes) {
    if (bytes.size() < kSegmentHeaderBytes || !bytes.starts_with(kSegmentMagic)) {
        return corrupt("this is not a segment file");
    }
    bytes = bytes.substr(0, kSegmentHeaderBytes);
    if (crc32c(bytes.substr(12)) != number_at<std::uint32_t>(bytes, 8)) {
        return corrupt("the segment's header is damaged");
    }
    if (const auto version = number_at<std::uint32_t>(bytes, 12); version > kFormatVersion) {
        return make_error(ErrorCode::Unsupported,
                          "the segment has format version " + std::to_string(version) +
                              ", this program knows up to " + std::to_string(kFormatVersion));
    }
    SegmentHeader header;
    header.log_id = number_at<std::uint64_t>(bytes, 16);
    header.number = number_at<std::uint64_t>(bytes, 24);
    header.created_ns = number_at<std::int64_t>(bytes, 32);
    header.salt = number_at<std::uint64_t>(bytes, 40);
    return header;
}

std::string encode_record_header(const RecordHeader& header, std::uint64_t salt,
                                 std::uint32_t offset) {
    std::string out;
    out.reserve(kRecordHeaderBytes);
    out.append(kRecordMagic);
    append_number(out, std::uint32_t{0});  // checksum, below
    append_number(out, static_cast<std::uint16_t>(kRecordHeaderBytes));
    append_number(out, codec_number(header.codec));
    std::uint8_t flags = 0;
    if (header.route_key) flags = static_cast<std::uint8_t>(flags | kHasRouteKey);
    if (header.sequence_id) flags = static_cast<std::uint8_t>(flags | kHasSequenceId);
    append_number(out, flags);
    append_number(out, header.body_bytes);
    append_number(out, header.body_crc);
    append_number(out, header.raw_bytes);
    append_number(out, header.log_count);
    append_number(out, header.shard.value());
    append_number(out, header.position);
    append_number(out, header.receive_ns);
    out.append(hash_key_bytes(header.route_key.value_or(0)));
    append_number(out, header.sequence_id.value_or(0));
    append_number(out, header.round);
    append_number(out, header.round_start);
    append_number(out, header.last_sequence);
    append_number(out, header.groups_to_come);
    out.resize(kRecordHeaderBytes, '\0');
    std::string checksum;
    append_number(checksum,
                  crc32c(std::string_view(out).substr(kChecksummedFrom), place_seed(salt, offset)));
    out.replace(4, 4, checksum);
    return out;
}

bool has_record_magic(std::string_view bytes) {
    return bytes.starts_with(kRecordMagic);
}

Result<RecordHeader> decode_record_header(std::string_view bytes, std::uint64_t salt,
                                          std::uint32_t offset) {
    if (bytes.size() < kRecordHeaderBytes || !has_record_magic(bytes)) {
        return corrupt("no record begins here");
    }
    bytes = bytes.substr(0, kRecordHeaderBytes);
    if (crc32c(bytes.substr(kChecksummedFrom), place_seed(salt, offset)) !=
        number_at<std::uint32_t>(bytes, 4)) {
        return corrupt("the record's header is damaged");
    }
    RecordHeader header;
    header.codec = codec_of_number(number_at<std::uint8_t>(bytes, 10));
    const auto flags = number_at<std::uint8_t>(bytes, 11);
    header.body_bytes = number_at<std::uint32_t>(bytes, 12);
    header.body_crc = number_at<std::uint32_t>(bytes, 16);
    header.raw_bytes = number_at<std::uint32_t>(bytes, 20);
    header.log_count = number_at<std::uint32_t>(bytes, 24);
    header.shard = ShardId(number_at<std::uint32_t>(bytes, 28));
    header.position = number_at<std::int64_t>(bytes, 32);
    header.receive_ns = number_at<std::int64_t>(bytes, 40);
    if (flags & kHasRouteKey) header.route_key = hash_key_from_bytes(bytes.substr(48, 16));
    if (flags & kHasSequenceId) header.sequence_id = number_at<std::uint64_t>(bytes, 64);
    header.round = number_at<std::uint64_t>(bytes, 72);
    header.round_start = number_at<std::uint32_t>(bytes, 80);
    header.last_sequence = number_at<std::uint32_t>(bytes, 84);
    header.groups_to_come = number_at<std::uint32_t>(bytes, 88);
    return header;
}

}  // namespace spillway::engine
