#include "logstore/agent/collect_rule.h"

#include "base/json.h"

#include <gtest/gtest.h>

namespace spillway::agent {
namespace {

Result<CollectRule> rule_from(ConfigForm form, std::string_view text) {
    CollectorConfig config{ConfigName("app"), form, parse_json_object(text).value()};
    return parse_rule(config, RegionName("hz"), ProjectName("demo-hz"), "group-topic");
}

TEST(CollectRule, UnderstandsThePipelineForm) {
    const auto rule = rule_from(ConfigForm::Pipeline, R"({
        "configName": "app", "createTime": 1700000000,
        "global": {"TopicType": "custom", "TopicFormat": "customized://orders"},
        "inputs": [{"Type": "input_file", "FilePaths": ["/var/log/**/*.log"], "MaxDirSearchDepth": 3,
                    "TailSizeKB": 2048, "AllowingIncludedByMultiConfigs": true,
                    "AppendingLogPositionMeta": true}],
        "processors": [{"Type": "processor_parse_json_native"}],
        "flushers": [{"Type": "flusher_sls", "Project": "demo-hz", "Logstore": "app",
                      "Region": "cn-hangzhou", "Endpoint": "x"}]})");
    ASSERT_TRUE(rule) << rule.error().to_string();
    EXPECT_EQ(rule->effective_name, "demo-hz$app");
    EXPECT_EQ(rule->target.to_string(), "hz:demo-hz/app");
    EXPECT_EQ(rule->paths, (std::vector<PathPattern>{{"/var/log/**/*.log", 3}}));
    EXPECT_EQ(rule->paths[0].base_length(), std::string("/var/log").size());
    EXPECT_EQ(rule->tail_size_kb, 2048u);
    EXPECT_TRUE(rule->allows_other_configs);
    EXPECT_TRUE(rule->position_meta);
    EXPECT_EQ(rule->created_unix_s, 1'700'000'000);
    EXPECT_EQ(rule->ignored, std::vector<std::string>{"processors"});
    EXPECT_EQ(rule->delivery_for("/x").topic, "orders");
}

TEST(CollectRule, UnderstandsTheClassicForm) {
    const auto rule = rule_from(ConfigForm::Classic, R"({
        "configName": "app", "inputType": "file", "outputType": "LogService",
        "inputDetail": {"logType": "common_reg_log", "logPath": "/var/log/", "filePattern": "*.log",
                        "maxDepth": 5, "topicFormat": "default",
                        "advanced": {"force_multiconfig": true}},
        "outputDetail": {"projectName": "demo-hz", "logstoreName": "app"}, "createTime": 7})");
    ASSERT_TRUE(rule) << rule.error().to_string();
    EXPECT_EQ(rule->paths, (std::vector<PathPattern>{{"/var/log/**/*.log", 5}}));
    EXPECT_TRUE(rule->allows_other_configs);
    EXPECT_EQ(rule->tail_size_kb, 1024u);
    EXPECT_EQ(rule->delivery_for("/x").topic, "group-topic");
}

TEST(CollectRule, TakesATopicFromThePath) {
    const auto rule = rule_from(ConfigForm::Pipeline, R"({
        "global": {"TopicType": "filepath", "TopicFormat": "/var/log/([^/]+)/([^/]+)\\.log"},
        "inputs": [{"Type": "input_file", "FilePaths": ["/var/log/*/*.log"]}],
        "flushers": [{"Logstore": "app"}]})");
    ASSERT_TRUE(rule);
    EXPECT_EQ(rule->delivery_for("/var/log/pay/web.log").topic, "pay_web");
    EXPECT_EQ(rule->delivery_for("/elsewhere").topic, "");
    CollectRule other = *rule;
    other.topic.text = "/var/log/app-(\\d+)\\.log";
    EXPECT_EQ(other.delivery_for("/var/log/app-42.log").topic, "42");
    other.topic.text = "/var/.*";
    EXPECT_EQ(other.delivery_for("/var/log/x").topic, "/var/log/x");
    other.topic.text = "(((";
    EXPECT_EQ(other.delivery_for("/var/log/x").topic, "");
}

TEST(CollectRule, SaysWhatIsWrongWithAConfig) {
    const struct {
        ConfigForm form;
        const char* text;
        const char* says;
    } cases[] = {
        {ConfigForm::Pipeline, "{}", "inputs[0] is missing"},
        {ConfigForm::Pipeline, R"({"inputs":[{"Type":"input_docker"}]})", "input_docker"},
        {ConfigForm::Pipeline, R"({"inputs":[{"Type":"input_file"}]})", "FilePaths names no file"},
        {ConfigForm::Pipeline, R"({"inputs":[{"Type":"input_file","FilePaths":["/a"]}]})",
         "flushers[0]"},
        {ConfigForm::Pipeline,
         R"({"inputs":[{"Type":"input_file","FilePaths":["a"]}],"flushers":[{"Logstore":"l"}]})",
         "does not begin with /"},
        {ConfigForm::Pipeline,
         R"({"inputs":[{"Type":"input_file","FilePaths":["/a"]}],"flushers":[{}]})", "no Logstore"},
        {ConfigForm::Classic, R"({"inputType":"plugin"})", "plugin"},
        {ConfigForm::Classic, R"({"inputType":"file","inputDetail":{}})", "name no file"},
    };
    for (const auto& bad : cases) {
        const auto rule = rule_from(bad.form, bad.text);
        ASSERT_FALSE(rule) << bad.text;
        EXPECT_NE(rule.error().message.find(bad.says), std::string::npos) << rule.error().message;
    }
}

TEST(CollectRule, KeepsTailSizeWithinWhatTheServiceAllows) {
    const auto rule = rule_from(ConfigForm::Pipeline, R"({
        "inputs": [{"Type": "input_file", "FilePaths": ["/a"], "TailSizeKB": 99999999999}],
        "flushers": [{"Logstore": "app"}]})");
    ASSERT_TRUE(rule);
    EXPECT_EQ(rule->tail_size_kb, kTailSizeKbMax);
}

}  // namespace
}  // namespace spillway::agent
