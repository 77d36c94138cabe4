#include "base/text.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

using std::chrono::milliseconds;

TEST(Text, ComparesAndLowersAsciiOnly) {
    EXPECT_EQ(to_lower("X-Log-ÄZ"), "x-log-Äz");
    EXPECT_TRUE(equals_ignoring_case("Content-MD5", "content-md5"));
    EXPECT_FALSE(equals_ignoring_case("a", "ab"));
    EXPECT_EQ(trim(" \t a b\t "), "a b");
    EXPECT_EQ(trim(" \t"), "");
}

TEST(Text, SplitsAndKeepsEmptyParts) {
    EXPECT_EQ(split("a,,b,", ','), (std::vector<std::string_view>{"a", "", "b", ""}));
    EXPECT_EQ(split("", ','), (std::vector<std::string_view>{""}));
}

TEST(Text, ParsesWholeNumbersOnly) {
    EXPECT_EQ(parse_uint("18446744073709551615"), UINT64_MAX);
    EXPECT_EQ(parse_int("-9223372036854775808"), INT64_MIN);
    for (const char* bad : {"", " 1", "1 ", "+1", "0x1", "1.0", "18446744073709551616"}) {
        EXPECT_FALSE(parse_uint(bad)) << bad;
    }
    EXPECT_FALSE(parse_uint("-1"));
}

TEST(Text, TakesHexApartAndBack) {
    const std::string bytes("\x00\x7f\xff", 3);
    EXPECT_EQ(to_hex(bytes), "007fff");
    EXPECT_EQ(from_hex("007FfF"), bytes);
    EXPECT_FALSE(from_hex("0"));
    EXPECT_FALSE(from_hex("0g"));
}

TEST(Text, EncodesBase64LikeTheRfc) {  // RFC 4648, section 10
    const std::pair<const char*, const char*> kVectors[] = {{"", ""},
                                                            {"f", "Zg=="},
                                                            {"fo", "Zm8="},
                                                            {"foo", "Zm9v"},
                                                            {"foob", "Zm9vYg=="},
                                                            {"fooba", "Zm9vYmE="},
                                                            {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, encoded] : kVectors) {
        EXPECT_EQ(to_base64(plain), encoded);
        EXPECT_EQ(from_base64(encoded), plain);
    }
    EXPECT_EQ(from_base64(to_base64(std::string("\x00\xff\x10\x80", 4))),
              std::string("\x00\xff\x10\x80", 4));
    for (const char* bad : {"Z", "Zg=", "Zg=a", "====", "Z===", "Zm9v\n", "Zm9*", "=Zm9"}) {
        EXPECT_FALSE(from_base64(bad)) << bad;
    }
}

TEST(Text, EncodesPercentLikeTheRfc) {
    EXPECT_EQ(percent_encode("aZ09-_.~ /+\xc3\xa4"), "aZ09-_.~%20%2F%2B%C3%A4");
    EXPECT_EQ(percent_decode("a%20b+c%2fd", false), "a b+c/d");
    EXPECT_EQ(percent_decode("a%20b+c", true), "a b c");
    EXPECT_EQ(percent_decode("100%", true), "100%");
    EXPECT_EQ(percent_decode("%zz%2", true), "%zz%2");
}

