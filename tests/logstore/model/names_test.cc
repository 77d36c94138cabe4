#include "logstore/model/names.h"

#include <string>

#include <gtest/gtest.h>

namespace spillway {
namespace {

TEST(Cursor, IsTheBase64OfADecimalInteger) {
    EXPECT_EQ(Cursor::from_position(1'447'329'401'102'130'904).str(),
              "MTQ0NzMyOTQwMTEwMjEzMDkwNA==");
    EXPECT_EQ(Cursor("MTQ0NzMyOTQwMTEwMjEzMDkwNA==").position(), 1'447'329'401'102'130'904);
    for (const std::int64_t position :
         {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, INT64_MAX}) {
        EXPECT_EQ(Cursor::from_position(position).position(), position);
    }
}

TEST(Cursor, HasNoPositionWhenItIsAnythingElse) {
    for (const auto* text : {"", "not base64!", "YWJj", "MTIz=", "MTIzIA=="}) {
        EXPECT_EQ(Cursor(text).position(), std::nullopt) << text;
    }
}

TEST(Cursor, IsEmptyUntilItIsSet) {
    EXPECT_TRUE(Cursor().empty());
    EXPECT_FALSE(Cursor("MQ==").empty());
    EXPECT_EQ(Cursor("MQ=="), Cursor("MQ=="));
}

TEST(Names, FollowTheServicesRules) {
    for (const auto* name : {"abc", "a-b", "0ab", "a1-2-b"}) {
        EXPECT_TRUE(check_project_name(ProjectName(name))) << name;
    }
    for (const auto* name : {"", "ab", "-ab", "ab-", "Abc", "a_b", "a.b"}) {
        EXPECT_FALSE(check_project_name(ProjectName(name))) << name;
    }
    EXPECT_TRUE(check_project_name(ProjectName(std::string(63, 'a'))));
    EXPECT_FALSE(check_project_name(ProjectName(std::string(64, 'a'))));
    EXPECT_TRUE(check_logstore_name(LogstoreName("a_b-c")));
    EXPECT_TRUE(check_logstore_name(LogstoreName("ab")));
    EXPECT_FALSE(check_logstore_name(LogstoreName("a")));
    EXPECT_FALSE(check_logstore_name(LogstoreName("a/b")));
    EXPECT_TRUE(check_config_name(ConfigName("App-Logs_1")));
    EXPECT_FALSE(check_config_name(ConfigName("../etc")));
}

TEST(Names, TheErrorNamesTheRuleAndTheName) {
    const auto checked = check_logstore_name(LogstoreName("App"));
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, ErrorCode::InvalidArgument);
    EXPECT_NE(checked.error().message.find("\"App\""), std::string::npos);
}

}  // namespace
}  // namespace spillway
