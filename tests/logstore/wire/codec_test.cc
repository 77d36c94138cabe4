#include "logstore/wire/codec.h"

#include "random_groups.h"

#include <string>

#include <gtest/gtest.h>

namespace spillway::wire {
namespace {

constexpr Codec kAll[] = {Codec::None, Codec::Lz4, Codec::Zstd, Codec::Deflate};

std::string sample(std::size_t bytes) {
    std::string out;
    while (out.size() < bytes)
        out += "GET /index.html 200 " + std::to_string(out.size() * 7919) + " ";
    out.resize(bytes);
    return out;
}

TEST(Codec, NamesAreThoseOfTheHeader) {
    EXPECT_EQ(parse_codec("lz4"), Codec::Lz4);
    EXPECT_EQ(parse_codec("zstd"), Codec::Zstd);
    EXPECT_EQ(parse_codec("deflate"), Codec::Deflate);
    EXPECT_EQ(parse_codec("LZ4"), Codec::Lz4);
    EXPECT_EQ(parse_codec(""), Codec::None);
    EXPECT_EQ(parse_codec("gzip"), std::nullopt);
    for (const Codec codec : kAll) EXPECT_EQ(parse_codec(name_of(codec)), codec);
}

TEST(Codec, GivesBackWhatWentIn) {
    for (const Codec codec : kAll) {
        for (const std::size_t bytes : {0U, 1U, 12U, 13U, 1'000U, 300'000U}) {
            SCOPED_TRACE(std::string(name_of(codec)) + " " + std::to_string(bytes));
            const std::string raw = sample(bytes);
            const auto body = compress(codec, raw);
            ASSERT_TRUE(body);
            EXPECT_EQ(decompress(codec, *body, raw.size()).value(), raw);
        }
    }
}

TEST(Codec, UsesTheMemoryOfThePageBefore) {
    const std::string large = sample(200'000);
    const std::string small = sample(1'000);
    std::string raw;
    for (const auto& text : {large, small, large}) {
        const auto body = compress(Codec::Lz4, text);
        ASSERT_TRUE(body);
        ASSERT_TRUE(decompress_into(raw, Codec::Lz4, *body, text.size()));
        EXPECT_EQ(raw, text);
        EXPECT_GE(raw.capacity(), large.size());
    }
}

TEST(Codec, RefusesASizeThatIsNotTheAnnouncedOne) {
    const std::string raw = sample(1'000);
    for (const Codec codec : kAll) {
        SCOPED_TRACE(std::string(name_of(codec)));
        const auto body = compress(codec, raw);
        ASSERT_TRUE(body);
        for (const std::uint64_t wrong : {0U, 1U, 999U, 1'001U, 2'000U}) {
            const auto read = decompress(codec, *body, wrong);
            ASSERT_FALSE(read) << wrong;
            EXPECT_EQ(read.error().code, ErrorCode::Corrupt);
        }
    }
}

TEST(Codec, RefusesTruncationAndGarbage) {
    const std::string raw = sample(600);
    for (const Codec codec : {Codec::Lz4, Codec::Zstd, Codec::Deflate}) {
        SCOPED_TRACE(std::string(name_of(codec)));
        const auto body = compress(codec, raw);
        ASSERT_TRUE(body);
        for (std::size_t size = 1; size < body->size(); ++size) {
            const testing::WalledBytes cut(std::string_view(*body).substr(0, size));
            EXPECT_FALSE(decompress(codec, cut.view(), raw.size())) << size;
        }
        EXPECT_FALSE(decompress(codec, std::string(200, '\xF5'), raw.size()));
        if (codec == Codec::Lz4) continue;  // a block has no end of its own
        EXPECT_FALSE(decompress(codec, *body + "tail", raw.size()));
    }
}

TEST(Codec, AllocatesNoMoreThanAllowed) {
    const auto read = decompress(Codec::Lz4, "x", std::uint64_t{1} << 40);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::InvalidArgument);
    EXPECT_FALSE(decompress(Codec::None, "12345", 5, 4));
}

TEST(Codec, NothingIsAnEmptyBodyOrTheCodecsFormOfIt) {
    EXPECT_TRUE(decompress(Codec::Lz4, "", 0));
    EXPECT_TRUE(decompress(Codec::Lz4, std::string_view("\0", 1), 0));
    EXPECT_FALSE(decompress(Codec::Lz4, "x", 0));
    EXPECT_EQ(compress(Codec::Lz4, "").value(), std::string(1, '\0'));
    EXPECT_TRUE(decompress(Codec::None, "", 0));
    EXPECT_FALSE(decompress(Codec::Zstd, "", 5));
}

}  // namespace
}  // namespace spillway::wire
