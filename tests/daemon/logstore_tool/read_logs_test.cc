#include "daemon/logstore_tool/read_logs.h"

#include "base/json.h"
#include "tests/support/fake_region.h"

#include <sstream>

#include <gtest/gtest.h>

namespace spillway::daemon {
namespace {

using test_support::FakeCall;
using test_support::FakeRegion;

class ReadLogs : public ::testing::Test {
  protected:
    ReadLogs() {
        region_.create(kApp, 2);
        options_.ref = kApp;
    }

    void append(std::uint32_t shard, const std::vector<std::string>& values) {
        LogGroup group;
        for (const auto& value : values) group.logs.push_back({1, std::nullopt, {{"v", value}}});
        region_.append(kApp, ShardId(shard), group);
    }

    /// "0:a 0:b 1:c": shard and value of each line written.
    std::string written() const {
        std::istringstream lines(out_.str());
        std::string text;
        for (std::string line; std::getline(lines, line);) {
            const auto object = parse_json_object(line);
            EXPECT_TRUE(object) << line;
            if (!text.empty()) text += ' ';
            text += std::to_string(*find_int(*object, "shard")) + ":" +
                    *find_string(*find_object(*object, "fields"), "v");
        }
        return text;
    }

    Result<ReadSummary> follow(std::uint64_t limit, std::stop_token stop = {}) {
        FollowOptions follow;
        follow.read = options_;
        follow.read.logs_max = limit;
        follow.interval = std::chrono::milliseconds(0);
        return follow_logs(
            region_, follow, out_, [this](std::string_view text) { warnings_.emplace_back(text); },
            clock_, std::move(stop));
    }

    static inline const LogstoreRef kApp{ProjectName("pay"), LogstoreName("app")};
    FakeClock clock_;
    FakeRegion region_{clock_};
    ReadOptions options_;
    std::ostringstream out_;
    std::vector<std::string> warnings_;
};

TEST_F(ReadLogs, ReadsEveryShardFromBeginToEnd) {
    append(0, {"a", "b"});
    append(1, {"c"});
    append(0, {"d"});
    const auto read = read_logs(region_, options_, out_);
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(read->logs, 4U);
    EXPECT_EQ(read->groups, 3U);
    EXPECT_EQ(written(), "0:a 0:b 0:d 1:c");
}

TEST_F(ReadLogs, StopsAtTheCount) {
    append(0, {"a", "b", "c"});
    append(1, {"d"});
    options_.logs_max = 2;
    EXPECT_EQ(read_logs(region_, options_, out_)->logs, 2U);
    EXPECT_EQ(written(), "0:a 0:b");
}

TEST_F(ReadLogs, TheEndIsFixedWhenTheReadBegins) {
    append(0, {"a"});
    region_.before_each([this](FakeCall call) {
        if (call == FakeCall::Pull) append(0, {"late"});
    });
    ASSERT_TRUE(read_logs(region_, options_, out_));
    EXPECT_EQ(written(), "0:a");
}

TEST_F(ReadLogs, ReadsOneShardBetweenCursors) {
    for (const auto* value : {"a", "b", "c", "d"}) append(0, {value});
    const auto stored = region_.stored(kApp, ShardId(0));
    options_.shards = {ShardId(0)};
    options_.from = Cursor::from_position(stored[1].position);
    options_.to = Cursor::from_position(stored[3].position);
    ASSERT_TRUE(read_logs(region_, options_, out_));
    EXPECT_EQ(written(), "0:b 0:c");
}

TEST_F(ReadLogs, TheCursorOfALineReadsThatGroupAgain) {
    for (const auto* value : {"a", "b", "c"}) append(0, {value});
    options_.shards = {ShardId(0)};
    ASSERT_TRUE(read_logs(region_, options_, out_));
    std::istringstream lines(out_.str());
    std::string line;
    std::getline(lines, line);
    std::getline(lines, line);
    options_.from = Cursor(*find_string(*parse_json_object(line), "cursor"));
    out_.str("");
    ASSERT_TRUE(read_logs(region_, options_, out_));
    EXPECT_EQ(written(), "0:b 0:c");
}

TEST_F(ReadLogs, AShardThatIsNotThereIsNamed) {
    options_.shards = {ShardId(9)};
    const auto read = read_logs(region_, options_, out_);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::NotFound);
    EXPECT_NE(read.error().message.find("pay/app has no shard 9"), std::string::npos);
}

TEST_F(ReadLogs, DamageIsReportedAfterWhatIsGood) {
    append(0, {"a"});
    region_.append_bytes(kApp, ShardId(0), "\x0A\x7F");
    const auto read = read_logs(region_, options_, out_);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::Corrupt);
    EXPECT_NE(read.error().message.find("shard 0"), std::string::npos);
    EXPECT_EQ(written(), "0:a");
}

