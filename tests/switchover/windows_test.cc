#include "switchover/windows.h"

#include "switchover/api_json.h"
#include "switchover/codec.h"

#include <gtest/gtest.h>

namespace spillway::switchover {
namespace {

const WallTime kCut{std::chrono::hours{480'000}};

LinkShard shard(std::uint32_t id, std::int64_t position, std::optional<int> proved_s_ago) {
    LinkShard made;
    made.shard = ShardId(id);
    made.replicated_to = Cursor::from_position(position);
    if (proved_s_ago) made.proved_at_end = kCut - std::chrono::seconds{*proved_s_ago};
    return made;
}

WindowEvidence dark_source() {
    WindowEvidence evidence;
    evidence.operation.id = OperationId("app-e2");
    evidence.operation.plan.kind = OperationKind::Failover;
    evidence.operation.plan.pair = PairName("app");
    evidence.operation.plan.from = RegionName("hz");
    evidence.operation.plan.to = RegionName("sh");
    evidence.link = "app-hz-to-sh";
    evidence.exactly_once = true;
    evidence.cut_at = kCut;
    evidence.at_cut = {shard(0, 100, 2), shard(1, 50, 7)};
    evidence.peak_logs_per_second = 10.0;
    evidence.tail_size_kb = 102'400;
    return evidence;
}

WindowEvidence healed_source() {
    auto evidence = dark_source();
    evidence.final_ends = std::map<ShardId, Cursor>{{ShardId(0), Cursor::from_position(104)},
                                                    {ShardId(1), Cursor::from_position(50)}};
    evidence.counted[ShardId(0)] = {12, kCut - std::chrono::seconds{3}, kCut};
    evidence.counted[ShardId(1)] = {0, {}, {}};
    evidence.duplicates = DuplicateCount{5, kCut, kCut + std::chrono::seconds{4}};
    return evidence;
}

TEST(Windows, AreBoundsWhileTheSourceIsDark) {
    const auto report = make_report(dark_source(), kCut);
    EXPECT_FALSE(report.final);
    EXPECT_EQ(report.loss_seconds.value, 7.0);
    EXPECT_EQ(report.loss_seconds.bound, Bound::UpperBound);
    EXPECT_EQ(report.loss_logs.value, 70.0);
    EXPECT_EQ(report.missing_logs.bound, Bound::UpperBound);
    EXPECT_EQ(report.duplicate_logs.bound, Bound::Unknown);
    ASSERT_EQ(report.shards.size(), 2u);
    EXPECT_EQ(report.shards[0].replicated_at_cut, Cursor::from_position(100));
    EXPECT_FALSE(report.shards[0].source_end);
}

TEST(Windows, AreExactOnceTheSourceIsDrained) {
    const auto report = make_report(healed_source(), kCut);
    EXPECT_TRUE(report.final);
    EXPECT_EQ(report.loss_logs.value, 12.0);
    EXPECT_EQ(report.loss_logs.bound, Bound::Exact);
    EXPECT_EQ(report.loss_seconds.value, 3.0);
    EXPECT_EQ(report.missing_logs.value, 0.0);
    EXPECT_EQ(report.duplicate_logs.value, 5.0);
    EXPECT_EQ(report.duplicate_seconds.value, 4.0);
    EXPECT_EQ(report.duplicate_logs.bound, Bound::Exact);
}

TEST(Windows, TheFirstBoundHoldsTheFinalNumber) {
    const auto first = make_report(dark_source(), kCut);
    const auto last = make_report(healed_source(), kCut);
    EXPECT_GE(*first.loss_logs.value, *last.loss_logs.value);
    EXPECT_GE(*first.loss_seconds.value, *last.loss_seconds.value);
}

TEST(Windows, OneShardThatWasNeverProvedMakesTheWholeUnknown) {
    auto evidence = dark_source();
    evidence.at_cut.push_back(shard(2, 0, std::nullopt));
    const auto report = make_report(evidence, kCut);
    EXPECT_EQ(report.loss_seconds.bound, Bound::Unknown);
    EXPECT_EQ(report.loss_logs.bound, Bound::Unknown);
    EXPECT_FALSE(report.loss_logs.value);
}

TEST(Windows, WithoutALinkNothingIsKnownAndNothingIsClaimed) {
    auto evidence = dark_source();
    evidence.at_cut.clear();
    const auto report = make_report(evidence, kCut);
    EXPECT_EQ(report.loss_logs.bound, Bound::Unknown);
    EXPECT_NE(report.loss_logs.reason.find("no link"), std::string::npos);
}

TEST(Windows, ADrainedSwitchoverLostNothingWhenItCommitted) {
    auto evidence = dark_source();
    evidence.operation.plan.kind = OperationKind::Switchover;
    evidence.drained_to = std::map<ShardId, Cursor>{{ShardId(0), Cursor::from_position(110)},
                                                    {ShardId(1), Cursor::from_position(60)}};
    const auto report = make_report(evidence, kCut);
    EXPECT_EQ(report.loss_logs.value, 0.0);
    EXPECT_EQ(report.loss_logs.bound, Bound::Exact);
    EXPECT_EQ(report.shards[0].replicated_at_cut, Cursor::from_position(110));
}

TEST(Windows, ALogstoreTooLargeToCompareSaysSoInsteadOfANumber) {
    auto evidence = healed_source();
    evidence.duplicates.reset();
    evidence.duplicates_why_not = "more than 20 million logs to compare";
    const auto report = make_report(evidence, kCut);
    EXPECT_EQ(report.duplicate_logs.bound, Bound::Unknown);
    EXPECT_EQ(report.duplicate_logs.reason, "more than 20 million logs to compare");
}

TEST(LossEstimate, GrowsWithTheTimeSinceTheSourceWasLastProved) {
    LinkProgress progress;
    progress.shards = {shard(0, 1, 2)};
    EXPECT_EQ(loss_estimate_seconds(progress, kCut).value, 2.0);
    EXPECT_EQ(loss_estimate_seconds(progress, kCut + std::chrono::seconds{30}).value, 32.0);
    progress.shards.clear();
    EXPECT_FALSE(loss_estimate_seconds(progress, kCut).value);
}

TEST(Report, SurvivesTheStoreAndReadsAsText) {
    const auto report = make_report(healed_source(), kCut);
    const auto back = decode_report(encode(report));
    ASSERT_TRUE(back);
    EXPECT_EQ(encode(*back), encode(report));
    const auto text = report_text(to_json(report));
    EXPECT_NE(text.find("Loss window       3 s (exact"), std::string::npos) << text;
    EXPECT_NE(text.find("Still missing     0 logs (exact"), std::string::npos) << text;
    EXPECT_NE(text.find("shard 0    replicated to MTAw"), std::string::npos) << text;
}

}  // namespace
}  // namespace spillway::switchover
