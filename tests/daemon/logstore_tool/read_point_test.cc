#include "daemon/logstore_tool/read_point.h"

#include <gtest/gtest.h>

namespace spillway::daemon {
namespace {

constexpr WallTime kNow{std::chrono::seconds{1'760'083'200}};  // 2025-10-10 08:00:00

std::int64_t time_of(std::string_view text) {
    const auto point = parse_read_point(text, kNow);
    EXPECT_TRUE(point) << text;
    if (!point || !std::holds_alternative<CursorSeek>(*point)) return -1;
    const auto seek = std::get<CursorSeek>(*point);
    EXPECT_EQ(seek.kind, SeekKind::Time) << text;
    return seek.unix_s;
}

TEST(ReadPoint, ReadsEveryForm) {
    EXPECT_EQ(std::get<CursorSeek>(*parse_read_point("begin", kNow)).kind, SeekKind::Begin);
    EXPECT_EQ(std::get<CursorSeek>(*parse_read_point("end", kNow)).kind, SeekKind::End);
    EXPECT_EQ(std::get<Cursor>(*parse_read_point("cursor:MTIz", kNow)), Cursor("MTIz"));
    EXPECT_EQ(time_of("1700000000"), 1'700'000'000);
    EXPECT_EQ(time_of("2025-10-10T08:00:00Z"), 1'760'083'200);
    EXPECT_EQ(time_of("2025-10-10T08:00:00.123Z"), 1'760'083'200);
    EXPECT_EQ(time_of("2025-10-10 16:00:00+08:00"), 1'760'083'200);
    EXPECT_EQ(time_of("2025-10-10T03:30:00-04:30"), 1'760'083'200);
    EXPECT_EQ(time_of("15m"), 1'760'083'200 - 900);
    EXPECT_EQ(time_of("2h"), 1'760'083'200 - 7'200);
}

TEST(ReadPoint, RefusesTheRestAndListsTheForms) {
    for (const auto* text :
         {"", "start", "cursor:", "-5", "99999999999", "2025-10-10", "2025-13-10T08:00:00Z",
          "2025-10-10T08:00:00", "2025-10-10T25:00:00Z", "2025-10-10T08:00:00+8", "15 parsecs"}) {
        const auto point = parse_read_point(text, kNow);
        ASSERT_FALSE(point) << text;
        EXPECT_EQ(point.error().code, ErrorCode::InvalidArgument);
        EXPECT_NE(point.error().message.find("begin, end"), std::string::npos);
    }
}

}  // namespace
}  // namespace spillway::daemon
