// Quotas and hot shards: the rules on a fake clock, then the engine that keeps them.
#include "logstore/engine/quota.h"

#include "base/event_log.h"
#include "logstore/engine/auto_split.h"
#include "logstore/engine/engine.h"
#include "logstore/wire/log_group_writer.h"

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

namespace spillway::engine {
namespace {

using namespace std::chrono_literals;
const LogstoreRef kApp{ProjectName("pay"), LogstoreName("app")};

TEST(TokenBucket, LetsInWhileThereIsAnythingAndThenUntilTheDebtIsPaid) {
    const MonoTime start{};
    TokenBucket bucket({100, 0}, start);
    EXPECT_FALSE(bucket.lacks(start));
    bucket.take(250, 1);
    EXPECT_EQ(bucket.lacks(start), "bytes");
    EXPECT_EQ(bucket.lacks(start + 1500ms), "bytes");
    EXPECT_FALSE(bucket.lacks(start + 1600ms));
    EXPECT_TRUE(bucket.is_full(start + 10s)) << "it never holds more than a second's worth";
    EXPECT_FALSE(bucket.lacks(start + 10s));
    bucket.take(150, 1);
    EXPECT_EQ(bucket.lacks(start + 10s), "bytes") << "a pause saves up no more than that";
}

TEST(TokenBucket, CountsOperationsBesideBytes) {
    const MonoTime start{};
    TokenBucket bucket({0, 2}, start);
    for (int i = 0; i < 2; ++i) {
        EXPECT_FALSE(bucket.lacks(start));
        bucket.take(1e9, 1);
    }
    EXPECT_EQ(bucket.lacks(start), "ops");
    EXPECT_FALSE(bucket.lacks(start + 500ms));
}

TEST(Quotas, AreReadFromText) {
    EXPECT_EQ(*parse_quotas("off"), QuotaSettings());
    EXPECT_EQ(*parse_quotas("service"), service_quotas());
    EXPECT_EQ(service_quotas().shard_write, (RateLimit{5.0 * 1024 * 1024, 500}));
    EXPECT_EQ(service_quotas().shard_read, (RateLimit{10.0 * 1024 * 1024, 100}));
    const auto own = *parse_quotas("shard-write=2KiB/10, project-read=0/7");
    EXPECT_EQ(own.shard_write, (RateLimit{2048, 10}));
    EXPECT_EQ(own.project_read, (RateLimit{0, 7}));
    EXPECT_FALSE(own.shard_read.is_set());
    EXPECT_EQ(parse_quotas("service,shard-read=0/0")->shard_read, RateLimit());
    for (const auto* bad : {"", "on", "shard-write", "shard-write=5MB", "shard-write=5/500",
                            "shard-write=5MB/x", "shard=1MB/1"}) {
        EXPECT_FALSE(parse_quotas(bad)) << bad;
    }
}

TEST(QuotaBook, ChargesTheFirstShardWithRoomAndAnswersTheServicesCodes) {
    FakeClock clock;
    MetricsRegistry metrics;
    QuotaBook book(*parse_quotas("shard-write=100B/0,shard-read=100B/0,project-write=0/4"), clock,
                   metrics);
    const std::vector<ShardId> both{ShardId(0), ShardId(1)};
    EXPECT_EQ(*book.admit_write(kApp, both, 500), ShardId(0));
    EXPECT_EQ(*book.admit_write(kApp, both, 500), ShardId(1));
    EXPECT_EQ(book.admit_write(kApp, both, 1).error().service_code, "ShardWriteQuotaExceed");
    clock.advance(10s);
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(book.admit_write(kApp, both, 1));
    EXPECT_EQ(book.admit_write(kApp, both, 1).error().service_code, "WriteQuotaExceed");
    EXPECT_TRUE(book.admit_read(kApp, ShardId(0)));
    book.charge_read(kApp, ShardId(0), 1000);
    EXPECT_EQ(book.admit_read(kApp, ShardId(0)).error().service_code, "ShardReadQuotaExceed");
    EXPECT_TRUE(book.admit_read(kApp, ShardId(1)));
    EXPECT_NE(metrics.expose().find("spillway_region_throttled_total{direction=\"write\","
                                    "scope=\"project\"} 1"),
              std::string::npos);
}

class HotShards : public ::testing::Test {
  protected:
    void feed(ShardId shard, int windows, std::uint64_t bytes_a_window) {
        for (int i = 0; i < windows; ++i) {
            loads_[shard].offer(now_, bytes_a_window, rule_);
            now_ += 10s;
        }
    }
    std::optional<ShardId> chosen() {
        return shard_to_split(shards_, settings_, loads_, now_, rule_);
    }
    MonoTime now_ = MonoTime{} + 1000s;
    SplitRule rule_{{100, 0}, 10s, 3};
    LogstoreSettings settings_ = [] {
        LogstoreSettings settings;
        settings.auto_split = true;
        settings.max_split_shard = 4;
        return settings;
    }();
    std::vector<ShardEntry> shards_ = initial_shards(2, 1);
    std::map<ShardId, ShardLoad> loads_;
};

TEST_F(HotShards, AreThoseOverTheirCapacityLongEnough) {
    feed(ShardId(0), 2, 1000);
    EXPECT_FALSE(chosen());
    feed(ShardId(0), 1, 1000);
    EXPECT_EQ(chosen(), ShardId(0));
    feed(ShardId(0), 1, 999);
    EXPECT_FALSE(chosen()) << "one cooler window begins the count anew";
}

TEST_F(HotShards, CoolDownWhenNothingComes) {
    feed(ShardId(0), 3, 1000);
    now_ += 10s;
    EXPECT_FALSE(chosen());
}

TEST_F(HotShards, AreSplitHottestFirstOnlyWhereWantedAndUpToTheMost) {
    for (int i = 0; i < 3; ++i) {
        loads_[ShardId(0)].offer(now_, 1000, rule_);
        loads_[ShardId(1)].offer(now_, 2000, rule_);
        now_ += 10s;
    }
    EXPECT_EQ(chosen(), ShardId(1));
    settings_.max_split_shard = 2;
    EXPECT_FALSE(chosen());
    settings_.max_split_shard = 3;
    settings_.auto_split = false;
    EXPECT_FALSE(chosen());
    settings_.auto_split = true;
    shards_[1].status = ShardStatus::ReadOnly;
    EXPECT_EQ(chosen(), ShardId(0));
}

class EngineQuotas : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "spillway_quota_XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
    }
    void TearDown() override {
        engine_.reset();
        std::filesystem::remove_all(folder_);
    }
    void open(const std::string& quotas, const LogstoreSettings& settings) {
        EngineOptions options;
        options.path = folder_ + "/region";
        options.quotas = *parse_quotas(quotas);
        auto engine = Engine::open(options, clock_, null_event_log(), &metrics_);
        ASSERT_TRUE(engine) << engine.error().message;
        engine_ = *std::move(engine);
        ASSERT_TRUE(engine_->create_project({kApp.project, "", "", 0, 0}));
        ASSERT_TRUE(engine_->create_logstore(kApp, settings));
    }
    /// The service's code, or "OK".
    std::string put(std::size_t bytes, const std::string& key = {}) {
        wire::LogGroupWriter writer;
        writer.begin_log(1);
        writer.content("m", std::string(bytes, 'x'));
        writer.end_log();
        Batch batch;
        batch.body = writer.take();
        batch.raw_bytes = batch.body.size();
        if (!key.empty()) batch.route_key = RouteKey(key);
        const auto stored = engine_->put(kApp, batch);
        return stored ? "OK" : stored.error().service_code;
    }

