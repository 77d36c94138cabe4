// The ports' promises, kept alike by the engine in process and by the client over HTTP, signed or
// not.
#include "logstore/client/region_client.h"
#include "logstore/engine/engine.h"
#include "logstore/server/region_server.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/log_group_writer.h"

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace spillway::client {
namespace {

const ProjectName kPay("pay-hz");
const LogstoreRef kApp{kPay, LogstoreName("app")};
const std::string kKeys = "AKtest secret-of-test\nAKother other-secret elsewhere\n";

struct Way {
    const char* name;
    bool over_http;
    std::optional<wire::SignVersion> sign;
};

class RegionContract : public ::testing::TestWithParam<Way> {
  protected:
    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "spillway_contract_XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
        engine::EngineOptions options;
        options.path = folder_ + "/region";
        options.region = RegionName("hz");
        auto opened = engine::Engine::open(options, clock_, null_event_log(), nullptr);
        ASSERT_TRUE(opened) << opened.error().to_string();
        engine_ = *std::move(opened);
        region_ = engine_.get();
        if (GetParam().over_http) serve();
    }
    void TearDown() override {
        client_.reset();
        server_.reset();
        engine_.reset();
        std::filesystem::remove_all(folder_);
    }

    void serve() {
        server::RegionServerOptions options;
        if (GetParam().sign) options.keys = *server::KeyFile::parse(kKeys);
        auto started =
            server::RegionServer::start(options, *engine_, clock_, null_event_log(), metrics_);
        ASSERT_TRUE(started) << started.error().to_string();
        server_ = *std::move(started);
        client_ = open({"AKtest", "secret-of-test", ""});
        region_ = client_.get();
    }
    std::unique_ptr<RegionClient> open(const wire::Credentials& key) {
        RegionClientOptions options;
        options.name = RegionName("hz");
        options.endpoint = "http://" + server_->address();
        if (GetParam().sign) {
            options.credentials = key;
            options.sign = {*GetParam().sign, "cn-hangzhou"};
        }
        return *RegionClient::open(options, clock_);
    }

    void create(std::uint32_t shards = 1) {
        ProjectInfo project;
        project.name = kPay;
        ASSERT_TRUE(region_->create_project(project));
        LogstoreSettings settings;
        settings.shard_count = shards;
        ASSERT_TRUE(region_->create_logstore(kApp, settings));
    }
    static std::string group(const std::string& text) {
        wire::LogGroupWriter writer;
        writer.begin_log(1'700'000'000, 5);
        writer.content("m", text);
        writer.end_log();
        writer.tag("k", "v");
        return writer.take();
    }
    Result<Receipt> put(const std::string& text, Codec codec = Codec::Lz4,
                        std::optional<std::uint64_t> sequence = {}) {
        const std::string raw = group(text);
        Batch batch;
        batch.body = *wire::compress(codec, raw);
        batch.codec = codec;
        batch.raw_bytes = raw.size();
        if (sequence) {
            batch.route_key = RouteKey(std::string(32, '3'));
            batch.sequence_id = SequenceId(*sequence);
        }
        return region_->put(kApp, batch);
    }
    std::vector<std::string> groups_of(const Page& page) {
        const auto raw = wire::decompress(page.codec, page.body, page.raw_bytes);
        EXPECT_TRUE(raw);
        std::vector<std::string> out;
        EXPECT_TRUE(wire::for_each_group(*raw, [&out](std::string_view bytes) {
            out.emplace_back(bytes);
            return true;
        }));
        EXPECT_EQ(out.size(), page.group_count);
        return out;
    }

    SystemClock clock_;
    MetricsRegistry metrics_;
    std::string folder_;
    std::unique_ptr<engine::Engine> engine_;
    std::unique_ptr<server::RegionServer> server_;
    std::unique_ptr<RegionClient> client_;
    RegionApi* region_ = nullptr;
};

TEST_P(RegionContract, ProjectsAndLogstoresComeAndGo) {
    EXPECT_EQ(region_->project(kPay).error().code, ErrorCode::NotFound);
    create(2);
    EXPECT_EQ(region_->project(kPay)->region, "hz");
    EXPECT_EQ(region_->projects()->size(), 1U);
    ProjectInfo again;
    again.name = kPay;
    EXPECT_EQ(region_->create_project(again).error().code, ErrorCode::AlreadyExists);
    EXPECT_EQ(region_->create_logstore(kApp, {}).error().code, ErrorCode::AlreadyExists);
    auto info = region_->logstore(kApp);
    ASSERT_TRUE(info) << info.error().to_string();
    EXPECT_EQ(info->settings.shard_count, 2U);
    info->settings.ttl_days = 7;
    ASSERT_TRUE(region_->update_logstore(kApp, info->settings));
    EXPECT_EQ(region_->logstore(kApp)->settings.ttl_days, 7U);
    EXPECT_EQ(region_->logstores(kPay).value(), std::vector<LogstoreName>{kApp.logstore});
    ASSERT_TRUE(region_->delete_logstore(kApp));
    EXPECT_EQ(region_->logstore(kApp).error().code, ErrorCode::NotFound);
    EXPECT_EQ(region_->shards(kApp).error().service_code, "LogStoreNotExist");
    ASSERT_TRUE(region_->delete_project(kPay));
    EXPECT_EQ(region_->logstores(kPay).error().service_code, "ProjectNotExist");
}

TEST_P(RegionContract, WhatIsPutIsPulledAsItWas) {
    create();
    std::vector<std::string> sent;
    for (const Codec codec : {Codec::Lz4, Codec::None, Codec::Zstd, Codec::Deflate}) {
        const std::string text = std::string("\xFF\0\r", 3) + std::string(2'000, 'x');
        const auto receipt = put(text, codec);
        ASSERT_TRUE(receipt) << receipt.error().to_string();
        sent.push_back(group(text));
    }
    for (const Codec codec : {Codec::Lz4, Codec::None, Codec::Zstd, Codec::Deflate}) {
        PullRequest request;
        request.from = *region_->cursor(kApp, ShardId(0), CursorSeek::begin());
        request.codec = codec;
        const auto page = region_->pull(kApp, ShardId(0), request);
        ASSERT_TRUE(page) << page.error().to_string();
        EXPECT_EQ(groups_of(*page), sent);
        EXPECT_TRUE(page->at_end);
        EXPECT_EQ(page->next, region_->cursor(kApp, ShardId(0), CursorSeek::end()).value());
        ASSERT_TRUE(page->last_position);
        EXPECT_EQ(Cursor::from_position(*page->last_position + 1), page->next);
    }
}

TEST_P(RegionContract, PullsStopAtTheCountAndAtTheEnd) {
    create();
    for (const auto* text : {"a", "b", "c", "d"}) ASSERT_TRUE(put(text));
    PullRequest request;
    request.from = *region_->cursor(kApp, ShardId(0), CursorSeek::begin());
    request.groups_max = 1;
    const auto first = region_->pull(kApp, ShardId(0), request);
    ASSERT_TRUE(first);
    EXPECT_EQ(groups_of(*first), std::vector<std::string>{group("a")});
    EXPECT_FALSE(first->at_end);
    request.from = first->next;
    request.groups_max = 1'000;
    request.end = Cursor::from_position(*first->next.position() + 2);
    const auto second = region_->pull(kApp, ShardId(0), request);
    ASSERT_TRUE(second);
    EXPECT_EQ(groups_of(*second), (std::vector<std::string>{group("b"), group("c")}));
    EXPECT_EQ(second->next, *request.end);
    request.from = *region_->cursor(kApp, ShardId(0), CursorSeek::end());
    request.end.reset();
    const auto none = region_->pull(kApp, ShardId(0), request);
    ASSERT_TRUE(none);
    EXPECT_EQ(none->next, request.from);
    EXPECT_EQ(none->group_count, 0U);
    EXPECT_TRUE(none->at_end);
}

TEST_P(RegionContract, CursorsThatCannotBeAreOutOfRange) {
    create();
    ASSERT_TRUE(put("a"));
    PullRequest request;
    for (const auto* text : {"nonsense", "MQ==", "OTIyMzM3MjAzNjg1NDc3NTgwNw=="}) {
        request.from = Cursor(text);
        const auto page = region_->pull(kApp, ShardId(0), request);
        ASSERT_FALSE(page) << text;
        EXPECT_EQ(page.error().code, ErrorCode::OutOfRange) << page.error().to_string();
    }
    const auto end = region_->cursor(kApp, ShardId(0), CursorSeek::end());
    EXPECT_EQ(region_->cursor_time(kApp, ShardId(0), *end).error().code, ErrorCode::OutOfRange);
    const auto begin = region_->cursor(kApp, ShardId(0), CursorSeek::begin());
    EXPECT_GT(region_->cursor_time(kApp, ShardId(0), *begin).value(), 1'700'000'000);
    EXPECT_EQ(region_->pull(kApp, ShardId(9), request).error().code, ErrorCode::NotFound);
}

TEST_P(RegionContract, TheFenceTakesEachSequenceIdOnce) {
    create(4);
    ASSERT_TRUE(put("a", Codec::Lz4, 1));
    const auto again = put("a", Codec::Lz4, 1);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::Conflict);
    EXPECT_EQ(again.error().service_code, "InvalidSequenceId");
    EXPECT_TRUE(put("b", Codec::Lz4, 18'446'744'073'709'551'615U));
    EXPECT_FALSE(put("c", Codec::Lz4, 2));
}

TEST_P(RegionContract, RefusesABodyThatIsNoLogGroup) {
    create();
    Batch batch;
    batch.body = "this is not protobuf";
    batch.raw_bytes = batch.body.size();
    const auto plain = region_->put(kApp, batch);
    ASSERT_FALSE(plain);
    EXPECT_EQ(plain.error().code, ErrorCode::InvalidArgument) << plain.error().to_string();
    batch.codec = Codec::Lz4;
    EXPECT_EQ(region_->put(kApp, batch).error().code, ErrorCode::InvalidArgument);
}

TEST_P(RegionContract, ConsumerGroupsHandOutShardsAndKeepCheckpoints) {
    create(2);
    const ConsumerGroupName name("cg");
    const ConsumerName consumer("c 1/\xE6\xB6\x88");
    EXPECT_EQ(region_->checkpoints(kApp, name).error().code, ErrorCode::NotFound);
    ASSERT_TRUE(region_->create_consumer_group(kApp, {name, std::chrono::seconds(30), true}));
    EXPECT_EQ(
        region_->create_consumer_group(kApp, {name, std::chrono::seconds(30), true}).error().code,
        ErrorCode::AlreadyExists);
    ASSERT_TRUE(region_->update_consumer_group(kApp, {name, std::chrono::seconds(40), false}));
    const auto groups = region_->consumer_groups(kApp);
    ASSERT_TRUE(groups);
    EXPECT_EQ(groups->at(0).timeout.count(), 40);
    EXPECT_FALSE(groups->at(0).order);
    EXPECT_EQ(region_->heartbeat(kApp, name, consumer, {})->size(), 2U);
    const Cursor cursor = *region_->cursor(kApp, ShardId(1), CursorSeek::begin());
    ASSERT_TRUE(region_->save_checkpoint(kApp, name, consumer, ShardId(1), cursor, false));
    const auto checkpoints = region_->checkpoints(kApp, name);
    ASSERT_TRUE(checkpoints);
    ASSERT_EQ(checkpoints->size(), 2U);
    EXPECT_TRUE(checkpoints->at(0).cursor.empty());
    EXPECT_EQ(checkpoints->at(1).cursor, cursor);
    EXPECT_EQ(checkpoints->at(1).consumer, consumer.str());
    ASSERT_TRUE(region_->delete_consumer_group(kApp, name));
    EXPECT_TRUE(region_->consumer_groups(kApp)->empty());
}

TEST_P(RegionContract, CollectorConfigsAndBindingsAreSetToState) {
    create();
    CollectorConfig config;
    config.name = ConfigName("app-logs");
    config.body = *parse_json_object(
        R"({"inputs":[{"Type":"input_file","FilePaths":["/v/*.log"]}],
            "flushers":[{"Type":"flusher_sls","Project":"pay-hz","Logstore":"app"}],"odd":[1,null,2.5]})");
    for (int round = 0; round < 2; ++round) {
        const auto stored = region_->put_config(kPay, config);
        ASSERT_TRUE(stored) << stored.error().to_string();
    }
    const auto read = region_->config(kPay, config.name, ConfigForm::Pipeline);
    ASSERT_TRUE(read);
    EXPECT_EQ(canonical_json(*read->body.if_contains("odd")), "[1,null,2.5E0]");
    EXPECT_EQ(region_->configs(kPay, ConfigForm::Pipeline).value(),
              std::vector<ConfigName>{config.name});
    MachineGroup group;
    group.name = MachineGroupName("web");
    group.machines = {"web-1"};
    for (int round = 0; round < 2; ++round) ASSERT_TRUE(region_->put_machine_group(kPay, group));
    EXPECT_EQ(region_->machine_group(kPay, group.name)->machines, group.machines);
    EXPECT_TRUE(region_->machines(kPay, group.name));
    for (int round = 0; round < 2; ++round) {
        const auto bound = region_->bind(kPay, group.name, config.name);
        ASSERT_TRUE(bound) << bound.error().to_string();
    }
    EXPECT_EQ(region_->bound_configs(kPay, group.name).value(),
              std::vector<ConfigName>{config.name});
    EXPECT_EQ(region_->bound_groups(kPay, config.name).value(),
              std::vector<MachineGroupName>{group.name});
    for (int round = 0; round < 2; ++round)
        ASSERT_TRUE(region_->unbind(kPay, group.name, config.name));
    EXPECT_TRUE(region_->bound_configs(kPay, group.name)->empty());
    EXPECT_EQ(region_->bind(kPay, MachineGroupName("none"), config.name).error().code,
              ErrorCode::NotFound);
    ASSERT_TRUE(region_->delete_config(kPay, config.name, ConfigForm::Pipeline));
    EXPECT_EQ(region_->config(kPay, config.name, ConfigForm::Pipeline).error().code,
              ErrorCode::NotFound);
    ASSERT_TRUE(region_->delete_machine_group(kPay, group.name));
    EXPECT_TRUE(region_->machine_groups(kPay)->empty());
}

TEST_P(RegionContract, AWrongKeyOrAForeignProjectIsUnauthenticated) {
    if (!GetParam().sign) return;  // only a server with keys can refuse one
    create();
    for (const auto& key :
         {wire::Credentials{"AKtest", "wrong", ""}, wire::Credentials{"nobody", "x", ""},
          wire::Credentials{"AKother", "other-secret", ""}}) {
        const auto client = open(key);
        const auto shards = client->shards(kApp);
        ASSERT_FALSE(shards) << key.access_key_id;
        EXPECT_EQ(shards.error().code, ErrorCode::Unauthenticated) << shards.error().to_string();
    }
}

TEST_P(RegionContract, ListsOverSeveralPagesAreWhole) {
    if (std::string_view(GetParam().name) != "Unsigned") return;  // 510 commits take seconds
    create();
    for (int i = 0; i < 510; ++i) {
        CollectorConfig config;
        config.name = ConfigName("config-" + std::to_string(i));
        // Straight into the engine: only the reading is under test.
        ASSERT_TRUE(engine_->put_config(kPay, config));
    }
    const auto stored = engine_->configs(kPay, ConfigForm::Pipeline);
    ASSERT_TRUE(stored);
    EXPECT_EQ(region_->configs(kPay, ConfigForm::Pipeline).value(), *stored);
}

INSTANTIATE_TEST_SUITE_P(Ways, RegionContract,
                         ::testing::Values(Way{"InProcess", false, std::nullopt},
                                           Way{"Unsigned", true, std::nullopt},
                                           Way{"SignedV1", true, wire::SignVersion::V1},
                                           Way{"SignedV4", true, wire::SignVersion::V4}),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace spillway::client
