// What a link does, one behaviour a test, on a fake clock.
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/log_group_writer.h"
#include "replicator/quarantine.h"
#include "tests/replicator/world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway::replicator::test {
namespace {

using std::chrono::milliseconds;
using test_support::FakeCall;

Error unavailable() {
    return make_error(ErrorCode::Unavailable, "connection refused");
}

Error throttled() {
    Error error = make_error(ErrorCode::Throttled, "write quota exceeded");
    error.service_code = "ShardWriteQuotaExceed";
    error.http_status = 403;
    return error;
}

void expect_exact(World& world) {
    for (std::uint32_t agent = 0; agent < world.agents(); ++agent) {
        EXPECT_EQ(world.arrived(agent), world.produced(agent)) << "agent " << agent;
    }
}

void expect_conserved(const LinkStatus& status) {
    const LinkTotals& totals = status.totals;
    EXPECT_EQ(totals.logs_read, totals.logs_written + totals.logs_filtered + totals.logs_dead +
                                    totals.logs_in_flight);
}

TEST(Link, CopiesEveryLogInOrderWithItsProvenance) {
    World world(1);
    for (std::uint32_t agent = 0; agent < 5; ++agent) world.produce(agent, 3);
    world.start();
    ASSERT_TRUE(world.run_until_copied());
    expect_exact(world);
    expect_conserved(world.status());
    for (const LogGroup& group : world.network.arrived()) {
        ASSERT_EQ(group.tags.size(), 2U);
        EXPECT_EQ(group.tags[0].key, "__hostname__");
        EXPECT_EQ(group.tags[1].key, kOriginTag);
        const auto provenance = parse_provenance(group.tags[1].value);
        ASSERT_TRUE(provenance);
        EXPECT_EQ(provenance->link, "hz-to-sh");
        EXPECT_EQ(provenance->hops, 1U);
    }
}

TEST(Link, MergesGroupsOfOneSourceIntoOneWrite) {
    World world(1, {}, 1, 1);
    for (int round = 0; round < 20; ++round) {
        for (std::uint32_t agent = 0; agent < 3; ++agent) world.produce(agent, 2);
    }
    world.start();
    ASSERT_TRUE(world.run_until_copied());
    EXPECT_EQ(world.network.arrived().size(), 3U);
    expect_exact(world);
}

TEST(Link, GoesOnWhereItStoppedAfterARestart) {
    World world(1);
    world.start();
    world.produce(0, 5);
    ASSERT_TRUE(world.run_until_copied());
    world.run_for(std::chrono::seconds(3));
    world.crash();
    world.produce(0, 5);
    world.start();
    ASSERT_TRUE(world.run_until_copied());
    expect_exact(world);
    EXPECT_EQ(world.status().totals.logs_read, 5U);
}

TEST(Link, StartsAtTheEndWhenTold) {
    LinkOptions options;
    options.start_from = CursorSeek::end();
    World world(1, options);
    world.produce(0, 5);
    world.start();
    ASSERT_TRUE(world.run_until_copied());
    EXPECT_EQ(world.target_log_count(), 0U);
    world.produce(0, 2);
    ASSERT_TRUE(world.run_until_copied());
    EXPECT_EQ(world.arrived(0), (std::vector<std::string>{"0-5", "0-6"}));
}

TEST(Link, WaitsOutATargetThatIsDownAndLosesNothing) {
    World world(1);
    world.start();
    world.target.go_dark();
    for (std::uint32_t agent = 0; agent < 4; ++agent) world.produce(agent, 4);
    world.run_for(std::chrono::hours(1));
    EXPECT_EQ(world.target_log_count(), 0U);
    const LinkStatus down = world.status();
    ASSERT_TRUE(down.last_error);
    EXPECT_EQ(down.last_error->code, ErrorCode::Unavailable);
    EXPECT_TRUE(down.lag.stalled);
    ASSERT_TRUE(down.lag.seconds);
    EXPECT_NEAR(*down.lag.seconds, 3600, 5);
    EXPECT_EQ(down.lag.logs, 16U);
    expect_conserved(down);
    world.target.heal();
    ASSERT_TRUE(world.run_until_copied(std::chrono::seconds(60)));
    expect_exact(world);
    EXPECT_FALSE(world.status().last_error);
    EXPECT_EQ(world.status().lag.logs, 0U);
}

TEST(Link, MovesNoCheckpointOnARefusal) {
    for (const ErrorCode code : {ErrorCode::Unauthenticated, ErrorCode::NotFound,
                                 ErrorCode::ClockSkew, ErrorCode::Throttled, ErrorCode::Internal}) {
        World world(1, {}, 1, 1);
        world.start();
        world.target.refuse(FakeCall::Put, make_error(code, "no"));
        world.produce(0, 3);
        const Cursor begin =
            world.source.cursor(world.source_ref, ShardId(0), CursorSeek::begin()).value();
        world.run_for(std::chrono::minutes(5));
        ASSERT_EQ(world.status().shards.size(), 1U);
        EXPECT_EQ(world.status().shards[0].checkpoint, begin) << name_of(code);
        ASSERT_TRUE(world.status().last_error);
        EXPECT_EQ(world.status().last_error->code, code);
        world.target.heal();
        ASSERT_TRUE(world.run_until_copied(std::chrono::seconds(60))) << name_of(code);
        expect_exact(world);
    }
}

TEST(Link, OneShardsTroubleDoesNotSlowAnother) {
    World world(1, {}, 2, 1);
    world.start();
    world.run_for(std::chrono::seconds(2));
    // The first shard holds what cannot be read.
    world.source.append_bytes(world.source_ref, ShardId(0), "\xFF\xFF\xFF");
    world.source.append_bytes(world.source_ref, ShardId(1), "");
    std::uint32_t of_other = 0;
    while (world.source.stored(world.source_ref, ShardId(1)).size() < 2) world.produce(of_other++);
    world.run_for(std::chrono::seconds(2));
    EXPECT_EQ(world.arrived(of_other - 1), world.produced(of_other - 1));
}

TEST(Link, SetsAGroupThatCannotBeReadAsideAndGoesOn) {
    World world(1, {}, 1, 1);
    world.start();
    world.produce(0, 2);
    world.source.append_bytes(world.source_ref, ShardId(0), "\xFF\xFF\xFF");
    world.produce(0, 2);
    ASSERT_TRUE(world.run_until_copied(std::chrono::minutes(10)));
    expect_exact(world);
    const auto dead = list_dead_letters(*world.disk, "hz-to-sh");
    ASSERT_TRUE(dead);
    ASSERT_EQ(dead->size(), 1U);
    EXPECT_NE(dead->front().record.reason.find("cannot be read"), std::string::npos);
    EXPECT_EQ(world.status().dead_letters_held, 1U);
}

TEST(Link, QuarantinesWhatTheRuleFailsOnTogetherWithTheCheckpoint) {
    World world(1, {}, 1, 1);
    world.rule = drop_debug();
    world.start();
    world.produce(0, 1);
    world.produce(1, 1, "POISON");
    world.produce(2, 1, "DEBUG");
    ASSERT_TRUE(world.run_until_copied());
    EXPECT_EQ(world.arrived(0), world.produced(0));
    EXPECT_TRUE(world.arrived(1).empty());
    const auto dead = list_dead_letters(*world.disk, "hz-to-sh");
    ASSERT_TRUE(dead);
    ASSERT_EQ(dead->size(), 1U);
    EXPECT_EQ(dead->front().record.reason, "poison");
    const auto group = wire::LogGroupView::parse(dead->front().record.group)->to_owned();
    ASSERT_TRUE(group);
    EXPECT_EQ(group->source, "agent-1");
    ASSERT_EQ(group->logs.size(), 1U);
    EXPECT_EQ(id_of(group->logs[0]), "1-0");
    const LinkTotals totals = world.status().totals;
    EXPECT_EQ(totals.logs_read, 3U);
    EXPECT_EQ(totals.logs_written, 1U);
    EXPECT_EQ(totals.logs_filtered, 1U);
    EXPECT_EQ(totals.logs_dead, 1U);
}

TEST(Link, QuarantinesAWriteTheTargetWillNeverTake) {
    World world(1, {}, 1, 1);
    world.start();
    Error invalid = make_error(ErrorCode::InvalidArgument, "the post data time is out of range");
    invalid.service_code = "PostBodyInvalid";
    world.target.refuse_next(FakeCall::Put, invalid);
    world.produce(0, 2);
    ASSERT_TRUE(world.run_until_copied());
    EXPECT_EQ(world.target_log_count(), 0U);
    const auto dead = list_dead_letters(*world.disk, "hz-to-sh");
    ASSERT_TRUE(dead);
    ASSERT_EQ(dead->size(), 1U);
    EXPECT_EQ(dead->front().record.logs, 2U);
    ASSERT_TRUE(remove_dead_letter(*world.disk, "hz-to-sh", dead->front().id));
    EXPECT_EQ(list_dead_letters(*world.disk, "hz-to-sh")->size(), 0U);
}

TEST(Link, BlocksOnABadRecordWhenTold) {
    LinkOptions options;
    options.on_bad_record = OnBadRecord::Block;
    World world(1, options, 1, 1);
    world.rule = drop_debug();
    world.start();
    world.produce(0, 1, "POISON");
    world.run_for(std::chrono::minutes(1));
    EXPECT_EQ(world.status().state, LinkState::Faulted);
    EXPECT_EQ(world.status().totals.logs_dead, 0U);
}

TEST(Link, DropsABadRecordWhenTold) {
    LinkOptions options;
    options.on_bad_record = OnBadRecord::Drop;
    World world(1, options, 1, 1);
    world.rule = drop_debug();
    world.start();
    world.produce(0, 1, "POISON");
    ASSERT_TRUE(world.run_until_copied());
    EXPECT_EQ(world.status().totals.logs_dead, 1U);
    EXPECT_EQ(list_dead_letters(*world.disk, "hz-to-sh")->size(), 0U);
}

TEST(Link, WritesNothingTwiceWhenAnswersAreLost) {
    World world(1);
    world.start();
    world.target.drop_reply(FakeCall::Put, 7);
    for (std::uint32_t agent = 0; agent < 6; ++agent) world.produce(agent, 2);
    ASSERT_TRUE(world.run_until_copied());
    expect_exact(world);
    EXPECT_GT(world.status().totals.duplicates_suppressed, 0U);
}

TEST(Link, DoesNotTakeARefusalForAnAcknowledgement) {
    World world(1, {}, 1, 1);
    world.start();
    world.produce(0, 2);
    // A stranger's write has moved the fence of our lane far ahead.
    for (std::uint32_t lane = 0; lane < 4; ++lane) {
        Batch stranger;
        LogGroup group;
        group.source = "stranger";
        group.logs.push_back({1, std::nullopt, {}});
        stranger.body = wire::encode(group);
        stranger.raw_bytes = stranger.body.size();
        stranger.route_key =
            route_key_of("hz-to-sh", world.source_ref, ShardId(0), world.target_ref, lane);
        const auto now = static_cast<std::uint64_t>(unix_seconds(world.clock.wall()));
        stranger.sequence_id = sequence_id_of((now + 30) << 10, 0);
        ASSERT_TRUE(world.target.put(world.target_ref, stranger));
    }
    ASSERT_TRUE(world.run_until_copied());
    expect_exact(world);
}

TEST(Link, FollowsASplitParentFirst) {
    World world(1, {}, 1, 1);
    world.start();
    world.target.go_dark();
    for (int round = 0; round < 30; ++round) {
        world.produce(static_cast<std::uint32_t>(round % 7), 1);
        if (round == 10 || round == 20) world.split_source();
    }
    world.run_for(std::chrono::seconds(30));
    bool waiting = false;
    for (const ShardState& shard : world.status().shards) waiting = waiting || shard.waiting;
    EXPECT_TRUE(waiting);
    world.target.heal();
    ASSERT_TRUE(world.run_until_copied());
    expect_exact(world);
    std::size_t drained = 0;
    for (const ShardState& shard : world.status().shards) drained += shard.drained ? 1 : 0;
    EXPECT_EQ(drained, 2U);
}

TEST(Link, RecordsAGapWhenRetentionWasFaster) {
    World world(1, {}, 1, 1);
    world.start();
    world.run_for(std::chrono::seconds(2));
    world.target.go_dark();
    world.source.refuse(FakeCall::Pull, unavailable());
    for (int round = 0; round < 10; ++round) world.produce(0, 1);
    world.source.expire(world.source_ref, ShardId(0), 4);
    world.source.heal();
    world.target.heal();
    ASSERT_TRUE(world.run_until_copied());
    const auto gaps = world.core->gaps();
    ASSERT_TRUE(gaps);
    ASSERT_EQ(gaps->size(), 1U);
    EXPECT_EQ(gaps->front().groups, 4U);
    EXPECT_EQ(gaps->front().cause, "retention");
    EXPECT_EQ(world.arrived(0).size(), 6U);
    EXPECT_EQ(world.status().totals.gaps, 1U);
}

TEST(Link, StopsAtAGapWhenTold) {
    LinkOptions options;
    options.on_gap = OnGap::Stop;
    World world(1, options, 1, 1);
    world.start();
    world.run_for(std::chrono::seconds(2));
    world.source.refuse(FakeCall::Pull, unavailable());
    for (int round = 0; round < 10; ++round) world.produce(0, 1);
    world.source.expire(world.source_ref, ShardId(0), 4);
    world.source.heal();
    world.run_for(std::chrono::minutes(1));
    EXPECT_EQ(world.status().state, LinkState::Faulted);
    EXPECT_EQ(world.status().last_error->code, ErrorCode::OutOfRange);
    EXPECT_EQ(world.target_log_count(), 0U);
}

TEST(Link, StopsForAPersonWhenTheStoreWasMadeAnew) {
    World world(1, {}, 1, 1);
    world.start();
    world.produce(0, 3);
    ASSERT_TRUE(world.run_until_copied());
    world.clock.advance(std::chrono::hours(1));
    ASSERT_TRUE(world.source.delete_logstore(world.source_ref));
    LogstoreSettings settings;
    settings.shard_count = 1;
    ASSERT_TRUE(world.source.create_logstore(world.source_ref, settings));
    world.produce(0, 3);
    world.run_for(std::chrono::minutes(1));
    EXPECT_EQ(world.status().state, LinkState::Faulted);
    ASSERT_TRUE(world.status().last_error);
    EXPECT_EQ(world.status().last_error->code, ErrorCode::Refused);
    EXPECT_EQ(world.target_log_count(), 3U);
}

TEST(Link, RefusesToReuseItsNameForAnotherSource) {
    World world(1);
    world.start();
    world.run_for(std::chrono::seconds(2));
    world.crash();
    LinkOptions options = world.options;
    options.source.logstore = LogstoreName("other");
    LinkPorts ports{world.source,     {{"", world.target_ref, &world.network, &world.target}},
                    world.state,      world.clock,
                    null_event_log(), world.metrics};
    const auto opened = LinkCore::open(options, ports, Rule(), world.compile, world);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::Refused);
}

