#include "logstore/engine/shard_map.h"

#include <gtest/gtest.h>

namespace spillway::engine {
namespace {

std::vector<std::string> ranges(const std::vector<ShardEntry>& shards) {
    std::vector<std::string> all;
    for (const auto& shard : shards) {
        all.push_back(std::to_string(shard.id.value()) +
                      (shard.status == ShardStatus::ReadOnly ? "r " : "w ") +
                      format_hash_key(shard.begin).substr(0, 4) + "-" +
                      format_hash_key(shard.end).substr(0, 4));
    }
    return all;
}

using Texts = std::vector<std::string>;

TEST(HashKeys, PadShortKeysOnTheRightAndIgnoreCase) {
    EXPECT_EQ(format_hash_key(*parse_hash_key("5F")), "5f000000000000000000000000000000");
    EXPECT_EQ(*parse_hash_key("aB"), *parse_hash_key("Ab"));
    EXPECT_EQ(*parse_hash_key(std::string(32, 'f')), kHashKeyMax);
    EXPECT_EQ(hash_key_from_bytes(hash_key_bytes(*parse_hash_key("0123"))),
              *parse_hash_key("0123"));
}

TEST(HashKeys, RefuseWhatIsNoKey) {
    for (const std::string& bad : {std::string(), std::string("xyz"), std::string(33, '0')}) {
        auto key = parse_hash_key(bad);
        ASSERT_FALSE(key) << bad;
        EXPECT_EQ(key.error().service_code, "ParameterInvalid");
    }
}

TEST(ShardMap, DividesTheSpaceEvenly) {
    EXPECT_EQ(ranges(initial_shards(1, 1)), Texts{"0w 0000-ffff"});
    EXPECT_EQ(ranges(initial_shards(2, 1)), (Texts{"0w 0000-8000", "1w 8000-ffff"}));
    EXPECT_EQ(ranges(initial_shards(3, 1)),
              (Texts{"0w 0000-5555", "1w 5555-aaaa", "2w aaaa-ffff"}));
}

TEST(ShardMap, RoutesEveryKeyToExactlyOneShard) {
    for (const std::uint32_t count : {1U, 2U, 3U, 7U, 256U}) {
        const auto shards = initial_shards(count, 1);
        for (const auto& shard : shards) {
            EXPECT_EQ(route(shards, shard.begin), shard.id);
            if (shard.begin == 0) continue;
            EXPECT_NE(route(shards, shard.begin - 1), shard.id);
        }
        EXPECT_EQ(route(shards, kHashKeyMax), ShardId(count - 1));
    }
}

TEST(ShardMap, SplitHalvesAndKeepsTheParentReadOnly) {
    auto shards = initial_shards(2, 1);
    auto change = split_shard(shards, ShardId(1), {}, 9);
    ASSERT_TRUE(change);
    apply_change(shards, *change);
    EXPECT_EQ(ranges(shards),
              (Texts{"0w 0000-8000", "1r 8000-ffff", "2w 8000-c000", "3w c000-ffff"}));
    EXPECT_EQ(parents_of(shards, ShardId(2)), std::vector{ShardId(1)});
    EXPECT_EQ(route(shards, kHashKeyMax), ShardId(3));
}

TEST(ShardMap, SplitOfTheWholeSpaceHalvesIt) {
    auto change = split_shard(initial_shards(1, 1), ShardId(0), {}, 9);
    ASSERT_TRUE(change);
    EXPECT_EQ(format_hash_key(change->children[1].begin), "80000000000000000000000000000000");
}

TEST(ShardMap, SplitsInSeveralEvenParts) {
    auto shards = initial_shards(2, 1);
    auto change = split_shard_evenly(shards, ShardId(1), 4, 9);
    ASSERT_TRUE(change);
    apply_change(shards, *change);
    EXPECT_EQ(ranges(shards), (Texts{"0w 0000-8000", "1r 8000-ffff", "2w 8000-9fff", "3w 9fff-bfff",
                                     "4w bfff-dfff", "5w dfff-ffff"}));
    EXPECT_EQ(route(shards, kHashKeyMax), ShardId(5));
    EXPECT_EQ(parents_of(shards, ShardId(4)), std::vector<ShardId>{ShardId(1)});
    EXPECT_FALSE(split_shard_evenly(shards, ShardId(5), 1, 9));
    EXPECT_FALSE(split_shard_evenly(shards, ShardId(1), 2, 9)) << "it takes no writes any more";
}

TEST(ShardMap, SplitRefusesAMiddleOutsideAndAShardThatTakesNoWrites) {
    auto shards = initial_shards(2, 1);
    for (const HashKey middle : {shards[0].begin, shards[0].end, kHashKeyMax}) {
        EXPECT_EQ(split_shard(shards, ShardId(0), middle, 9).error().service_code,
                  "ParameterInvalid");
    }
    apply_change(shards, *split_shard(shards, ShardId(0), {}, 9));
    EXPECT_FALSE(split_shard(shards, ShardId(0), {}, 10)) << "read-only";
    EXPECT_FALSE(split_shard(shards, ShardId(77), {}, 10)) << "unknown";
}

TEST(ShardMap, MergeJoinsWithTheRightNeighbour) {
    auto shards = initial_shards(4, 1);
    apply_change(shards, *merge_shard(shards, ShardId(1), 9));
    EXPECT_EQ(ranges(shards), (Texts{"0w 0000-4000", "1r 4000-8000", "2r 8000-c000", "3w c000-ffff",
                                     "4w 4000-c000"}));
    EXPECT_EQ(parents_of(shards, ShardId(4)), (std::vector{ShardId(1), ShardId(2)}));
    EXPECT_EQ(merge_shard(shards, ShardId(3), 10).error().message, "can not merge the last shard");
}

TEST(ShardMap, IsNotDividedFurtherThanItsGreatestNumberOfShards) {
    const auto full = initial_shards(kShardsMax, 1);
    EXPECT_EQ(split_shard(full, ShardId(0), {}, 2).error().code, ErrorCode::InvalidArgument);
    const auto nearly = initial_shards(kShardsMax - 1, 1);
    EXPECT_TRUE(split_shard(nearly, ShardId(0), {}, 2));
    EXPECT_FALSE(split_shard_evenly(nearly, ShardId(0), 3, 2));
    EXPECT_FALSE(split_shard_evenly(nearly, ShardId(0), 4'000'000'000U, 2));
}

}  // namespace
}  // namespace spillway::engine
