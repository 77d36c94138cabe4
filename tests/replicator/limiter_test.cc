#include "replicator/limiter.h"

#include <gtest/gtest.h>

namespace spillway::replicator {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(RateBudget, LetsEverythingThroughWithoutALimit) {
    RateBudget budget(std::nullopt);
    EXPECT_EQ(budget.take(1'000'000'000, MonoTime{}), milliseconds(0));
}

TEST(RateBudget, HoldsTheMeanRate) {
    RateBudget budget(1000);
    MonoTime now{};
    std::uint64_t sent = 0;
    while (now < MonoTime{} + seconds(60)) {
        const milliseconds wait = budget.take(700, now);
        if (wait == milliseconds(0)) {
            sent += 700;
        } else {
            now += wait;
        }
    }
    EXPECT_NEAR(static_cast<double>(sent), 60'000, 2'000);
}

TEST(RateBudget, SavesUpOneSecondAtMost) {
    RateBudget budget(1000);
    EXPECT_EQ(budget.take(1, MonoTime{}), milliseconds(0));
    const MonoTime later = MonoTime{} + std::chrono::hours(1);
    EXPECT_EQ(budget.take(1500, later), milliseconds(0));
    EXPECT_GT(budget.take(1, later), milliseconds(0));
}

/// A target that takes `quota` bytes a second and answers 403 above it.
struct Quota {
    double per_second;
    double left = 0;
    MonoTime at{};
    bool take(double bytes, MonoTime now) {
        left = std::min(per_second,
                        left + per_second * std::chrono::duration<double>(now - at).count());
        at = now;
        if (left < bytes) return false;
        left -= bytes;
        return true;
    }
};

TEST(QuotaLimiter, SettlesNearTheQuotaWithFewRefusals) {
    QuotaLimiter limiter;
    Quota quota{1'000'000};
    MonoTime now{};
    double written = 0;
    int refusals = 0;
    while (now < MonoTime{} + seconds(300)) {
        const milliseconds wait = limiter.wait_before(50'000, now);
        if (wait > milliseconds(0)) {
            now += wait;
        } else if (quota.take(50'000, now)) {
            limiter.on_written(50'000, now);
            written += 50'000;
            now += milliseconds(5);
        } else {
            ++refusals;
            now += limiter.on_throttled(now);
        }
    }
    EXPECT_GT(written / 300, 600'000);
    EXPECT_LT(refusals, 120);
}

TEST(QuotaLimiter, GetsOutOfTheWayWhenTheQuotaIsGone) {
    QuotaLimiter limiter;
    MonoTime now{};
    limiter.on_written(1'000'000, now);
    EXPECT_GT(limiter.on_throttled(now), milliseconds(0));
    EXPECT_TRUE(limiter.bytes_per_second());
    for (int step = 0; step < 600 && limiter.bytes_per_second(); ++step) {
        now += seconds(1);
        (void)limiter.wait_before(1000, now);
    }
    EXPECT_FALSE(limiter.bytes_per_second());
}

TEST(QuotaLimiter, KeepsQuietLongerWhenRefusedAgain) {
    QuotaLimiter limiter;
    const milliseconds first = limiter.on_throttled(MonoTime{});
    EXPECT_LT(first, limiter.on_throttled(MonoTime{} + first));
}

}  // namespace
}  // namespace spillway::replicator
