// CRC32C: polynomial 0x1EDC6F41, reflected (RFC 3720, appendix B.4). The software form takes eight
// bytes a step through eight tables; table k holds the effect of a byte that k more bytes follow.
#include "base/crc32c.h"

#include "base/hash.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace spillway {

namespace {

using CrcTables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr CrcTables make_crc_tables() {
    CrcTables tables{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78u : 0u);
        tables[0][byte] = crc;
    }
    for (std::size_t byte = 0; byte < 256; ++byte) {
        for (std::size_t k = 1; k < tables.size(); ++k) {
            const std::uint32_t before = tables[k - 1][byte];
            tables[k][byte] = (before >> 8) ^ tables[0][before & 255];
        }
    }
    return tables;
}

std::uint32_t crc32c_software(std::uint32_t crc, const unsigned char* at, std::size_t size) {
    static constexpr CrcTables kTables = make_crc_tables();
    for (; size >= 8; at += 8, size -= 8) {
        std::uint32_t next = 0;
        for (std::size_t i = 0; i < 8; ++i) {
            const std::uint32_t mixed = i < 4 ? at[i] ^ ((crc >> (8 * i)) & 255) : at[i];
            next ^= kTables[7 - i][mixed];
        }
        crc = next;
    }
    for (; size > 0; ++at, --size) crc = (crc >> 8) ^ kTables[0][(crc ^ *at) & 255];
    return crc;
}

#if defined(__x86_64__)
// The instruction takes three cycles but a new one can start every cycle, so long texts run as
// three blocks side by side. Joining them needs the sum of a block as if another block of zeros
// followed: a linear map of its 32 bits, kept as one table a byte.
constexpr std::size_t kCrcBlock = 1024;
using CrcMatrix = std::array<std::uint32_t, 32>;  // column n: what bit n becomes
using CrcShift = std::array<std::array<std::uint32_t, 256>, 4>;

constexpr std::uint32_t times(const CrcMatrix& matrix, std::uint32_t bits) {
    std::uint32_t sum = 0;
    for (std::size_t n = 0; n < matrix.size(); ++n) {
        if ((bits >> n & 1) != 0) sum ^= matrix[n];
    }
    return sum;
}

constexpr CrcShift make_crc_shift() {
    CrcMatrix matrix{0x82F63B78u};  // one zero bit
    for (std::size_t n = 1; n < matrix.size(); ++n) matrix[n] = 1u << (n - 1);
    for (std::size_t bits = 1; bits < kCrcBlock * 8; bits *= 2) {
        const CrcMatrix half = matrix;
        for (std::size_t n = 0; n < matrix.size(); ++n) matrix[n] = times(half, half[n]);
    }
    CrcShift shift{};
    for (std::size_t byte = 0; byte < shift.size(); ++byte) {
        for (std::uint32_t value = 0; value < 256; ++value) {
            shift[byte][value] = times(matrix, value << (8 * byte));
        }
    }
    return shift;
}

std::uint64_t behind_a_block(std::uint64_t crc) {
    static constexpr CrcShift kShift = make_crc_shift();
    return kShift[0][crc & 255] ^ kShift[1][crc >> 8 & 255] ^ kShift[2][crc >> 16 & 255] ^
           kShift[3][crc >> 24 & 255];
}

std::uint64_t word_at(const unsigned char* at) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    return word;
}

__attribute__((target("sse4.2"))) std::uint32_t crc32c_hardware(std::uint32_t crc,
                                                                const unsigned char* at,
                                                                std::size_t size) {
    std::uint64_t first = crc;
    for (; size >= 3 * kCrcBlock; at += 3 * kCrcBlock, size -= 3 * kCrcBlock) {
        std::uint64_t second = 0;
        std::uint64_t third = 0;
        for (std::size_t i = 0; i < kCrcBlock; i += 8) {
            first = __builtin_ia32_crc32di(first, word_at(at + i));
            second = __builtin_ia32_crc32di(second, word_at(at + kCrcBlock + i));
            third = __builtin_ia32_crc32di(third, word_at(at + 2 * kCrcBlock + i));
        }
        first = behind_a_block(behind_a_block(first) ^ second) ^ third;
    }
    for (; size >= 8; at += 8, size -= 8) first = __builtin_ia32_crc32di(first, word_at(at));
    auto narrow = static_cast<std::uint32_t>(first);
    for (; size > 0; ++at, --size) narrow = __builtin_ia32_crc32qi(narrow, *at);
    return narrow;
}

#else
std::uint32_t crc32c_hardware(std::uint32_t crc, const unsigned char* at, std::size_t size) {
    return crc32c_software(crc, at, size);
}

#endif

}  // namespace

std::uint32_t detail::crc32c_by_table(std::string_view bytes, std::uint32_t seed) {
    return ~crc32c_software(~seed, reinterpret_cast<const unsigned char*>(bytes.data()),
                            bytes.size());
}

std::uint32_t detail::crc32c_by_instruction(std::string_view bytes, std::uint32_t seed) {
    return ~crc32c_hardware(~seed, reinterpret_cast<const unsigned char*>(bytes.data()),
                            bytes.size());
}

bool detail::has_crc_instruction() {
#if defined(__x86_64__)
    return __builtin_cpu_supports("sse4.2") != 0;
#else
    return false;
#endif
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed) {
    static const bool kInstruction = detail::has_crc_instruction();
    return kInstruction ? detail::crc32c_by_instruction(bytes, seed)
                        : detail::crc32c_by_table(bytes, seed);
}

}  // namespace spillway