TEST_F(ReadLogs, EndsWhenTheOutputTakesNoMore) {
    append(0, {"a"});
    out_.setstate(std::ios::badbit);
    const auto read = read_logs(region_, options_, out_);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::Cancelled);
}

TEST_F(ReadLogs, FollowingShowsWhatArrivesAfterwards) {
    append(0, {"old"});
    options_.from = CursorSeek::end();
    int pulls = 0;
    region_.before_each([&](FakeCall call) {
        if (call == FakeCall::Pull && ++pulls == 3) {
            append(1, {"x"});
            append(0, {"y"});
        }
    });
    ASSERT_TRUE(follow(2));
    EXPECT_EQ(written(), "0:y 1:x");
}

TEST_F(ReadLogs, FollowingGoesOnAfterAnOutageAndWarnsOnce) {
    append(0, {"a"});
    int pulls = 0;
    region_.go_dark();
    region_.heal();
    region_.before_each([&](FakeCall call) {
        if (call != FakeCall::Pull) return;
        if (++pulls == 1) region_.go_dark();
        if (pulls == 6) region_.heal();
    });
    ASSERT_TRUE(follow(1));
    EXPECT_EQ(written(), "0:a");
    EXPECT_EQ(warnings_.size(), 1U);
}

TEST_F(ReadLogs, FollowingFindsTheShardsOfASplit) {
    options_.from = CursorSeek::end();
    int pulls = 0;
    region_.before_each([&](FakeCall call) {
        if (call != FakeCall::Pull || ++pulls != 3) return;
        region_.split(kApp, ShardId(0));
        append(2, {"child"});
        clock_.advance(std::chrono::seconds(10));
    });
    ASSERT_TRUE(follow(1));
    EXPECT_EQ(written(), "2:child");
}

TEST_F(ReadLogs, FollowingSaysWhenRetentionOvertookIt) {
    append(0, {"a"});
    append(0, {"b"});
    int pulls = 0;
    region_.before_each([&](FakeCall call) {
        if (call == FakeCall::Pull && ++pulls == 1) region_.expire(kApp, ShardId(0), 1);
    });
    ASSERT_TRUE(follow(1));
    EXPECT_EQ(written(), "0:b");
    ASSERT_EQ(warnings_.size(), 1U);
    EXPECT_NE(warnings_[0].find("are gone"), std::string::npos);
}

TEST_F(ReadLogs, FollowingEndsWhenStopped) {
    std::stop_source stop;
    region_.before_each([&](FakeCall call) {
        if (call == FakeCall::Pull) stop.request_stop();
    });
    const auto read = follow(0, stop.get_token());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->logs, 0U);
}

TEST_F(ReadLogs, FollowingFailsOnWhatWillNotPass) {
    region_.refuse(FakeCall::Pull, make_error(ErrorCode::Unauthenticated, "no"));
    EXPECT_EQ(follow(1).error().code, ErrorCode::Unauthenticated);
}

TEST_F(ReadLogs, StatsSayWhatEachShardHolds) {
    append(0, {"a"});
    clock_.advance(std::chrono::seconds(60));
    append(0, {"b"});
    const auto stats = shard_stats(region_, kApp);
    ASSERT_TRUE(stats) << stats.error().to_string();
    ASSERT_EQ(stats->size(), 2U);
    EXPECT_EQ((*stats)[0].groups_max, 2U);
    EXPECT_EQ((*stats)[0].first_unix_s, 1'700'000'000);
    EXPECT_EQ((*stats)[0].last_unix_s, 1'700'000'060);
    EXPECT_EQ((*stats)[1].groups_max, 0U);
    EXPECT_EQ((*stats)[1].first_unix_s, std::nullopt);
}

}  // namespace
}  // namespace spillway::daemon