    std::string folder_;
    FakeClock clock_;
    MetricsRegistry metrics_;
    std::unique_ptr<Engine> engine_;
};

TEST_F(EngineQuotas, RefuseAWriteToAShardThatIsOverAndTakeOneToAnother) {
    LogstoreSettings settings;
    settings.shard_count = 2;
    open("shard-write=1KiB/0,shard-read=1KiB/0", settings);
    EXPECT_EQ(put(5000, "00"), "OK");
    EXPECT_EQ(put(10, "00"), "ShardWriteQuotaExceed");
    EXPECT_EQ(put(10, "FF"), "OK");
    EXPECT_EQ(put(10), "OK") << "without a key the shard with room takes it";
    clock_.advance(10s);
    EXPECT_EQ(put(10, "00"), "OK");
    PullRequest request;
    request.from = *engine_->cursor(kApp, ShardId(0), CursorSeek::begin());
    ASSERT_TRUE(engine_->pull(kApp, ShardId(0), request));
    EXPECT_EQ(engine_->pull(kApp, ShardId(0), request).error().service_code,
              "ShardReadQuotaExceed");
    clock_.advance(10s);
    EXPECT_TRUE(engine_->pull(kApp, ShardId(0), request));
}

TEST_F(EngineQuotas, AreOffUnlessAskedFor) {
    open("off", {});
    for (int i = 0; i < 20; ++i) EXPECT_EQ(put(100'000), "OK");
}

TEST_F(EngineQuotas, AHotShardIsSplitAndItsKeysGoOnInItsChildren) {
    LogstoreSettings settings;
    settings.shard_count = 1;
    settings.auto_split = true;
    settings.max_split_shard = 2;
    open("shard-write=1KiB/0", settings);
    for (int i = 0; i < 7; ++i) {
        (void)put(20'000, "00");  // refused or not, it was offered
        engine_->split_hot_shards();
        clock_.advance(10s);
    }
    auto shards = *engine_->shards(kApp);
    ASSERT_EQ(shards.size(), 3U);
    EXPECT_EQ(shards[0].status, ShardStatus::ReadOnly);
    EXPECT_NE(metrics_.expose().find("spillway_region_auto_splits_total 1"), std::string::npos);
    for (int i = 0; i < 8; ++i) {
        (void)put(20'000, "00");
        engine_->split_hot_shards();
        clock_.advance(10s);
    }
    EXPECT_EQ(engine_->shards(kApp)->size(), 3U) << "maxSplitShard holds";
}

}  // namespace
}  // namespace spillway::engine
