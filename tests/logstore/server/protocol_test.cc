// What the official clients demand of a server, line by line (docs/sources.md#clients).
#include "base/text.h"
#include "logstore/wire/signature.h"
#include "server_fixture.h"

namespace spillway::server {
namespace {

using Texts = std::vector<std::string>;

class Protocol : public ServerFixture {};

TEST_F(Protocol, SuccessWithoutABodyHasNoContentType) {
    const auto response = send("POST", "/", R"({"projectName":"pay","description":""})");
    EXPECT_EQ(response.status, 200);
    EXPECT_FALSE(response.headers.find("content-type"));
    EXPECT_EQ(response.headers.find("content-length"), "0");
}

TEST_F(Protocol, HeaderNamesAreLowerCaseAndTheRequestIdIsTheLastOfThem) {
    create();
    const auto response = send("POST", "/logstores/app/shards/lb", group("a"));
    std::string last;
    for (const auto& header : response.headers.all()) {
        if (!to_lower(header.name).starts_with("x-log-")) continue;
        EXPECT_EQ(header.name, to_lower(header.name));
        last = header.name;
    }
    EXPECT_EQ(last, "x-log-requestid");
}

TEST_F(Protocol, EveryRefusalHasTheErrorShape) {
    create();
    EXPECT_EQ(outcome("GET", "/nothing/here"), "400 NotSupported");
    EXPECT_EQ(outcome("PATCH", "/logstores"), "405 InvalidMethod");
    EXPECT_EQ(outcome("GET", "/logstores/none"), "404 LogStoreNotExist");
    EXPECT_EQ(outcome("POST", "/logstores", "not json"), "400 PostBodyInvalid");
    EXPECT_EQ(outcome("POST", "/logstores", "[]"), "400 PostBodyInvalid");
    EXPECT_EQ(outcome("POST", "/logstores", "{}"), "400 LogStoreInfoInvalid");
    EXPECT_EQ(outcome("POST", "/logstores/app/shards/lb", "garbage"), "400 PostBodyInvalid");
    const auto bare = send("GET", "/logstores", "", {}, "127.0.0.1:7101");
    EXPECT_EQ(bare.status, 400);
    EXPECT_NE(bare.body.find("InvalidHost"), std::string::npos);
}

TEST_F(Protocol, GetOnARootIsTheProjectOrTheListByTheHost) {
    create();
    const auto project = get("/").as_object();
    for (const auto* member : {"projectName", "status", "description", "region", "owner",
                               "createTime", "lastModifyTime"}) {
        EXPECT_TRUE(project.contains(member)) << member;
    }
    EXPECT_EQ(project.at("region").as_string(), "hz");
    const auto list = send("GET", "/?offset=0&size=100&projectName=", "", {}, "localhost:7101");
    const auto object = *parse_json_object(list.body);
    EXPECT_EQ(object.at("count").as_int64(), 1);
    EXPECT_EQ(object.at("total").as_int64(), 1);
    EXPECT_EQ(object.at("projects").as_array().size(), 1U);
}

TEST_F(Protocol, CreateProjectWorksOnTheProjectsHostAndOnTheBareOne) {
    EXPECT_EQ(
        send("POST", "/", R"({"projectName":"bare","description":""})", {}, "localhost").status,
        200);
    EXPECT_EQ(outcome("POST", "/", R"({"projectName":"pay","description":""})"), "OK");
    EXPECT_EQ(outcome("POST", "/", R"({"projectName":"pay","description":""})"),
              "400 ProjectAlreadyExist");
    EXPECT_EQ(outcome("DELETE", "/", R"({"projectName":"pay"})"), "OK");
    EXPECT_EQ(outcome("GET", "/"), "404 ProjectNotExist");
}

TEST_F(Protocol, LogstoresHaveEveryMemberTheClientsAskFor) {
    create();
    EXPECT_EQ(outcome("POST", "/logstores",
                      R"({"logstoreName":"rich","ttl":7,"shardCount":1,"telemetryType":"None",
                          "mode":"standard","hot_ttl":7,"appendMeta":true})"),
              "OK");
    const auto rich = get("/logstores/rich").as_object();
    for (const auto* member : {"logstoreName", "ttl", "shardCount", "enable_tracking", "appendMeta",
                               "autoSplit", "maxSplitShard", "createTime", "lastModifyTime"}) {
        EXPECT_TRUE(rich.contains(member)) << member;
    }
    EXPECT_EQ(rich.at("mode").as_string(), "standard") << "unknown members are given back";
    const auto list = get("/logstores?offset=&size=&logstorename=ri").as_object();
    EXPECT_EQ(list.at("count").as_int64(), 1);
    EXPECT_EQ(list.at("total").as_int64(), 1);
    EXPECT_EQ(
        outcome("PUT", "/logstores/rich", R"({"logstoreName":"rich","ttl":9,"shardCount":1})"),
        "OK");
    EXPECT_EQ(get("/logstores/rich").as_object().at("ttl").as_int64(), 9);
    EXPECT_EQ(outcome("PUT", "/logstores/rich", R"({"ttl":9,"shardCount":5})"),
              "400 ParameterInvalid");
    EXPECT_EQ(outcome("POST", "/logstores", R"({"logstoreName":"rich","ttl":1,"shardCount":1})"),
              "400 LogStoreAlreadyExist");
    EXPECT_EQ(outcome("DELETE", "/logstores/rich"), "OK");
    EXPECT_EQ(outcome("GET", "/logstores/rich"), "404 LogStoreNotExist");
}

TEST_F(Protocol, TheJavaClientsMinusOneIsNoLimitOfShards) {
    create();
    EXPECT_EQ(outcome("POST", "/logstores",
                      R"({"logstoreName":"java","ttl":7,"shardCount":1,"autoSplit":false,)"
                      R"("maxSplitShard":-1,"resourceQuota":{"storage":{"preserved":-1}}})"),
              "OK");
    EXPECT_EQ(get("/logstores/java").as_object().at("maxSplitShard"),
              get("/logstores/app").as_object().at("maxSplitShard"));
}

TEST_F(Protocol, ShardsAreABareArrayThatSplitAndMergeAnswerToo) {
    create(1);
    auto shards = get("/logstores/app/shards").as_array();
    ASSERT_EQ(shards.size(), 1U);
    EXPECT_EQ(shards[0].as_object().at("inclusiveBeginKey").as_string().size(), 32U);
    EXPECT_TRUE(shards[0].as_object().at("createTime").is_int64());
    auto split = send("POST", "/logstores/app/shards/0?action=split&key=");
    ASSERT_EQ(split.status, 200);
    auto answer = parse_json(split.body)->as_array();
    ASSERT_EQ(answer.size(), 3U);
    EXPECT_EQ(answer[0].as_object().at("status").as_string(), "readonly");
    EXPECT_EQ(answer[1].as_object().at("shardID").as_int64(), 1);
    auto merge = send("POST", "/logstores/app/shards/1?action=merge");
    ASSERT_EQ(merge.status, 200);
    EXPECT_EQ(parse_json(merge.body)->as_array()[0].as_object().at("shardID").as_int64(), 3);
    EXPECT_EQ(outcome("POST", "/logstores/app/shards/3?action=merge"), "400 ParameterInvalid");
    EXPECT_EQ(outcome("POST", "/logstores/app/shards/3?action=split&key=zz"),
              "400 ParameterInvalid");
}

TEST_F(Protocol, LogsArePutByEveryPathAndComeBackByteForByte) {
    create(1);
    EXPECT_EQ(put("lb"), "OK");
    EXPECT_EQ(put("old path", ""), "OK");
    EXPECT_EQ(put("routed", "/shards/route?key=5F"), "OK");
    const std::string odd = "a\xff\xfe\r\n\0b";
    EXPECT_EQ(put(odd), "OK");
    const auto page = send("GET", "/logstores/app/shards/0?type=logs&count=1000&cursor=" +
                                      percent_encode(cursor("begin")));
    EXPECT_EQ(texts(page), (Texts{"lb", "old path", "routed", odd}));
}

TEST_F(Protocol, SequenceIdsFenceARouteKeyWhateverItsCase) {
    create(2);
    const std::string key = "ABCDEF00000000000000000000000000";
    EXPECT_EQ(put("a", "/shards/route?key=" + key + "&seqid=5"), "OK");
    EXPECT_EQ(put("a", "/shards/route?key=" + to_lower(key) + "&seqid=5"), "400 InvalidSequenceId");
    EXPECT_EQ(put("b", "/shards/route?key=" + key + "&seqid=0"), "OK") << "0 means none";
    EXPECT_EQ(put("c", "/shards/route?key=" + key + "&seqid=x"), "400 ParameterInvalid");
    EXPECT_EQ(put("c", "/shards/route"), "400 ParameterInvalid");
    start();
    EXPECT_EQ(put("a", "/shards/route?key=" + key + "&seqid=5"), "400 InvalidSequenceId");
    EXPECT_EQ(put("d", "/shards/route?key=" + key + "&seqid=6"), "OK");
}

TEST_F(Protocol, ABatchGroupIsStoredGroupByGroup) {
    create(1);
    std::string list;
    for (const auto* text : {"one", "two"}) {
        const auto raw = group(text);
        const auto body = *wire::compress(Codec::Lz4, raw);
        std::string package = "\x0a";
        wire::append_varint(package, body.size());
        package += body + "\x10";
        wire::append_varint(package, raw.size());
        list += "\x0a";
        wire::append_varint(list, package.size());
        list += package;
    }
    EXPECT_EQ(outcome("POST", "/logstores/app/shards/lb", list,
                      {{"x-log-mode", "batch_group"}, {"x-log-compresstype", "lz4"}}),
              "OK");
    EXPECT_EQ(texts(send("GET", "/logstores/app/shards/0?type=log&cursor=" +
                                    percent_encode(cursor("begin")))),
              (Texts{"one", "two"}));
}

TEST_F(Protocol, AnEmptyPullHasEveryHeaderAndTheLz4BlockOfNothing) {
    create(1);
    const auto end = cursor("end");
    const auto page = send("GET", "/logstores/app/shards/0?type=log&count=10&cursor=" + end, "",
                           {{"Accept-Encoding", "lz4"}});
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(page.headers.find("x-log-cursor"), end);
    EXPECT_EQ(page.headers.find("x-log-count"), "0");
    EXPECT_EQ(page.headers.find("x-log-bodyrawsize"), "0");
    EXPECT_EQ(page.headers.find("x-log-compresstype"), "lz4");
    EXPECT_EQ(page.headers.find("x-log-end-of-cursor"), "1");
    EXPECT_EQ(page.body, std::string(1, '\0'));
    const auto plain = send("GET", "/logstores/app/shards/0?type=log&cursor=" + end, "",
                            {{"Accept-Encoding", ""}});
    EXPECT_FALSE(plain.headers.find("x-log-compresstype"));
    EXPECT_TRUE(plain.body.empty());
}

TEST_F(Protocol, PullsStopAtCountAndAtEndCursorAndNameTheLastPosition) {
    create(1);
    for (int i = 0; i < 6; ++i) EXPECT_EQ(put(std::to_string(i)), "OK");
    const auto begin = *Cursor(cursor("begin")).position();
    const auto at = [&](std::int64_t i) {
        return percent_encode(Cursor::from_position(begin + i).str());
    };
    const std::string pull = "/logstores/app/shards/0?type=log";
    const Headers lz4 = {{"Accept-Encoding", "lz4"}};
    auto page = send("GET", pull + "&cursor=" + at(1) + "&count=2", "", lz4);
    EXPECT_EQ(texts(page), (Texts{"1", "2"}));
    EXPECT_EQ(page.headers.find("x-log-read-last-cursor"), std::to_string(begin + 2));
    EXPECT_FALSE(page.headers.find("x-log-end-of-cursor"));
    page = send("GET", pull + "&cursor=" + at(1) + "&count=1000&end_cursor=" + at(4), "", lz4);
    EXPECT_EQ(texts(page), (Texts{"1", "2", "3"}));
    EXPECT_EQ(page.headers.find("x-log-cursor"), Cursor::from_position(begin + 4).str());
    const auto head = send("HEAD", pull + "&cursor=" + at(0) + "&count=3");
    EXPECT_EQ(head.headers.find("x-log-cursor"), Cursor::from_position(begin + 3).str());
    EXPECT_TRUE(head.body.empty());
    EXPECT_EQ(outcome("GET", pull + "&cursor=" + at(7)), "400 InvalidCursor");
    EXPECT_EQ(outcome("GET", pull + "&cursor=nonsense"), "400 InvalidCursor");
    EXPECT_EQ(outcome("GET", pull), "400 ParameterInvalid");
    EXPECT_EQ(outcome("GET", pull + "&cursor=" + at(0) + "&count=0"), "400 ParameterInvalid");
}

TEST_F(Protocol, CursorTimesAreOfStoredGroupsOnly) {
    create(1);
    const auto before = unix_seconds(clock_.wall());
    EXPECT_EQ(put("a"), "OK");
    const auto time = get("/logstores/app/shards/0?type=cursor_time&cursor=" + cursor("begin"));
    EXPECT_GE(time.as_object().at("cursor_time").as_int64(), before);
    EXPECT_EQ(outcome("GET", "/logstores/app/shards/0?type=cursor_time&cursor=" + cursor("end")),
              "400 InvalidCursor");
    EXPECT_EQ(cursor(std::to_string(before)), cursor("begin"));
    EXPECT_EQ(cursor(std::to_string(before + 1000)), cursor("end"));
    EXPECT_EQ(outcome("GET", "/logstores/app/shards/9?type=cursor&from=begin"),
              "404 ShardNotExist");
    EXPECT_EQ(outcome("GET", "/logstores/app/shards/0?type=cursor&from=soon"),
              "400 ParameterInvalid");
}

TEST_F(Protocol, ConsumerGroupsSpeakTheClientsShapes) {
    create(2);
    const std::string groups = "/logstores/app/consumergroups";
    const std::string create_body = R"({"consumerGroup":"g","timeout":30,"order":true})";
    EXPECT_EQ(outcome("POST", groups, create_body), "OK");
    EXPECT_EQ(outcome("POST", groups, create_body), "400 ConsumerGroupAlreadyExist");
    const auto list = get(groups).as_array();
    EXPECT_EQ(list[0].as_object().at("name").as_string(), "g");
    EXPECT_EQ(list[0].as_object().at("timeout").as_int64(), 30);
    EXPECT_TRUE(list[0].as_object().at("order").as_bool());
    EXPECT_EQ(outcome("PUT", groups + "/g", R"({"timeout":40})"), "OK");
    EXPECT_TRUE(get(groups).as_array()[0].as_object().at("order").as_bool());
    auto beat = send("POST", groups + "/g?type=heartbeat&consumer=c", "[]");
    EXPECT_EQ(beat.body, "[0,1]");
    const auto unset = get(groups + "/g?shard=1").as_array();
    ASSERT_EQ(unset.size(), 1U);
    EXPECT_EQ(unset[0].as_object().at("checkpoint").as_string(), "");
    const auto body = R"({"shard":1,"checkpoint":")" + cursor("begin", 1) + "\"}";
    EXPECT_EQ(outcome("POST", groups + "/g?type=checkpoint&consumer=&forceSuccess=True", body),
              "OK");
    EXPECT_EQ(outcome("POST", groups + "/g?type=checkpoint", body), "OK") << "as C++ sends it";
    EXPECT_EQ(outcome("POST", groups + "/g?type=checkpoint&consumer=x&forceSuccess=false", body),
              "404 ConsumerNotExist");
    EXPECT_EQ(get(groups + "/g").as_array().size(), 2U);
    EXPECT_TRUE(get(groups + "/g?shard=77").as_array().empty());
    EXPECT_EQ(outcome("POST", groups + "/none?type=heartbeat&consumer=c", "[]"),
              "404 ConsumerGroupNotExist");
    EXPECT_EQ(outcome("POST", groups + "/g?type=heartbeat&consumer=other", "[1]"),
              "400 NotExistConsumerWithBody");
    EXPECT_EQ(outcome("DELETE", groups + "/g"), "OK");
    EXPECT_EQ(outcome("DELETE", groups + "/g"), "404 ConsumerGroupNotExist");
}

