// Reads a folder that the first version of the format wrote (golden/, checked in). It must be read
// for ever. To write one for a later version: SPILLWAY_WRITE_GOLDEN=FOLDER, then this test.
#include "base/event_log.h"
#include "logstore/engine/engine.h"
#include "logstore/engine/inspect.h"
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/log_group_writer.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>
#include <stdlib.h>

namespace spillway::engine {
namespace {

constexpr int kGroups = 30;
const LogstoreRef kRef{ProjectName("pay"), LogstoreName("app")};
const ConsumerGroupName kGroup("readers");

std::string text(int number) {
    return std::to_string(number) + std::string(60, static_cast<char>('a' + number % 26));
}

Batch batch_of(int number) {
    wire::LogGroupWriter group;
    group.begin_log(1'700'000'000);
    group.content("m", text(number));
    group.end_log();
    group.topic("golden");
    Batch batch;
    batch.body = group.take();
    batch.raw_bytes = batch.body.size();
    batch.route_key = RouteKey(number % 2 == 0 ? "0" : "c0");
    batch.sequence_id = SequenceId(static_cast<std::uint64_t>(number) + 1);
    return batch;
}

std::unique_ptr<Engine> open(const std::string& path, const Clock& clock) {
    EngineOptions options;
    options.path = path;
    options.log.segment_bytes = 1'500;
    auto engine = Engine::open(options, clock, null_event_log(), nullptr);
    EXPECT_TRUE(engine) << engine.error().message;
    return engine ? *std::move(engine) : nullptr;
}

void write_golden(const std::string& path) {
    FakeClock clock;
    const auto engine = open(path, clock);
    ProjectInfo project;
    project.name = kRef.project;
    project.description = "written by the first version";
    ASSERT_TRUE(engine->create_project(project));
    LogstoreSettings settings;
    settings.shard_count = 2;
    settings.ttl_days = 3650;
    ASSERT_TRUE(engine->create_logstore(kRef, settings));
    for (int i = 0; i < kGroups; ++i) {
        if (i == kGroups / 2) {
            ASSERT_TRUE(engine->split_shard(kRef, ShardId(0), {}));
        }
        ASSERT_TRUE(engine->put(kRef, batch_of(i)));
        clock.advance(std::chrono::seconds(10));
    }
    ASSERT_TRUE(engine->create_consumer_group(kRef, {kGroup, std::chrono::seconds(30), true}));
    ASSERT_TRUE(engine->save_checkpoint(kRef, kGroup, ConsumerName("c"), ShardId(1),
                                        *engine->cursor(kRef, ShardId(1), CursorSeek::end()),
                                        true));
    CollectorConfig config;
    config.name = ConfigName("nginx");
    config.body = {{"configName", "nginx"}, {"odd", nullptr}};
    ASSERT_TRUE(engine->put_config(kRef.project, config));
}

std::vector<std::string> texts(Engine& engine, ShardId shard) {
    std::vector<std::string> all;
    PullRequest request;
    request.codec = Codec::None;
    request.from = *engine.cursor(kRef, shard, CursorSeek::begin());
    const auto page = engine.pull(kRef, shard, request);
    if (!page) return {"<" + page.error().message + ">"};
    (void)wire::for_each_group(page->body, [&](std::string_view bytes) {
        wire::LogGroupView::parse(bytes)->for_each_log([&](const wire::LogView& log) {
            all.emplace_back(log.find("m").value_or(""));
            return true;
        });
        return true;
    });
    return all;
}

class Golden : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "spillway_golden_XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
        path_ = folder_ + "/region";
        if (const char* wanted = std::getenv("SPILLWAY_WRITE_GOLDEN")) write_golden(wanted);
        std::filesystem::copy(SPILLWAY_SOURCE_DIR "/tests/logstore/engine/golden/layout-1", path_,
                              std::filesystem::copy_options::recursive);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string folder_;
    std::string path_;
    FakeClock clock_{WallTime{std::chrono::seconds{1'700'100'000}}};
};

TEST_F(Golden, AFolderOfTheFirstVersionIsReadWhole) {
    const auto engine = open(path_, clock_);
    ASSERT_TRUE(engine);
    EXPECT_EQ(engine->project(kRef.project)->description, "written by the first version");
    std::vector<std::string> parent, right, child;
    for (int i = 0; i < kGroups; ++i) {
        auto& shard = i % 2 == 1 ? right : i < kGroups / 2 ? parent : child;
        shard.push_back(text(i));
    }
    EXPECT_EQ(engine->shards(kRef)->size(), 4U);
    EXPECT_EQ(texts(*engine, ShardId(0)), parent);
    EXPECT_EQ(texts(*engine, ShardId(1)), right);
    EXPECT_EQ(texts(*engine, ShardId(2)), child);
    EXPECT_EQ(engine->put(kRef, batch_of(kGroups - 1)).error().service_code, "InvalidSequenceId");
    EXPECT_TRUE(engine->put(kRef, batch_of(kGroups)));
    const auto checkpoints = engine->checkpoints(kRef, kGroup);
    ASSERT_TRUE(checkpoints);
    const auto saved = std::find_if(checkpoints->begin(), checkpoints->end(),
                                    [](const auto& each) { return each.shard == ShardId(1); });
    ASSERT_NE(saved, checkpoints->end());
    EXPECT_EQ(saved->cursor, *engine->cursor(kRef, ShardId(1), CursorSeek::end()));
    EXPECT_TRUE(engine->config(kRef.project, ConfigName("nginx"), ConfigForm::Pipeline));
    // The child's first record came 160 seconds after the first of all.
    const auto at = engine->cursor(kRef, ShardId(2), CursorSeek::at(1'700'000'155));
    EXPECT_EQ(*at->position(), *engine->cursor(kRef, ShardId(2), CursorSeek::begin())->position());
}

TEST_F(Golden, AFolderOfTheFirstVersionChecksSound) {
    const auto files = make_posix_file_system();
    const auto report = inspect_folder(path_, InspectDepth::Full, *files);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(report->is_sound());
    EXPECT_GT(report->logstores.at(0).segments.size(), 2U);
}

}  // namespace
}  // namespace spillway::engine
