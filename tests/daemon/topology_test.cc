#include "daemon/topology.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace spillway::daemon {
namespace {

constexpr char kGood[] = R"yaml(version: 1
name: payments
regions:
  hz: {endpoint: "https://cn-hangzhou.log.aliyuncs.com", sls_region: cn-hangzhou, credentials: ops}
  sh: {endpoint: "http://127.0.0.1:7102"}
credentials:
  ops:
    access_key_id: {env: SLS_AK_ID}
    access_key_secret: {file: /run/credentials/ak_secret}
    sign_version: v4
logstores:
  app-hz: {region: hz, project: pay-hz, logstore: app}
  app-sh: {region: sh, project: pay-sh, logstore: app}
links:
  - name: app-hz-to-sh
    source: app-hz
    target: app-sh
    start_from: 2025-10-10T08:00:00Z
    batch: {max_bytes: 2MiB, max_logs: 100, linger: 50ms}
    limits: {bytes_per_second: 20MiB}
    transform:
      language: dsl
      inline: |
        e_drop(op_eq(v("level"), "DEBUG"))
    on_bad_record: block
    on_gap: stop
    delivery: at_least_once
    order: per_shard
    lanes: 1
    retry: {initial: 100ms, max: 5s, multiplier: 3, jitter: 0.5}
collectors:
  - name: web
    identity: {type: userdefined, values: [pay-web]}
    configs: [nginx-access]
    groups: {hz: web-mg, sh: web-mg}
pairs:
  - name: app
    active: hz
    members: [hz, sh]
    links: [app-hz-to-sh]
    collectors: [web]
    switchover: {mode: manual, rpo_target: 5s, drain_timeout: 30s, quiescence: 2m}
probes:
  - {name: hz-write, region: hz, kind: write, interval: 5s, timeout: 2s}
detector: {window: 6, fail_in_window: 5, no_success: 30s, hold: 10s}
backup: {interval: 30s}
state: {path: /tmp/spillway-test/state.db}
listen: {admin: "127.0.0.1:0", metrics: "127.0.0.1:0"}
log: {format: json, level: debug}
)yaml";

std::string replaced(std::string text, const std::string& old_part, const std::string& new_part) {
    const auto at = text.find(old_part);
    EXPECT_NE(at, std::string::npos) << "the sample has no " << old_part;
    return text.replace(at, old_part.size(), new_part);
}

std::string all_messages(const std::vector<Finding>& findings) {
    std::string text;
    for (const auto& finding : findings) text += render(finding);
    return text;
}

TEST(Topology, ReadsEveryField) {
    const auto loaded = parse_topology(kGood, "t.yaml");
    ASSERT_TRUE(loaded.findings.empty()) << all_messages(loaded.findings);
    const auto& topology = loaded.topology;
    EXPECT_EQ(topology.name, "payments");
    EXPECT_EQ(topology.regions.at(RegionName("hz")).credentials, "ops");
    EXPECT_EQ(topology.credentials.at("ops").access_key_secret.kind, SecretRef::Kind::File);
    const auto& link = topology.links.at(0);
    EXPECT_EQ(link.start_from.unix_s, 1760083200);
    EXPECT_EQ(link.batch_bytes_max, 2u * 1024 * 1024);
    EXPECT_EQ(link.bytes_per_second, 20u * 1024 * 1024);
    EXPECT_EQ(link.rule, "e_drop(op_eq(v(\"level\"), \"DEBUG\"))\n");
    EXPECT_EQ(link.on_bad_record, replicator::OnBadRecord::Block);
    EXPECT_EQ(link.on_gap, replicator::OnGap::Stop);
    EXPECT_EQ(link.delivery, replicator::Delivery::AtLeastOnce);
    EXPECT_EQ(link.order, replicator::Order::PerShard);
    EXPECT_EQ(link.lanes, 1U);
    EXPECT_EQ(link.retry.max, std::chrono::seconds{5});
    EXPECT_EQ(topology.collectors.at(0).groups.at(RegionName("sh")).str(), "web-mg");
    EXPECT_EQ(topology.pairs.at(0).switchover.quiescence, std::chrono::minutes{2});
    EXPECT_EQ(topology.detector.window, 6u);
    EXPECT_EQ(topology.log.format, LogFormat::Json);
}

struct Mistake {
    std::string what;
    std::string old_part;
    std::string new_part;
    std::string says;
};

class TopologyMistake : public testing::TestWithParam<Mistake> {};

TEST_P(TopologyMistake, IsNamedWithItsPlace) {
    const auto& mistake = GetParam();
    const auto loaded =
        parse_topology(replaced(kGood, mistake.old_part, mistake.new_part), "t.yaml");
    const auto text = all_messages(loaded.findings);
    EXPECT_TRUE(has_errors(loaded.findings)) << text;
    EXPECT_NE(text.find(mistake.says), std::string::npos) << text;
    EXPECT_EQ(text.rfind("t.yaml:", 0), 0u) << text;
}

