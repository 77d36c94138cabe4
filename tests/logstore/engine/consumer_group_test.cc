#include "logstore/engine/consumer_group.h"

#include <set>

#include <gtest/gtest.h>

namespace spillway::engine {
namespace {

using Shards = std::vector<std::uint32_t>;
using std::chrono::seconds;

class ConsumerGroupTest : public ::testing::Test {
  protected:
    void shards(std::uint32_t count) { facts_.shards = initial_shards(count, 1); }
    void split(std::uint32_t shard) {
        auto change = split_shard(facts_.shards, ShardId(shard), {}, ++birth_);
        ASSERT_TRUE(change);
        apply_change(facts_.shards, *change);
        facts_.ends[ShardId(shard)] = Cursor::from_position(1000 + shard);
    }
    Result<Shards> try_beat(const std::string& consumer, const Shards& held) {
        std::vector<ShardId> ids;
        for (const auto shard : held) ids.emplace_back(shard);
        auto assigned = group_.heartbeat(consumer, ids, facts_, clock_.mono());
        if (!assigned) return std::move(assigned).error();
        Shards numbers;
        for (const auto shard : *assigned) numbers.push_back(shard.value());
        return numbers;
    }
    Shards beat(const std::string& consumer, const Shards& held) {
        auto assigned = try_beat(consumer, held);
        EXPECT_TRUE(assigned);
        return assigned ? *assigned : Shards{};
    }
    Status save(const std::string& consumer, std::uint32_t shard, const Cursor& cursor,
                bool force = false) {
        return group_.save_checkpoint(consumer, ShardId(shard), cursor, force, facts_,
                                      clock_.wall());
    }