TEST_F(Protocol, ConfigsComeBackWhole) {
    create();
    const std::string body =
        R"({"configName":"nginx","inputType":"file","inputDetail":{"logType":"common_reg_log",
            "key":["k"],"regex":"^.*$","odd":{"x":[1,null]}},
            "outputType":"LogService","outputDetail":{"projectName":"pay","logstoreName":"app"}})";
    EXPECT_EQ(outcome("POST", "/configs", body), "OK");
    EXPECT_EQ(outcome("POST", "/configs", body), "400 ConfigAlreadyExist");
    const auto config = get("/configs/nginx").as_object();
    EXPECT_EQ(config.at("inputDetail"), parse_json(body)->as_object().at("inputDetail"));
    EXPECT_TRUE(config.at("createTime").is_int64());
    EXPECT_TRUE(config.at("lastModifyTime").is_int64());
    EXPECT_EQ(get("/configs?configname=ngi&logstoreName=app").as_object().at("count").as_int64(),
              1);
    EXPECT_EQ(get("/configs?logstoreName=other").as_object().at("total").as_int64(), 0);
    EXPECT_EQ(outcome("PUT", "/configs/other", body), "400 BadRequest");
    EXPECT_EQ(outcome("PUT", "/configs/nginx", body), "OK");
    EXPECT_EQ(outcome("GET", "/pipelineconfigs/nginx"), "404 ConfigNotExist");
    const std::string pipeline =
        R"({"configName":"pipe","inputs":[{"Type":"input_file","FilePaths":["/x"]}],
            "flushers":[{"Type":"flusher_sls","Logstore":"app"}]})";
    EXPECT_EQ(outcome("POST", "/pipelineconfigs", pipeline), "OK");
    EXPECT_EQ(get("/pipelineconfigs?logstoreName=app").as_object().at("configs").as_array().size(),
              1U);
    EXPECT_EQ(outcome("DELETE", "/configs/nginx"), "OK");
    EXPECT_EQ(outcome("DELETE", "/configs/nginx"), "404 ConfigNotExist");
}

