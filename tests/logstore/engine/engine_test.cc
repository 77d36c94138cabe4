#include "logstore/engine/engine.h"

#include "base/event_log.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/log_group_writer.h"

#include <cstdlib>
#include <filesystem>
#include <future>
#include <thread>

#include <gtest/gtest.h>

namespace spillway::engine {
namespace {

Batch batch_of(const std::string& text) {
    wire::LogGroupWriter writer;
    writer.begin_log(1'700'000'000);
    writer.content("m", text);
    writer.end_log();
    Batch batch;
    batch.body = writer.take();
    batch.raw_bytes = batch.body.size();
    return batch;
}

class EngineTest : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "spillway_engine_XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
        options_.path = folder_ + "/region";
        open();
    }
    void TearDown() override {
        engine_.reset();
        std::filesystem::remove_all(folder_);
    }
    void open() {
        engine_.reset();
        auto opened = Engine::open(options_, clock_, null_event_log(), nullptr);
        ASSERT_TRUE(opened) << opened.error().message;
        engine_ = *std::move(opened);
    }
    void create(std::uint32_t shards = 1) {
        ProjectInfo project;
        project.name = ref_.project;
        ASSERT_TRUE(engine_->create_project(project));
        LogstoreSettings settings;
        settings.shard_count = shards;
        ASSERT_TRUE(engine_->create_logstore(ref_, settings));
    }
    Result<Page> pull_all(Codec codec = Codec::None, std::uint32_t shard = 0) {
        auto begin = engine_->cursor(ref_, ShardId(shard), CursorSeek::begin());
        if (!begin) return std::move(begin).error();
        PullRequest request;
        request.from = *begin;
        request.codec = codec;
        return engine_->pull(ref_, ShardId(shard), request);
    }
    std::vector<std::string> texts(std::uint32_t shard = 0) {
        auto page = pull_all(Codec::None, shard);
        if (!page) return {"<" + page.error().message + ">"};
        std::vector<std::string> all;
        (void)wire::for_each_group(page->body, [&](std::string_view bytes) {
            wire::LogGroupView::parse(bytes)->for_each_log([&](const wire::LogView& log) {
                all.emplace_back(log.find("m").value_or(""));
                return true;
            });
            return true;
        });
        return all;
    }

    std::string folder_;
    FakeClock clock_;
    EngineOptions options_;
    LogstoreRef ref_{ProjectName("pay"), LogstoreName("app")};
    std::unique_ptr<Engine> engine_;
};

using Texts = std::vector<std::string>;

TEST_F(EngineTest, KeepsLogstoresAndLogsOverARestart) {
    create(2);
    auto batch = batch_of("a");
    batch.route_key = RouteKey("00");
    ASSERT_TRUE(engine_->put(ref_, batch));
    const auto shards = engine_->shards(ref_);
    open();
    EXPECT_EQ(*engine_->shards(ref_), *shards);
    EXPECT_EQ(texts(), Texts{"a"});
    EXPECT_EQ(engine_->logstore(ref_)->settings.shard_count, 2U);
    EXPECT_EQ(engine_->project(ref_.project)->region, "local");
}

TEST_F(EngineTest, NamesWhatDoesNotExist) {
    EXPECT_EQ(engine_->put(ref_, batch_of("a")).error().service_code, "ProjectNotExist");
    create();
    const LogstoreRef other{ref_.project, LogstoreName("other")};
    EXPECT_EQ(engine_->put(other, batch_of("a")).error().service_code, "LogStoreNotExist");
    EXPECT_EQ(engine_->cursor(ref_, ShardId(5), CursorSeek::end()).error().service_code,
              "ShardNotExist");
    EXPECT_EQ(engine_->create_logstore(ref_, {}).error().service_code, "LogStoreAlreadyExist");
}

TEST_F(EngineTest, RefusesABodyThatIsNoLogGroupAndSaysWhere) {
    create();
    Batch batch;
    batch.body = "garbage";
    batch.raw_bytes = batch.body.size();
    auto refused = engine_->put(ref_, batch);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().service_code, "PostBodyInvalid");
    EXPECT_NE(refused.error().message.find("byte"), std::string::npos);
    batch.codec = Codec::Lz4;
    EXPECT_EQ(engine_->put(ref_, batch).error().service_code, "PostBodyUncompressError");
    batch.body.clear();
    EXPECT_EQ(engine_->put(ref_, batch).error().service_code, "PostBodyInvalid");
    batch.raw_bytes = kPutBytesMax + 1;
    batch.body = "x";
    EXPECT_EQ(engine_->put(ref_, batch).error().service_code, "PostBodyTooLarge");
    EXPECT_TRUE(texts().empty());
}

