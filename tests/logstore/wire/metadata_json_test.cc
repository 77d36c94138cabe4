#include "logstore/wire/metadata_json.h"

#include <gtest/gtest.h>

namespace spillway::wire {
namespace {

json::object object(std::string_view text) {
    auto parsed = parse_json_object(text);
    EXPECT_TRUE(parsed) << text;
    return parsed ? *std::move(parsed) : json::object();
}

TEST(MetadataJson, ProjectsKeepTheirTimesInBothSpellings) {
    ProjectInfo project;
    project.name = ProjectName("pay");
    project.description = "payments";
    project.region = "cn-hangzhou";
    project.created_unix_s = 1'625'666'889;
    project.modified_unix_s = 1'700'000'000;
    const auto dates = project_json(project);
    EXPECT_EQ(find_string(dates, "createTime"), "2021-07-07 14:08:09");
    for (const auto* member : {"projectName", "status", "description", "region", "owner",
                               "createTime", "lastModifyTime"}) {
        EXPECT_TRUE(find_string(dates, member)) << member << " is asked for by an official client";
    }
    const auto unix_text = project_json(project, ProjectTimes::UnixText);
    EXPECT_EQ(find_string(unix_text, "createTime"), "1625666889");
    for (const auto& written : {dates, unix_text}) {
        const auto read = parse_project(written);
        ASSERT_TRUE(read);
        EXPECT_EQ(read->name, project.name);
        EXPECT_EQ(read->description, project.description);
        EXPECT_EQ(read->region, project.region);
        EXPECT_EQ(read->created_unix_s, project.created_unix_s);
        EXPECT_EQ(read->modified_unix_s, project.modified_unix_s);
    }
    EXPECT_EQ(parse_project(object(R"({"projectName":"p","createTime":"soon"})"))->created_unix_s,
              0);
}

TEST(MetadataJson, LogstoresKeepMembersWeDoNotKnow) {
    const auto sent = object(
        R"({"logstoreName":"app","ttl":7,"shardCount":3,"autoSplit":true,"maxSplitShard":16,
            "enable_tracking":true,"appendMeta":true,"mode":"standard","hot_ttl":7,
            "encrypt_conf":{"enable":false},"createTime":5,"lastModifyTime":6})");
    const auto info = parse_logstore(ProjectName("p"), sent);
    ASSERT_TRUE(info);
    EXPECT_EQ(info->ref.to_string(), "p/app");
    EXPECT_EQ(info->settings.ttl_days, 7U);
    EXPECT_EQ(info->settings.shard_count, 3U);
    EXPECT_TRUE(info->settings.auto_split);
    EXPECT_TRUE(info->settings.enable_tracking);
    EXPECT_TRUE(info->settings.append_meta);
    EXPECT_EQ(info->settings.max_split_shard, 16U);
    EXPECT_EQ(info->created_unix_s, 5);
    EXPECT_EQ(canonical_json(logstore_json(*info)), canonical_json(sent));
}

TEST(MetadataJson, LogstoresHaveDefaultsForWhatIsLeftOut) {
    const auto info = parse_logstore(ProjectName("p"), object(R"({"logstoreName":"app"})"));
    ASSERT_TRUE(info);
    EXPECT_EQ(info->settings.ttl_days, LogstoreSettings().ttl_days);
    EXPECT_EQ(info->settings.shard_count, LogstoreSettings().shard_count);
    const auto java =
        parse_logstore(ProjectName("p"), object(R"({"logstoreName":"app","maxSplitShard":-1})"));
    ASSERT_TRUE(java) << "-1 is what the Java client leaves out";
    EXPECT_EQ(java->settings.max_split_shard, LogstoreSettings().max_split_shard);
}

TEST(MetadataJson, AWrongMemberIsNamed) {
    struct Case {
        const char* text;
        const char* named;
    };
    for (const auto& c :
         {Case{R"({})", "logstoreName"}, Case{R"({"logstoreName":5})", "logstoreName"},
          Case{R"({"logstoreName":"a","ttl":"x"})", "ttl"},
          Case{R"({"logstoreName":"a","ttl":-1})", "ttl"},
          Case{R"({"logstoreName":"a","shardCount":2.5})", "shardCount"},
          Case{R"({"logstoreName":"a","autoSplit":1})", "autoSplit"}}) {
        const auto info = parse_logstore(ProjectName("p"), object(c.text));
        ASSERT_FALSE(info) << c.text;
        EXPECT_EQ(info.error().code, ErrorCode::InvalidArgument);
        EXPECT_NE(info.error().message.find(c.named), std::string::npos) << info.error().message;
    }
}

TEST(MetadataJson, ShardsComeSortedWithLowerCaseKeys) {
    Shard first{ShardId(0), ShardStatus::ReadOnly, std::string(32, '0'), std::string(32, '8'), 10};
    Shard second{ShardId(1), ShardStatus::ReadWrite, std::string(32, '8'), std::string(32, 'f'),
                 20};
    const auto written = shards_json({second, first});
    const auto read = parse_shards(written);
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, (std::vector<Shard>{first, second}));
    const auto upper = parse_shards(*parse_json(
        R"([{"shardID":3,"status":"readwrite","inclusiveBeginKey":"AB","exclusiveEndKey":"CD"}])"));
    ASSERT_TRUE(upper);
    EXPECT_EQ(upper->front().begin_key, "ab");
    EXPECT_FALSE(parse_shards(json::object()));
    EXPECT_FALSE(parse_shards(*parse_json(R"([{"shardID":3,"status":"melted"}])")));
    EXPECT_FALSE(parse_shards(*parse_json(R"([{"status":"readwrite"}])")));
    EXPECT_FALSE(parse_shards(*parse_json("[5]")));
}

