#include "logstore/wire/lz4_stitch.h"

#include "base/text.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/log_group_writer.h"
#include "random_groups.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace spillway::wire {
namespace {

using testing::Random;
using testing::WalledBytes;

struct Piece {
    std::string raw;
    bool as_block = true;  ///< else appended raw
};

std::string compressed(std::string_view raw) {
    return compress(Codec::Lz4, raw).value();
}

std::string decoded(std::string_view block, std::uint64_t raw_bytes) {
    const WalledBytes walled(block);
    auto raw = decompress(Codec::Lz4, walled.view(), raw_bytes);
    EXPECT_TRUE(raw) << (raw ? "" : raw.error().to_string());
    return raw ? *std::move(raw) : "";
}

/// Stitches the pieces, and checks the result against their concatenation and against its own
/// outline.
std::string stitched(const std::vector<Piece>& pieces) {
    Lz4Stitcher stitcher;
    std::string whole;
    for (const auto& piece : pieces) {
        whole += piece.raw;
        if (!piece.as_block) {
            stitcher.append_raw(piece.raw);
            continue;
        }
        const WalledBytes block(compressed(piece.raw));
        const auto outline = outline_lz4_block(block.view(), piece.raw.size());
        EXPECT_TRUE(outline) << (outline ? "" : outline.error().to_string());
        if (!outline) return {};
        stitcher.append_block(block.view(), *outline);
    }
    EXPECT_EQ(stitcher.raw_bytes(), whole.size());
    std::string block = stitcher.finish();
    EXPECT_EQ(decoded(block, whole.size()), whole);
    EXPECT_TRUE(outline_lz4_block(block, whole.size())) << "a stitched block can be stitched again";
    EXPECT_EQ(stitcher.raw_bytes(), 0U);
    return block;
}

std::string repetitive(std::size_t bytes) {
    std::string out;
    while (out.size() < bytes) out += "level=INFO msg=" + std::to_string(out.size()) + " ";
    out.resize(bytes);
    return out;
}

std::string noise(std::size_t bytes, std::uint64_t seed = 1) {
    Random random(seed);
    std::string out(bytes, '\0');
    for (char& c : out) c = static_cast<char>(random());
    return out;
}

TEST(Lz4Stitch, NothingIsTheBlockOfNothing) {
    EXPECT_EQ(stitched({}), std::string(1, '\0'));
    EXPECT_EQ(stitched({{"", true}, {"", false}, {"", true}}), std::string(1, '\0'));
}

TEST(Lz4Stitch, OneBlockAloneComesOutAsItWas) {
    for (const std::size_t bytes : {0U, 1U, 12U, 13U, 14U, 100U, 5'000U, 200'000U}) {
        EXPECT_EQ(stitched({{repetitive(bytes)}}), compressed(repetitive(bytes))) << bytes;
    }
}

TEST(Lz4Stitch, JoinsBlocksWithTheirFrames) {
    const std::string a = repetitive(3'000);
    const std::string b = repetitive(500);
    stitched({{"\x0A\x10", false}, {a}, {"\x0A\x11", false}, {b}, {"\x0A\x12", false}, {a}});
}

TEST(Lz4Stitch, JoinsBlocksTooSmallToHoldAMatch) {
    std::vector<Piece> pieces;
    for (std::size_t bytes = 0; bytes < 40; ++bytes) {
        pieces.push_back({repetitive(bytes)});
        pieces.push_back({"\x0A", false});
        stitched(pieces);
    }
}

TEST(Lz4Stitch, JoinsLiteralRunsAcrossEveryLengthBoundary) {
    for (const std::size_t left :
         {0U, 1U, 14U, 15U, 16U, 254U, 255U, 269U, 270U, 271U, 525U, 70'000U}) {
        for (const std::size_t right : {0U, 1U, 14U, 15U, 240U, 254U, 255U, 256U}) {
            SCOPED_TRACE(std::to_string(left) + "+" + std::to_string(right));
            stitched({{noise(left, 1)},
                      {noise(right, 2), false},
                      {noise(left, 3)},
                      {repetitive(400)},
                      {noise(right, 4)},
                      {noise(left, 5), false}});
        }
    }
}

TEST(Lz4Stitch, AnIncompressibleBlockBetweenTwoOthersIsOneLiteralRun) {
    stitched({{repetitive(4'000)}, {noise(100'000)}, {repetitive(4'000)}});
}

TEST(Lz4Stitch, AgreesWithRecompressingRandomGroups) {
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Random random(seed);
        std::vector<Piece> pieces;
        std::string list;
        for (auto n = random() % 6; n > 0; --n) {
            const std::string group = encode(testing::random_group(random));
            std::string frame;
            append_group_frame(frame, group.size());
            list += frame + group;
            pieces.push_back({frame, false});
            pieces.push_back({group, random() % 5 != 0});
        }
        const std::string block = stitched(pieces);
        EXPECT_EQ(decoded(block, list.size()), decoded(compressed(list), list.size()));
        EXPECT_TRUE(for_each_group(list, [](std::string_view group) {
            return static_cast<bool>(LogGroupView::parse(group));
        }));
    }
}

TEST(Lz4Stitch, AppendsATagWithoutDecompressing) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Random random(seed);
        LogGroup group = testing::random_group(random);
        const std::string raw = encode(group);
        const std::string tag = encode_tag("__spillway__", "hz/0/12345");
        const std::string block = compressed(raw);
        const auto outline = outline_lz4_block(block, raw.size());
        ASSERT_TRUE(outline);
        const std::string longer = append_to_lz4_block(block, *outline, tag);
        const std::string read = decoded(longer, raw.size() + tag.size());
        EXPECT_EQ(read, raw + tag);
        group.tags.push_back({"__spillway__", "hz/0/12345"});
        EXPECT_EQ(LogGroupView::parse(read)->to_owned().value(), group);
    }
}

TEST(Lz4Stitch, RecallsAnOutlineFromTheLastSequenceAlone) {
    for (const auto& raw : {std::string(), repetitive(12), repetitive(9'000), noise(600)}) {
        const std::string block = compressed(raw);
        const auto outline = outline_lz4_block(block, raw.size());
        ASSERT_TRUE(outline);
        const auto recalled = recall_lz4_outline(block, raw.size(), outline->last_sequence);
        ASSERT_TRUE(recalled);
        EXPECT_EQ(*recalled, *outline);
    }
}

TEST(Lz4Stitch, ARecalledOffsetThatCannotBeIsRefused) {
    const std::string raw = repetitive(2'000);
    const std::string block = compressed(raw);
    const auto outline = outline_lz4_block(block, raw.size());
    ASSERT_TRUE(outline);
    std::size_t accepted = 0;
    for (std::uint64_t at = 0; at < block.size() + 10; ++at) {
        if (recall_lz4_outline(block, raw.size(), at)) ++accepted;
    }
    EXPECT_LT(accepted, 8U) << "only bytes that read as a run up to the very end may pass";
    EXPECT_FALSE(recall_lz4_outline("", 0, 0));
}

TEST(Lz4Stitch, RefusesAMatchThatPointsOutsideItsBlock) {
    // One literal, then a match four back: alone it is garbage, in a row it would copy a
    // neighbour's bytes.
    std::string block =
        "\x10"
        "a";
    block += std::string("\x04\x00", 2);
    block +=
        "\x80"
        "literals";
    const auto outline = outline_lz4_block(block, 1 + 4 + 8);
    ASSERT_FALSE(outline);
    EXPECT_EQ(outline.error().code, ErrorCode::Corrupt);
}

TEST(Lz4Stitch, RefusesEveryTruncationAndAWrongSize) {
    const std::string raw = repetitive(3'000) + noise(300);
    const std::string block = compressed(raw);
    for (std::size_t size = 0; size < block.size(); ++size) {
        const WalledBytes cut(std::string_view(block).substr(0, size));
        EXPECT_FALSE(outline_lz4_block(cut.view(), raw.size())) << size;
    }
    EXPECT_FALSE(outline_lz4_block(block, raw.size() - 1));
    EXPECT_FALSE(outline_lz4_block(block, raw.size() + 1));
    EXPECT_FALSE(outline_lz4_block(block + "x", raw.size()));
}

TEST(Lz4Stitch, WhatItAcceptsOfDamagedBlocksDecodesAloneAndInARow) {
    const std::string neighbour = repetitive(1'000);
    const std::string neighbour_block = compressed(neighbour);
    const auto neighbour_outline = outline_lz4_block(neighbour_block, neighbour.size());
    ASSERT_TRUE(neighbour_outline);
    std::size_t accepted = 0;
    for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Random random(seed);
        const std::string raw = repetitive(40 + random() % 400);
        std::string damaged = compressed(raw);
        for (auto flips = 1 + random() % 2; flips > 0; --flips) {
            damaged[random() % damaged.size()] = static_cast<char>(random());
        }
        const WalledBytes walled(damaged);
        const auto outline = outline_lz4_block(walled.view(), raw.size());
        const auto read = decompress(Codec::Lz4, walled.view(), raw.size());
        if (!outline) continue;
        ++accepted;
        ASSERT_TRUE(read) << "what passes the outline must decode";
        Lz4Stitcher stitcher;
        stitcher.append_block(neighbour_block, *neighbour_outline);
        stitcher.append_block(walled.view(), *outline);
        ASSERT_EQ(decoded(stitcher.finish(), neighbour.size() + raw.size()), neighbour + *read);
    }
    EXPECT_GT(accepted, 1'000U);
}

}  // namespace
}  // namespace spillway::wire
