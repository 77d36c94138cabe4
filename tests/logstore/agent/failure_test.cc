// Regions that go away, disks that are full, files that are rubbish, and crashes in between.
#include "logstore/wire/error_table.h"
#include "tests/logstore/agent/agent_fixture.h"

#include <filesystem>

#include <sys/resource.h>
#include <unistd.h>

namespace spillway::agent {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using test_support::FakeCall;
using Lines = std::vector<std::string>;

class AgentFailureTest : public AgentFixture {};

TEST_F(AgentFailureTest, HoldsDataInItsFilesWhileTheRegionIsDownAndKeepsTheirOrder) {
    serve_config(hz_);
    start();
    hz_.go_dark();
    Lines wanted;
    for (int round = 0; round < 60; ++round) {
        wanted.push_back("line " + std::to_string(round));
        append("app.log", wanted.back() + "\n");
        pass(seconds(2));
    }
    EXPECT_EQ(agent_->queues().front().groups, kQueueGroupsMax);
    EXPECT_EQ(tail("demo-hz$app")->state, "blocked");
    EXPECT_LT(tail("demo-hz$app")->read_offset, tail("demo-hz$app")->size);
    EXPECT_TRUE(lines(hz_).empty());
    hz_.heal();
    pass(seconds(30));
    EXPECT_EQ(lines(hz_), wanted);
}

TEST_F(AgentFailureTest, ADarkRegionDoesNotHoldUpTheOther) {
    serve_config(hz_, {.paths = "a.log"});
    serve_config(sh_, {.paths = "b.log"});
    start();
    hz_.go_dark();
    append("a.log", "for hz\n");
    append("b.log", "for sh\n");
    pass(seconds(2));
    EXPECT_EQ(lines(sh_), Lines{"for sh"});
    EXPECT_TRUE(lines(hz_).empty());
}

TEST_F(AgentFailureTest, ACrashBeforeTheAnswerSendsAgainWhatWasNotAcknowledged) {
    serve_config(hz_);
    append("app.log", "one\n");
    start();
    pass(seconds(2));
    hz_.drop_reply(FakeCall::Put);
    append("app.log", "two\n");
    pass(seconds(1));
    crash();
    start();
    pass(seconds(2));
    EXPECT_EQ(lines(hz_), (Lines{"one", "two", "two"}));
}

TEST_F(AgentFailureTest, ACrashBetweenTheAnswerAndTheCheckpointSendsAgain) {
    options_.checkpoint_interval = hours(1);
    serve_config(hz_);
    append("app.log", "one\n");
    start();
    pass(seconds(2));
    const auto write = options_.write_durably;
    crash();
    options_.write_durably = [](const std::string&, std::string_view) -> Status {
        return make_error(ErrorCode::Exhausted, "no space left on device");
    };
    start();
    append("app.log", "two\n");
    pass(seconds(2));
    crash();
    options_.write_durably = write;
    start();
    pass(seconds(2));
    EXPECT_EQ(lines(hz_), (Lines{"one", "two", "two"}));
}

TEST_F(AgentFailureTest, AStopAndAStartRepeatNothing) {
    serve_config(hz_);
    append("app.log", "one\n");
    start();
    pass(seconds(2));
    stop();
    append("app.log", "two\n");
    start();
    pass(seconds(2));
    EXPECT_EQ(lines(hz_), (Lines{"one", "two"}));
}

TEST_F(AgentFailureTest, ACrashWhileTheRegionIsDownLosesNothing) {
    serve_config(hz_);
    append("app.log", "one\n");
    start();
    pass(seconds(2));
    hz_.go_dark();
    append("app.log", "two\n");
    pass(seconds(3));
    crash();
    append("app.log", "three\n");
    start();
    pass(seconds(3));
    hz_.heal();
    pass(seconds(10));
    EXPECT_EQ(lines(hz_), (Lines{"one", "two", "three"}));
}

TEST_F(AgentFailureTest, TheStartOfAFileIsKnownAfterACrashBeforeTheFirstAnswer) {
    serve_config(hz_, {.tail_size_kb = 1});
    append("app.log", "first\n");
    hz_.refuse(FakeCall::Put, make_error(ErrorCode::Unavailable, "down"));
    start();
    pass(seconds(2));
    crash();
    append("app.log", std::string(5'000, 'x') + "\n");
    hz_.heal();
    start();
    pass(seconds(2));
    EXPECT_EQ(lines(hz_).front(), "first");
}

// --- F5 ---------------------------------------------------------------------------------------

TEST_F(AgentFailureTest, WhatARemovedConfigHadReadStillGoesToItsRegion) {
    serve_config(hz_);
    start();
    hz_.refuse(FakeCall::Put, make_error(ErrorCode::Unavailable, "down"));
    append("app.log", "read before\n");
    pass(seconds(3));
    unbind(hz_, "app");
    poll();
    append("app.log", "written after\n");
    pass(seconds(3));
    EXPECT_EQ(tail("demo-hz$app")->state, "draining");
    hz_.heal();
    pass(seconds(10));
    EXPECT_EQ(lines(hz_), Lines{"read before"});
    EXPECT_FALSE(tail("demo-hz$app"));
}

TEST_F(AgentFailureTest, WhatARemovedConfigOwesSurvivesACrash) {
    serve_config(hz_);
    start();
    hz_.refuse(FakeCall::Put, make_error(ErrorCode::Unavailable, "down"));
    append("app.log", "read before\npart");
    pass(seconds(8));
    unbind(hz_, "app");
    poll();
    append("app.log", " after\n");
    pass(seconds(3));
    crash();
    start();
    hz_.heal();
    pass(seconds(10));
    EXPECT_EQ(lines(hz_), (Lines{"read before", "part"}));
}

TEST_F(AgentFailureTest, ARotatedFileIsReadToItsEndForTheRegionWhoseConfigWent) {
    serve_config(hz_);
    start();
    hz_.refuse(FakeCall::Put, make_error(ErrorCode::Unavailable, "down"));
    Lines wanted;
    for (int round = 0; round < 30; ++round) {
        wanted.push_back("line " + std::to_string(round));
        append("app.log", wanted.back() + "\n");
        pass(seconds(2));
    }
    rename("app.log", "app.log.1");
    append("app.log", "of the next file\n");
    unbind(hz_, "app");
    poll();
    crash();
    start();
    hz_.heal();
    pass(seconds(20));
    EXPECT_EQ(lines(hz_), wanted);
}

TEST_F(AgentFailureTest, SaysSoWhenWhatIsOwedIsGone) {
    serve_config(hz_);
    start();
    hz_.refuse(FakeCall::Put, make_error(ErrorCode::Unavailable, "down"));
    append("app.log", "read before\n");
    pass(seconds(3));
    unbind(hz_, "app");
    poll();
    pass(seconds(1));
    crash();
    std::filesystem::remove(log_path("app.log"));
    start();
    EXPECT_EQ(agent_->alarms().amount(kDiscardDataAlarm), 12u);
}

TEST_F(AgentFailureTest, KeepsWhatIsOwedToARegionThatIsNoLongerNamed) {
    serve_config(hz_);
    start();
    hz_.refuse(FakeCall::Put, make_error(ErrorCode::Unavailable, "down"));
    append("app.log", "read before\n");
    pass(seconds(3));
    unbind(hz_, "app");
    poll();
    stop();
    const auto regions = options_.regions;
    options_.regions.erase(options_.regions.begin());
    start();
    EXPECT_EQ(agent_->alarms().count(kConfigAlarm), 1u);
    stop();
    options_.regions = regions;
    hz_.heal();
    start();
    pass(seconds(3));
    EXPECT_EQ(lines(hz_), Lines{"read before"});
}

// --- F4 ---------------------------------------------------------------------------------------

TEST_F(AgentFailureTest, DropsAfterMoreThanFiveTriesWhenTheLogstoreIsGone) {
    serve_config(hz_);
    append("app.log", "one\n");
    start();
    ASSERT_TRUE(hz_.delete_logstore(ref(hz_)));
    pass(seconds(60));
    EXPECT_EQ(agent_->alarms().amount(kDiscardDataAlarm), 1u);
    EXPECT_EQ(agent_->queues().front().dropped_logs, 1u);
    EXPECT_EQ(tail("demo-hz$app")->acknowledged_offset, 4u);
    EXPECT_EQ(hz_.calls(FakeCall::Put), 6);
}

TEST_F(AgentFailureTest, DropsWhatIsSixHoursOld) {
    serve_config(hz_);
    append("app.log", "one\n");
    start();
    hz_.go_dark();
    pass(seconds(2));
    clock_.advance(hours(6));
    agent_->step();
    hz_.heal();
    pass(seconds(10));
    EXPECT_TRUE(lines(hz_).empty());
    EXPECT_EQ(agent_->alarms().amount(kDiscardDataAlarm), 1u);
}

TEST_F(AgentFailureTest, WaitsOutQuotasAndUnauthorizedWithoutLoss) {
    serve_config(hz_);
    append("app.log", "one\n");
    start();
    hz_.refuse_next(FakeCall::Put, wire::service_error("WriteQuotaExceed", "slow down"), 10);
    hz_.refuse_next(FakeCall::Put, wire::service_error("Unauthorized", "who are you"), 10);
    pass(minutes(3));
    EXPECT_EQ(lines(hz_), Lines{"one"});
}

// --- disk -------------------------------------------------------------------------------------

TEST_F(AgentFailureTest, SetsAGarbageCheckpointFileAsideAndStartsAsWithout) {
    serve_config(hz_);
    append("app.log", "one\n");
    start();
    pass(seconds(2));
    stop();
    const std::string path = options_.data_dir + "/checkpoints.json";
    ASSERT_TRUE(write_file_durably(path, "\x01\x02 rubbish"));
    start();
    pass(seconds(2));
    EXPECT_EQ(lines(hz_), (Lines{"one", "one"}));
    EXPECT_EQ(agent_->alarms().count(kCheckpointAlarm), 1u);
    int aside = 0;
    for (const auto& entry : std::filesystem::directory_iterator(options_.data_dir)) {
        aside += entry.path().string().find("checkpoints.json.bad-") != std::string::npos;
    }
    EXPECT_EQ(aside, 1);
}

TEST_F(AgentFailureTest, GoesOnCollectingWhenCheckpointsCannotBeSaved) {
    serve_config(hz_);
    start();
    agent_.reset();
    bool full = true;
    options_.write_durably = [&](const std::string& path, std::string_view content) -> Status {
        if (full) return make_error(ErrorCode::Exhausted, "no space left on device");
        return write_file_durably(path, content);
    };
    start();
    append("app.log", "one\n");
    pass(seconds(2));
    EXPECT_EQ(lines(hz_), Lines{"one"});
    EXPECT_GE(agent_->alarms().count(kCheckpointAlarm), 1u);
    full = false;
    pass(seconds(6));
    stop();
    start();
    pass(seconds(2));
    EXPECT_EQ(lines(hz_), Lines{"one"});
}

/// While it lives, this process gets no further file descriptor: files cannot be opened, for root
/// too.
class NoDescriptors {
  public:
    NoDescriptors() {
        getrlimit(RLIMIT_NOFILE, &before_);
        const int next = dup(0);
        close(next);
        const rlimit none{static_cast<rlim_t>(next), before_.rlim_max};
        setrlimit(RLIMIT_NOFILE, &none);
    }
    ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

  private:
    rlimit before_{};
};

TEST_F(AgentFailureTest, SaysWhichFileItCannotOpenAndReadsItWholeOnceItCan) {
    serve_config(hz_, {.paths = "app.log", .tail_size_kb = 0});
    start();
    append("app.log", "one\n");
    {
        const NoDescriptors none;
        pass(seconds(2));
    }
    EXPECT_GE(agent_->alarms().count(kOpenLogfileFailAlarm), 1u);
    EXPECT_NE(agent_->status_json().find("cannot be read for demo-hz$app"), std::string::npos);
    pass(seconds(2));
    EXPECT_EQ(lines(hz_), Lines{"one"});
}

}  // namespace
}  // namespace spillway::agent
