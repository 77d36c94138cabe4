// The agent against an embedded region over HTTP: what the fake region cannot show.
#include "base/json.h"
#include "logstore/agent/agent.h"
#include "logstore/client/region_client.h"
#include "logstore/server/region_server.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_reader.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <stdlib.h>

namespace spillway::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const ProjectName kProject("demo-hz");
const LogstoreRef kLogstore{kProject, LogstoreName("app")};
const MachineGroupName kGroup("web-servers");

class RealRegionTest : public testing::Test {
  protected:
    RealRegionTest() {
        char name[] = "/tmp/spillway-agent-region-XXXXXX";
        root_ = mkdtemp(name);
        std::filesystem::create_directories(root_ + "/logs");
    }
    ~RealRegionTest() override {
        agent_thread_ = {};
        agent_.reset();
        end_region();
        std::filesystem::remove_all(root_);
    }

    void begin_region() {
        engine::EngineOptions options;
        options.path = root_ + "/region";
        auto engine = engine::Engine::open(options, clock_, null_event_log(), nullptr);
        ASSERT_TRUE(engine) << engine.error().to_string();
        engine_ = std::move(*engine);
        server::RegionServerOptions serving;
        serving.http.host = "127.0.0.1";
        serving.http.port = port_;
        auto server =
            server::RegionServer::start(serving, *engine_, clock_, null_event_log(), metrics_);
        ASSERT_TRUE(server) << server.error().to_string();
        server_ = std::move(*server);
        port_ = server_->port();
    }
    void end_region() {
        server_.reset();
        engine_.reset();
    }

    void prepare() {
        client::RegionClientOptions options;
        options.name = RegionName("hz");
        options.endpoint = "http://127.0.0.1:" + std::to_string(port_);
        auto opened = client::RegionClient::open(options, clock_);
        ASSERT_TRUE(opened) << opened.error().to_string();
        client_ = std::move(*opened);
        ASSERT_TRUE(client_->create_project({kProject, "", "", 0, 0}));
        ASSERT_TRUE(client_->create_logstore(kLogstore, {}));
        CollectorConfig config;
        config.name = ConfigName("app");
        config.body = parse_json_object(R"({"configName": "app",
            "inputs": [{"Type": "input_file", "FilePaths": ["LOGS/*.log"],
                        "AppendingLogPositionMeta": true, "TailSizeKB": 100000}],
            "flushers": [{"Type": "flusher_sls", "Project": "demo-hz", "Logstore": "app",
                          "Region": "hz", "Endpoint": "x"}]})")
                          .value();
        config.body["inputs"].as_array()[0].as_object()["FilePaths"] =
            json::array{root_ + "/logs/*.log"};
        ASSERT_TRUE(client_->put_config(kProject, config));
        MachineGroup group;
        group.name = kGroup;
        group.machines = {"web"};
        ASSERT_TRUE(client_->put_machine_group(kProject, group));
        ASSERT_TRUE(client_->bind(kProject, kGroup, config.name));
    }

    void begin_agent() {
        AgentOptions options;
        options.data_dir = root_ + "/agent";
        options.identity = {"web", "10.0.0.1", "web-1"};
        options.config_poll = milliseconds(50);
        options.scan = options.linger = milliseconds(20);
        options.checkpoint_interval = milliseconds(50);
        options.regions = {{RegionName("hz"), client_->endpoint(), kProject, client_.get(),
                            [this](const MachineGroupName& group, const Machine& machine) {
                                return client_->machine_heartbeat(kProject, group, machine);
                            }}};
        auto agent = Agent::open(options, null_event_log(), clock_);
        ASSERT_TRUE(agent) << agent.error().to_string();
        agent_ = std::move(*agent);
        agent_thread_ = std::jthread([this](std::stop_token stop) { agent_->run(stop); });
    }

    void write(const std::string& name, int from, int to) {
        std::ofstream out(root_ + "/logs/" + name, std::ios::app);
        for (int line = from; line < to; ++line) out << "line " << line << "\n";
    }

    std::vector<std::string> stored() {
        std::vector<std::string> all;
        const auto shards = client_->shards(kLogstore);
        if (!shards) return all;
        for (const Shard& shard : *shards) {
            auto from = client_->cursor(kLogstore, shard.id, CursorSeek::begin());
            while (from) {
                const auto page =
                    client_->pull(kLogstore, shard.id, {*from, {}, kPullGroupsMax, Codec::Lz4});
                if (!page || page->group_count == 0) break;
                add_lines(*page, all);
                from = page->next;
            }
        }
        return all;
    }
    static void add_lines(const Page& page, std::vector<std::string>& all) {
        const auto raw = wire::decompress(page.codec, page.body, page.raw_bytes).value();
        const auto visit = [&](std::string_view bytes) {
            const LogGroup group = wire::LogGroupView::parse(bytes).value().to_owned().value();
            for (const Log& log : group.logs) all.push_back(log.contents[0].value);
            return true;
        };
        EXPECT_TRUE(wire::for_each_group(raw, visit));
    }
    bool wait_for_lines(std::size_t count) {
        const auto deadline = std::chrono::steady_clock::now() + seconds(40);
        while (std::chrono::steady_clock::now() < deadline) {
            const auto all = stored();
            if (std::set(all.begin(), all.end()).size() >= count) return true;
            std::this_thread::yield();
        }
        return false;
    }

    std::string root_;
    SystemClock clock_;
    MetricsRegistry metrics_;
    std::uint16_t port_ = 0;
    std::unique_ptr<engine::Engine> engine_;
    std::unique_ptr<server::RegionServer> server_;
    std::unique_ptr<client::RegionClient> client_;
    std::unique_ptr<Agent> agent_;
    std::jthread agent_thread_;
};

TEST_F(RealRegionTest, CollectsOverHttpAndIsSeenByTheRegion) {
    begin_region();
    prepare();
    write("app.log", 0, 10'000);
    begin_agent();
    EXPECT_TRUE(wait_for_lines(10'000));
    const auto all = stored();
    ASSERT_EQ(all.size(), 10'000u);
    for (std::size_t line = 0; line < all.size(); ++line) {
        ASSERT_EQ(all[line], "line " + std::to_string(line));
    }
    const auto machines = client_->machines(kProject, kGroup);
    ASSERT_TRUE(machines) << machines.error().to_string();
    ASSERT_EQ(machines->size(), 1u);
    EXPECT_EQ(machines->front().userdefined_id, "web");
}

TEST_F(RealRegionTest, GoesOnWhereItWasWhenTheRegionComesBack) {
    begin_region();
    prepare();
    write("app.log", 0, 1'000);
    begin_agent();
    ASSERT_TRUE(wait_for_lines(1'000));
    end_region();
    write("app.log", 1'000, 2'000);
    begin_region();
    EXPECT_TRUE(wait_for_lines(2'000));
    std::vector<std::string> wanted;
    for (int line = 0; line < 2'000; ++line) wanted.push_back("line " + std::to_string(line));
    // A write whose answer was lost comes again: the first copies must be in order and complete.
    std::vector<std::string> first_copies;
    std::set<std::string> known;
    for (std::string& line : stored()) {
        if (known.insert(line).second) first_copies.push_back(std::move(line));
    }
    EXPECT_EQ(first_copies, wanted);
}

}  // namespace
}  // namespace spillway::agent
