#include "daemon/agent_file.h"

#include <gtest/gtest.h>

namespace spillway::daemon {
namespace {

constexpr const char* kWhole = R"(version: 1
data: /var/lib/agent
identity: {user_defined_id: web, ip: 127.0.0.1, hostname: web-1}
regions:
  - {name: hz, endpoint: "http://127.0.0.1:7101", project: demo-hz, credentials: main}
  - {name: sh, endpoint: "https://sh.example", project: demo-sh, sls_region: cn-shanghai}
credentials:
  main: {access_key_id: {env: KEY}, access_key_secret: {file: secret}, sign_version: v4}
config_poll: 2s
scan: 200ms
linger: 100ms
flush_timeout: 3s
checkpoint_interval: 1s
log: {format: json, level: debug}
)";

AgentFileReading read(std::string text) {
    return read_agent_file(YamlDocument::parse(std::move(text), "agent.yaml"));
}

std::string all(const std::vector<Finding>& findings) {
    std::string text;
    for (const Finding& finding : findings) text += render(finding);
    return text;
}

/// The whole file with one part replaced.
std::string with(const std::string& part, const std::string& replacement) {
    std::string text = kWhole;
    return text.replace(text.find(part), part.size(), replacement);
}

TEST(AgentFile, IsReadWhole) {
    const auto reading = read(kWhole);
    ASSERT_TRUE(reading.findings.empty()) << all(reading.findings);
    const AgentFile& file = reading.file;
    EXPECT_EQ(file.options.data_dir, "/var/lib/agent");
    EXPECT_EQ(file.options.identity.hostname, "web-1");
    ASSERT_EQ(file.regions.size(), 2u);
    EXPECT_EQ(file.regions[0].credentials, "main");
    EXPECT_EQ(file.regions[1].sls_region, "cn-shanghai");
    EXPECT_EQ(file.credentials.at("main").sign_version, "v4");
    EXPECT_EQ(file.options.config_poll, std::chrono::seconds(2));
    EXPECT_EQ(file.options.scan, std::chrono::milliseconds(200));
    EXPECT_EQ(file.options.linger, std::chrono::milliseconds(100));
    EXPECT_EQ(file.options.flush_timeout, std::chrono::seconds(3));
    EXPECT_EQ(file.options.checkpoint_interval, std::chrono::seconds(1));
    EXPECT_EQ(file.log.format, LogFormat::Json);
    EXPECT_EQ(file.log.level, LogLevel::Debug);
}

TEST(AgentFile, EachMistakeIsNamedWithItsPlace) {
    const struct {
        std::string text;
        std::string says;
    } cases[] = {
        {with("config_poll", "config_pol"), "agent.yaml:9:"},
        {with("config_poll", "config_pol"), "config_poll"},
        {with("version: 1", "version: 2"), "version must be 1"},
        {with("data: /var/lib/agent\n", ""), "data"},
        {with("ip: 127.0.0.1", "ipv4: 127.0.0.1"), "ip"},
        {with("project: demo-sh", "project: demo-hz"), "stands in two regions"},
        {with("name: sh", "name: hz"), "declared twice"},
        {with("credentials: main", "credentials: mian"), "not declared under credentials"},
        {with("http://127.0.0.1:7101", "127.0.0.1:7101"), "must begin with"},
        {with("{file: secret}", "hunter2"), "agent.yaml:8:"},
        {with("scan: 200ms", "scan: 200"), "scan"},
        {with("scan: 200ms", "scan: 1ms"), "at least 10 ms"},
        {with("level: debug", "level: loud"), "level"},
        {with("scan: 200ms\n", "scan: 200ms\nscan: 300ms\n"), "scan"},
        {"- a list", "agent.yaml"},
        {"", "holds nothing"},
    };
    for (const auto& wrong : cases) {
        const auto reading = read(wrong.text);
        EXPECT_TRUE(has_errors(reading.findings)) << wrong.text;
        EXPECT_NE(all(reading.findings).find(wrong.says), std::string::npos)
            << "wanted \"" << wrong.says << "\" in:\n"
            << all(reading.findings);
    }
}

TEST(AgentFile, AMissingFileIsTheOnlyFinding) {
    const auto reading = read_agent_file(YamlDocument::load("/nowhere/agent.yaml"));
    EXPECT_EQ(reading.findings.size(), 1u) << all(reading.findings);
}

TEST(AgentFile, NeverShowsALiteralSecret) {
    const auto reading = read(with("{file: secret}", "hunter2"));
    EXPECT_EQ(all(reading.findings).find("hunter2"), std::string::npos) << all(reading.findings);
}

TEST(AgentFile, TheExampleIsFineAsItStands) {
    const auto reading =
        read_agent_file(YamlDocument::load(SPILLWAY_SOURCE_DIR "/configs/agent.example.yaml"));
    EXPECT_TRUE(reading.findings.empty()) << all(reading.findings);
}

}  // namespace
}  // namespace spillway::daemon
