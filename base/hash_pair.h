// Two hashes of the same bytes in one pass: they cost little more than one. Any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace spillway {

struct HashPair {
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    bool operator==(const HashPair&) const = default;
};

/// hash64 of the bytes with either seed.
HashPair hash64_pair(std::string_view bytes, std::uint64_t first_seed, std::uint64_t second_seed);

}  // namespace spillway