TEST(Link, BeginsAnewOnlyAfterAReset) {
    World world(1, {}, 1, 1);
    world.start();
    world.produce(0, 2);
    ASSERT_TRUE(world.run_until_copied());
    world.crash();
    EXPECT_EQ(reset_link(*world.disk, "nobody").error().code, ErrorCode::NotFound);
    ASSERT_TRUE(reset_link(*world.disk, "hz-to-sh"));
    world.clock.advance(std::chrono::seconds(5));
    world.start();
    ASSERT_TRUE(world.run_until_copied());
    EXPECT_EQ(world.arrived(0), (std::vector<std::string>{"0-0", "0-1", "0-0", "0-1"}));
}

TEST(Link, IsQuickAgainAfterALongOutageOfTheSource) {
    World world(1);
    world.start();
    world.run_for(std::chrono::seconds(1));
    world.source.go_dark();
    for (std::uint32_t agent = 0; agent < 8; ++agent) world.produce(agent, 1);
    world.run_for(std::chrono::hours(1));
    world.source.heal();
    world.run_for(std::chrono::seconds(6));
    expect_exact(world);
}

TEST(Link, WhenTheTargetTakesOneWriteAgainNobodyElseWaits) {
    World world(1);
    world.start();
    world.run_for(std::chrono::seconds(1));
    world.target.go_dark();
    for (std::uint32_t agent = 0; agent < 8; ++agent) world.produce(agent, 1);
    world.run_for(std::chrono::hours(1));
    world.target.heal();
    for (int tick = 0; tick < 300 && world.target_log_count() == 0; ++tick) {
        world.run_for(milliseconds(100));
    }
    world.run_for(std::chrono::seconds(3));
    expect_exact(world);
}

