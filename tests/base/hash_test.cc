#include "base/hash.h"

#include "base/crc32c.h"
#include "base/text.h"

#include <set>

#include <gtest/gtest.h>

namespace spillway {
namespace {

TEST(Hash, MatchesThePublishedDigests) {
    EXPECT_EQ(to_hex(md5("")), "d41d8cd98f00b204e9800998ecf8427e");  // RFC 1321
    EXPECT_EQ(to_hex(md5("message digest")), "f96b697d7cb7938d525a2f31aaf161d0");
    EXPECT_EQ(to_hex(sha256("abc")),  // FIPS 180-4
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Hash, MatchesThePublishedMacs) {  // RFC 2202, RFC 4231
    EXPECT_EQ(to_hex(hmac_sha1(std::string(20, '\x0b'), "Hi There")),
              "b617318655057264e28bc0b6fb378c8ef146be00");
    EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(to_hex(hmac_sha256(std::string(131, '\xaa'),
                                 "Test Using Larger Than Block-Size Key - Hash Key First")),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    EXPECT_EQ(to_hex(hmac_sha256("", "")),
              "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Crc32c, MatchesThePublishedSums) {  // RFC 3720, appendix B.4
    EXPECT_EQ(crc32c(""), 0u);
    EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
    EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
    EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43u);
}

TEST(Crc32c, GoesOnFromTheSumOfWhatCameBefore) {
    const std::string bytes = random_bytes(10'000);
    const std::string_view view = bytes;
    for (const std::size_t cut : {0u, 1u, 7u, 8u, 9u, 3'071u, 3'072u, 3'073u, 9'999u, 10'000u}) {
        EXPECT_EQ(crc32c(view.substr(cut), crc32c(view.substr(0, cut))), crc32c(view)) << cut;
    }
}

TEST(Crc32c, IsTheSameForALongTextAsPieceByPiece) {
    // Pieces shorter than the three blocks that long texts are summed in side by side.
    const std::string bytes = random_bytes(100'003);
    std::uint32_t sum = 0;
    for (std::size_t at = 0; at < bytes.size(); at += 100) {
        sum = crc32c(std::string_view(bytes).substr(at, 100), sum);
    }
    EXPECT_EQ(crc32c(bytes), sum);
}

TEST(Crc32c, IsTheSameByTableAndByInstruction) {
    EXPECT_EQ(detail::crc32c_by_table("123456789", 0), 0xE3069283u);
    if (!detail::has_crc_instruction()) GTEST_SKIP() << "this processor has no CRC instruction";
    const std::string bytes = random_bytes(7'000);
    for (std::size_t size = 0; size <= bytes.size(); size += size < 70 ? 1 : 333) {
        const auto part = std::string_view(bytes).substr(bytes.size() - size);
        EXPECT_EQ(detail::crc32c_by_table(part, 42), detail::crc32c_by_instruction(part, 42));
    }
}

TEST(Hash64, IsTheSameInEveryBuild) {
    // Written down once: route keys and lanes depend on these never changing.
    EXPECT_EQ(hash64(""), 0x99318B24A3999A6Du);
    EXPECT_EQ(hash64("a"), 0xFE948BD38981C044u);
    EXPECT_EQ(hash64("0123456789abcdef"), 0x6CE009E81C6F3D21u);
    EXPECT_EQ(hash64("0123456789abcdefg", 7), 0x3706F2DFE2E53355u);
    EXPECT_EQ(hash64(std::string(1'000, 'x')), 0xD412DADBC324582Cu);
}

TEST(Hash64, TellsNeighboursApart) {
    std::set<std::uint64_t> seen;
    std::string text(100, '\0');
    for (std::size_t length = 0; length <= text.size(); ++length) {
        seen.insert(hash64(std::string_view(text).substr(0, length)));
    }
    for (std::size_t at = 0; at < text.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string flipped = text;
            flipped[at] = static_cast<char>(1 << bit);
            seen.insert(hash64(flipped));
        }
    }
    for (std::uint64_t seed = 1; seed <= 100; ++seed) seen.insert(hash64(text, seed));
    EXPECT_EQ(seen.size(), 101u + 800u + 100u);
}

TEST(Hash64, SpreadsOverLanes) {
    int lanes[8] = {};
    for (int i = 0; i < 8'000; ++i) ++lanes[hash64("10.0.0." + std::to_string(i)) % 8];
    for (const int count : lanes) {
        EXPECT_GT(count, 850);
        EXPECT_LT(count, 1'150);
    }
}

TEST(Hash, ComparesSecretsWhole) {
    EXPECT_TRUE(equal_constant_time("", ""));
    EXPECT_TRUE(equal_constant_time("abc", "abc"));
    EXPECT_FALSE(equal_constant_time("abc", "abd"));
    EXPECT_FALSE(equal_constant_time("abc", "ab"));
}

TEST(Hash, DrawsDifferentBytesEachTime) {
    EXPECT_EQ(random_bytes(0), "");
    EXPECT_EQ(random_bytes(1'000).size(), 1'000u);
    EXPECT_NE(random_bytes(16), random_bytes(16));
}

}  // namespace
}  // namespace spillway
