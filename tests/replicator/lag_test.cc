#include "replicator/lag.h"

#include <gtest/gtest.h>

namespace spillway::replicator {
namespace {

using std::chrono::seconds;

constexpr MonoTime kNow{std::chrono::hours(1)};
const WallTime kWall = from_unix_seconds(1'700'000'000);

LagEvidence seen_just_now() {
    LagEvidence evidence;
    evidence.source_seen = kNow;
    evidence.last_progress = kNow;
    return evidence;
}

TEST(Lag, IsUnknownBeforeTheSourceWasSeen) {
    const Lag lag = judge_lag({}, {}, kWall, kNow);
    EXPECT_FALSE(lag.logs);
    EXPECT_FALSE(lag.bytes);
    EXPECT_FALSE(lag.seconds);
    EXPECT_FALSE(lag.stalled);
}

TEST(Lag, IsZeroOnlyWhereAPullProvedIt) {
    LagEvidence evidence = seen_just_now();
    EXPECT_FALSE(judge_lag(evidence, {}, kWall, kNow).logs);
    evidence.proved_at_end = true;
    const Lag lag = judge_lag(evidence, {}, kWall, kNow);
    EXPECT_EQ(lag.logs, 0U);
    EXPECT_EQ(lag.bytes, 0U);
    EXPECT_EQ(lag.seconds, 0);
}

TEST(Lag, BecomesUnknownWhenTheSourceFallsSilent) {
    LagEvidence evidence = seen_just_now();
    evidence.proved_at_end = true;
    EXPECT_FALSE(judge_lag(evidence, {}, kWall, kNow + seconds(11)).logs);
}

TEST(Lag, EstimatesFromGroupsBehind) {
    LagEvidence evidence = seen_just_now();
    evidence.checkpoint_position = 100;
    evidence.end_position = 150;
    evidence.logs_per_group = 4;
    evidence.bytes_per_group = 1000;
    evidence.oldest_received_unix_s = unix_seconds(kWall) - 90;
    const Lag lag = judge_lag(evidence, {}, kWall, kNow);
    EXPECT_EQ(lag.logs, 200U);
    EXPECT_EQ(lag.bytes, 50'000U);
    EXPECT_EQ(lag.seconds, 90);
}

TEST(Lag, ABacklogIsNeverRoundedToNone) {
    LagEvidence evidence = seen_just_now();
    evidence.checkpoint_position = 100;
    evidence.end_position = 101;
    evidence.logs_per_group = 0.1;
    evidence.oldest_received_unix_s = unix_seconds(kWall) + 5;  // the source's clock is ahead
    const Lag lag = judge_lag(evidence, {}, kWall, kNow);
    EXPECT_EQ(lag.logs, 1U);
    EXPECT_GT(lag.seconds.value(), 0);
}

TEST(Lag, IsStalledWithBacklogAndWithoutProgress) {
    LagEvidence evidence = seen_just_now();
    evidence.checkpoint_position = 1;
    evidence.end_position = 2;
    evidence.last_progress = kNow - seconds(61);
    EXPECT_TRUE(judge_lag(evidence, {}, kWall, kNow).stalled);
    evidence.proved_at_end = true;
    EXPECT_FALSE(judge_lag(evidence, {}, kWall, kNow).stalled);
}

TEST(Lag, OfALinkIsUnknownAsSoonAsOneShardsIs) {
    Lag known;
    known.logs = 3;
    known.seconds = 2.0;
    Lag other;
    other.logs = 4;
    other.stalled = true;
    const Lag sum = combine({known, other});
    EXPECT_EQ(sum.logs, 7U);
    EXPECT_FALSE(sum.seconds);
    EXPECT_TRUE(sum.stalled);
    EXPECT_EQ(combine({}).logs, 0U);
}

TEST(Rpo, GrowsWhileTheSourceIsSilent) {
    EXPECT_EQ(judge_rpo(2.0, kNow - seconds(30), kNow), 32.0);
    EXPECT_FALSE(judge_rpo(std::nullopt, kNow, kNow));
    EXPECT_FALSE(judge_rpo(1.0, std::nullopt, kNow));
}

TEST(Lag, IsUnknownAsSoonAsTheSourceFallsSilentHoweverFreshTheProof) {
    LagEvidence evidence;
    evidence.proved_at_end = true;
    evidence.source_seen = MonoTime{};
    EXPECT_EQ(judge_lag(evidence, {}, WallTime{}, MonoTime{}).seconds, 0.0);
    evidence.source_silent = true;
    const Lag lag = judge_lag(evidence, {}, WallTime{}, MonoTime{});
    EXPECT_EQ(lag.seconds, std::nullopt);
    EXPECT_EQ(lag.logs, std::nullopt);
    EXPECT_EQ(lag.bytes, std::nullopt);
}

}  // namespace
}  // namespace spillway::replicator
