// Little-endian numbers in the engine's files. Any thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace spillway::engine {

template <class Number>
void append_number(std::string& out, Number number) {
    static_assert(std::is_integral_v<Number>);
    auto bits = static_cast<std::make_unsigned_t<Number>>(number);
    for (std::size_t i = 0; i < sizeof(Number); ++i) {
        out.push_back(static_cast<char>(static_cast<unsigned char>(bits & 255)));
        if constexpr (sizeof(Number) > 1) bits = static_cast<decltype(bits)>(bits >> 8);
    }
}

/// The caller has checked that the bytes are there.
template <class Number>
Number number_at(std::string_view bytes, std::size_t offset) {
    std::make_unsigned_t<Number> bits = 0;
    for (std::size_t i = sizeof(Number); i-- > 0;) {
        const auto byte = static_cast<unsigned char>(bytes[offset + i]);
        if constexpr (sizeof(Number) > 1) bits = static_cast<decltype(bits)>(bits << 8);
        bits = static_cast<decltype(bits)>(bits | byte);
    }
    return static_cast<Number>(bits);
}

}  // namespace spillway::engine