TEST_F(Protocol, MachineGroupsBindConfigsAndListTheirMachines) {
    create();
    EXPECT_EQ(outcome("POST", "/pipelineconfigs", R"({"configName":"pipe","inputs":[]})"), "OK");
    const std::string body =
        R"({"groupName":"web","groupType":"","machineIdentifyType":"userdefined",
            "groupAttribute":{"externalName":"e","groupTopic":"t"},"machineList":["blue"]})";
    EXPECT_EQ(outcome("POST", "/machinegroups", body), "OK");
    EXPECT_EQ(outcome("POST", "/machinegroups", body), "400 MachineGroupAlreadyExist");
    const auto group = get("/machinegroups/web").as_object();
    EXPECT_EQ(group.at("groupAttribute").as_object().at("externalName").as_string(), "e");
    EXPECT_EQ(group.at("groupAttribute").as_object().at("groupTopic").as_string(), "t");
    EXPECT_EQ(outcome("PUT", "/machinegroups/web/configs/none"), "404 ConfigNotExist");
    EXPECT_EQ(outcome("PUT", "/machinegroups/web/configs/pipe"), "OK");
    EXPECT_EQ(json::serialize(get("/machinegroups/web/configs")),
              R"({"count":1,"total":1,"configs":["pipe"]})");
    EXPECT_EQ(get("/configs/pipe/machinegroups").as_object().at("machinegroups").as_array().size(),
              1U);
    EXPECT_EQ(outcome("PUT", "/machinegroups/web/machines?action=heartbeat",
                      R"({"ip":"10.0.0.1","machine-uniqueid":"u","userdefined-id":"blue"})"),
              "OK");
    const auto machines = get("/machinegroups/web/machines").as_object();
    const auto& machine = machines.at("machines").as_array().at(0).as_object();
    EXPECT_EQ(machine.at("ip").as_string(), "10.0.0.1");
    EXPECT_EQ(machine.at("userdefined-id").as_string(), "blue");
    EXPECT_GT(machine.at("lastHeartbeatTime").as_int64(), 0);
    EXPECT_EQ(outcome("PUT", "/machinegroups/web/machines?action=add", R"(["green"])"), "OK");
    EXPECT_EQ(get("/machinegroups/web").as_object().at("machineList").as_array().size(), 2U);
    EXPECT_EQ(outcome("DELETE", "/machinegroups/web/configs/pipe"), "OK");
    EXPECT_EQ(outcome("DELETE", "/machinegroups/web"), "OK");
    EXPECT_EQ(outcome("GET", "/machinegroups/web"), "404 MachineGroupNotExist");
}

