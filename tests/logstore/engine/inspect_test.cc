#include "logstore/engine/inspect.h"

#include "base/event_log.h"
#include "base/storage/durable_file.h"
#include "logstore/engine/engine.h"
#include "logstore/wire/log_group_writer.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace spillway::engine {
namespace {

class InspectTest : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "spillway_inspect_XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
        path_ = folder_ + "/region";
        auto engine = open();
        ProjectInfo project;
        project.name = ref_.project;
        ASSERT_TRUE(engine->create_project(project));
        LogstoreSettings settings;
        settings.shard_count = 1;
        ASSERT_TRUE(engine->create_logstore(ref_, settings));
        for (int i = 0; i < 40; ++i) {
            wire::LogGroupWriter writer;
            writer.begin_log(1'700'000'000);
            writer.content("m",
                           std::to_string(i) + std::string(100, static_cast<char>('a' + i % 26)));
            writer.end_log();
            Batch batch;
            batch.body = writer.take();
            batch.raw_bytes = batch.body.size();
            ASSERT_TRUE(engine->put(ref_, batch));
        }
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::unique_ptr<Engine> open() {
        EngineOptions options;
        options.path = path_;
        options.log.segment_bytes = 2'000;
        auto engine = Engine::open(options, clock_, null_event_log(), nullptr);
        EXPECT_TRUE(engine) << engine.error().message;
        return *std::move(engine);
    }
    FolderReport inspect(InspectDepth depth = InspectDepth::Full) {
        auto report = inspect_folder(path_, depth, *files_);
        EXPECT_TRUE(report) << report.error().message;
        return *std::move(report);
    }
    std::string segment(std::size_t i) { return inspect().logstores[0].segments[i].path; }
    static void flip(const std::string& file, std::int64_t offset) {
        std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
        stream.seekg(offset);
        const char byte = static_cast<char>(stream.get() ^ 1);
        stream.seekp(offset);
        stream.put(byte);
    }
    std::size_t pulled() {
        auto engine = open();
        PullRequest request;
        request.from = *engine->cursor(ref_, ShardId(0), CursorSeek::begin());
        std::size_t count = 0;
        for (auto page = engine->pull(ref_, ShardId(0), request);
             page && page->next != request.from; page = engine->pull(ref_, ShardId(0), request)) {
            count += page->group_count;
            request.from = page->next;
        }
        EXPECT_EQ(request.from, *engine->cursor(ref_, ShardId(0), CursorSeek::end()));
        return count;
    }

    std::string folder_;
    std::string path_;
    SystemClock clock_;
    LogstoreRef ref_{ProjectName("pay"), LogstoreName("app")};
    std::unique_ptr<FileSystem> files_ = make_posix_file_system();
};

TEST_F(InspectTest, FindsNothingInASoundFolder) {
    for (const auto depth : {InspectDepth::Full, InspectDepth::Summary}) {
        const auto report = inspect(depth);
        EXPECT_TRUE(report.is_sound());
        ASSERT_EQ(report.logstores.size(), 1U);
        std::uint64_t groups = 0;
        for (const auto& each : report.logstores[0].segments)
            groups += each.summary.find(ShardId(0))->count;
        EXPECT_EQ(groups, 40U);
    }
}

TEST_F(InspectTest, FindsAFlippedByteAndIsolatesIt) {
    flip(segment(1), 64 + 120);
    const auto report = inspect();
    EXPECT_FALSE(report.is_sound());
    EXPECT_EQ(report.logstores[0].segments[1].damaged.size(), 1U);
    EXPECT_EQ(pulled(), 39U) << "served without repair too";
    ASSERT_EQ(*isolate_damage(path_, inspect(), *files_), 1U);
    EXPECT_TRUE(std::filesystem::exists(path_ + "/damaged"));
    EXPECT_TRUE(inspect().is_sound()) << "what is isolated is not reported again";
    EXPECT_EQ(pulled(), 39U);
}

TEST_F(InspectTest, RebuildsAnIndexThatIsLostOrDamaged) {
    std::filesystem::remove(segment(0).substr(0, segment(0).size() - 3) + "idx");
    flip(segment(1).substr(0, segment(1).size() - 3) + "idx", 30);
    auto report = inspect();
    EXPECT_EQ(report.logstores[0].segments[0].index_problem, "it is missing");
    EXPECT_FALSE(report.logstores[0].segments[1].index_problem.empty());
    EXPECT_EQ(*isolate_damage(path_, report, *files_), 2U);
    EXPECT_TRUE(inspect().is_sound());
    EXPECT_EQ(pulled(), 40U);
}

TEST_F(InspectTest, ADamagedHeaderHidesNoRecord) {
    flip(segment(0), 20);
    EXPECT_TRUE(inspect().logstores[0].segments[0].is_header_damaged);
    EXPECT_EQ(pulled(), 40U);
    EXPECT_EQ(*isolate_damage(path_, inspect(), *files_), 1U);
    EXPECT_TRUE(inspect().is_sound());
}

TEST_F(InspectTest, SaysWhatIsNoRegionsFolder) {
    auto report = inspect_folder(folder_, InspectDepth::Full, *files_);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, ErrorCode::NotFound);
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/catalog.db")) << "looking makes no files";
}

}  // namespace
}  // namespace spillway::engine
