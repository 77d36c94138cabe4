// gzip in memory, by zlib (named here and for CRC-32 only). Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace spillway::transform {

/// Without a time in its header: equal text gives equal bytes.
std::string gzip(std::string_view text, int level);
/// Nothing when the bytes are no gzip data or hold more than `bytes_max`.
std::optional<std::string> gunzip(std::string_view bytes, std::size_t bytes_max);

}  // namespace spillway::transform