TEST_F(Protocol, TheIndexIsKeptAsGiven) {
    create();
    EXPECT_EQ(outcome("GET", "/logstores/app/index"), "404 IndexConfigNotExist");
    EXPECT_EQ(outcome("POST", "/logstores/app/index", R"({"line":{"token":[" "]}})"), "OK");
    EXPECT_EQ(outcome("POST", "/logstores/app/index", "{}"), "400 IndexAlreadyExist");
    EXPECT_TRUE(get("/logstores/app/index").as_object().contains("line"));
    EXPECT_EQ(outcome("DELETE", "/logstores/app/index"), "OK");
}

TEST_F(Protocol, ABrowserMayAskBeforeItSendsATrackedLog) {
    create();
    const auto asked = send("OPTIONS", "/logstores/app/track", "",
                            {{"Origin", "http://shop.example"},
                             {"Access-Control-Request-Method", "POST"},
                             {"Access-Control-Request-Headers", "x-log-apiversion,x-mine"}});
    EXPECT_EQ(asked.status, 200) << asked.body;
    EXPECT_EQ(asked.headers.find("access-control-allow-origin"), "*");
    EXPECT_EQ(asked.headers.find("access-control-allow-methods"), "GET, POST, OPTIONS");
    EXPECT_EQ(asked.headers.find("access-control-allow-headers"), "x-log-apiversion,x-mine");
    const auto plain = send("OPTIONS", "/logstores/app/track");
    EXPECT_EQ(plain.status, 200);
    EXPECT_NE(plain.headers.find("access-control-allow-headers").value_or("").find("content-type"),
              std::string_view::npos);
    EXPECT_EQ(outcome("OPTIONS", "/logstores/app"), "405 InvalidMethod") << "pages only track";
}

