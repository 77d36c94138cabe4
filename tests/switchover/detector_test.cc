#include "switchover/detector.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace spillway::switchover {
namespace {

/// Feeds a detector one canary each interval.
class Vantage {
  public:
    Vantage() { options.hold = milliseconds{60'000}; }

    RegionState see(Evidence evidence, int times = 1) {
        for (int i = 0; i < times; ++i) {
            Observation seen;
            seen.at = now;
            seen.evidence = evidence;
            seen.latency = milliseconds{10};
            if (evidence != Evidence::Ok && evidence != Evidence::Slow) seen.detail = "told so";
            state = advance(std::move(state), seen, options);
            now += options.interval;
        }
        return state.state;
    }

    DetectorOptions options;
    DetectorState state;
    MonoTime now{std::chrono::hours{1}};
};

TEST(Detector, KnowsNothingBeforeTheFirstMinuteOfGoodCanaries) {
    Vantage vantage;
    EXPECT_EQ(vantage.see(Evidence::Ok, 11), RegionState::Unknown);
    EXPECT_EQ(vantage.see(Evidence::Ok), RegionState::Healthy);
}

TEST(Detector, CallsARegionFailedAfterSilenceAndHold) {
    Vantage vantage;
    vantage.see(Evidence::Ok, 12);
    const auto dark_from = vantage.now;
    while (vantage.see(Evidence::Unavailable) != RegionState::Suspect) {
    }
    const auto suspect = std::chrono::duration_cast<std::chrono::seconds>(vantage.now - dark_from);
    while (vantage.see(Evidence::Unavailable) != RegionState::Failed) {
    }
    const auto failed = std::chrono::duration_cast<std::chrono::seconds>(vantage.now - dark_from);
    EXPECT_GE(suspect.count(), 50);
    EXPECT_LE(suspect.count(), 65);
    EXPECT_GE(failed.count(), 105);
    EXPECT_LE(failed.count(), 125);
}

TEST(Detector, SitsOutAnOutageOfNinetySeconds) {
    Vantage vantage;
    vantage.see(Evidence::Ok, 12);
    vantage.see(Evidence::Unavailable, 18);
    EXPECT_EQ(vantage.see(Evidence::Ok), RegionState::Suspect);
    EXPECT_EQ(vantage.see(Evidence::Ok, 13), RegionState::Healthy);
}

TEST(Detector, HalfOfTheCanariesLostIsNoFailure) {
    Vantage vantage;
    vantage.see(Evidence::Ok, 12);
    for (int i = 0; i < 60; ++i) {
        vantage.see(Evidence::Unavailable);
        EXPECT_NE(vantage.see(Evidence::Ok), RegionState::Failed);
    }
}

TEST(Detector, ThrottlingKeysAndConfigurationNeverBecomeAFailure) {
    const std::pair<Evidence, RegionState> rows[] = {
        {Evidence::Throttled, RegionState::Throttled},
        {Evidence::Auth, RegionState::Credential},
        {Evidence::Config, RegionState::Misconfigured},
    };
    for (const auto& [evidence, wanted] : rows) {
        Vantage vantage;
        vantage.see(Evidence::Ok, 12);
        EXPECT_EQ(vantage.see(evidence, 2), RegionState::Healthy) << name_of(evidence);
        EXPECT_EQ(vantage.see(evidence), wanted) << name_of(evidence);
        EXPECT_EQ(vantage.see(evidence, 720), wanted) << name_of(evidence);
        EXPECT_EQ(vantage.see(Evidence::Ok, 3), RegionState::Healthy) << name_of(evidence);
    }
}

TEST(Detector, AClockThatIsWrongSaysNothingAboutTheRegion) {
    Vantage vantage;
    vantage.see(Evidence::Ok, 12);
    EXPECT_EQ(vantage.see(Evidence::Clock, 100), RegionState::Healthy);
}

TEST(Detector, ADaemonThatWasFrozenAbstains) {
    Vantage vantage;
    vantage.see(Evidence::Ok, 12);
    vantage.now += std::chrono::minutes{10};
    EXPECT_EQ(vantage.see(Evidence::Unavailable), RegionState::Unknown);
    EXPECT_EQ(vantage.see(Evidence::Unavailable, 5), RegionState::Unknown);
    const auto why = explain(vantage.state, vantage.now, vantage.options);
    EXPECT_TRUE(std::any_of(why.begin(), why.end(), [](const auto& sentence) {
        return sentence.find("this process stood still for 10 min") != std::string::npos;
    }));
    vantage.see(Evidence::Ok, 12);
    EXPECT_EQ(vantage.see(Evidence::Ok, 12), RegionState::Healthy);
}

TEST(Detector, ItsOwnHostInTroubleIsNoEvidence) {
    Vantage vantage;
    vantage.see(Evidence::Ok, 12);
    EXPECT_EQ(vantage.see(Evidence::Self), RegionState::Unknown);
    EXPECT_EQ(vantage.see(Evidence::Self, 60), RegionState::Unknown);
}

TEST(Detector, AReturnedRegionMustProveItselfBeforeItIsHealthy) {
    Vantage vantage;
    vantage.see(Evidence::Ok, 12);
    vantage.see(Evidence::Unavailable, 60);
    ASSERT_EQ(vantage.state.state, RegionState::Failed);
    EXPECT_EQ(vantage.see(Evidence::Ok, 2), RegionState::Failed);
    EXPECT_EQ(vantage.see(Evidence::Ok), RegionState::Recovering);
    EXPECT_EQ(vantage.see(Evidence::Ok, 56), RegionState::Recovering);
    EXPECT_EQ(vantage.see(Evidence::Ok), RegionState::Healthy);
}

TEST(Detector, ARegionThatFailsAgainWhileRecoveringIsFailedAgain) {
    Vantage vantage;
    vantage.see(Evidence::Unavailable, 60);
    vantage.see(Evidence::Ok, 3);
    ASSERT_EQ(vantage.state.state, RegionState::Recovering);
    vantage.see(Evidence::Unavailable, 60);
    EXPECT_EQ(vantage.state.state, RegionState::Failed);
}

TEST(Detector, BothSidesBadIsCommonMode) {
    EXPECT_TRUE(is_common_mode(RegionState::Failed, RegionState::Suspect));
    EXPECT_TRUE(is_common_mode(RegionState::Credential, RegionState::Credential));
    EXPECT_FALSE(is_common_mode(RegionState::Failed, RegionState::Healthy));
    EXPECT_FALSE(is_common_mode(RegionState::Unknown, RegionState::Unknown));
    EXPECT_FALSE(is_common_mode(RegionState::Credential, RegionState::Failed));
}

TEST(Classify, PutsEachAnswerIntoExactlyOneClass) {
    const auto from = [](ErrorCode code, int status, std::string message) {
        CanaryReply reply;
        reply.error = make_error(code, std::move(message));
        reply.error->http_status = status;
        return classify(reply, DetectorOptions{});
    };
    EXPECT_EQ(from(ErrorCode::Throttled, 403, "WriteQuotaExceed"), Evidence::Throttled);
    EXPECT_EQ(from(ErrorCode::Unauthenticated, 401, "SignatureNotMatch"), Evidence::Auth);
    EXPECT_EQ(from(ErrorCode::ClockSkew, 400, "RequestTimeExpired"), Evidence::Clock);
    EXPECT_EQ(from(ErrorCode::NotFound, 404, "ProjectNotExist"), Evidence::Config);
    EXPECT_EQ(from(ErrorCode::Internal, 418, "what"), Evidence::Config);
    EXPECT_EQ(from(ErrorCode::Unavailable, 503, "ServerBusy"), Evidence::Unavailable);
    EXPECT_EQ(from(ErrorCode::Unavailable, 0, "connection refused"), Evidence::Unavailable);
    EXPECT_EQ(from(ErrorCode::Unavailable, 0, "could not resolve host"), Evidence::Dns);
    EXPECT_EQ(from(ErrorCode::Exhausted, 507, "disk full over there"), Evidence::Unavailable);
    CanaryReply slow;
    slow.latency = milliseconds{2'500};
    EXPECT_EQ(classify(slow, DetectorOptions{}), Evidence::Slow);
    CanaryReply self;
    self.error = make_error(ErrorCode::Unavailable, "too many open files");
    self.self_trouble = true;
    EXPECT_EQ(classify(self, DetectorOptions{}), Evidence::Self);
}

TEST(DetectorOptions, ATimeoutAboveTheIntervalIsRefused) {
    DetectorOptions options;
    EXPECT_TRUE(check(options));
    options.timeout = options.interval;
    const auto checked = check(options);
    ASSERT_FALSE(checked);
    EXPECT_NE(checked.error().message.find("below the interval"), std::string::npos);
}

}  // namespace
}  // namespace spillway::switchover
