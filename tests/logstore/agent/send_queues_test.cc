#include "logstore/agent/send_queues.h"

#include "logstore/agent/agent_options.h"
#include "logstore/wire/error_table.h"

#include <gtest/gtest.h>

namespace spillway::agent {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class SendQueuesTest : public testing::Test {
  protected:
    void push(const SendTarget& target, std::string order_key, std::uint64_t ticket) {
        OutgoingGroup group;
        group.file = 1;
        group.ticket = ticket;
        group.order_key = std::move(order_key);
        group.batch.body = std::to_string(ticket);
        group.logs = 2;
        queues_.push(target, std::move(group));
    }
    std::string take_body(const RegionName& region) {
        taken_ = queues_.take(region);
        return taken_ ? taken_->batch->body : "";
    }
    void fail(Error error) { queues_.finish(*taken_, Result<Receipt>(std::move(error))); }
    void succeed() { queues_.finish(*taken_, Receipt{}); }

    const SendTarget hz_{RegionName("hz"), {ProjectName("p"), LogstoreName("l")}};
    const SendTarget sh_{RegionName("sh"), {ProjectName("q"), LogstoreName("l")}};
    FakeClock clock_;
    AlarmBook alarms_{null_event_log(), clock_};
    SendQueues queues_{hours(6), alarms_, clock_};
    std::optional<SendQueues::Taken> taken_;
};

TEST_F(SendQueuesTest, SendsOneFilesGroupsOneAfterTheOther) {
    push(hz_, "file", 1);
    push(hz_, "file", 2);
    push(hz_, "other", 3);
    EXPECT_EQ(take_body(hz_.region), "1");
    const auto first = taken_;
    EXPECT_EQ(take_body(hz_.region), "3");
    EXPECT_EQ(take_body(sh_.region), "");
    EXPECT_FALSE(queues_.take(hz_.region));
    queues_.finish(*first, Receipt{});
    EXPECT_EQ(take_body(hz_.region), "2");
}

TEST_F(SendQueuesTest, IsFullAtFifteenGroupsOfATarget) {
    for (std::uint64_t ticket = 0; ticket < kQueueGroupsMax; ++ticket) {
        EXPECT_TRUE(queues_.has_room(hz_));
        push(hz_, "file", ticket);
    }
    EXPECT_FALSE(queues_.has_room(hz_));
    EXPECT_TRUE(queues_.has_room(sh_));
}

TEST_F(SendQueuesTest, ASilentRegionHoldsUpOnlyItself) {
    push(hz_, "a", 1);
    push(hz_, "b", 2);
    push(sh_, "a", 3);
    EXPECT_EQ(take_body(hz_.region), "1");
    fail(make_error(ErrorCode::Unavailable, "refused"));
    EXPECT_EQ(take_body(hz_.region), "");
    EXPECT_TRUE(queues_.region_is_down(hz_.region));
    EXPECT_EQ(take_body(sh_.region), "3");
}

TEST_F(SendQueuesTest, TestsASilentRegionWithOneGroupAtATime) {
    push(hz_, "a", 1);
    push(hz_, "b", 2);
    EXPECT_EQ(take_body(hz_.region), "1");
    fail(make_error(ErrorCode::Unavailable, "refused"));
    clock_.advance(milliseconds(200));
    EXPECT_EQ(take_body(hz_.region), "1");
    EXPECT_FALSE(queues_.take(hz_.region));
    succeed();
    EXPECT_EQ(take_body(hz_.region), "2");
    EXPECT_FALSE(queues_.region_is_down(hz_.region));
}

TEST_F(SendQueuesTest, GivesUpAWrongRequestAfterMoreThanFiveTries) {
    push(hz_, "a", 1);
    for (int tries = 1; tries <= 6; ++tries) {
        ASSERT_EQ(take_body(hz_.region), "1") << tries;
        fail(wire::service_error("LogStoreNotExist", "no such Logstore"));
        clock_.advance(seconds(10));
    }
    EXPECT_TRUE(queues_.empty());
    const auto outcomes = queues_.outcomes();
    ASSERT_EQ(outcomes.size(), 1u);
    EXPECT_FALSE(outcomes[0].stored);
    EXPECT_EQ(alarms_.amount(kDiscardDataAlarm), 2u);
    EXPECT_EQ(queues_.status().front().dropped_logs, 2u);
}

TEST_F(SendQueuesTest, GivesUpEverythingAfterSixHours) {
    push(hz_, "a", 1);
    EXPECT_EQ(take_body(hz_.region), "1");
    clock_.advance(hours(6));
    fail(make_error(ErrorCode::Unavailable, "refused"));
    EXPECT_TRUE(queues_.empty());
    EXPECT_EQ(alarms_.count(kDiscardDataAlarm), 1u);
}

TEST_F(SendQueuesTest, AQuotaHoldsUpTheFileNotTheRegion) {
    push(hz_, "a", 1);
    push(hz_, "b", 2);
    EXPECT_EQ(take_body(hz_.region), "1");
    fail(wire::service_error("ShardWriteQuotaExceed", "slow down"));
    EXPECT_EQ(take_body(hz_.region), "2");
    succeed();
    EXPECT_EQ(take_body(hz_.region), "");
    clock_.advance(seconds(1));
    EXPECT_EQ(take_body(hz_.region), "1");
    EXPECT_EQ(alarms_.count(kSendQuotaExceedAlarm), 1u);
}

TEST_F(SendQueuesTest, ACallThatWasCancelledIsNoAlarm) {
    push(hz_, "a", 1);
    EXPECT_EQ(take_body(hz_.region), "1");
    fail(make_error(ErrorCode::Cancelled, "stopped"));
    EXPECT_FALSE(queues_.empty());
    EXPECT_TRUE(alarms_.all().empty());
}

TEST_F(SendQueuesTest, TakesAFenceThatHasTheGroupAlreadyForSuccess) {
    push(hz_, "a", 1);
    EXPECT_EQ(take_body(hz_.region), "1");
    fail(wire::service_error("InvalidSequenceId", "stored before"));
    EXPECT_TRUE(queues_.outcomes().front().stored);
}

}  // namespace
}  // namespace spillway::agent
