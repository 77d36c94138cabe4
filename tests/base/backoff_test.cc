#include "base/backoff.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

using std::chrono::milliseconds;

BackoffPolicy exact() {
    BackoffPolicy policy;
    policy.initial = milliseconds{100};
    policy.max = milliseconds{1'000};
    policy.jitter = 0;
    return policy;
}

TEST(Backoff, DoublesUpToItsLimit) {
    Backoff backoff(exact());
    for (const int wanted : {100, 200, 400, 800, 1'000, 1'000}) {
        EXPECT_EQ(backoff.next(), milliseconds{wanted});
    }
    EXPECT_EQ(backoff.tries(), 6u);
}

TEST(Backoff, StartsAgainAfterASuccess) {
    Backoff backoff(exact());
    (void)backoff.next();
    (void)backoff.next();
    backoff.reset();
    EXPECT_EQ(backoff.tries(), 0u);
    EXPECT_EQ(backoff.next(), milliseconds{100});
}

TEST(Backoff, StopsWhenItsBudgetIsUsedUp) {
    BackoffPolicy policy = exact();
    policy.budget = milliseconds{450};
    Backoff backoff(policy);
    EXPECT_EQ(backoff.next(), milliseconds{100});
    EXPECT_EQ(backoff.next(), milliseconds{200});
    EXPECT_EQ(backoff.next(), milliseconds{150});  // what is left
    EXPECT_EQ(backoff.next(), std::nullopt);
    backoff.reset();
    EXPECT_EQ(backoff.next(), milliseconds{100});
}

TEST(Backoff, DrawsEachWaitBelowItsStep) {
    BackoffPolicy policy = exact();
    policy.jitter = 0.3;
    bool differed = false;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Backoff backoff(policy, seed);
        const auto first = *backoff.next();
        EXPECT_GE(first, milliseconds{70});
        EXPECT_LE(first, milliseconds{100});
        differed = differed || first != *Backoff(policy, seed + 1).next();
    }
    EXPECT_TRUE(differed);
    EXPECT_EQ(Backoff(policy, 5).next(), Backoff(policy, 5).next());
}

TEST(Backoff, HoldsStillWithoutGrowthForAnyNumberOfTries) {
    BackoffPolicy policy = exact();
    policy.multiplier = 1;
    Backoff backoff(policy);
    for (int i = 0; i < 100'000; ++i) EXPECT_EQ(backoff.next(), milliseconds{100});
}

}  // namespace
}  // namespace spillway