TEST(Link, TellsAnUnknownLagAndAnRpoWhileTheSourceIsSilent) {
    World world(1);
    world.start();
    world.produce(0, 1);
    ASSERT_TRUE(world.run_until_copied());
    world.run_for(std::chrono::seconds(2));
    EXPECT_EQ(world.status().lag.seconds, 0);
    world.source.go_dark();
    world.run_for(std::chrono::minutes(2));
    const LinkStatus status = world.status();
    EXPECT_FALSE(status.lag.seconds);
    EXPECT_FALSE(status.lag.logs);
    ASSERT_TRUE(status.rpo_seconds);
    EXPECT_NEAR(*status.rpo_seconds, 120, 3);
    EXPECT_FALSE(status.lag.stalled);
}

TEST(Link, KnowsItsCheckpointsWithoutTheSource) {
    World world(1, {}, 1, 1);
    world.start();
    world.produce(0, 3);
    ASSERT_TRUE(world.run_until_copied());
    world.run_for(std::chrono::seconds(3));
    const Cursor end = world.source.cursor(world.source_ref, ShardId(0), CursorSeek::end()).value();
    world.crash();
    world.source.go_dark();
    world.start();
    world.run_for(std::chrono::seconds(30));
    ASSERT_EQ(world.status().shards.size(), 1U);
    EXPECT_EQ(world.status().shards[0].checkpoint, end);
    EXPECT_FALSE(world.status().lag.seconds);
    EXPECT_TRUE(is_copied_up_to(world.status(), ShardId(0), end));
}

