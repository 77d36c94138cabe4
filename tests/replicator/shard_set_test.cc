#include "replicator/shard_set.h"

#include <gtest/gtest.h>

namespace spillway::replicator {
namespace {

Shard shard(std::uint32_t id, ShardStatus status, char begin, char end) {
    return {ShardId(id), status, std::string(32, begin), std::string(32, end), 5};
}

ShardRecord record_of(const Shard& of, bool drained) {
    ShardRecord record;
    record.shard = of.id;
    record.drained = drained;
    record.created_unix_s = of.created_unix_s;
    record.begin_key = of.begin_key;
    record.end_key = of.end_key;
    return record;
}

const Shard kParent = shard(0, ShardStatus::ReadOnly, '0', 'f');
const Shard kLeft = shard(1, ShardStatus::ReadWrite, '0', '8');
const Shard kRight = shard(2, ShardStatus::ReadWrite, '8', 'f');

TEST(ShardSet, ChildrenWaitForTheirParent) {
    const auto plans =
        plan_shards({kRight, kLeft, kParent}, {{ShardId(0), record_of(kParent, false)}});
    ASSERT_EQ(plans.size(), 3U);
    EXPECT_EQ(plans[0], (ShardPlan{kParent, ShardDuty::Copy}));
    EXPECT_EQ(plans[1].duty, ShardDuty::Wait);
    EXPECT_EQ(plans[2].duty, ShardDuty::Wait);
}

TEST(ShardSet, ChildrenStartWhenTheParentIsDrained) {
    const auto plans =
        plan_shards({kParent, kLeft, kRight}, {{ShardId(0), record_of(kParent, true)}});
    EXPECT_EQ(plans[0].duty, ShardDuty::Done);
    EXPECT_EQ(plans[1].duty, ShardDuty::Copy);
    EXPECT_EQ(plans[2].duty, ShardDuty::Copy);
}

TEST(ShardSet, AMergedShardWaitsForBothParents) {
    Shard left = kLeft;
    Shard right = kRight;
    left.status = right.status = ShardStatus::ReadOnly;
    const Shard merged = shard(3, ShardStatus::ReadWrite, '0', 'f');
    auto plans = plan_shards({left, right, merged}, {{left.id, record_of(left, true)},
                                                     {right.id, record_of(right, false)}});
    EXPECT_EQ(plans[2].duty, ShardDuty::Wait);
    plans = plan_shards({left, right, merged},
                        {{left.id, record_of(left, true)}, {right.id, record_of(right, true)}});
    EXPECT_EQ(plans[2].duty, ShardDuty::Copy);
}

TEST(ShardSet, AParentThatRetentionTookKeepsNobodyWaiting) {
    EXPECT_EQ(plan_shards({kLeft, kRight}, {})[0].duty, ShardDuty::Copy);
}

TEST(ShardSet, NoticesAShardOfAnotherLife) {
    Shard anew = kLeft;
    anew.created_unix_s = 99;
    EXPECT_EQ(plan_shards({anew}, {{anew.id, record_of(kLeft, false)}})[0].duty,
              ShardDuty::Recreated);
}

TEST(ShardSet, NamesShardsThatAreGoneUncopied) {
    EXPECT_EQ(lost_shards({kRight}, {{kParent.id, record_of(kParent, true)},
                                     {kLeft.id, record_of(kLeft, false)},
                                     {kRight.id, record_of(kRight, false)}}),
              (std::vector<ShardId>{kLeft.id}));
}

}  // namespace
}  // namespace spillway::replicator
