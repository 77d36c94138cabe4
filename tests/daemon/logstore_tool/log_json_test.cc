#include "daemon/logstore_tool/log_json.h"

#include "base/json.h"
#include "logstore/wire/log_group_writer.h"

#include <gtest/gtest.h>

namespace spillway::daemon {
namespace {

std::string line_of(const LogGroup& group) {
    const std::string encoded = wire::encode(group);
    const auto view = wire::LogGroupView::parse(encoded);
    EXPECT_TRUE(view);
    std::string out;
    view->for_each_log([&](wire::LogView log) {
        EXPECT_TRUE(append_log_line(out, *view, log, ShardId(3), Cursor("MTIz")));
        return true;
    });
    return out;
}

LogGroup group_of(Log log) {
    LogGroup group;
    group.logs.push_back(std::move(log));
    return group;
}

TEST(LogJson, WritesEveryPartOfALog) {
    LogGroup group = group_of({1'700'000'000, 5, {{"level", "INFO"}, {"msg", "say \"hi\"\n"}}});
    group.topic = "t";
    group.source = "10.0.0.1";
    group.tags = {{"host", "web-1"}};
    EXPECT_EQ(
        line_of(group),
        R"({"time":1700000000,"time_ns":5,"topic":"t","source":"10.0.0.1","tags":{"host":"web-1"},)"
        R"("fields":{"level":"INFO","msg":"say \"hi\"\n"},"shard":3,"cursor":"MTIz"})"
        "\n");
}

TEST(LogJson, LeavesOutWhatALogDoesNotHave) {
    EXPECT_EQ(line_of(group_of({7, std::nullopt, {}})),
              "{\"time\":7,\"fields\":{},\"shard\":3,\"cursor\":\"MTIz\"}\n");
}

TEST(LogJson, ComesBackAsItWas) {
    std::vector<Log> logs = {
        {1, std::nullopt, {}},
        {2, 999'999'999, {{"k", "v"}, {"empty", ""}}},
        {3, 0, {{"k", "1"}, {"k", "2"}, {"", "no key"}}},
        {4, std::nullopt, {{"bytes", std::string("\xFF\x00\xC3", 3)}, {"cr", "a\r"}}},
        {5, std::nullopt, {{"\xFFkey", "\xFEvalue"}}},
        {6, std::nullopt, {{"fields", "x"}, {"time", "y"}, {"base64", "AA=="}}},
    };
    for (const auto& log : logs) {
        LogGroup group = group_of(log);
        group.topic = std::string("t\xFF", 2);
        group.source = "s";
        group.tags = {{"a", "1"}, {"a", "\xFF"}};
        const std::string line = line_of(group);
        const auto parsed = parse_log_line(line, 99);
        ASSERT_TRUE(parsed) << line << parsed.error().to_string();
        EXPECT_EQ(parsed->log, log) << line;
        EXPECT_EQ(parsed->topic, group.topic);
        EXPECT_EQ(parsed->source, group.source);
        EXPECT_EQ(parsed->tags, group.tags);
    }
}

TEST(LogJson, AFlatObjectsMembersAreFields) {
    const auto parsed = parse_log_line(
        R"({"level":"INFO","n":5,"f":1.5,"ok":true,"none":null,"deep":{"a":[1]}})", 99);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->log.time, 99U);
    EXPECT_EQ(parsed->log.contents, (std::vector<LogContent>{{"level", "INFO"},
                                                             {"n", "5"},
                                                             {"f", "1.5E0"},
                                                             {"ok", "true"},
                                                             {"none", "null"},
                                                             {"deep", R"({"a":[1]})"}}));
    EXPECT_EQ(parsed->topic, std::nullopt);
    EXPECT_EQ(parsed->tags, std::nullopt);
}

TEST(LogJson, AnObjectThatOnlyLooksLikeOursStaysFlat) {
    const auto parsed = parse_log_line(R"({"fields":{"a":"b"},"level":"INFO"})", 99);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->log.contents,
              (std::vector<LogContent>{{"fields", R"({"a":"b"})"}, {"level", "INFO"}}));
}

TEST(LogJson, RefusesWhatIsNoLog) {
    for (const auto* line :
         {"", "text", "[1]", "5", R"({"a":1)", R"({"fields":{"a":5}})", R"({"fields":[["a"]]})",
          R"({"fields":["a"]})", R"({"fields":{},"time":"now"})", R"({"fields":{},"time":-1})",
          R"({"fields":{},"tags":5})", R"({"fields":{},"topic":{"base64":"!"}})"}) {
        const auto parsed = parse_log_line(line, 99);
        ASSERT_FALSE(parsed) << line;
        EXPECT_EQ(parsed.error().code, ErrorCode::InvalidArgument);
    }
}

TEST(LogJson, AMalformedLogIsCorrupt) {
    const wire::LogGroupView group;
    std::string out;
    const auto written =
        append_log_line(out, group, wire::LogView("\x12\x05xx"), ShardId(0), Cursor());
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::Corrupt);
}

}  // namespace
}  // namespace spillway::daemon
