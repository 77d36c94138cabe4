// Compression of bodies: lz4 (one raw block, no frame), zstd, deflate (zlib stream). lz4, zstd and
// zlib are named only in this folder. Any thread.
#pragma once

#include "base/result.h"
#include "logstore/model/logstore.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace spillway::wire {

/// What decompress() allocates at most unless told otherwise.
inline constexpr std::uint64_t kRawBytesMax = 64 * 1024 * 1024;

/// "lz4", "zstd", "deflate"; nothing for Codec::None, which travels as an absent header.
std::string_view name_of(Codec codec);
/// Empty text is Codec::None. Nothing when the name is not known.
std::optional<Codec> parse_codec(std::string_view name);

/// Errors: InvalidArgument (more than the codec takes), Exhausted.
Result<std::string> compress(Codec codec, std::string_view raw);
/// `raw_bytes` is the size the other side announced; more or less is Corrupt. Never allocates more
/// than `raw_bytes`, and refuses (InvalidArgument) when that is above `raw_bytes_max`.
Result<std::string> decompress(Codec codec, std::string_view body, std::uint64_t raw_bytes,
                               std::uint64_t raw_bytes_max = kRawBytesMax);
/// The same into `raw`, whose memory is used again: a loop over pages neither allocates nor clears.
/// After an error `raw` holds nothing useful.
Status decompress_into(std::string& raw, Codec codec, std::string_view body,
                       std::uint64_t raw_bytes, std::uint64_t raw_bytes_max = kRawBytesMax);

}  // namespace spillway::wire