TEST(Link, PausesAfterThePageInHandAndGoesOn) {
    World world(1, {}, 1, 1);
    world.start();
    world.produce(0, 1);
    ASSERT_TRUE(world.run_until_copied());
    world.core->set_mode(LinkMode::Paused);
    world.produce(0, 3);
    world.run_for(std::chrono::minutes(1));
    EXPECT_EQ(world.target_log_count(), 1U);
    EXPECT_EQ(world.status().state, LinkState::Paused);
    ASSERT_TRUE(world.status().lag.seconds);
    EXPECT_NEAR(*world.status().lag.seconds, 60, 3);
    world.core->set_mode(LinkMode::Running);
    ASSERT_TRUE(world.run_until_copied());
    expect_exact(world);
}

TEST(Link, SaysDrainedOnlyForDataOfAfterTheDrainBegan) {
    World world(1, {}, 1, 1);
    world.start();
    world.produce(0, 1);
    ASSERT_TRUE(world.run_until_copied());
    world.target.go_dark();
    world.produce(0, 1);
    world.core->set_mode(LinkMode::Draining);
    EXPECT_FALSE(world.status().drained);
    world.run_for(std::chrono::minutes(1));
    EXPECT_FALSE(world.status().drained);
    world.target.heal();
    world.run_for(std::chrono::minutes(1));
    EXPECT_TRUE(world.status().drained);
    EXPECT_EQ(world.status().state, LinkState::Draining);
}

