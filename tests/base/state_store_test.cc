#include "base/storage/state_store.h"

#include "base/storage/durable_file.h"
#include "base/text.h"
#include "tests/base/full_disk.h"
#include "tests/base/temp_dir.h"

#include <atomic>
#include <csignal>
#include <functional>
#include <thread>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace spillway {
namespace {

using test::TempDir;

/// Every rule holds for both stores.
class StateStores : public testing::TestWithParam<bool> {
  protected:
    void SetUp() override {
        if (GetParam()) {
            auto opened = open_sqlite_state_store(dir_ / "state.db");
            ASSERT_TRUE(opened) << opened.error().to_string();
            store_ = std::move(*opened);
        } else {
            store_ = make_memory_state_store();
        }
    }
    std::optional<StoredValue> get(std::string_view key) { return *store_->get(key); }

    TempDir dir_;
    std::unique_ptr<StateStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Kinds, StateStores, testing::Bool(),
                         [](const auto& sqlite) { return sqlite.param ? "Sqlite" : "Memory"; });

TEST_P(StateStores, RememberWhenAKeyWasMadeAndChanged) {
    EXPECT_EQ(get("a"), std::nullopt);
    EXPECT_EQ(*store_->put("a", "1"), 1u);
    EXPECT_EQ(*store_->put("b", "x"), 2u);
    EXPECT_EQ(*store_->put("a", "2"), 3u);
    EXPECT_EQ(get("a"), (StoredValue{"a", "2", 1, 3}));
    EXPECT_EQ(*store_->commit({}, {{"a", std::nullopt}}), 4u);
    EXPECT_EQ(get("a"), std::nullopt);
    EXPECT_EQ(*store_->put("a", "3"), 5u);
    EXPECT_EQ(get("a"), (StoredValue{"a", "3", 5, 5}));
}

TEST_P(StateStores, CommitAllOrNothing) {
    ASSERT_TRUE(store_->put("epoch", "7"));
    const auto refused =
        store_->commit({{"epoch", 1}, {"leader", 9}}, {{"epoch", "8"}, {"leader", "me"}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Conflict);
    EXPECT_NE(refused.error().message.find("\"leader\""), std::string::npos);
    EXPECT_EQ(get("epoch")->value, "7");
    EXPECT_EQ(*store_->commit({{"epoch", 1}, {"leader", 0}}, {{"epoch", "8"}, {"leader", "me"}}),
              2u);
    EXPECT_EQ(get("epoch")->modified, 2u);
    EXPECT_EQ(get("leader")->modified, 2u);
    EXPECT_FALSE(store_->commit({{"leader", 0}}, {{"leader", "you"}}));
    EXPECT_EQ(*store_->commit({{"epoch", 2}}, {}), 2u);  // only looks
}

TEST_P(StateStores, ListByPrefixInOrder) {
    for (const char* key : {"link/b", "link/a", "link", "lino", "link/a/x"}) {
        ASSERT_TRUE(store_->put(key, key));
    }
    std::string seen;
    const auto listed = store_->list("link/");
    for (const auto& value : *listed) seen += value.key + " ";
    EXPECT_EQ(seen, "link/a link/a/x link/b ");
    EXPECT_EQ(store_->list("")->size(), 5u);
    EXPECT_TRUE(store_->list("none")->empty());
}

TEST_P(StateStores, KeepAnyBytes) {
    const std::string key("k\0\xff/", 4);
    const std::string value("\0\x01\xff", 3);
    ASSERT_TRUE(store_->put(key, value));
    ASSERT_TRUE(store_->put("empty", ""));
    EXPECT_EQ(get(key)->value, value);
    EXPECT_EQ(get("empty")->value, "");
    EXPECT_EQ(store_->list(std::string_view(key).substr(0, 3))->size(), 1u);
}

TEST_P(StateStores, LetExactlyOneOfManyWin) {
    std::atomic<int> won{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&, i] {
            for (int k = 0; k < 20; ++k) {
                const std::string key = "term/" + std::to_string(k);
                won += store_->commit({{key, 0}}, {{key, std::to_string(i)}}) ? 1 : 0;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(won, 20);
}

TEST(SqliteStateStore, IsOpenInOneProcessAtATime) {
    TempDir dir;
    auto first = open_sqlite_state_store(dir / "s");
    ASSERT_TRUE(first);
    const auto second = open_sqlite_state_store(dir / "s");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::Conflict);
    EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos);
    first->reset();
    EXPECT_TRUE(open_sqlite_state_store(dir / "s"));
}

/// In a child: commits 1, 2, 3... and tells each through the pipe once it was acknowledged.
[[noreturn]] void commit_for_ever(const std::string& path, int told) {
    auto store = open_sqlite_state_store(path);
    if (!store) ::_exit(1);
    for (int i = 1;; ++i) {
        const auto number = std::to_string(i);
        if (!(*store)->commit({}, {{"n", number}, {"n/" + number, number}})) ::_exit(2);
        if (::write(told, &i, sizeof i) != sizeof i) ::_exit(3);
    }
}

TEST(SqliteStateStore, LosesNothingThatWasAcknowledgedBeforeAKill) {
    TempDir dir;
    int ends[2] = {};
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) commit_for_ever(dir / "s", ends[1]);
    ::close(ends[1]);
    int told = 0;
    while (told < 50 && ::read(ends[0], &told, sizeof told) == sizeof told) {
    }
    ::kill(child, SIGKILL);
    for (int next = 0; ::read(ends[0], &next, sizeof next) == sizeof next;) told = next;
    ::waitpid(child, nullptr, 0);
    ::close(ends[0]);
    ASSERT_GE(told, 50);

    auto store = open_sqlite_state_store(dir / "s");
    ASSERT_TRUE(store) << store.error().to_string();
    const auto last = *(*store)->get("n");
    ASSERT_TRUE(last);
    EXPECT_GE(*parse_int(last->value), told);
    EXPECT_EQ(last->modified, *parse_uint(last->value));  // one revision a commit, none given twice
    EXPECT_EQ((*store)->list("n/")->size(), *parse_uint(last->value));
    EXPECT_EQ(*(*store)->put("after", "x"), last->modified + 1);
}

TEST(SqliteStateStore, RefusesADamagedFileAndLeavesItAsItIs) {
    TempDir dir;
    ASSERT_TRUE(write_file_durably(dir / "s", "this is no database"));
    const auto opened = open_sqlite_state_store(dir / "s");
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::Corrupt);
    EXPECT_EQ(*read_file(dir / "s"), "this is no database");
}

TEST(SqliteStateStore, ChangesNothingWhenTheDiskIsFull) {
    TempDir dir;
    auto store = open_sqlite_state_store(dir / "s");
    ASSERT_TRUE((*store)->put("a", "old"));
    {
        const test::FullDisk full(100'000);
        const auto written =
            (*store)->commit({}, {{"a", "new"}, {"big", std::string(500'000, 'x')}});
        ASSERT_FALSE(written);
        EXPECT_EQ(written.error().code, ErrorCode::Exhausted) << written.error().to_string();
        EXPECT_EQ((*(*store)->get("a"))->value, "old");
    }
    EXPECT_EQ(*(*store)->put("a", "later"), 2u);
}

}  // namespace
}  // namespace spillway
