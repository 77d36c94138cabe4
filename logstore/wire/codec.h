// Compression of bodies: lz4 (one raw block, no frame), zstd, deflate (zlib stream). lz4, zstd and zlib
// are named only in this folder. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "logstore/model/logstore.h"

namespace spillway::wire {

/// "lz4", "zstd", "deflate"; nothing for Codec::None, which travels as an absent header.
std::string_view name_of(Codec codec);
/// Empty text is Codec::None. Nothing when the name is not known.
std::optional<Codec> parse_codec(std::string_view name);

/// Errors: Exhausted.
Result<std::string> compress(Codec codec, std::string_view raw);
/// `raw_bytes` is the size the other side announced; more or less is Corrupt. Never allocates more than
/// `raw_bytes`, and refuses (InvalidArgument) when that is above `raw_bytes_max`.
Result<std::string> decompress(Codec codec, std::string_view body, std::uint64_t raw_bytes,
                               std::uint64_t raw_bytes_max = 64 * 1024 * 1024);

}  // namespace spillway::wire
