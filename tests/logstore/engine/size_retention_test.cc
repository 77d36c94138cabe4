#include "logstore/engine/size_retention.h"

#include "log_fixture.h"
#include "logstore/engine/open_writers.h"

#include <gtest/gtest.h>

namespace spillway::engine {
namespace {

using UpTo = std::vector<std::optional<std::uint64_t>>;

LogSize log_of(std::uint64_t open_bytes, std::vector<SealedSegment> sealed) {
    LogSize log{open_bytes, std::move(sealed)};
    for (const auto& segment : log.sealed) log.bytes += segment.bytes;
    return log;
}

TEST(SizeRetention, KeepsEverythingWithoutALimit) {
    EXPECT_EQ(plan_size_retention({log_of(5, {{1, 100, 1}})}, {}), UpTo{std::nullopt});
}

TEST(SizeRetention, TakesTheOldestSegmentsOfTheLogThatIsTooLarge) {
    const auto large = log_of(5, {{3, 100, 1}, {4, 100, 2}, {7, 100, 3}});
    const auto small = log_of(5, {{1, 100, 1}});
    EXPECT_EQ(plan_size_retention({large, small}, {0, 205}), (UpTo{3, std::nullopt}));
    EXPECT_EQ(plan_size_retention({large, small}, {0, 204}), (UpTo{4, std::nullopt}));
}

TEST(SizeRetention, TakesTheOldestOfAllLogsWhereTheRegionIsTooLarge) {
    const auto first = log_of(0, {{1, 100, 10}, {2, 100, 40}});
    const auto second = log_of(0, {{1, 100, 20}, {2, 100, 30}});
    EXPECT_EQ(plan_size_retention({first, second}, {300, 0}), (UpTo{1, std::nullopt}));
    EXPECT_EQ(plan_size_retention({first, second}, {200, 0}), (UpTo{1, 1}));
    EXPECT_EQ(plan_size_retention({first, second}, {100, 0}), (UpTo{1, 2}));
}

TEST(SizeRetention, NeverTakesTheSegmentThatIsWrittenTo) {
    EXPECT_EQ(plan_size_retention({log_of(500, {}), log_of(500, {{1, 10, 1}})}, {1, 1}),
              (UpTo{std::nullopt, 1}));
}

class DropThrough : public LogFixture {
  protected:
    void SetUp() override {
        LogFixture::SetUp();
        settings_.segment_bytes = 1'000;
        ASSERT_TRUE(open());
    }
};

TEST_F(DropThrough, TakesSegmentsUpToANumberAndKeepsFenceAndPositions) {
    for (std::uint64_t i = 0; i < 60; ++i) store("text " + std::to_string(i), HashKey{7}, i + 1);
    const auto size = log_->size();
    ASSERT_GT(size.sealed.size(), 3U);
    Trim kept;
    const auto persist = [&](const Trim& trim) -> Status {
        kept = trim;
        return {};
    };
    auto dropped = log_->drop_through(size.sealed[1].number, persist);
    ASSERT_TRUE(dropped);
    EXPECT_EQ(*dropped, 2U);
    EXPECT_EQ(log_->size().bytes, size.bytes - size.sealed[0].bytes - size.sealed[1].bytes);
    const auto first = log_->positions(kShard)->first;
    EXPECT_GT(first, 1'000'000);
    start_.trimmed_to = kept.trimmed_to;
    start_.fences = kept.fences;
    crash_and_reopen();
    EXPECT_EQ(log_->positions(kShard)->first, first);
    EXPECT_FALSE(put("again", HashKey{7}, 1));
    EXPECT_EQ(*log_->drop_through(size.sealed[1].number, persist), 0U) << "gone already";
}

TEST_F(LogFixture, OnlySoManyLogsKeepTheirFileOpen) {
    constexpr std::size_t kOpenMax = 3;
    OpenWriters writers(kOpenMax);
    cache_ = std::make_unique<FileCache>(*files_, 16);
    std::vector<std::shared_ptr<LogstoreLog>> logs;
    for (std::uint64_t id = 1; id <= 10; ++id) {
        start_.id = id;
        start_.directory = "/logs/" + std::to_string(id);
        const LogContext context{*files_, *cache_, clock_, events_, metrics_, settings_};
        logs.push_back(*LogstoreLog::open(context, start_));
    }
    for (int round = 0; round < 3; ++round) {
        for (const auto& log : logs) {
            log_ = log;
            store("round " + std::to_string(round));
            writers.touch(log);
            EXPECT_LE(writers.open_count(), kOpenMax);
            EXPECT_LE(files_->open_for_writing(), static_cast<int>(kOpenMax) + 1);
        }
    }
    for (const auto& log : logs) {
        log_ = log;
        EXPECT_EQ(texts(), (std::vector<std::string>{"round 0", "round 1", "round 2"}));
    }
}

}  // namespace
}  // namespace spillway::engine
