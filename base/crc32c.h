// The two ways crc32c() of base/hash.h can take, for it and for the test that holds them together.
#pragma once

#include <cstdint>
#include <string_view>

namespace spillway::detail {

std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t seed);
/// Only where has_crc_instruction().
std::uint32_t crc32c_by_instruction(std::string_view bytes, std::uint32_t seed);
bool has_crc_instruction();

}  // namespace spillway::detail
