#include "daemon/logstore_tool/put_logs.h"

#include "tests/support/fake_region.h"

#include <sstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace spillway::daemon {
namespace {

using test_support::FakeCall;
using test_support::FakeRegion;

class PutLogs : public ::testing::Test {
  protected:
    PutLogs() {
        region_.create(kApp);
        options_.ref = kApp;
    }

    PutSummary put(const std::string& text, std::size_t line_bytes_max = 1'000'000) {
        std::istringstream stream(text);
        LineInput input(ByteSource::of_stream(stream), line_bytes_max);
        return put_lines(region_, input, options_, clock_);
    }

    std::vector<std::string> contents() {
        std::vector<std::string> out;
        for (const auto& group : region_.groups(kApp)) {
            for (const auto& log : group.logs) out.push_back(log.contents.at(0).value);
        }
        return out;
    }

    static inline const LogstoreRef kApp{ProjectName("pay"), LogstoreName("app")};
    FakeClock clock_;
    FakeRegion region_{clock_};
    PutOptions options_;
};

using Lines = std::vector<std::string>;

TEST_F(PutLogs, KeepsEveryByteOfEveryLine) {
    options_.topic = "t";
    options_.source = "s";
    options_.tags = {{"k", "v"}};
    const auto summary = put(std::string("a\r\n\n\xFF\x00\nlast", 11));
    EXPECT_FALSE(summary.failure);
    EXPECT_EQ(summary.logs, 4U);
    EXPECT_EQ(summary.groups, 1U);
    EXPECT_EQ(contents(), (Lines{"a\r", "", std::string("\xFF\x00", 2), "last"}));
    const auto group = region_.groups(kApp).at(0);
    EXPECT_EQ(group.topic, "t");
    EXPECT_EQ(group.source, "s");
    EXPECT_EQ(group.tags, (std::vector<LogTag>{{"k", "v"}}));
    EXPECT_EQ(group.logs.at(0).time, 1'700'000'000U);
    EXPECT_EQ(group.logs.at(0).contents.at(0).key, "content");
}

TEST_F(PutLogs, CutsBatchesByLogsAndByBytes) {
    options_.batch_logs_max = 3;
    EXPECT_EQ(put("1\n2\n3\n4\n5\n6\n7\n").groups, 3U);
    options_.batch_logs_max = 1'000;
    options_.batch_bytes_max = 100;
    const auto summary = put(std::string(60, 'a') + "\n" + std::string(60, 'b') + "\n" +
                             std::string(500, 'c') + "\nd\n");
    EXPECT_FALSE(summary.failure);
    EXPECT_EQ(summary.logs, 4U);
    EXPECT_EQ(summary.groups, 4U) << "a log above the limit goes alone";
}

TEST_F(PutLogs, SaysWhatWasAcknowledgedBeforeAFailure) {
    options_.batch_logs_max = 2;
    int puts = 0;
    region_.before_each([&](FakeCall call) {
        if (call == FakeCall::Put && ++puts == 3) {
            region_.refuse_next(FakeCall::Put, make_error(ErrorCode::Throttled, "slow"));
        }
    });
    const auto summary = put("1\n2\n3\n4\n5\n6\n7\n");
    ASSERT_TRUE(summary.failure);
    EXPECT_EQ(summary.failure->code, ErrorCode::Throttled);
    EXPECT_EQ(summary.logs, 4U);
    EXPECT_EQ(summary.groups, 2U);
    EXPECT_EQ(summary.failed_line, 5U);
    EXPECT_EQ(contents(), (Lines{"1", "2", "3", "4"}));
}

TEST_F(PutLogs, SendsWhatCameBeforeABadLine) {
    options_.json = true;
    const auto summary = put("{\"a\":\"1\"}\n{\"a\":\"2\"}\nnot json\n{\"a\":\"4\"}\n");
    ASSERT_TRUE(summary.failure);
    EXPECT_EQ(summary.failure->code, ErrorCode::InvalidArgument);
    EXPECT_NE(summary.failure->message.find("line 3"), std::string::npos);
    EXPECT_EQ(summary.failed_line, 3U);
    EXPECT_EQ(summary.logs, 2U);
    EXPECT_EQ(contents(), (Lines{"1", "2"}));
}

TEST_F(PutLogs, ALineThatIsTooLongEndsItTheSameWay) {
    const auto summary = put("ok\n" + std::string(2'000, 'x') + "\n", 1'000);
    ASSERT_TRUE(summary.failure);
    EXPECT_EQ(summary.failed_line, 2U);
    EXPECT_EQ(summary.logs, 1U);
}

TEST_F(PutLogs, JsonLinesKeepTheirGroups) {
    options_.json = true;
    const auto summary =
        put("{\"time\":5,\"topic\":\"a\",\"fields\":{\"k\":\"1\"}}\n"
            "{\"time\":6,\"topic\":\"a\",\"fields\":{\"k\":\"2\"}}\n"
            "{\"time\":7,\"topic\":\"b\",\"tags\":{\"x\":\"y\"},\"fields\":{\"k\":\"3\"}}\n");
    EXPECT_FALSE(summary.failure);
    EXPECT_EQ(summary.groups, 2U);
    const auto groups = region_.groups(kApp);
    ASSERT_EQ(groups.size(), 2U);
    EXPECT_EQ(groups[0].topic, "a");
    EXPECT_EQ(groups[0].logs.at(1).time, 6U);
    EXPECT_EQ(groups[1].topic, "b");
    EXPECT_EQ(groups[1].tags, (std::vector<LogTag>{{"x", "y"}}));
}

TEST_F(PutLogs, DoesNotHoldLinesWhileTheInputRests) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    ASSERT_EQ(::write(ends[1], "first\n", 6), 6);
    options_.linger = std::chrono::milliseconds(0);
    // The second line is written only once the first has arrived, so it must not wait for more.
    region_.before_each([&](FakeCall call) {
        if (call != FakeCall::Put || ends[1] < 0) return;
        ASSERT_EQ(::write(ends[1], "second\n", 7), 7);
        ::close(ends[1]);
        ends[1] = -1;
    });
    LineInput input(ByteSource::of_descriptor(ends[0]), 1'000);
    const auto summary = put_lines(region_, input, options_, clock_);
    EXPECT_EQ(summary.groups, 2U);
    EXPECT_EQ(contents(), (Lines{"first", "second"}));
    ::close(ends[0]);
}

TEST_F(PutLogs, NothingIsNothing) {
    const auto summary = put("");
    EXPECT_FALSE(summary.failure);
    EXPECT_EQ(summary.groups, 0U);
    EXPECT_EQ(region_.calls(FakeCall::Put), 0);
}

}  // namespace
}  // namespace spillway::daemon