TEST(MetadataJson, CursorsGoBothWays) {
    EXPECT_EQ(parse_cursor(cursor_json(Cursor("MTIz")))->str(), "MTIz");
    EXPECT_EQ(parse_cursor_time(cursor_time_json(1'554'260'243)).value(), 1'554'260'243);
    EXPECT_FALSE(parse_cursor(json::object()));
    EXPECT_FALSE(parse_cursor_time(object(R"({"cursor_time":"late"})")));
}

TEST(MetadataJson, ConsumerGroupsReadBothSpellingsAndPartialUpdates) {
    ConsumerGroupInfo group{ConsumerGroupName("cg"), std::chrono::seconds(40), true};
    ConsumerGroupInfo read;
    ASSERT_TRUE(read_consumer_group(consumer_group_body(group), read));
    EXPECT_EQ(read.name, group.name);
    EXPECT_EQ(read.timeout, group.timeout);
    EXPECT_TRUE(read.order);
    ASSERT_TRUE(read_consumer_group(object(R"({"timeout":90})"), read));
    EXPECT_EQ(read.timeout.count(), 90);
    EXPECT_TRUE(read.order) << "what an update leaves out stays";
    const auto list = parse_consumer_groups(consumer_groups_json({group}));
    ASSERT_TRUE(list);
    EXPECT_EQ(list->front().name, group.name);
    EXPECT_FALSE(read_consumer_group(object(R"({"timeout":0})"), read));
    EXPECT_FALSE(read_consumer_group(object(R"({"order":"yes"})"), read));
    EXPECT_FALSE(parse_consumer_groups(*parse_json(R"([{"timeout":5}])")));
}

TEST(MetadataJson, HeartbeatsAreBareArraysOrWrapped) {
    const std::vector<ShardId> shards{ShardId(0), ShardId(7)};
    EXPECT_EQ(parse_shard_ids(shard_ids_json(shards)).value(), shards);
    EXPECT_EQ(parse_shard_ids(*parse_json(R"({"shards":[0,7]})")).value(), shards);
    EXPECT_FALSE(parse_shard_ids(*parse_json(R"([-1])")));
    EXPECT_FALSE(parse_shard_ids(*parse_json(R"(["0"])")));
    EXPECT_FALSE(parse_shard_ids(*parse_json(R"({})")));
}

TEST(MetadataJson, CheckpointsKeepTheEmptyOne) {
    const std::vector<ShardCheckpoint> sent = {
        {ShardId(0), Cursor("MTIz"), "c-1", 1'700'000'000'000'000}, {ShardId(1), Cursor(), "", 0}};
    const auto read = parse_checkpoints(checkpoints_json(sent));
    ASSERT_TRUE(read);
    ASSERT_EQ(read->size(), 2U);
    EXPECT_EQ((*read)[0].cursor, Cursor("MTIz"));
    EXPECT_EQ((*read)[0].consumer, "c-1");
    EXPECT_EQ((*read)[0].updated_unix_us, 1'700'000'000'000'000);
    EXPECT_TRUE((*read)[1].cursor.empty());
    const auto saved = parse_save_checkpoint(save_checkpoint_body(ShardId(3), Cursor("MQ==")));
    ASSERT_TRUE(saved);
    EXPECT_EQ(saved->shard, ShardId(3));
    EXPECT_FALSE(parse_save_checkpoint(object(R"({"shard":1})")));
}

TEST(MetadataJson, CollectorConfigsStayWhole) {
    const auto sent = object(
        R"({"configName":"app-logs","inputs":[{"Type":"input_file","FilePaths":["/v/*.log"]}],
            "odd":{"deep":[1,null,2.5]},"createTime":1,"lastModifyTime":2})");
    const auto config = parse_collector_config(ConfigForm::Pipeline, sent);
    ASSERT_TRUE(config);
    EXPECT_EQ(config->name, ConfigName("app-logs"));
    EXPECT_EQ(canonical_json(config->body), canonical_json(sent));
    const auto body = collector_config_body(*config);
    EXPECT_FALSE(body.contains("createTime"));
    EXPECT_FALSE(body.contains("lastModifyTime"));
    EXPECT_TRUE(body.contains("odd"));
    EXPECT_EQ(find_int(collector_config_json(*config, 8, 9), "lastModifyTime"), 9);
    EXPECT_FALSE(parse_collector_config(ConfigForm::Classic, object(R"({"inputs":[]})")));
}

TEST(MetadataJson, MachineGroupsHaveWhatClientsReadBlindly) {
    MachineGroup group;
    group.name = MachineGroupName("web");
    group.identify_type = "ip";
    group.machines = {"10.0.0.1", "10.0.0.2"};
    group.attribute = object(R"({"groupTopic":"t"})");
    const auto written = machine_group_json(group, 1, 2);
    EXPECT_EQ(find_string(*find_object(written, "groupAttribute"), "externalName"), "");
    const auto read = parse_machine_group(written);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->name, group.name);
    EXPECT_EQ(read->identify_type, "ip");
    EXPECT_EQ(read->machines, group.machines);
    EXPECT_EQ(find_string(read->attribute, "groupTopic"), "t");
    EXPECT_TRUE(parse_machine_group(object(R"({"groupName":"g","machineList":null})")));
    EXPECT_FALSE(parse_machine_group(object(R"({"groupName":"g","machineList":[5]})")));
    EXPECT_FALSE(parse_machine_group(object(R"({"machineList":[]})")));
}

TEST(MetadataJson, MachinesGoBothWays) {
    const Machine machine{"10.0.0.1", "uuid", "web", 1'700'000'000};
    const auto read = parse_machine(machine_json(machine));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->ip, machine.ip);
    EXPECT_EQ(read->unique_id, machine.unique_id);
    EXPECT_EQ(read->userdefined_id, machine.userdefined_id);
    EXPECT_EQ(read->last_heartbeat_unix_s, machine.last_heartbeat_unix_s);
    const auto unheard = parse_machine(object(R"({"ip":"1"})"));
    ASSERT_TRUE(unheard) << "a machine that has not been heard of yet";
    EXPECT_EQ(unheard->last_heartbeat_unix_s, 0);
    EXPECT_FALSE(parse_machine(object(R"({"ip":"1","lastHeartbeatTime":"soon"})")));
    EXPECT_FALSE(parse_machine(object(R"({"lastHeartbeatTime":1})")));
}

TEST(MetadataJson, ACutOffListIsNotAList) {
    const auto page = parse_list(list_json("logstores", names_json({"a", "b"}), 9), "logstores");
    ASSERT_TRUE(page);
    EXPECT_EQ(page->items.size(), 2U);
    EXPECT_EQ(page->total, 9U);
    EXPECT_FALSE(parse_list(object(R"({"count":3,"total":3,"logstores":["a","b"]})"), "logstores"));
    EXPECT_FALSE(parse_list(object(R"({"count":0,"total":0})"), "logstores"));
    EXPECT_FALSE(parse_list(object(R"({"count":0,"total":-1,"logstores":[]})"), "logstores"));
    EXPECT_EQ(parse_list(object(R"({"count":1,"configs":["a"]})"), "configs")->total, 1U)
        << "lists of bindings have no total";
}

}  // namespace
}  // namespace spillway::wire
