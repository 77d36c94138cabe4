#include "base/storage/durable_file.h"
#include "base/storage/sqlite.h"
#include "tests/base/full_disk.h"
#include "tests/base/temp_dir.h"

#include <csignal>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace spillway {
namespace {

using test::FullDisk;
using test::TempDir;

mode_t mode_of(const std::string& path) {
    struct stat found {};
    EXPECT_EQ(::stat(path.c_str(), &found), 0) << path;
    return found.st_mode & 0777;
}

void put_file(const std::string& path, std::string_view content) {
    std::ofstream(path, std::ios::binary) << content;
}

TEST(DurableFile, ReplacesTheContentWhole) {
    TempDir dir;
    ASSERT_TRUE(write_file_durably(dir / "f", "first, longer"));
    ASSERT_TRUE(write_file_durably(dir / "f", "second"));
    EXPECT_EQ(*read_file(dir / "f"), "second");
    EXPECT_EQ(mode_of(dir / "f"), 0600u);
    EXPECT_FALSE(std::filesystem::exists(dir / "f.new"));
}

TEST(DurableFile, KeepsTheOldContentWhenTheDiskIsFull) {
    TempDir dir;
    ASSERT_TRUE(write_file_durably(dir / "f", "old"));
    {
        const FullDisk full(1'000);
        const auto written = write_file_durably(dir / "f", std::string(5'000, 'x'));
        ASSERT_FALSE(written);
        EXPECT_EQ(written.error().code, ErrorCode::Exhausted);
        EXPECT_NE(written.error().message.find(dir / "f"), std::string::npos);
    }
    EXPECT_EQ(*read_file(dir / "f"), "old");
    EXPECT_FALSE(std::filesystem::exists(dir / "f.new"));
}

TEST(DurableFile, ReplacesWhatACrashLeftBehind) {
    TempDir dir;
    put_file(dir / "f.new", "half a fi");
    ASSERT_TRUE(write_file_durably(dir / "f", "whole"));
    EXPECT_EQ(*read_file(dir / "f"), "whole");
}

TEST(DurableFile, NamesTheFolderThatIsNotThere) {
    TempDir dir;
    const auto written = write_file_durably(dir / "none/f", "x");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::NotFound);
    EXPECT_EQ(read_file(dir / "none").error().code, ErrorCode::NotFound);
}

TEST(DurableFile, ReadsNoMoreThanAllowed) {
    TempDir dir;
    put_file(dir / "f", std::string(200'000, 'x'));
    EXPECT_EQ(read_file(dir / "f", 200'000)->size(), 200'000u);
    EXPECT_EQ(read_file(dir / "f", 199'999).error().code, ErrorCode::Exhausted);
    EXPECT_FALSE(read_file(dir.path()));  // a folder
}

TEST(DurableFile, MakesFoldersForItsOwnerOnly) {
    TempDir dir;
    ASSERT_TRUE(make_directories(dir / "a/b/c"));
    ASSERT_TRUE(make_directories(dir / "a/b/c"));
    EXPECT_EQ(mode_of(dir / "a/b"), 0700u);
    put_file(dir / "file", "x");
    EXPECT_FALSE(make_directories(dir / "file"));
    EXPECT_FALSE(make_directories(dir / "file/below"));
}

TEST(FileLock, RefusesASecondHolderAndNamesTheFirst) {
    TempDir dir;
    {
        auto first = FileLock::acquire(dir / "lock");
        ASSERT_TRUE(first);
        const auto second = FileLock::acquire(dir / "lock");
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().code, ErrorCode::Conflict);
        EXPECT_NE(second.error().message.find("process " + std::to_string(::getpid())),
                  std::string::npos)
            << second.error().message;
        const FileLock moved = std::move(*first);
        EXPECT_FALSE(FileLock::acquire(dir / "lock"));
    }
    EXPECT_TRUE(FileLock::acquire(dir / "lock"));
}

TEST(FileLock, EndsWithTheProcessThatHeldIt) {
    TempDir dir;
    const pid_t child = ::fork();
    if (child == 0) {
        const auto lock = FileLock::acquire(dir / "lock");
        ::raise(SIGKILL);
        ::_exit(lock ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_TRUE(FileLock::acquire(dir / "lock"));
}

TEST(Sqlite, KeepsWhatWasCommittedAndDropsWhatWasNot) {
    TempDir dir;
    {
        auto database = Database::open(dir / "db");
        ASSERT_TRUE(database) << database.error().to_string();
        ASSERT_TRUE(database->migrate({"CREATE TABLE t (k TEXT PRIMARY KEY, v BLOB, n INTEGER)"}));
        auto insert = database->prepare("INSERT INTO t VALUES (?1, ?2, ?3)");
        ASSERT_TRUE(insert);
        auto kept = Transaction::begin(*database);
        ASSERT_TRUE(kept);
        ASSERT_TRUE(insert->bind(1, "a").bind_blob(2, std::string_view("\0x", 2)).bind(3, 7).run());
        ASSERT_TRUE(kept->commit());
        auto dropped = Transaction::begin(*database);
        ASSERT_TRUE(insert->bind(1, "b").bind_null(2).bind_null(3).run());
    }
    EXPECT_EQ(mode_of(dir / "db"), 0600u);
    auto database = Database::open(dir / "db");
    ASSERT_TRUE(database);
    auto rows = database->prepare("SELECT k, v, n, NULL FROM t");
    ASSERT_TRUE(rows);
    ASSERT_TRUE(*rows->step());
    EXPECT_EQ(rows->text(0), "a");
    EXPECT_EQ(rows->text(1), std::string("\0x", 2));
    EXPECT_EQ(rows->integer(2), 7);
    EXPECT_TRUE(rows->is_null(3));
    EXPECT_FALSE(*rows->step());
}

TEST(Sqlite, SaysConflictWhenAConstraintIsBroken) {
    auto database = Database::in_memory();
    ASSERT_TRUE(database->execute("CREATE TABLE t (k TEXT PRIMARY KEY)"));
    auto insert = database->prepare("INSERT INTO t VALUES (?1)");
    ASSERT_TRUE(insert->bind(1, "a").run());
    EXPECT_EQ(database->changes(), 1);
    const auto again = insert->bind(1, "a").run();
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::Conflict);
    EXPECT_TRUE(insert->bind(1, "b").run());
    EXPECT_TRUE(insert->bind(1, "").run());  // empty is not NULL
    EXPECT_EQ(database->prepare("nonsense").error().code, ErrorCode::Internal);
}

TEST(Sqlite, RefusesAFileThatIsNoDatabaseAndLeavesItAsItIs) {
    for (const std::string& content :
         {std::string("hello, I am a text file and longer than a header"), std::string("x"),
          std::string(8'192, '\0')}) {
        TempDir dir;
        put_file(dir / "db", content);
        const auto opened = Database::open(dir / "db");
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().code, ErrorCode::Corrupt);
        EXPECT_NE(opened.error().message.find(dir / "db"), std::string::npos);
        EXPECT_EQ(*read_file(dir / "db"), content);
    }
}

TEST(Sqlite, RefusesADamagedDatabaseAndLeavesItAsItIs) {
    TempDir dir;
    {
        auto database = Database::open(dir / "db");
        ASSERT_TRUE(database->migrate({"CREATE TABLE t (k TEXT PRIMARY KEY, v TEXT)"}));
        auto insert = database->prepare("INSERT INTO t VALUES (?1, ?2)");
        for (int i = 0; i < 200; ++i) {
            ASSERT_TRUE(insert->bind(1, std::to_string(i)).bind(2, std::string(500, 'x')).run());
        }
    }
    std::string content = *read_file(dir / "db");
    ASSERT_GT(content.size(), 40'000u);
    for (const std::size_t at : {4'096u, 8'192u, 12'288u}) content.replace(at, 64, 64, '\xAB');
    put_file(dir / "db", content);
    const auto opened = Database::open(dir / "db");
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::Corrupt);
    EXPECT_EQ(*read_file(dir / "db"), content);

    put_file(dir / "db", std::string_view(content).substr(0, 10'000));  // torn
    EXPECT_EQ(Database::open(dir / "db").error().code, ErrorCode::Corrupt);
}

TEST(Sqlite, RunsEachMigrationOnceAndRefusesANewerFile) {
    TempDir dir;
    const auto version_of = [&](std::initializer_list<std::string_view> migrations) {
        auto database = Database::open(dir / "db");
        EXPECT_TRUE(database);
        return database->migrate(migrations);
    };
    ASSERT_TRUE(version_of({"CREATE TABLE a (x)"}));
    ASSERT_TRUE(version_of({"CREATE TABLE a (x)"}));
    ASSERT_TRUE(version_of({"CREATE TABLE a (x)", "CREATE TABLE b (x)"}));
    EXPECT_EQ(version_of({"CREATE TABLE a (x)"}).error().code, ErrorCode::Unsupported);
    // A migration that fails leaves the schema where it was.
    ASSERT_FALSE(version_of({"", "", "CREATE TABLE c (x); CREATE TABLE b (x)"}));
    ASSERT_TRUE(version_of({"", "", "CREATE TABLE c (x)"}));
}

TEST(Sqlite, SaysExhaustedOnAFullDiskAndGoesOnAfter) {
    TempDir dir;
    auto database = Database::open(dir / "db");
    ASSERT_TRUE(database->migrate({"CREATE TABLE t (v TEXT)"}));
    auto insert = database->prepare("INSERT INTO t VALUES (?1)");
    {
        const FullDisk full(100'000);
        const auto written = insert->bind(1, std::string(500'000, 'x')).run();
        ASSERT_FALSE(written);
        EXPECT_EQ(written.error().code, ErrorCode::Exhausted) << written.error().to_string();
    }
    EXPECT_TRUE(insert->bind(1, std::string(500'000, 'y')).run());
    auto count = database->prepare("SELECT count(*) FROM t");
    ASSERT_TRUE(*count->step());
    EXPECT_EQ(count->integer(0), 1);
}

TEST(Sqlite, NamesTheFolderThatIsNotThere) {
    TempDir dir;
    EXPECT_EQ(Database::open(dir / "none/db").error().code, ErrorCode::NotFound);
    EXPECT_EQ(Database::open(dir.path()).error().code, ErrorCode::Corrupt);
}

}  // namespace
}  // namespace spillway
