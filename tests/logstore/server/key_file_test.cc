#include "logstore/server/key_file.h"

#include <gtest/gtest.h>

namespace spillway::server {
namespace {

TEST(KeyFile, ReadsKeysWithAndWithoutProjects) {
    auto keys = KeyFile::parse("# staff\n\nadmin s3cret\nagent\tother  pay,app-1 # one team\r\n");
    ASSERT_TRUE(keys);
    EXPECT_EQ(keys->size(), 2U);
    EXPECT_EQ(keys->find("admin")->secret, "s3cret");
    EXPECT_TRUE(keys->find("admin")->may_use(ProjectName("anything")));
    EXPECT_TRUE(keys->find("agent")->may_use(ProjectName("app-1")));
    EXPECT_FALSE(keys->find("agent")->may_use(ProjectName("other")));
    EXPECT_EQ(keys->find("nobody"), nullptr);
}

TEST(KeyFile, NamesTheLineThatIsWrongAndNeverASecret) {
    for (const auto* text : {"admin\n", "ok fine\nadmin hunter2 pay extra\n",
                             "a hunter2\na hunter2\n", "# none\n", "a hunter2 NoProject!\n"}) {
        auto keys = KeyFile::parse(text);
        ASSERT_FALSE(keys) << text;
        EXPECT_EQ(keys.error().message.find("hunter2"), std::string::npos) << keys.error().message;
    }
    EXPECT_NE(KeyFile::parse("a b\nc\n").error().message.find("line 2"), std::string::npos);
}

}  // namespace
}  // namespace spillway::server