TEST_F(EngineTest, ServesTheSameBytesInEveryCodecWhateverTheyCameIn) {
    create();
    std::string list;
    for (const auto codec : {Codec::None, Codec::Lz4, Codec::Zstd, Codec::Deflate}) {
        auto batch = batch_of("text " + std::string(100, 'y'));
        const auto raw = batch.body;
        wire::append_group_frame(list, raw.size());
        list += raw;
        if (codec != Codec::None) batch.body = *wire::compress(codec, raw);
        batch.codec = codec;
        ASSERT_TRUE(engine_->put(ref_, batch));
    }
    EXPECT_EQ(pull_all(Codec::None)->body, list);
    for (const auto codec : {Codec::Lz4, Codec::Zstd, Codec::Deflate}) {
        auto page = pull_all(codec);
        ASSERT_TRUE(page);
        EXPECT_EQ(page->raw_bytes, list.size());
        EXPECT_EQ(page->group_count, 4U);
        EXPECT_EQ(*wire::decompress(codec, page->body, page->raw_bytes), list);
    }
}

TEST_F(EngineTest, AnEmptyPageIsAnLz4BlockOfNothingAndStaysWhereItIs) {
    create();
    auto page = pull_all(Codec::Lz4);
    ASSERT_TRUE(page);
    EXPECT_EQ(page->body, std::string(1, '\0'));
    EXPECT_EQ(page->raw_bytes, 0U);
    EXPECT_EQ(page->next, page->from);
    EXPECT_TRUE(page->at_end);
}

TEST_F(EngineTest, CursorsAreOneApartAndEndCursorStopsThePage) {
    create();
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(engine_->put(ref_, batch_of(std::to_string(i))));
    const auto begin = *engine_->cursor(ref_, ShardId(0), CursorSeek::begin());
    const auto at = [&](std::int64_t i) { return Cursor::from_position(*begin.position() + i); };
    EXPECT_EQ(*engine_->cursor(ref_, ShardId(0), CursorSeek::end()), at(10));
    PullRequest request;
    request.from = at(2);
    request.end = at(5);
    request.groups_max = 2;
    auto page = engine_->pull(ref_, ShardId(0), request);
    EXPECT_EQ(page->next, at(4));
    EXPECT_EQ(page->last_position, at(3).position());
    request.from = page->next;
    page = engine_->pull(ref_, ShardId(0), request);
    EXPECT_EQ(page->next, at(5));
    request.from = at(5);
    EXPECT_EQ(engine_->pull(ref_, ShardId(0), request)->next, at(5));
}

TEST_F(EngineTest, RefusesACursorFromAnotherLifeOfTheStore) {
    create();
    ASSERT_TRUE(engine_->put(ref_, batch_of("a")));
    const auto old = *engine_->cursor(ref_, ShardId(0), CursorSeek::begin());
    ASSERT_TRUE(engine_->delete_logstore(ref_));
    clock_.advance(std::chrono::seconds(5));
    ASSERT_TRUE(engine_->create_logstore(ref_, {}));
    PullRequest request;
    request.from = old;
    auto refused = engine_->pull(ref_, ShardId(0), request);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().service_code, "InvalidCursor");
    EXPECT_EQ(refused.error().code, ErrorCode::OutOfRange);
    request.from = Cursor("hello");
    EXPECT_EQ(engine_->pull(ref_, ShardId(0), request).error().service_code, "InvalidCursor");
}

TEST_F(EngineTest, FenceSurvivesRestartSplitMergeAndRetention) {
    create();
    auto batch = batch_of("a");
    batch.route_key = RouteKey("00");
    batch.sequence_id = SequenceId(5);
    ASSERT_TRUE(engine_->put(ref_, batch));
    const auto is_fenced = [&] {
        return engine_->put(ref_, batch).error().service_code == "InvalidSequenceId";
    };
    EXPECT_TRUE(is_fenced());
    ASSERT_TRUE(engine_->split_shard(ref_, ShardId(0), {}));
    EXPECT_TRUE(is_fenced());
    open();
    EXPECT_TRUE(is_fenced());
    ASSERT_TRUE(engine_->merge_shard(ref_, ShardId(1)));
    EXPECT_TRUE(is_fenced());
    clock_.advance(std::chrono::hours(24 * 40));
    engine_->expire();
    EXPECT_EQ(engine_->shards(ref_)->size(), 1U) << "emptied read-only shards go";
    EXPECT_TRUE(is_fenced());
    open();
    EXPECT_TRUE(is_fenced());
    batch.sequence_id = SequenceId(6);
    EXPECT_TRUE(engine_->put(ref_, batch));
}