TEST_F(Protocol, ASequenceIdWithoutAKeyIsRefusedAsItWouldFenceNothing) {
    create();
    for (const std::string path : {"/shards/lb", ""}) {
        EXPECT_EQ(put("a", path + "?seqid=5&key=00"), "400 ParameterInvalid") << path;
        EXPECT_EQ(put("a", path + "?seqid=x"), "400 ParameterInvalid") << path;
    }
    const auto refused = send("POST", "/logstores/app/shards/lb?seqid=5", group("a"));
    EXPECT_NE(refused.body.find("/shards/route?key="), std::string::npos) << refused.body;
    EXPECT_EQ(cursor("begin"), cursor("end")) << "nothing was stored";
    EXPECT_EQ(put("b", "/shards/lb?seqid=0"), "OK") << "0 means none";
}

TEST_F(Protocol, WebTrackingIsTakenWhereTheLogstoreAllowsIt) {
    create(1);
    const std::string body =
        R"({"__topic__":"t","__tags__":{"k":"v"},"__logs__":[{"m":"posted","n":5}]})";
    EXPECT_EQ(outcome("POST", "/logstores/app/track", body), "401 Unauthorized");
    EXPECT_EQ(outcome("PUT", "/logstores/app", R"({"enable_tracking":true})"), "OK");
    EXPECT_EQ(outcome("POST", "/logstores/app/track", body), "OK");
    EXPECT_EQ(outcome("GET", "/logstores/app/track?APIVersion=0.6.0&m=asked%20for"), "OK");
    EXPECT_EQ(outcome("GET", "/logstores/app/track?APIVersion=0.6.0"), "400 ParameterInvalid");
    EXPECT_EQ(outcome("POST", "/logstores/app/track", R"({"__logs__":{}})"), "400 PostBodyInvalid");
    const auto page =
        send("GET", "/logstores/app/shards/0?type=log&cursor=" + percent_encode(cursor("begin")));
    EXPECT_EQ(texts(page), (Texts{"posted", "asked for"}));
}

