#include "base/byte_queue.h"

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace spillway {
namespace {

TEST(ByteQueue, AdmitsOneItemHoweverLarge) {
    ByteQueue<int> queue(10);
    EXPECT_TRUE(queue.push(1, 1'000));
    int second = 2;
    EXPECT_FALSE(queue.try_push(second, 1));
    EXPECT_EQ(queue.pop(), 1);
    EXPECT_TRUE(queue.try_push(second, 1));
    EXPECT_EQ(queue.held_bytes(), 1u);
}

TEST(ByteQueue, HoldsAPusherUntilThereIsRoom) {
    ByteQueue<int> queue(10);
    ASSERT_TRUE(queue.push(1, 6));
    auto pushed = std::async(std::launch::async, [&] { return queue.push(2, 6); });
    EXPECT_EQ(queue.pop(), 1);
    EXPECT_TRUE(pushed.get());
    EXPECT_EQ(queue.pop(), 2);
}

TEST(ByteQueue, LetsEveryWaiterGoWhenStoppedOrClosed) {
    ByteQueue<int> queue(10);
    std::stop_source stop;
    auto popped = std::async(std::launch::async, [&] { return queue.pop(stop.get_token()); });
    stop.request_stop();
    EXPECT_EQ(popped.get(), std::nullopt);

    ASSERT_TRUE(queue.push(1, 10));
    auto pushed = std::async(std::launch::async, [&] { return queue.push(2, 1); });
    queue.close();
    EXPECT_FALSE(pushed.get());
    EXPECT_EQ(queue.pop(), 1);  // what is held can still be popped
    EXPECT_EQ(queue.pop(), std::nullopt);
    EXPECT_FALSE(queue.push(3, 1));
}

TEST(ByteQueue, LosesNothingBetweenManyThreads) {
    ByteQueue<int> queue(64);
    std::atomic<long> sum{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            while (const auto item = queue.pop()) sum += *item;
        });
    }
    std::vector<std::thread> producers;
    for (int i = 0; i < 4; ++i) {
        producers.emplace_back([&] {
            for (int k = 1; k <= 1'000; ++k) {
                EXPECT_TRUE(queue.push(k, static_cast<std::size_t>(k % 100)));
            }
        });
    }
    for (auto& producer : producers) producer.join();
    queue.close();
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(sum, 4L * 500'500);
}

}  // namespace
}  // namespace spillway
