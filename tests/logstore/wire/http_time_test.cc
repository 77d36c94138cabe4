#include "logstore/wire/http_time.h"

#include <gtest/gtest.h>

namespace spillway::wire {
namespace {

constexpr WallTime kTime{std::chrono::seconds{1'760'083'200}};  // 2025-10-10 08:00:00

TEST(HttpTime, WritesBothForms) {
    EXPECT_EQ(http_date(kTime), "Fri, 10 Oct 2025 08:00:00 GMT");
    EXPECT_EQ(basic_date(kTime), "20251010T080000Z");
    EXPECT_EQ(http_date(kTime + std::chrono::milliseconds(999)), "Fri, 10 Oct 2025 08:00:00 GMT");
    EXPECT_EQ(http_date(WallTime{}), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(HttpTime, ReadsWhatItWrites) {
    for (std::int64_t s = 0; s < 4'000'000'000; s += 86'400 * 29 + 3'723) {
        const WallTime at{std::chrono::seconds{s}};
        EXPECT_EQ(parse_http_date(http_date(at)), at);
        EXPECT_EQ(parse_basic_date(basic_date(at)), at);
    }
}

TEST(HttpTime, RefusesEverythingElse) {
    for (const auto* text : {"", "Fri, 10 Oct 2025 08:00:00", "Fri, 10 Oct 2025 08:00:00 UTC",
                             "10 Oct 2025 08:00:00 GMT", "Fri, 10 Foo 2025 08:00:00 GMT",
                             "Fri, 31 Feb 2025 08:00:00 GMT", "Fri, 10 Oct 2025 24:00:00 GMT",
                             "Fri, 10 Oct 2025 08:60:00 GMT", "Fri, +1 Oct 2025 08:00:00 GMT",
                             "Fri, 10 Oct 9999 08:00:00 GMT"}) {
        EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
    }
    for (const auto* text :
         {"", "20251010", "20251010T080000", "20251010T080000+", "20251310T080000Z",
          "2025-1010T08000Z", "20251010T250000Z", "99991010T080000Z"}) {
        EXPECT_EQ(parse_basic_date(text), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace spillway::wire
