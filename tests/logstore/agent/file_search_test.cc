#include "logstore/agent/file_search.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <stdlib.h>

namespace spillway::agent {
namespace {

class FileSearch : public testing::Test {
  protected:
    FileSearch() {
        char name[] = "/tmp/spillway-search-XXXXXX";
        root_ = mkdtemp(name);
    }
    ~FileSearch() override { std::filesystem::remove_all(root_); }

    void touch(const std::string& path) {
        std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
        std::ofstream(root_ + path) << "x";
    }
    std::vector<std::string> find(const std::string& pattern, unsigned depth = 0) {
        std::vector<std::string> names;
        for (const FoundFile& file : find_files({root_ + pattern, depth})) {
            names.push_back(file.path.substr(root_.size()));
        }
        return names;
    }

    std::string root_;
};

using Names = std::vector<std::string>;

TEST(WildcardMatch, KnowsStarsAndQuestionMarks) {
    EXPECT_TRUE(wildcard_match("*.log", "app.log"));
    EXPECT_TRUE(wildcard_match("a*b*c", "a--b--bc"));
    EXPECT_TRUE(wildcard_match("a?c", "abc"));
    EXPECT_TRUE(wildcard_match("*", ""));
    EXPECT_FALSE(wildcard_match("*.log", "app.log.1"));
    EXPECT_FALSE(wildcard_match("a?c", "ac"));
    EXPECT_FALSE(wildcard_match("", "a"));
}

TEST_F(FileSearch, FindsByNameAndByWildcard) {
    touch("/a/app.log");
    touch("/a/app.log.1");
    touch("/b/app.log");
    EXPECT_EQ(find("/a/app.log"), Names{"/a/app.log"});
    EXPECT_EQ(find("/a/*"), (Names{"/a/app.log", "/a/app.log.1"}));
    EXPECT_EQ(find("/*/app.log"), (Names{"/a/app.log", "/b/app.log"}));
    EXPECT_EQ(find("/missing/*.log"), Names{});
}

TEST_F(FileSearch, DescendsNoDeeperThanItMay) {
    touch("/x.log");
    touch("/a/x.log");
    touch("/a/b/x.log");
    touch("/a/b/c/x.log");
    EXPECT_EQ(find("/**/x.log", 0), Names{"/x.log"});
    EXPECT_EQ(find("/**/x.log", 2), (Names{"/a/b/x.log", "/a/x.log", "/x.log"}));
}

TEST_F(FileSearch, PassesOverFoldersAndLoops) {
    touch("/a/x.log");
    std::filesystem::create_directories(root_ + "/a/y.log");
    std::filesystem::create_directory_symlink(root_, root_ + "/a/loop");
    EXPECT_EQ(find("/**/*.log", 100), Names{"/a/x.log"});
}

TEST_F(FileSearch, FindsAFileUnderItsNewName) {
    touch("/app.log");
    const FileId id = find_files({root_ + "/app.log", 0}).front().id;
    std::filesystem::rename(root_ + "/app.log", root_ + "/app.log.1");
    const auto found = find_by_id(root_, id);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->path, root_ + "/app.log.1");
    EXPECT_FALSE(find_by_id(root_, FileId{id.device, id.inode + 12345}));
}

}  // namespace
}  // namespace spillway::agent
