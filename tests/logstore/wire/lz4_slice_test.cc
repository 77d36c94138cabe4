#include "logstore/wire/lz4_slice.h"

#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_writer.h"
#include "random_groups.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace spillway::wire {
namespace {

using testing::Random;
using testing::WalledBytes;
using Stretch = std::pair<std::size_t, std::size_t>;

std::string compressed(std::string_view raw) {
    return compress(Codec::Lz4, raw).value();
}

std::string log_lines(std::size_t bytes, std::uint64_t seed) {
    Random random(seed);
    std::string out;
    while (out.size() < bytes) {
        out += "GET /api/v2/orders/" + std::to_string(random() % 100'000) + " 200 " +
               std::to_string(random() % 50) + " agent=Mozilla/5.0 (X11; Linux x86_64)\n";
    }
    out.resize(bytes);
    return out;
}

/// Takes the stretches out one after the other, each into a block of its own, and checks what they
/// decode to.
std::vector<std::string> sliced(std::string_view block, std::string_view raw,
                                const std::vector<Stretch>& stretches,
                                std::uint64_t* recompressed = nullptr) {
    const WalledBytes walled(block);
    Lz4Slicer slicer(walled.view(), raw);
    std::vector<std::string> blocks;
    for (const auto& [begin, end] : stretches) {
        Lz4Stitcher out;
        const auto done = slicer.append(begin, end, out);
        EXPECT_TRUE(done) << (done ? "" : done.error().to_string());
        EXPECT_EQ(out.raw_bytes(), end - begin);
        blocks.push_back(out.finish());
        const auto back = decompress(Codec::Lz4, blocks.back(), end - begin);
        EXPECT_TRUE(back) << begin << " to " << end;
        EXPECT_TRUE(back && *back == raw.substr(begin, end - begin)) << begin << " to " << end;
        EXPECT_TRUE(outline_lz4_block(blocks.back(), end - begin)) << begin << " to " << end;
    }
    if (recompressed != nullptr) *recompressed = slicer.recompressed_bytes();
    return blocks;
}

TEST(Lz4Slice, TheWholeOfABlockIsCopiedButForItsEnd) {
    const std::string raw = log_lines(300'000, 1);
    const std::string block = compressed(raw);
    std::uint64_t recompressed = 1;
    const auto blocks = sliced(block, raw, {{0, raw.size()}}, &recompressed);
    EXPECT_EQ(recompressed, 0U);
    EXPECT_LE(blocks[0].size(), block.size() + 16);
}

TEST(Lz4Slice, GroupsThatWereStitchedComeOutAsTheyWere) {
    Lz4Stitcher page;
    std::string raw;
    std::vector<Stretch> groups;
    std::vector<std::string> stored;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        const std::string group = log_lines(90'000 + 1'000 * seed, seed);
        stored.push_back(compressed(group));
        std::string frame;
        append_group_frame(frame, group.size());
        page.append_raw(frame);
        page.append_block(stored.back(), outline_lz4_block(stored.back(), group.size()).value());
        raw += frame;
        groups.emplace_back(raw.size(), raw.size() + group.size());
        raw += group;
    }
    const std::string block = page.finish();
    std::uint64_t recompressed = 1;
    const auto blocks = sliced(block, raw, groups, &recompressed);
    EXPECT_EQ(recompressed, 0U);
    for (std::size_t i = 0; i < stored.size(); ++i) {
        EXPECT_LE(blocks[i].size(), stored[i].size() + 16);
    }
}

TEST(Lz4Slice, APageCompressedAsOnePieceGetsOnlyTheBeginningsCompressedAnew) {
    const std::string raw = log_lines(600'000, 7);
    const std::string block = compressed(raw);
    std::uint64_t recompressed = 0;
    const auto blocks = sliced(block, raw, {{10, 200'000}, {200'003, 590'000}}, &recompressed);
    EXPECT_GT(recompressed, 0U);
    EXPECT_LE(recompressed, 2U * 66'000U);
    const std::size_t alone = compressed(std::string_view(raw).substr(200'003, 389'997)).size();
    EXPECT_LE(blocks[1].size(), alone + alone / 20);
}

TEST(Lz4Slice, ManyStretchesJoinIntoOneBlock) {
    const std::string raw = log_lines(200'000, 3);
    const std::string block = compressed(raw);
    Lz4Slicer slicer(block, raw);
    Lz4Stitcher out;
    std::string wanted;
    for (std::size_t at = 0; at + 700 < raw.size(); at += 1'000) {
        ASSERT_TRUE(slicer.append(at, at + 700, out));
        out.append_raw("|");
        wanted += raw.substr(at, 700) + "|";
    }
    out.append_raw("the end of it");
    wanted += "the end of it";
    EXPECT_EQ(decompress(Codec::Lz4, out.finish(), wanted.size()).value(), wanted);
}

TEST(Lz4Slice, AnyStretchesOfAnyBlock) {
    Random random(20'251'121);
    for (int round = 0; round < 3'000; ++round) {
        std::string raw;
        switch (random() % 4) {
            case 0:
                raw = log_lines(1 + random() % 5'000, random());
                break;
            case 1:
                raw.assign(1 + random() % 3'000, 'x');  // one long match over itself
                break;
            case 2:
                for (std::size_t left = 1 + random() % 300; left > 0; --left) {
                    raw += static_cast<char>(random());
                }
                break;
            default:
                for (std::size_t left = 1 + random() % 40; left > 0; --left) {
                    raw += testing::random_bytes_like_a_value(random);
                }
                if (raw.empty()) raw = "a";
        }
        std::vector<Stretch> stretches;
        for (std::size_t at = 0; at < raw.size();) {
            const std::size_t begin = at + random() % 50;
            const std::size_t end = begin + random() % (raw.size() / 2 + 1);
            if (end > raw.size()) break;
            stretches.emplace_back(begin, end);
            at = end + 1;
        }
        sliced(compressed(raw), raw, stretches);
        ASSERT_FALSE(HasFailure()) << "round " << round;
    }
}

TEST(Lz4Slice, BytesThatAreNoSuchBlockAreRefusedAndNeverRead) {
    Random random(5);
    const std::string raw = log_lines(5'000, 9);
    for (int round = 0; round < 3'000; ++round) {
        std::string block = compressed(raw);
        for (std::size_t flips = 1 + random() % 4; flips > 0; --flips) {
            block[random() % block.size()] = static_cast<char>(random());
        }
        if (random() % 3 == 0) block.resize(random() % block.size());
        const WalledBytes walled(block);
        Lz4Slicer slicer(walled.view(), raw);
        Lz4Stitcher out;
        std::size_t at = random() % 2'000;
        if (slicer.append(at, at + 1'000, out)) (void)slicer.append(at + 1'000, 5'000, out);
    }
    Lz4Stitcher out;
    EXPECT_FALSE(Lz4Slicer(compressed(raw), raw).append(0, raw.size() + 1, out));
    EXPECT_FALSE(Lz4Slicer("", raw).append(0, 1, out));
}

}  // namespace
}  // namespace spillway::wire