TEST(Text, ParsesDurationsWithAUnit) {
    EXPECT_EQ(*parse_duration("200ms"), milliseconds{200});
    EXPECT_EQ(*parse_duration("5s"), milliseconds{5'000});
    EXPECT_EQ(*parse_duration("45m"), milliseconds{2'700'000});
    EXPECT_EQ(*parse_duration("2h"), milliseconds{7'200'000});
    EXPECT_EQ(*parse_duration("7d"), milliseconds{604'800'000});
    for (const char* bad : {"", "5", "s", "-5s", "5 s", "1.5h", "5S", "99999999999999999999s",
                            "999999999999d", "5sm"}) {
        const auto parsed = parse_duration(bad);
        ASSERT_FALSE(parsed) << bad;
        EXPECT_EQ(parsed.error().code, ErrorCode::InvalidArgument);
        EXPECT_NE(parsed.error().message.find("such as 200ms"), std::string::npos);
    }
}

TEST(Text, ParsesSizesWithAUnit) {
    EXPECT_EQ(*parse_size("100B"), 100u);
    EXPECT_EQ(*parse_size("512KiB"), 524'288u);
    EXPECT_EQ(*parse_size("4MiB"), 4'194'304u);
    EXPECT_EQ(*parse_size("20MB"), 20'000'000u);
    EXPECT_EQ(*parse_size("1TiB"), 1'099'511'627'776u);
    for (const char* bad : {"", "4", "4M", "4mib", "-1B", "1.5MB", "99999999999999TB"}) {
        EXPECT_FALSE(parse_size(bad)) << bad;
    }
}

TEST(Text, WritesDurationsForPeople) {
    EXPECT_EQ(human_duration(milliseconds{0}), "0 ms");
    EXPECT_EQ(human_duration(milliseconds{999}), "999 ms");
    EXPECT_EQ(human_duration(milliseconds{1'700}), "1.7 s");
    EXPECT_EQ(human_duration(milliseconds{15'000}), "15 s");
    EXPECT_EQ(human_duration(milliseconds{59'999}), "59.9 s");
    EXPECT_EQ(human_duration(milliseconds{200'000}), "3 min 20 s");
    EXPECT_EQ(human_duration(milliseconds{7'500'000}), "2 h 5 min");
    EXPECT_EQ(human_duration(milliseconds{7'200'000}), "2 h");
    EXPECT_EQ(human_duration(milliseconds{90'000'000}), "1 d 1 h");
    EXPECT_EQ(human_duration(milliseconds{-1'700}), "-1.7 s");
}

TEST(Text, WritesSizesAndCountsForPeople) {
    EXPECT_EQ(human_bytes(812), "812 B");
    EXPECT_EQ(human_bytes(3'200'000), "3.2 MB");
    EXPECT_EQ(human_bytes(999'999), "1.0 MB");
    EXPECT_EQ(human_bytes(UINT64_MAX), "18.4 EB");
    EXPECT_EQ(human_count(0), "0");
    EXPECT_EQ(human_count(999), "999");
    EXPECT_EQ(human_count(1'234'567), "1,234,567");
}

TEST(Text, SuggestsTheNearestWord) {
    const std::vector<std::string> words{"e_drop", "e_keep", "e_set", "source"};
    EXPECT_EQ(nearest("e_dorp", words), "e_drop");
    EXPECT_EQ(nearest("e_st", words), "e_set");
    EXPECT_EQ(nearest("sorce", words), "source");
    EXPECT_FALSE(nearest("target", words));
    EXPECT_FALSE(nearest("x", std::vector<std::string>{"ab"}));
}

TEST(Text, ReplacesEachBadByte) {
    const std::string bad = "\xEF\xBF\xBD";
    EXPECT_EQ(to_valid_utf8("a\xff"
                            "b"),
              "a" + bad + "b");
    EXPECT_EQ(to_valid_utf8("\xc3"), bad);
    EXPECT_EQ(to_valid_utf8("\xe2\x82"), bad + bad);
    EXPECT_EQ(to_valid_utf8("\xc0\xaf"), bad + bad);            // overlong
    EXPECT_EQ(to_valid_utf8("\xed\xa0\x80"), bad + bad + bad);  // surrogate
    EXPECT_EQ(to_valid_utf8("\xf4\x90\x80\x80"), bad + bad + bad + bad);
    for (const char* good : {"", "plain", "ä€😀", "\xf4\x8f\xbf\xbf"}) {
        EXPECT_EQ(to_valid_utf8(good), good);
        EXPECT_TRUE(is_valid_utf8(good));
    }
    EXPECT_FALSE(is_valid_utf8("\x80"));
}

}  // namespace
}  // namespace spillway
