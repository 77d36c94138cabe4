#include "logstore/engine/segment_name.h"

#include "base/text.h"

#include <fmt/format.h>

namespace spillway::engine {

std::string segment_name(const SegmentHeader& header) {
    return fmt::format("{:010}-{:016x}.seg", header.number, header.salt);
}

std::optional<SegmentHeader> header_of_name(std::string_view name, std::uint64_t log_id) {
    if (name.size() != 31 || name[10] != '-' || !name.ends_with(".seg")) return std::nullopt;
    const auto number = parse_uint(name.substr(0, 10));
    if (!number) return std::nullopt;
    const auto salt = from_hex(name.substr(11, 16));
    if (!salt) return std::nullopt;
    SegmentHeader header;
    header.log_id = log_id;
    header.number = *number;
    for (const char byte : *salt) {
        header.salt = (header.salt << 8) | static_cast<unsigned char>(byte);
    }
    return header;
}

std::string index_path_of(const std::string& segment_path) {
    return segment_path.substr(0, segment_path.size() - 3) + "idx";
}

}  // namespace spillway::engine
