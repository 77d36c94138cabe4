// Metadata: lists over several pages, sets that create or replace, consumer groups.
#include "base/json.h"
#include "logstore/client/region_client.h"
#include "scripted_service.h"

#include <gtest/gtest.h>

namespace spillway::client {
namespace {

using testing::ok;
using testing::ScriptedService;
using testing::service_says;

const ProjectName kPay("pay");
const LogstoreRef kApp{kPay, LogstoreName("app")};

class RegionMetadata : public ::testing::Test {
  protected:
    RegionMetadata() {
        RegionClientOptions options;
        options.name = RegionName("hz");
        options.endpoint = service_.endpoint();
        client_ = *RegionClient::open(options, clock_);
    }
    std::vector<std::string> asked() const {
        std::vector<std::string> out;
        for (const auto& request : service_.requests()) {
            out.push_back(request.method + " " + request.target);
        }
        return out;
    }

    FakeClock clock_;
    ScriptedService service_;
    std::unique_ptr<RegionClient> client_;
};

std::vector<std::string> texts(const std::vector<LogstoreName>& names) {
    std::vector<std::string> out;
    for (const auto& name : names) out.push_back(name.str());
    return out;
}

TEST_F(RegionMetadata, PagesListsToTheEnd) {
    service_.then(ok(R"({"count":2,"total":3,"logstores":["b","a"]})"));
    service_.then(ok(R"({"count":1,"total":3,"logstores":["c"]})"));
    const auto names = client_->logstores(kPay);
    ASSERT_TRUE(names) << names.error().to_string();
    EXPECT_EQ(texts(*names), (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_EQ(asked(), (std::vector<std::string>{"GET /logstores?offset=0&size=500",
                                                 "GET /logstores?offset=2&size=500"}));
}

TEST_F(RegionMetadata, AListThatGrewBetweenPagesGivesEachNameOnce) {
    service_.then(ok(R"({"count":2,"total":3,"logstores":["a","c"]})"));
    service_.then(ok(R"({"count":2,"total":4,"logstores":["c","d"]})"));
    EXPECT_EQ(texts(*client_->logstores(kPay)), (std::vector<std::string>{"a", "c", "d"}));
}

TEST_F(RegionMetadata, ATruncatedPageIsAnErrorNotAShortList) {
    for (const auto* body :
         {R"({"count":3,"total":3,"logstores":["a"]})", R"({"count":0,"total":3,"logstores":[]})",
          R"({"count":0,"total":0})", R"({"count":1,"total":1,"logstores":[5]})"}) {
        service_.then(ok(body));
        const auto names = client_->logstores(kPay);
        ASSERT_FALSE(names) << body;
        EXPECT_EQ(names.error().code, ErrorCode::Corrupt);
        EXPECT_NE(names.error().message.find("list Logstores of hz pay"), std::string::npos);
    }
}

TEST_F(RegionMetadata, AnErrorOnALaterPageIsTheListsError) {
    service_.then(ok(R"({"count":1,"total":2,"logstores":["a"]})"));
    service_.then(service_says(403, "ReadQuotaExceed"));
    EXPECT_EQ(client_->logstores(kPay).error().code, ErrorCode::Throttled);
}

TEST_F(RegionMetadata, ProjectsAreAskedOfTheAccount) {
    service_.then(
        ok(R"({"count":1,"total":1,"projects":[{"projectName":"pay","createTime":"5"}]})"));
    const auto projects = client_->projects();
    ASSERT_TRUE(projects);
    ASSERT_EQ(projects->size(), 1U);
    EXPECT_EQ(projects->front().created_unix_s, 5);
    EXPECT_EQ(service_.last_request().headers.find("host"), service_.endpoint().substr(7));
}

TEST_F(RegionMetadata, CreatesProjectsAndLogstores) {
    service_.then(ok());
    ProjectInfo project;
    project.name = kPay;
    project.description = "payments";
    ASSERT_TRUE(client_->create_project(project));
    EXPECT_EQ(service_.last_request().headers.find("host"), "pay." + service_.endpoint().substr(7));
    EXPECT_EQ(service_.last_request().body, R"({"projectName":"pay","description":"payments"})");

    service_.then(ok());
    LogstoreSettings settings;
    settings.ttl_days = 7;
    settings.shard_count = 3;
    ASSERT_TRUE(client_->create_logstore(kApp, settings));
    const auto request = service_.last_request();
    EXPECT_EQ(request.method + " " + request.target, "POST /logstores");
    EXPECT_EQ(request.headers.find("content-type"), "application/json");
    const auto body = parse_json_object(request.body);
    ASSERT_TRUE(body);
    EXPECT_EQ(find_int(*body, "shardCount"), 3);
    EXPECT_EQ(find_int(*body, "ttl"), 7);
}

TEST_F(RegionMetadata, PutConfigReplacesWhatExists) {
    service_.then(ok());
    CollectorConfig config;
    config.name = ConfigName("app-logs");
    config.body = *parse_json_object(R"({"inputs":[],"createTime":1})");
    ASSERT_TRUE(client_->put_config(kPay, config));
    EXPECT_EQ(asked(), (std::vector<std::string>{"PUT /pipelineconfigs/app-logs"}));
    EXPECT_EQ(service_.last_request().body, R"({"inputs":[],"configName":"app-logs"})");
}

TEST_F(RegionMetadata, PutConfigCreatesWhatDoesNotExist) {
    service_.then(service_says(404, "ConfigNotExist"));
    service_.then(ok());
    CollectorConfig config;
    config.name = ConfigName("app-logs");
    config.form = ConfigForm::Classic;
    ASSERT_TRUE(client_->put_config(kPay, config));
    EXPECT_EQ(asked(), (std::vector<std::string>{"PUT /configs/app-logs", "POST /configs"}));
}

TEST_F(RegionMetadata, PutConfigReplacesWhatSomebodyMadeInBetween) {
    service_.then(service_says(404, "ConfigNotExist"));
    service_.then(service_says(400, "ConfigAlreadyExist"));
    service_.then(ok());
    CollectorConfig config;
    config.name = ConfigName("app-logs");
    EXPECT_TRUE(client_->put_config(kPay, config));
    EXPECT_EQ(asked().size(), 3U);
}

TEST_F(RegionMetadata, PutConfigDoesNotCreateWithoutItsProject) {
    service_.then(service_says(404, "ProjectNotExist"));
    CollectorConfig config;
    config.name = ConfigName("app-logs");
    const auto put = client_->put_config(kPay, config);
    ASSERT_FALSE(put);
    EXPECT_EQ(put.error().service_code, "ProjectNotExist");
    EXPECT_EQ(asked().size(), 1U);
}

TEST_F(RegionMetadata, PutMachineGroupCreatesOrReplaces) {
    service_.then(service_says(404, "GroupNotExist"));
    service_.then(ok());
    MachineGroup group;
    group.name = MachineGroupName("web");
    group.machines = {"web-1"};
    ASSERT_TRUE(client_->put_machine_group(kPay, group));
    EXPECT_EQ(asked(), (std::vector<std::string>{"PUT /machinegroups/web", "POST /machinegroups"}));
}

TEST_F(RegionMetadata, BindingsAreSetToState) {
    service_.then(ok());
    ASSERT_TRUE(client_->bind(kPay, MachineGroupName("web"), ConfigName("c")));
    service_.then(service_says(404, "ConfigNotExist"));
    EXPECT_TRUE(client_->unbind(kPay, MachineGroupName("web"), ConfigName("c")));
    service_.then(service_says(404, "ProjectNotExist"));
    EXPECT_FALSE(client_->unbind(kPay, MachineGroupName("web"), ConfigName("c")));
    EXPECT_EQ(asked()[0], "PUT /machinegroups/web/configs/c");
    EXPECT_EQ(asked()[1], "DELETE /machinegroups/web/configs/c");
    service_.then(ok(R"({"count":2,"configs":["b","a"]})"));
    const auto bound = client_->bound_configs(kPay, MachineGroupName("web"));
    ASSERT_TRUE(bound);
    EXPECT_EQ(bound->size(), 2U);
    service_.then(ok(R"({"count":1,"machinegroups":["web"]})"));
    const auto groups = client_->bound_groups(kPay, ConfigName("c"));
    ASSERT_TRUE(groups);
    EXPECT_EQ(groups->front(), MachineGroupName("web"));
}

TEST_F(RegionMetadata, ReadsMachines) {
    service_.then(ok(R"({"count":1,"total":1,"machines":[
        {"ip":"10.0.0.1","machine-uniqueid":"u","userdefined-id":"web","lastHeartbeatTime":9}]})"));
    const auto machines = client_->machines(kPay, MachineGroupName("web"));
    ASSERT_TRUE(machines);
    EXPECT_EQ(machines->front().last_heartbeat_unix_s, 9);
    service_.then(ok(R"({"count":1,"total":1,"machines":["x"]})"));
    EXPECT_EQ(client_->machines(kPay, MachineGroupName("web")).error().code, ErrorCode::Corrupt);
}

TEST_F(RegionMetadata, ConsumerGroupsBeatAndSave) {
    const ConsumerGroupName group("cg");
    service_.then(ok("[1,2]"));
    const auto held = client_->heartbeat(kApp, group, ConsumerName("c 1"), {ShardId(1)});
    ASSERT_TRUE(held);
    EXPECT_EQ(*held, (std::vector<ShardId>{ShardId(1), ShardId(2)}));
    EXPECT_EQ(service_.last_request().body, "[1]");
    service_.then(ok());
    ASSERT_TRUE(client_->save_checkpoint(kApp, group, ConsumerName("c 1"), ShardId(1),
                                         Cursor("MQ=="), true));
    service_.then(ok(R"([{"shard":1,"checkpoint":"MQ==","updateTime":5,"consumer":"c 1"}])"));
    const auto saved = client_->checkpoints(kApp, group);
    ASSERT_TRUE(saved);
    EXPECT_EQ(saved->front().cursor, Cursor("MQ=="));
    const std::string base = "/logstores/app/consumergroups/cg";
    EXPECT_EQ(asked(), (std::vector<std::string>{
                           "POST " + base + "?type=heartbeat&consumer=c%201",
                           "POST " + base + "?type=checkpoint&consumer=c%201&forceSuccess=true",
                           "GET " + base}));
}

}  // namespace
}  // namespace spillway::client