TEST_F(EngineTest, ASecondProcessIsRefusedAndToldWho) {
    auto second = Engine::open(options_, clock_, null_event_log(), nullptr);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::Conflict);
    EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos);
}

TEST_F(EngineTest, RefusesAFolderOfALaterLayoutUntouched) {
    engine_.reset();
    std::filesystem::resize_file(options_.path + "/format", 0);
    ASSERT_TRUE(write_file_durably(options_.path + "/format", "spillway region, layout 9\n"));
    auto opened = Engine::open(options_, clock_, null_event_log(), nullptr);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::Unsupported);
}

TEST_F(EngineTest, ConfigsKeepTheirJsonAndTheirCreateTime) {
    create();
    CollectorConfig config;
    config.name = ConfigName("nginx");
    config.form = ConfigForm::Pipeline;
    config.body = *parse_json_object(
        R"({"configName":"nginx","inputs":[{"Type":"input_file","Odd":null}],"x":1.5})");
    ASSERT_TRUE(engine_->write_config(ref_.project, config, WriteRule::CreateOnly));
    EXPECT_EQ(
        engine_->write_config(ref_.project, config, WriteRule::CreateOnly).error().service_code,
        "ConfigAlreadyExist");
    const auto created = unix_seconds(clock_.wall());
    clock_.advance(std::chrono::seconds(100));
    config.body["x"] = 2;
    ASSERT_TRUE(engine_->put_config(ref_.project, config));
    open();
    const auto stored = engine_->stored_config(ref_.project, config.name, ConfigForm::Pipeline);
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->created_unix_s, created);
    EXPECT_EQ(stored->modified_unix_s, created + 100);
    EXPECT_EQ(stored->config.body, config.body);
    EXPECT_EQ(engine_->config(ref_.project, config.name, ConfigForm::Classic).error().service_code,
              "ConfigNotExist");
}

TEST_F(EngineTest, BindingsAreAStateAndGoWithTheirConfig) {
    create();
    CollectorConfig config;
    config.name = ConfigName("nginx");
    config.body = {{"configName", "nginx"}};
    MachineGroup group;
    group.name = MachineGroupName("web");
    group.machines = {"blue"};
    const auto& project = ref_.project;
    EXPECT_EQ(engine_->bind(project, group.name, config.name).error().service_code,
              "MachineGroupNotExist");
    ASSERT_TRUE(engine_->put_machine_group(project, group));
    EXPECT_EQ(engine_->bind(project, group.name, config.name).error().service_code,
              "ConfigNotExist");
    ASSERT_TRUE(engine_->put_config(project, config));
    ASSERT_TRUE(engine_->bind(project, group.name, config.name));
    ASSERT_TRUE(engine_->bind(project, group.name, config.name)) << "safe to repeat";
    EXPECT_EQ(*engine_->bound_configs(project, group.name), std::vector{config.name});
    EXPECT_EQ(*engine_->bound_groups(project, config.name), std::vector{group.name});
    ASSERT_TRUE(engine_->delete_config(project, config.name, config.form));
    EXPECT_TRUE(engine_->bound_configs(project, group.name)->empty());
}

TEST_F(EngineTest, ListsTheMachinesOfAGroupByTheirIdentifier) {
    create();
    MachineGroup group;
    group.name = MachineGroupName("web");
    group.machines = {"blue"};
    ASSERT_TRUE(engine_->put_machine_group(ref_.project, group));
    ASSERT_TRUE(engine_->machine_heartbeat(ref_.project, {"10.0.0.1", "u1", "blue", 0}));
    ASSERT_TRUE(engine_->machine_heartbeat(ref_.project, {"10.0.0.2", "u2", "green", 0}));
    clock_.advance(std::chrono::seconds(7));
    ASSERT_TRUE(engine_->machine_heartbeat(ref_.project, {"10.0.0.1", "u1", "blue", 0}));
    auto machines = engine_->machines(ref_.project, group.name);
    ASSERT_EQ(machines->size(), 1U);
    EXPECT_EQ(machines->front().ip, "10.0.0.1");
    EXPECT_EQ(machines->front().last_heartbeat_unix_s, unix_seconds(clock_.wall()));
    open();
    EXPECT_EQ(engine_->machines(ref_.project, group.name)->size(), 1U);
}

