// A link on real threads, behind its door.
#include "logstore/wire/log_group_reader.h"
#include "replicator/replicator.h"
#include "tests/support/fake_region.h"

#include <gtest/gtest.h>

namespace spillway::replicator {
namespace {

using test_support::FakeCall;
using test_support::FakeRegion;

class LinkOnThreads : public testing::Test {
  protected:
    LinkOnThreads() {
        source_.create(source_ref_, 3);
        target_.create(target_ref_, 2);
    }

    LinkOptions options() const {
        LinkOptions options;
        options.name = "hz-to-sh";
        options.source = source_ref_;
        options.poll = std::chrono::milliseconds(5);
        options.batch.linger = std::chrono::milliseconds(1);
        options.shard_refresh = std::chrono::milliseconds(20);
        options.retry.initial = std::chrono::milliseconds(1);
        options.retry.max = std::chrono::milliseconds(5);
        return options;
    }

    Result<std::unique_ptr<Link>> open(const LinkOptions& with) {
        return Link::open(with, {source_,
                                 {{"", target_ref_, &target_, &target_}},
                                 *state_,
                                 clock_,
                                 null_event_log(),
                                 metrics_});
    }

    void produce(int groups) {
        for (int at = 0; at < groups; ++at) {
            LogGroup group;
            group.source = "agent-" + std::to_string(at % 9);
            group.logs.push_back({1, std::nullopt, {{"n", std::to_string(produced_)}}});
            source_.append(source_ref_, ShardId(static_cast<std::uint32_t>(at % 3)), group);
            ++produced_;
        }
    }

    bool all_arrived() {
        return target_.wait_for([&] { return target_.log_count(target_ref_) >= produced_; });
    }

    SystemClock clock_;
    FakeRegion source_{clock_};
    FakeRegion target_{clock_};
    LogstoreRef source_ref_{ProjectName("pay-hz"), LogstoreName("app")};
    LogstoreRef target_ref_{ProjectName("pay-sh"), LogstoreName("app")};
    std::unique_ptr<StateStore> state_ = make_memory_state_store();
    MetricsRegistry metrics_;
    std::uint64_t produced_ = 0;
};

TEST_F(LinkOnThreads, CopiesWhileDataComesAndStopsInBetween) {
    TaskRunner runner(4);
    for (int life = 0; life < 4; ++life) {
        produce(60);
        auto link = open(options());
        ASSERT_TRUE(link) << link.error().message;
        (*link)->start(runner);
        target_.drop_reply(FakeCall::Put, 2);
        produce(60);
        if (life % 2 == 1) {
            ASSERT_TRUE(all_arrived());
        }
        (*link)->stop();  // in the middle of it, every other time
    }
    auto link = open(options());
    ASSERT_TRUE(link);
    (*link)->start(runner);
    ASSERT_TRUE(all_arrived());
    (*link)->stop();
    EXPECT_EQ(target_.log_count(target_ref_), produced_) << "nothing twice";
}

TEST_F(LinkOnThreads, TellsWhenEverythingUpToAnEndIsCopied) {
    produce(30);
    auto link = open(options());
    ASSERT_TRUE(link);
    std::vector<Cursor> ends;
    for (std::uint32_t shard = 0; shard < 3; ++shard) {
        ends.push_back(source_.cursor(source_ref_, ShardId(shard), CursorSeek::end()).value());
        EXPECT_FALSE(is_copied_up_to((*link)->status(), ShardId(shard), ends.back()));
    }
    TaskRunner runner(3);
    (*link)->start(runner);
    (*link)->drain();
    ASSERT_TRUE(source_.wait_for([&] { return (*link)->status().drained; }));
    for (std::uint32_t shard = 0; shard < 3; ++shard) {
        EXPECT_TRUE(is_copied_up_to((*link)->status(), ShardId(shard), ends[shard]));
    }
    EXPECT_EQ((*link)->status().state, LinkState::Draining);
    (*link)->resume();
    EXPECT_EQ((*link)->status().state, LinkState::Replicating);
    (*link)->stop();
}

TEST_F(LinkOnThreads, RunsItsRule) {
    LinkOptions with = options();
    with.rule = R"(e_drop(op_eq(v("n"), "1")))";
    produce(3);
    auto link = open(with);
    ASSERT_TRUE(link) << link.error().message;
    TaskRunner runner(2);
    (*link)->start(runner);
    (*link)->drain();
    ASSERT_TRUE(source_.wait_for([&] { return (*link)->status().drained; }));
    (*link)->stop();
    EXPECT_EQ(target_.log_count(target_ref_), 2U);
    EXPECT_EQ((*link)->status().totals.logs_filtered, 1U);
}

TEST_F(LinkOnThreads, SaysWhatIsWrongWithItsOptions) {
    LinkOptions bad = options();
    bad.rule = "e_nothing(";
    EXPECT_EQ(open(bad).error().code, ErrorCode::InvalidArgument);
    EXPECT_NE(open(bad).error().message.find("link hz-to-sh"), std::string::npos);
    bad = options();
    bad.name = "two words";
    EXPECT_EQ(open(bad).error().code, ErrorCode::InvalidArgument);
    bad = options();
    bad.batch.bytes_max = 64 * 1024 * 1024;
    EXPECT_EQ(open(bad).error().code, ErrorCode::InvalidArgument);
    bad = options();
    bad.lanes = 0;
    EXPECT_EQ(open(bad).error().code, ErrorCode::InvalidArgument);
}

}  // namespace
}  // namespace spillway::replicator