    FakeClock clock_;
    ShardFacts facts_;
    std::int64_t birth_ = 1;
    ConsumerGroup group_{{ConsumerGroupName("g"), seconds(30), false}};
};

TEST_F(ConsumerGroupTest, GivesEverythingToTheOnlyConsumer) {
    shards(3);
    EXPECT_EQ(beat("a", {}), (Shards{0, 1, 2}));
}

TEST_F(ConsumerGroupTest, HandsAShardOverOnlyWhenItsHolderLetGo) {
    shards(4);
    beat("a", {});
    EXPECT_EQ(beat("b", {}), Shards{});
    const auto kept = beat("a", {0, 1, 2, 3});
    EXPECT_EQ(kept.size(), 2U);
    EXPECT_EQ(beat("b", {}), Shards{}) << "a still lists all four";
    beat("a", kept);
    const auto moved = beat("b", {});
    EXPECT_EQ(moved.size(), 2U);
    for (const auto shard : moved) EXPECT_EQ(std::ranges::count(kept, shard), 0);
}

TEST_F(ConsumerGroupTest, GivesTheShardsOfASilentConsumerAway) {
    shards(2);
    EXPECT_EQ(beat("a", {}), (Shards{0, 1}));
    clock_.advance(seconds(20));
    beat("b", {});
    clock_.advance(seconds(20));
    EXPECT_EQ(beat("b", {}), (Shards{0, 1}));
}

TEST_F(ConsumerGroupTest, AsksAForgottenConsumerToBeginWithNothing) {
    shards(2);
    beat("a", {});
    clock_.advance(seconds(31));
    auto refused = try_beat("a", {0, 1});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().service_code, "NotExistConsumerWithBody");
    EXPECT_EQ(beat("a", {}), (Shards{0, 1}));
}

TEST_F(ConsumerGroupTest, GivesAShardBackWhenTheOneItWasMeantForDies) {
    shards(2);
    beat("a", {});
    beat("b", {});
    EXPECT_EQ(beat("a", {0, 1}).size(), 1U);
    clock_.advance(seconds(31));
    // Only a is heard of again in time: it never let go of either shard.
    EXPECT_EQ(beat("a", {}), (Shards{0, 1}));
}

TEST_F(ConsumerGroupTest, NeverLetsTwoConsumersHoldOneShard) {
    shards(7);
    std::map<std::string, Shards> held;
    unsigned dice = 12345;
    for (int step = 0; step < 2000; ++step) {
        dice = dice * 1103515245 + 12345;
        const std::string name(1, static_cast<char>('a' + (dice >> 16) % 4));
        auto answer = try_beat(name, held[name]);
        if (!answer) {
            held[name].clear();
            continue;
        }
        held[name] = *answer;  // lets go of what it lost, before it is heard of again
        if ((dice >> 20) % 50 == 0) clock_.advance(seconds(10));
        std::set<std::uint32_t> seen;
        for (const auto& [consumer, shard] : group_.shards()) {
            if (shard.state == GroupShardState::Held || shard.state == GroupShardState::Handover) {
                EXPECT_TRUE(seen.insert(consumer.value()).second);
            }
        }
    }
}

TEST_F(ConsumerGroupTest, SettlesWithinOneShardOfEvenShares) {
    shards(7);
    std::map<std::string, Shards> held;
    for (int round = 0; round < 12; ++round) {
        for (const auto* name : {"a", "b", "c"}) held[name] = beat(name, held[name]);
    }
    std::multiset<std::size_t> sizes;
    for (const auto& [name, shards] : held) sizes.insert(shards.size());
    EXPECT_EQ(sizes, (std::multiset<std::size_t>{2, 2, 3}));
}

TEST_F(ConsumerGroupTest, InOrderChildrenWaitUntilTheirParentIsReadToItsEnd) {
    group_.update({ConsumerGroupName("g"), seconds(30), true});
    shards(1);
    EXPECT_EQ(beat("a", {}), Shards{0});
    split(0);
    EXPECT_EQ(beat("a", {0}), Shards{0}) << "the children wait";
    ASSERT_TRUE(save("a", 0, Cursor::from_position(999)));
    EXPECT_EQ(beat("a", {0}), Shards{0});
    ASSERT_TRUE(save("a", 0, Cursor::from_position(1000)));
    EXPECT_EQ(beat("a", {0}), (Shards{1, 2}));
    EXPECT_EQ(beat("a", {1, 2}), (Shards{1, 2}));
}

TEST_F(ConsumerGroupTest, WithoutOrderChildrenAreReadAtOnce) {
    shards(1);
    beat("a", {});
    split(0);
    EXPECT_EQ(beat("a", {0}), (Shards{0, 1, 2}));
}

TEST_F(ConsumerGroupTest, AForcedCheckpointReopensAShardThatWasOver) {
    shards(1);
    beat("a", {});
    split(0);
    ASSERT_TRUE(save("a", 0, Cursor::from_position(1000)));
    EXPECT_EQ(beat("a", {0, 1, 2}), (Shards{1, 2}));
    ASSERT_TRUE(save("", 0, Cursor::from_position(5), true));
    EXPECT_EQ(beat("a", {1, 2}), (Shards{0, 1, 2}));
}

TEST_F(ConsumerGroupTest, RefusesACheckpointByWhoDoesNotHoldTheShard) {
    shards(2);
    beat("a", {});
    EXPECT_EQ(save("b", 0, Cursor::from_position(5)).error().service_code, "ConsumerNotExist");
    beat("b", {});
    EXPECT_EQ(save("b", 0, Cursor::from_position(5)).error().service_code, "ConsumerNotMatch");
    EXPECT_TRUE(save("b", 0, Cursor::from_position(5), true));
    EXPECT_EQ(save("a", 9, Cursor::from_position(5)).error().service_code, "ShardNotExist");
    EXPECT_EQ(save("a", 0, Cursor("no cursor")).error().service_code, "InvalidShardCheckPoint");
}

TEST_F(ConsumerGroupTest, ListsEveryShardWithAnEmptyCheckpointWhereNothingWasSaved) {
    shards(2);
    ASSERT_TRUE(save("", 1, Cursor::from_position(5), true));
    const auto all = group_.checkpoints(facts_);
    ASSERT_EQ(all.size(), 2U);
    EXPECT_TRUE(all[0].cursor.empty());
    EXPECT_EQ(all[1].cursor, Cursor::from_position(5));
}

TEST_F(ConsumerGroupTest, HoldersKeepTheirShardsOverARestart) {
    shards(2);
    beat("a", {});
    ConsumerGroup restarted(group_.info());
    for (const auto& [id, shard] : group_.shards()) restarted.restore(id, shard, clock_.mono());
    auto assigned = restarted.heartbeat("a", {ShardId(0), ShardId(1)}, facts_, clock_.mono());
    ASSERT_TRUE(assigned);
    EXPECT_EQ(assigned->size(), 2U);
}

}  // namespace
}  // namespace spillway::engine
