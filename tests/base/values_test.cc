// Clock, Result, Error, ids and JSON: the values everything else is made of.
#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"

#include <cerrno>
#include <unordered_set>

#include <gtest/gtest.h>

namespace spillway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(FakeClock, StandsStillUntilToldAndJumpsOnlyTheWall) {
    FakeClock clock;
    const auto wall = clock.wall();
    const auto mono = clock.mono();
    EXPECT_EQ(clock.wall(), wall);
    clock.advance(seconds{5});
    EXPECT_EQ(clock.wall() - wall, seconds{5});
    EXPECT_EQ(clock.mono() - mono, seconds{5});
    clock.jump_wall(seconds{-3'600});
    EXPECT_EQ(clock.wall() - wall, seconds{5} - seconds{3'600});
    EXPECT_EQ(clock.mono() - mono, seconds{5});
}

TEST(SystemClock, NeverGoesBack) {
    const SystemClock clock;
    const auto before = clock.mono();
    EXPECT_GE(clock.mono(), before);
    EXPECT_GT(unix_seconds(clock.wall()), 1'600'000'000);
}

TEST(Time, IsWrittenAsRfc3339) {
    EXPECT_EQ(rfc3339(from_unix_seconds(1'760'083'200) + milliseconds{123}),
              "2025-10-10T08:00:00.123Z");
    EXPECT_EQ(rfc3339(from_unix_seconds(0)), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(rfc3339(from_unix_seconds(-1)), "1969-12-31T23:59:59.000Z");
    EXPECT_EQ(unix_seconds(from_unix_seconds(-1) + milliseconds{999}), -1);
}

Result<std::string> named(bool good) {
    if (good) return std::string("value");
    return make_error(ErrorCode::Throttled, "too fast");
}

TEST(Result, HoldsAValueOrTheReason) {
    EXPECT_EQ(*named(true), "value");
    EXPECT_EQ(named(false).error().code, ErrorCode::Throttled);
    EXPECT_EQ(named(false).value_or("other"), "other");
    EXPECT_EQ(named(true)->size(), 5u);
    EXPECT_TRUE(Status{});
    EXPECT_FALSE(Status{make_error(ErrorCode::Internal, "x")});
}

TEST(ResultDeathTest, StopsAProgramThatDoesNotLook) {
    EXPECT_DEATH((void)named(false).value(), "too fast");
    EXPECT_DEATH((void)named(true).error(), "asked for its error");
}

TEST(Error, SaysWhatHappenedWhereAndWhoSaidIt) {
    Error error = make_error(ErrorCode::Throttled, "slow down");
    error.service_code = "WriteQuotaExceed";
    error.http_status = 403;
    error.request_id = "5F3";
    EXPECT_EQ(std::move(error).while_doing("put hz/app").to_string(),
              "put hz/app: slow down (WriteQuotaExceed, HTTP 403, request 5F3)");
    EXPECT_EQ(errno_error("write x", ENOSPC).code, ErrorCode::Exhausted);
    EXPECT_EQ(errno_error("open x", ENOENT).code, ErrorCode::NotFound);
    EXPECT_EQ(errno_error("open x", EACCES).message, "open x: Permission denied");
    EXPECT_EQ(name_of(ErrorCode::ClockSkew), "clock_skew");
    EXPECT_TRUE(is_transient(ErrorCode::Unavailable));
    EXPECT_FALSE(is_transient(ErrorCode::Corrupt));
}

TEST(Ids, AreComparedAndHashedAsWhatTheyHold) {
    using Name = StrongString<struct NameTag>;
    EXPECT_EQ(Name{"a"}, Name{std::string("a")});
    EXPECT_LT(Name{"a"}, Name{"b"});
    EXPECT_LT(ByteCount{1}, ByteCount{2});
    EXPECT_EQ((std::unordered_set<Name>{Name{"a"}, Name{"a"}}).size(), 1u);
}

TEST(Json, TellsWhereTheTextIsWrong) {
    EXPECT_TRUE(parse_json(" {\"a\": [1, 2.5, null]} \n"));
    for (const char* bad : {"", "{", "{}x", "[1,]", "nul", "{\"a\" 1}"}) {
        const auto parsed = parse_json(bad);
        ASSERT_FALSE(parsed) << bad;
        EXPECT_EQ(parsed.error().code, ErrorCode::InvalidArgument);
        EXPECT_NE(parsed.error().message.find("at byte"), std::string::npos);
    }
    EXPECT_FALSE(parse_json_object("[]"));
    EXPECT_FALSE(parse_json(std::string(10'000, '[')));  // depth is bounded
}

TEST(Json, FindsMembersOfTheRightType) {
    const auto object = *parse_json_object(
        R"({"s":"x","i":-5,"u":18446744073709551615,"b":true,"o":{},"a":[],"f":1.5})");
    EXPECT_EQ(find_string(object, "s"), "x");
    EXPECT_FALSE(find_string(object, "i"));
    EXPECT_EQ(find_int(object, "i"), -5);
    EXPECT_FALSE(find_int(object, "u"));
    EXPECT_FALSE(find_int(object, "f"));
    EXPECT_EQ(find_bool(object, "b"), true);
    EXPECT_NE(find_object(object, "o"), nullptr);
    EXPECT_NE(find_array(object, "a"), nullptr);
    EXPECT_EQ(find_array(object, "missing"), nullptr);
}

TEST(Json, GivesEqualTextForEqualValues) {
    EXPECT_EQ(canonical_json(*parse_json(R"({"b":1,"a":{"d":[1, 2],"c":null}})")),
              R"({"a":{"c":null,"d":[1,2]},"b":1})");
    EXPECT_EQ(pretty_json(*parse_json(R"({"a":[1],"b":{}})")),
              "{\n  \"a\": [\n    1\n  ],\n  \"b\": {}\n}");
}

}  // namespace
}  // namespace spillway