TEST_F(Protocol, OwnPagesTellHealthAndMetrics) {
    create();
    EXPECT_EQ(put("a"), "OK");
    EXPECT_EQ(send("GET", "/healthz", "", {}, "localhost").body, "ok\n");
    const auto metrics = send("GET", "/metrics", "", {}, "localhost").body;
    EXPECT_NE(metrics.find("spillway_region_requests_total{code=\"OK\",op=\"PutLogs\""),
              std::string::npos);
    for (const auto* name :
         {"spillway_region_syncs_total", "spillway_region_sync_seconds_bucket",
          "spillway_region_round_groups_bucket", "spillway_region_stored_raw_bytes_total",
          "spillway_region_stored_wire_bytes_total", "spillway_region_pulled_raw_bytes_total",
          "spillway_region_shards{status=\"readwrite\"} 2", "spillway_region_logstores 1",
          "spillway_region_open_segment_files{for=\"write\"} 1",
          "spillway_region_file_cache_opened_total", "spillway_region_file_cache_found_total",
          "spillway_region_faults_on{kind=\"freeze\"} 0", "spillway_region_connections",
          "spillway_region_received_bytes_total{op=\"PutLogs\"}",
          "spillway_region_answered_bytes_total{op=\"CreateLogStore\"} 0"}) {
        EXPECT_NE(metrics.find(name), std::string::npos) << name;
    }
}