TEST_F(EngineTest, ConsumerGroupsKeepCheckpointsAndHoldersOverARestart) {
    create(2);
    const ConsumerGroupInfo group{ConsumerGroupName("g"), std::chrono::seconds(30), false};
    ASSERT_TRUE(engine_->create_consumer_group(ref_, group));
    EXPECT_EQ(engine_->create_consumer_group(ref_, group).error().service_code,
              "ConsumerGroupAlreadyExist");
    ASSERT_EQ(engine_->heartbeat(ref_, group.name, ConsumerName("c"), {})->size(), 2U);
    const auto cursor = *engine_->cursor(ref_, ShardId(0), CursorSeek::begin());
    ASSERT_TRUE(
        engine_->save_checkpoint(ref_, group.name, ConsumerName("c"), ShardId(0), cursor, false));
    open();
    EXPECT_EQ(engine_->checkpoints(ref_, group.name)->front().cursor, cursor);
    EXPECT_TRUE(engine_->heartbeat(ref_, group.name, ConsumerName("c"), {ShardId(0), ShardId(1)}));
    ASSERT_TRUE(engine_->delete_consumer_group(ref_, group.name));
    EXPECT_EQ(engine_->checkpoints(ref_, group.name).error().service_code, "ConsumerGroupNotExist");
}

TEST_F(EngineTest, StoresEveryPutOfManyWritersOnceAndInEachWritersOrder) {
    create(4);
    constexpr int kWriters = 8;
    constexpr int kPuts = 50;
    std::vector<std::thread> writers;
    for (int w = 0; w < kWriters; ++w) {
        writers.emplace_back([&, w] {
            for (int i = 0; i < kPuts; ++i) {
                auto batch = batch_of(std::to_string(w) + " " + std::to_string(i));
                batch.route_key = RouteKey(std::string(1, "0123456789abcdef"[w * 2]));
                batch.sequence_id = SequenceId(static_cast<std::uint64_t>(i + 1));
                ASSERT_TRUE(engine_->put(ref_, batch));
            }
        });
    }
    for (auto& writer : writers) writer.join();
    std::map<std::string, int> next;
    int found = 0;
    for (std::uint32_t shard = 0; shard < 4; ++shard) {
        for (const auto& text : texts(shard)) {
            const auto writer = text.substr(0, 1);
            EXPECT_EQ(text.substr(2), std::to_string(next[writer]++));
            ++found;
        }
    }
    EXPECT_EQ(found, kWriters * kPuts);
}

TEST_F(EngineTest, AddsMetaTagsOnlyWhereTheLogstoreAsksForThem) {
    create();
    auto settings = engine_->logstore(ref_)->settings;
    settings.append_meta = true;
    ASSERT_TRUE(engine_->update_logstore(ref_, settings));
    std::optional<Status> stored;
    std::promise<void> done;
    engine_->put_async(ref_, {batch_of("a")}, {"10.1.2.3"}, [&](Status status) {
        stored = std::move(status);
        done.set_value();
    });
    done.get_future().wait();
    ASSERT_TRUE(*stored);
    auto page = pull_all();
    std::optional<std::string> ip;
    (void)wire::for_each_group(page->body, [&](std::string_view bytes) {
        ip = std::string(wire::LogGroupView::parse(bytes)->find_tag("__client_ip__").value_or(""));
        return true;
    });
    EXPECT_EQ(ip, "10.1.2.3");
}

TEST_F(EngineTest, TakesOnlyConsumerTimeoutsThatCanBeCounted) {
    create();
    ConsumerGroupInfo group;
    group.name = ConsumerGroupName("readers");
    for (const std::int64_t seconds : {std::int64_t{0}, std::int64_t{86'401}, INT64_MAX}) {
        group.timeout = std::chrono::seconds(seconds);
        const auto refused = engine_->create_consumer_group(ref_, group);
        ASSERT_FALSE(refused) << seconds;
        EXPECT_EQ(refused.error().service_code, "JsonInfoInvalid");
    }
    group.timeout = std::chrono::seconds(86'400);
    ASSERT_TRUE(engine_->create_consumer_group(ref_, group));
    group.timeout = std::chrono::seconds(INT64_MAX);
    EXPECT_FALSE(engine_->update_consumer_group(ref_, group));
    EXPECT_TRUE(engine_->heartbeat(ref_, group.name, ConsumerName("one"), {}));
}

TEST_F(EngineTest, RefusesToSplitFurtherThanItsGreatestNumberOfShards) {
    create();
    LogstoreSettings settings;
    settings.max_split_shard = 257;
    const auto refused = engine_->create_logstore({ref_.project, LogstoreName("second")}, settings);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().service_code, "LogStoreInfoInvalid");
    EXPECT_FALSE(engine_->split_shard_evenly(ref_, ShardId(0), 257));
    EXPECT_TRUE(engine_->split_shard_evenly(ref_, ShardId(0), 256));
}

}  // namespace
}  // namespace spillway::engine
