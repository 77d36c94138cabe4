#include "switchover/twin.h"

#include <gtest/gtest.h>

namespace spillway::switchover {
namespace {

CollectorConfig pipeline(std::string_view text) {
    return {ConfigName("nginx-access"), ConfigForm::Pipeline, parse_json_object(text).value()};
}

TwinTarget target() {
    return {{ProjectName("pay-sh"), LogstoreName("app")},
            "https://sh.example/",
            "cn-shanghai",
            102'400,
            7};
}

constexpr std::string_view kPipeline = R"({
  "configName":"nginx-access","createTime":1,"lastModifyTime":2,
  "inputs":[{"Type":"input_file","FilePaths":["/var/log/*.log"],"Multiline":{"Mode":"custom"}}],
  "processors":[{"Type":"processor_parse_json_native","SourceKey":"content"}],
  "flushers":[{"Type":"flusher_sls","Project":"pay-hz","Logstore":"app","Region":"cn-hangzhou",
               "Endpoint":"hz.example","MaxSendRate":5}]})";

TEST(Twin, PointsItsFlusherAtTheTargetAndKeepsAllElse) {
    const auto twin = make_twin(pipeline(kPipeline), target());
    ASSERT_TRUE(twin) << twin.error().to_string();
    EXPECT_EQ(canonical_json(twin->body), canonical_json(*parse_json(R"({
  "configName":"nginx-access","global":{"SpillwayEpoch":7},
  "inputs":[{"Type":"input_file","FilePaths":["/var/log/*.log"],"Multiline":{"Mode":"custom"},
             "TailSizeKB":102400,"AllowingIncludedByMultiConfigs":true}],
  "processors":[{"Type":"processor_parse_json_native","SourceKey":"content"}],
  "flushers":[{"Type":"flusher_sls","Project":"pay-sh","Logstore":"app","Region":"cn-shanghai",
               "Endpoint":"sh.example","MaxSendRate":5}]})")));
    EXPECT_EQ(epoch_of(*twin), 7u);
}

TEST(Twin, OfTheClassicFormSetsTheSameInItsOwnWords) {
    CollectorConfig classic{ConfigName("old"), ConfigForm::Classic,
                            parse_json_object(R"({"configName":"old","inputType":"file",
      "inputDetail":{"logPath":"/var/log","filePattern":"*.log","advanced":{"blacklist":{}}},
      "outputType":"LogService","outputDetail":{"projectName":"pay-hz","logstoreName":"app"}})")
                                .value()};
    const auto twin = make_twin(classic, target());
    ASSERT_TRUE(twin);
    EXPECT_EQ(canonical_json(twin->body),
              canonical_json(*parse_json(R"({"configName":"old","inputType":"file",
      "inputDetail":{"logPath":"/var/log","filePattern":"*.log",
        "advanced":{"blacklist":{},"force_multiconfig":true,"tail_size_kb":102400,
                    "spillway_epoch":7}},
      "outputType":"LogService","outputDetail":{"projectName":"pay-sh","logstoreName":"app",
        "region":"cn-shanghai","endpoint":"sh.example"}})")));
    EXPECT_EQ(epoch_of(*twin), 7u);
}

TEST(Twin, OfAConfigThatWritesElsewhereIsRefused) {
    const auto twin = make_twin(
        pipeline(R"({"configName":"k","flushers":[{"Type":"flusher_kafka_v2"}]})"), target());
    ASSERT_FALSE(twin);
    EXPECT_NE(twin.error().message.find("config nginx-access cannot be re-pointed"),
              std::string::npos);
}

TEST(Twin, DoesNotDriftFromItsOriginByItself) {
    const auto origin = pipeline(kPipeline);
    auto twin = make_twin(origin, target()).value();
    EXPECT_TRUE(drift_between(origin, twin).empty());
    EXPECT_NE(digest_of(twin), digest_of(origin));
    twin.body["processors"] = json::array{};
    EXPECT_EQ(drift_between(origin, twin), std::vector<std::string>{"processors"});
}

TEST(TailSize, CoversTheBusiestRateForTheWholeSwitch) {
    EXPECT_EQ(tail_size_kb(std::nullopt, seconds{1800}), 102'400u);
    EXPECT_EQ(tail_size_kb(50.0, seconds{1800}), 135'000u);
    EXPECT_EQ(tail_size_kb(0.001, seconds{1800}), 1'024u);
    EXPECT_EQ(tail_size_kb(1e9, seconds{1800}), 10'485'760u);
}

TEST(Holds, AllowsMembersTheServiceAdds) {
    const auto wanted = *parse_json(R"({"a":[{"b":1}],"c":"x"})");
    EXPECT_TRUE(holds(*parse_json(R"({"a":[{"b":1,"z":0}],"c":"x","createTime":5})"), wanted));
    EXPECT_FALSE(holds(*parse_json(R"({"a":[{"b":2}],"c":"x"})"), wanted));
    EXPECT_FALSE(holds(*parse_json(R"({"a":[{"b":1},{}],"c":"x"})"), wanted));
    EXPECT_FALSE(holds(*parse_json(R"({"c":"x"})"), wanted));
}

}  // namespace
}  // namespace spillway::switchover