TEST_F(Protocol, AShardIsSplitIntoSeveralAtOnce) {
    create(1);
    const auto split = send("POST", "/logstores/app/shards/0?action=split&shardCount=3");
    ASSERT_EQ(split.status, 200) << split.body;
    const auto shards = *parse_json(split.body);
    ASSERT_EQ(shards.as_array().size(), 4U);
    EXPECT_EQ(shards.at(0).at("status").as_string(), "readonly");
    std::string from = "00000000000000000000000000000000";
    for (int i = 1; i < 4; ++i) {
        EXPECT_EQ(shards.at(i).at("shardID").as_int64(), i);
        EXPECT_EQ(shards.at(i).at("inclusiveBeginKey").as_string(), from);
        from = std::string(shards.at(i).at("exclusiveEndKey").as_string());
    }
    EXPECT_EQ(from, "ffffffffffffffffffffffffffffffff");
    for (const auto* key : {"00", "55", "AA", "FF"}) {
        EXPECT_EQ(put("x", std::string("/shards/route?key=") + key), "OK");
    }
    for (const std::string count : {"0", "1", "257", "4294967297", "x"}) {
        EXPECT_EQ(outcome("POST", "/logstores/app/shards/1?action=split&shardCount=" + count),
                  "400 ParameterInvalid");
    }
    EXPECT_EQ(outcome("POST", "/logstores/app/shards/1?action=split&shardCount=3&key=01"),
              "400 ParameterInvalid");
}

TEST_F(Protocol, TheMeteringModeIsKept) {
    create();
    EXPECT_EQ(get("/logstores/app/meteringmode").at("meteringMode").as_string(),
              "ChargeByFunction");
    EXPECT_EQ(
        outcome("PUT", "/logstores/app/meteringmode", R"({"meteringMode":"ChargeByDataIngest"})"),
        "OK");
    EXPECT_EQ(get("/logstores/app/meteringmode").at("meteringMode").as_string(),
              "ChargeByDataIngest");
    EXPECT_EQ(outcome("PUT", "/logstores/app/meteringmode", R"({"meteringMode":"free"})"),
              "400 ParameterInvalid");
}

TEST_F(Protocol, WhatIsNotOfferedSaysSoInTheServicesShape) {
    create();
    for (const auto* target :
         {"/jobs", "/jobs/etl", "/etls", "/dashboards", "/logs?query=select+1",
          "/consumeprocessors", "/agentinstanceconfigs/x", "/logstores/app/replication",
          "/logstores/app?type=topic", "/logstores/app/shipper", "/savedsearches", "/alerts/a",
          "/regions", "/tags"}) {
        EXPECT_EQ(outcome("GET", target), "400 NotSupported") << target;
    }
    EXPECT_EQ(outcome("POST", "/prometheus/pay/app/api/v1/write", "x"), "400 NotSupported");
    EXPECT_EQ(put("x", "/shards/lb?processor=p"), "400 NotSupported");
    EXPECT_EQ(outcome("DELETE", "/logstores/app/shards"), "405 InvalidMethod");
}

class Throttled : public ServerFixture {
  protected:
    void SetUp() override {
        quotas_ = *engine::parse_quotas("shard-write=0/2,shard-read=0/1");
        ServerFixture::SetUp();
        create(1);
    }
};

TEST_F(Throttled, AnswersTheServicesCodesWith403) {
    std::string last = "OK";
    for (int i = 0; i < 200 && last == "OK"; ++i) last = put("x");
    EXPECT_EQ(last, "403 ShardWriteQuotaExceed");
    const auto pull = "/logstores/app/shards/0?type=log&cursor=" + percent_encode(cursor("begin"));
    last = "OK";
    for (int i = 0; i < 200 && last == "OK"; ++i) last = outcome("GET", pull);
    EXPECT_EQ(last, "403 ShardReadQuotaExceed");
}

