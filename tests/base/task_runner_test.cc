#include "base/task_runner.h"

#include <atomic>
#include <condition_variable>
#include <latch>
#include <mutex>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace spillway {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kNever{3'600'000};

TEST(TaskRunner, RunsTheFirstStepAtOnceAndTheNextWhenWoken) {
    TaskRunner runner(2);
    std::latch first(1);
    std::latch second(2);
    auto handle = runner.add("twice", [&] {
        if (!first.try_wait()) first.count_down();
        second.count_down();
        return kNever;
    });
    first.wait();
    handle.wake();
    second.wait();
}

TEST(TaskRunner, NeverOverlapsStepsOfOneTaskHoweverOftenItIsWoken) {
    TaskRunner runner(4);
    std::atomic<int> inside{0};
    std::atomic<bool> overlapped{false};
    std::latch done(200);
    auto handle = runner.add("busy", [&] {
        if (inside.fetch_add(1) != 0) overlapped = true;
        inside.fetch_sub(1);
        if (!done.try_wait()) done.count_down();
        return done.try_wait() ? kNever : milliseconds{0};
    });
    std::vector<std::jthread> wakers;
    for (int i = 0; i < 3; ++i) {
        wakers.emplace_back([&] {
            for (int n = 0; n < 500; ++n) handle.wake();
        });
    }
    done.wait();
    EXPECT_FALSE(overlapped);
}

TEST(TaskRunner, RemembersAWakeThatComesDuringAStep) {
    TaskRunner runner(1);
    std::latch in_step(1);
    std::latch go_on(1);
    std::latch again(1);
    int steps = 0;
    auto handle = runner.add("woken", [&] {
        if (++steps == 1) {
            in_step.count_down();
            go_on.wait();
        } else if (steps == 2) {
            again.count_down();
        }
        return kNever;
    });
    in_step.wait();
    handle.wake();
    go_on.count_down();
    again.wait();
}

TEST(TaskRunner, DestroyingAHandleWaitsForTheStepUnderWay) {
    TaskRunner runner(1);
    std::latch in_step(1);
    std::atomic<bool> finished{false};
    {
        auto handle = runner.add("slow", [&] {
            in_step.count_down();
            std::this_thread::yield();
            finished = true;
            return kNever;
        });
        in_step.wait();
    }
    EXPECT_TRUE(finished);
}

TEST(TaskRunner, OneTaskThatBlocksDoesNotHoldUpAnother) {
    TaskRunner runner(2);
    std::latch blocked(1);
    std::latch other(1);
    auto stuck = runner.add("stuck", [&] {
        blocked.wait();
        return kNever;
    });
    auto free = runner.add("free", [&] {
        other.count_down();
        return kNever;
    });
    other.wait();
    blocked.count_down();
}

}  // namespace
}  // namespace spillway