TEST(Link, RidesOutAStormOfThrottling) {
    World world(1, {}, 1, 1);
    world.start();
    world.target.refuse_next(FakeCall::Put, throttled(), 12);
    for (int round = 0; round < 50; ++round) {
        world.produce(static_cast<std::uint32_t>(round % 5), 4);
        world.run_for(std::chrono::seconds(1));
    }
    ASSERT_TRUE(world.run_until_copied(std::chrono::minutes(5)));
    expect_exact(world);
}

TEST(Link, KeepsToItsRateLimit) {
    LinkOptions options;
    options.limits.bytes_per_second = 2000;
    options.batch.logs_max = 10;
    World world(1, options, 1, 1);
    world.start();
    for (int round = 0; round < 60; ++round) world.produce(0, 10);
    const MonoTime begun = world.clock.mono();
    ASSERT_TRUE(world.run_until_copied());
    const double seconds = std::chrono::duration<double>(world.clock.mono() - begun).count();
    const auto bytes = static_cast<double>(world.status().totals.bytes_written_raw);
    EXPECT_LE(bytes / seconds, 2600);
    EXPECT_GE(bytes / seconds, 1000);
    expect_exact(world);
}

TEST(Link, DoesNotCopyALoop) {
    World world(1, {}, 1, 1);
    world.options.refuse_links = {"sh-to-hz"};
    world.start();
    const auto append = [&](const std::string& id, const std::string& origin) {
        LogGroup group;
        group.source = "agent-0";
        group.logs.push_back({1, std::nullopt, {{"id", id}}});
        if (!origin.empty()) group.tags.push_back({std::string(kOriginTag), origin});
        world.source.append(world.source_ref, ShardId(0), group);
    };
    append("direct", "");
    append("ours", "v1 link=hz-to-sh shard=0 cursor=1-1 epoch=1 hops=1");
    append("home", "v1 link=sh-to-hz shard=0 cursor=1-1 epoch=1 hops=1");
    append("via-home", "v1 link=x shard=0 cursor=1-1 epoch=1 hops=2 via=sh-to-hz");
    append("tired", "v1 link=y shard=0 cursor=1-1 epoch=1 hops=3");
    append("chained", "v1 link=z shard=0 cursor=1-1 epoch=1 hops=1");
    append("odd", "something else");
    ASSERT_TRUE(world.run_until_copied());
    EXPECT_THAT(world.arrived(0), testing::UnorderedElementsAre("direct", "chained", "odd"));
    EXPECT_EQ(world.status().totals.logs_looped, 4U);
    expect_conserved(world.status());
    for (const LogGroup& group : world.network.arrived()) {
        if (id_of(group.logs[0]) != "chained") continue;
        const auto provenance = parse_provenance(group.tags.back().value);
        ASSERT_TRUE(provenance);
        EXPECT_EQ(provenance->hops, 2U);
        EXPECT_EQ(provenance->via, (std::vector<std::string>{"z"}));
        EXPECT_EQ(group.tags.size(), 1U);
    }
}