TEST(Topology, WarnsOfAQuietThatAgentsRetriesOutlast) {
    const auto loaded =
        parse_topology(replaced(kGood, "quiescence: 2m", "quiescence: 3s"), "t.yaml");
    EXPECT_FALSE(has_errors(loaded.findings));
    EXPECT_NE(all_messages(loaded.findings).find("quiescence"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Each, TopologyMistake,
    testing::Values(
        Mistake{"unknown key", "rpo_target: 5s", "rpo_targt: 5s", "did you mean \"rpo_target\"?"},
        Mistake{"duplicate key", "name: payments\n", "name: payments\nname: again\n",
                "stands twice"},
        Mistake{"literal secret", "{env: SLS_AK_ID}", "LTAI5tExample", "holds a literal"},
        Mistake{"batch too large", "max_bytes: 2MiB", "max_bytes: 9MiB", "1KiB to 8MiB"},
        Mistake{"too many lanes", "lanes: 1", "lanes: 65", "lanes"},
        Mistake{"number without unit", "linger: 50ms", "linger: 50", "batch.linger"},
        Mistake{"unknown region", "region: sh,", "region: bj,", "region \"bj\" is not declared"},
        Mistake{"unknown link", "links: [app-hz-to-sh]", "links: [app]",
                "link \"app\" is not declared"},
        Mistake{"unknown logstore", "target: app-sh", "target: app-bj", "Logstore \"app-bj\""},
        Mistake{"copy onto itself", "target: app-sh", "target: app-hz", "onto itself"},
        Mistake{"bad rule", "e_drop(op_eq", "e_dorp(op_eq", "e_drop"},
        Mistake{"bad start", "2025-10-10T08:00:00Z", "yesterday", "is not begin, end"},
        Mistake{"bad endpoint", "\"http://127.0.0.1:7102\"", "\"127.0.0.1:7102\"",
                "must begin with https://"},
        Mistake{"bad choice", "on_bad_record: block", "on_bad_record: blok", "did you mean block?"},
        Mistake{"one member", "members: [hz, sh]", "members: [hz]", "exactly two"},
        Mistake{"not loopback", "admin: \"127.0.0.1:0\"", "admin: \"0.0.0.0:9470\"",
                "not a loopback"},
        Mistake{"version", "version: 1", "version: 2", "version"},
        Mistake{"a list", "regions:\n", "regions: [\n", "t.yaml:"},
        Mistake{"a tab", "  hz: {endpoint", "\thz: {endpoint", "tab"}));

TEST(Topology, NeverRepeatsALiteralSecret) {
    const auto loaded = parse_topology(
        replaced(kGood, "{file: /run/credentials/ak_secret}", "s3cr3tValue"), "t.yaml");
    EXPECT_TRUE(has_errors(loaded.findings));
    EXPECT_EQ(all_messages(loaded.findings).find("s3cr3tValue"), std::string::npos);
}

TEST(Topology, FindsAllMistakesInOneRun) {
    auto text = replaced(kGood, "rpo_target: 5s", "rpo_targt: 5s");
    text = replaced(text, "start_from: 2025-10-10T08:00:00Z", "start_from: never");
    const auto loaded = parse_topology(text, "t.yaml");
    EXPECT_EQ(loaded.findings.size(), 2u) << all_messages(loaded.findings);
}

TEST(Topology, ShowsTheLineAndMarksTheWord) {
    const auto loaded = parse_topology("version: 1\nregions: {}\nstat: {path: x}\n", "t.yaml");
    ASSERT_EQ(loaded.findings.size(), 1u) << all_messages(loaded.findings);
    EXPECT_EQ(render(loaded.findings[0]),
              "t.yaml:3:1: error: unknown field \"stat\" in the file; did you mean \"state\"?\n"
              "    3 | stat: {path: x}\n"
              "      | ^~~~\n");
}

TEST(Topology, SurvivesGarbage) {
    for (const std::string text :
         {"", "\xff\xfe\x00", "[]", "- a\n- b", "a: &x [*x]", "{", "key: |\n\t"}) {
        const auto loaded = parse_topology(text, "t.yaml");
        EXPECT_TRUE(has_errors(loaded.findings)) << text;
    }
}

TEST(Topology, SaysThatTheFileIsMissing) {
    const auto loaded = load_topology("/nonexistent/topology.yaml");
    ASSERT_EQ(loaded.findings.size(), 1u);
    EXPECT_NE(loaded.findings[0].message.find("/nonexistent/topology.yaml"), std::string::npos);
}

}  // namespace
}  // namespace spillway::daemon
