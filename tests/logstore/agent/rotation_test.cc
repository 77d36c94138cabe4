// Files that are renamed, cut, deleted and made anew under the agent.
#include "tests/logstore/agent/agent_fixture.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

namespace spillway::agent {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using Lines = std::vector<std::string>;

class RotationTest : public AgentFixture {};

TEST_F(RotationTest, DrainsTheOldFileBeforeTheNewOneAfterARename) {
    serve_config(hz_);
    append("app.log", "one\n");
    start();
    pass(seconds(2));
    append("app.log", "two\n");
    rename("app.log", "app.log.1");
    append("app.log", "three\n");
    append("app.log.1", "late\n");
    pass(seconds(2));
    EXPECT_EQ(lines(hz_), (Lines{"one", "two", "late", "three"}));
}

TEST_F(RotationTest, DoesNotReadARotatedFileAgainThatStillMatches) {
    serve_config(hz_, {.paths = "app.log*"});
    append("app.log", "one\n");
    start();
    pass(seconds(2));
    rename("app.log", "app.log.1");
    append("app.log", "two\n");
    pass(minutes(3));
    EXPECT_EQ(lines(hz_), (Lines{"one", "two"}));
}

TEST_F(RotationTest, FindsTheRenamedFileAgainAfterARestart) {
    serve_config(hz_);
    append("app.log", "one\n");
    start();
    pass(seconds(2));
    hz_.go_dark();
    append("app.log", "two\n");
    pass(seconds(2));
    crash();
    append("app.log", "three\n");
    rename("app.log", "app.log.1");
    append("app.log", "four\n");
    hz_.heal();
    start();
    pass(seconds(5));
    EXPECT_EQ(lines(hz_), (Lines{"one", "two", "three", "four"}));
    EXPECT_TRUE(log_.has("agent.renamed_file_found"));
}

TEST_F(RotationTest, ReadsATruncatedFileFromItsBeginning) {
    serve_config(hz_);
    append("app.log", "a long first line\n");
    start();
    pass(seconds(2));
    std::filesystem::copy_file(log_path("app.log"), log_path("app.copy"));
    std::filesystem::resize_file(log_path("app.log"), 0);
    append("app.log", "two\n");
    pass(seconds(2));
    EXPECT_EQ(lines(hz_), (Lines{"a long first line", "two"}));
    EXPECT_EQ(tail("demo-hz$app")->restarts, 1u);
    EXPECT_EQ(agent_->alarms().count(kLogTruncateAlarm), 1u);
}

TEST_F(RotationTest, NoticesAFileWrittenAnewThatIsLongerThanBefore) {
    serve_config(hz_);
    append("app.log", "one\n");
    start();
    pass(seconds(2));
    std::ofstream(log_path("app.log"), std::ios::trunc) << "another beginning\nand more\n";
    pass(seconds(2));
    EXPECT_EQ(lines(hz_), (Lines{"one", "another beginning", "and more"}));
}

TEST_F(RotationTest, NoticesAFileWrittenAnewWhileTheAgentWasDown) {
    serve_config(hz_);
    append("app.log", "one\n");
    start();
    pass(seconds(2));
    stop();
    std::ofstream(log_path("app.log"), std::ios::trunc) << "another beginning\n";
    start();
    pass(seconds(2));
    EXPECT_EQ(lines(hz_), (Lines{"one", "another beginning"}));
}

TEST_F(RotationTest, DrainsADeletedFile) {
    serve_config(hz_);
    append("app.log", "one\n");
    start();
    append("app.log", "two\npart");
    std::filesystem::remove(log_path("app.log"));
    pass(minutes(2));
    EXPECT_EQ(lines(hz_), (Lines{"one", "two", "part"}));
    EXPECT_FALSE(tail("demo-hz$app"));
}

TEST_F(RotationTest, AFileWithAReusedInodeIsReadWhole) {
    serve_config(hz_);
    append("app.log", "one\n");
    start();
    pass(seconds(2));
    stop();
    std::string content = "the same inode, another file\n";
    std::ofstream(log_path("app.log"), std::ios::in | std::ios::out) << content;
    rename("app.log", "new.log");
    start();
    pass(seconds(2));
    // Another path may be another shard, so the order of the two is open.
    EXPECT_THAT(lines(hz_), testing::UnorderedElementsAre("one", "the same inode, another file"));
}

TEST_F(RotationTest, KeepsUpWithManyRotationsWithoutLosingALine) {
    serve_config(hz_);
    start();
    Lines wanted;
    for (int round = 0; round < 20; ++round) {
        for (int line = 0; line < 50; ++line) {
            wanted.push_back(std::to_string(round) + "-" + std::to_string(line));
            append("app.log", wanted.back() + "\n");
        }
        if (round % 3 == 0) pass(std::chrono::milliseconds(400));
        rename("app.log", "app.log." + std::to_string(round));
        append("app.log", "");
        pass(std::chrono::milliseconds(200));
    }
    pass(seconds(3));
    EXPECT_EQ(lines(hz_), wanted);
}

}  // namespace
}  // namespace spillway::agent