TEST(Link, FinishesAPageUnderTheRuleItWasBegunWith) {
    World world(1, {}, 1, 1);
    world.rule = drop_debug();
    world.start();
    world.produce(0, 1, "INFO");
    world.produce(0, 1, "DEBUG");
    world.target.go_dark();
    world.run_for(std::chrono::seconds(5));
    world.crash();
    world.rule = Rule();  // from now on everything is copied
    world.compile = [](std::string_view text) -> Result<Rule> {
        EXPECT_EQ(text, "drop DEBUG");
        return drop_debug();
    };
    world.target.heal();
    world.start();
    world.produce(0, 1, "DEBUG");
    ASSERT_TRUE(world.run_until_copied());
    EXPECT_EQ(world.arrived(0), (std::vector<std::string>{"0-0", "0-2"}));
}

TEST(Link, PromisesLessWhereTheTargetCannotBeRead) {
    World world(1);
    world.target_readable = false;
    world.start();
    EXPECT_EQ(world.status().delivery, Delivery::AtLeastOnce);
    EXPECT_NE(world.status().delivery_reason.find("cannot be read back"), std::string::npos);
    for (std::uint32_t agent = 0; agent < 4; ++agent) world.produce(agent, 3);
    ASSERT_TRUE(world.run_until_copied());
    expect_exact(world);
}

TEST(Link, GoesOnAfterALostAnswerOfTheStateStore) {
    World world(1);
    world.start();
    world.run_for(std::chrono::seconds(1));
    world.state.lose_answer_next = 1;
    for (std::uint32_t agent = 0; agent < 4; ++agent) world.produce(agent, 3);
    ASSERT_TRUE(world.run_until_copied());
    world.state.fail_next = 3;
    for (std::uint32_t agent = 0; agent < 4; ++agent) world.produce(agent, 3);
    ASSERT_TRUE(world.run_until_copied());
    expect_exact(world);
}

TEST(Link, SetsEveryMetricItDeclares) {
    World world(1);
    world.start();
    world.produce(0, 3);
    ASSERT_TRUE(world.run_until_copied());
    world.run_for(std::chrono::seconds(2));
    const std::string text = world.metrics.expose();
    for (const char* line :
         {"spillway_link_up{link=\"hz-to-sh\"} 1", "spillway_link_lag_seconds{link=\"hz-to-sh\"} 0",
          "spillway_link_logs_read_total{link=\"hz-to-sh\"} 3",
          "spillway_link_logs_written_total{link=\"hz-to-sh\"} 3",
          "spillway_link_state{link=\"hz-to-sh\",state=\"replicating\"} 1"}) {
        EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
    }
}

}  // namespace
}  // namespace spillway::replicator::test
