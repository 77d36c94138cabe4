// Points of the MD5 space that shards divide between them. Values; any thread.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace spillway::engine {

/// A point of the 128-bit MD5 space.
using HashKey = unsigned __int128;

inline constexpr HashKey kHashKeyMax = ~HashKey{0};

/// 1 to 32 hex digits of either case; shorter keys count as padded with zeros on the right.
/// Errors: InvalidArgument (service code ParameterInvalid).
Result<HashKey> parse_hash_key(std::string_view hex);
/// 32 lower-case hex digits.
std::string format_hash_key(HashKey key);
/// 16 bytes, most significant first.
std::string hash_key_bytes(HashKey key);
HashKey hash_key_from_bytes(std::string_view sixteen_bytes);

struct HashKeyHasher {
    std::size_t operator()(HashKey key) const {
        return static_cast<std::size_t>(static_cast<std::uint64_t>(key) ^
                                        static_cast<std::uint64_t>(key >> 64) *
                                            0x9E3779B97F4A7C15U);
    }
};

}  // namespace spillway::engine