class WithKeys : public ServerFixture {
  protected:
    void SetUp() override {
        server_options_.keys = *KeyFile::parse("admin secret\nteam other pay\n");
        ServerFixture::SetUp();
    }
    std::string signed_outcome(const std::string& id, const std::string& secret,
                               const wire::SignOptions& options, const std::string& method,
                               const std::string& target, const std::string& body = {},
                               std::chrono::seconds skew = {},
                               const std::string& host = "pay.localhost:7101",
                               const std::string& token = {}) {
        HttpRequest request;
        request.method = method;
        request.target = target;
        request.body = body;
        request.headers.add("Host", host);
        if (!body.empty()) request.headers.add("Content-Type", "application/json");
        request.headers.add("x-log-bodyrawsize", "0");
        wire::sign(request, {id, secret, token}, options, clock_.wall() + skew);
        Headers headers;
        for (const auto& header : request.headers.all()) {
            if (header.name != "Host") headers.emplace_back(header.name, header.value);
        }
        const auto response = send(method, target, body, headers, host);
        if (response.status == 200) return "OK";
        return std::to_string(response.status) + " " +
               find_string(*parse_json_object(response.body), "errorCode").value_or("");
    }
    const wire::SignOptions v1_{wire::SignVersion::V1, ""};
    const wire::SignOptions v4_{wire::SignVersion::V4, "cn-local"};
    const std::string project_ = R"({"projectName":"pay","description":""})";
};

TEST_F(WithKeys, BothSignaturesAreAccepted) {
    EXPECT_EQ(signed_outcome("admin", "secret", v1_, "POST", "/", project_), "OK");
    EXPECT_EQ(signed_outcome("admin", "secret", v4_, "GET", "/logstores?offset=0&size=&x=%2A"),
              "OK");
}

TEST_F(WithKeys, WrongSignaturesKeysAndTimesHaveTheirOwnCodes) {
    EXPECT_EQ(signed_outcome("admin", "wrong", v1_, "GET", "/"), "401 SignatureNotMatch");
    EXPECT_EQ(signed_outcome("admin", "wrong", v4_, "GET", "/"), "401 SignatureNotMatch");
    EXPECT_EQ(signed_outcome("nobody", "secret", v1_, "GET", "/"), "401 Unauthorized");
    EXPECT_EQ(signed_outcome("admin", "secret", v1_, "GET", "/", "", std::chrono::minutes(-16)),
              "400 RequestTimeExpired");
    EXPECT_EQ(outcome("GET", "/logstores"), "401 Unauthorized");
}

TEST_F(WithKeys, ASecurityTokenIsSignedAndOtherwiseTakenAsItIs) {
    for (const auto& options : {v1_, v4_}) {
        EXPECT_EQ(signed_outcome("admin", "secret", options, "GET", "/", "", {}, "localhost:7101",
                                 "CAIS+token/=="),
                  "OK");
    }
}

TEST_F(WithKeys, AKeyMayOnlyUseItsProjects) {
    EXPECT_EQ(signed_outcome("admin", "secret", v1_, "POST", "/", project_), "OK");
    EXPECT_EQ(signed_outcome("team", "other", v1_, "GET", "/"), "OK");
    EXPECT_EQ(signed_outcome("team", "other", v1_, "GET", "/", "", {}, "elsewhere.localhost"),
              "401 Unauthorized");
    EXPECT_EQ(signed_outcome("team", "other", v1_, "GET", "/", "", {}, "localhost"),
              "401 Unauthorized");
}

TEST(RegionServerStart, RefusesTheNetworkWithoutKeys) {
    std::string pattern = ::testing::TempDir() + "spillway_server_XXXXXX";
    const std::string folder = ::mkdtemp(pattern.data());
    SystemClock clock;
    MetricsRegistry metrics;
    {
        engine::EngineOptions options;
        options.path = folder;
        auto engine = engine::Engine::open(options, clock, null_event_log(), &metrics);
        ASSERT_TRUE(engine);
        RegionServerOptions server_options;
        server_options.http.host = "0.0.0.0";
        auto server = RegionServer::start(std::move(server_options), **engine, clock,
                                          null_event_log(), metrics);
        ASSERT_FALSE(server);
        EXPECT_EQ(server.error().code, ErrorCode::Refused);
    }
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace spillway::server
