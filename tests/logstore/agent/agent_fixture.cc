#include "tests/logstore/agent/agent_fixture.h"

#include "base/json.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <stdlib.h>
#include <sys/stat.h>

namespace spillway::agent {

using test_support::FakeRegion;

void KeptLog::write(LogLevel, std::string_view event, std::string_view sentence, LogFields) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::string(event) + ": " + std::string(sentence));
}

bool KeptLog::has(std::string_view event) const {
    const std::lock_guard lock(mutex_);
    for (const std::string& line : lines_) {
        if (line.starts_with(std::string(event) + ": ")) return true;
    }
    return false;
}

std::string KeptLog::text() const {
    const std::lock_guard lock(mutex_);
    std::string all;
    for (const std::string& line : lines_) all += line + "\n";
    return all;
}

// An hour ahead of the files' birth times: to the agent, every file was there before it came.
AgentFixture::AgentFixture() : clock_(SystemClock().wall() + std::chrono::hours(1)) {
    char name[] = "/tmp/spillway-agent-XXXXXX";
    root_ = mkdtemp(name);
    logs_ = root_ + "/logs";
    std::filesystem::create_directories(logs_);
    hz_.create({ProjectName("demo-hz"), LogstoreName("app")}, 2);
    sh_.create({ProjectName("demo-sh"), LogstoreName("app")}, 2);
    options_.data_dir = root_ + "/data";
    options_.identity = {"web", "10.0.0.1", "web-1"};
    const auto region = [](const char* region_name, FakeRegion& api) {
        const ProjectName project(std::string("demo-") + region_name);
        return AgentRegion{RegionName(region_name), std::string("fake://") + region_name, project,
                           &api,
                           [&api, project](const MachineGroupName& group, const Machine& machine) {
                               return api.heartbeat(project, group, machine);
                           }};
    };
    options_.regions = {region("hz", hz_), region("sh", sh_)};
}

AgentFixture::~AgentFixture() {
    agent_.reset();
    std::filesystem::remove_all(root_);
}

LogstoreRef AgentFixture::ref(const FakeRegion& region, const std::string& logstore) const {
    return {ProjectName(&region == &hz_ ? "demo-hz" : "demo-sh"), LogstoreName(logstore)};
}

void AgentFixture::serve_config(FakeRegion& region, const ConfigSpec& spec) {
    json::object input{{"Type", "input_file"},
                       {"FilePaths", json::array{logs_ + "/" + spec.paths}},
                       {"TailSizeKB", spec.tail_size_kb},
                       {"AllowingIncludedByMultiConfigs", spec.allows_others},
                       {"AppendingLogPositionMeta", true}};
    json::object flusher{{"Type", "flusher_sls"}, {"Logstore", spec.logstore}};
    CollectorConfig config;
    config.name = ConfigName(spec.name);
    config.body["inputs"] = json::array{std::move(input)};
    config.body["flushers"] = json::array{std::move(flusher)};
    const ProjectName project = ref(region).project;
    ASSERT_TRUE(region.put_config(project, config));
    MachineGroup group;
    group.name = MachineGroupName("web-servers");
    group.machines = {"web"};
    ASSERT_TRUE(region.put_machine_group(project, group));
    bind(region, spec.name);
}

void AgentFixture::bind(FakeRegion& region, const std::string& config) {
    ASSERT_TRUE(
        region.bind(ref(region).project, MachineGroupName("web-servers"), ConfigName(config)));
}

void AgentFixture::unbind(FakeRegion& region, const std::string& config) {
    ASSERT_TRUE(
        region.unbind(ref(region).project, MachineGroupName("web-servers"), ConfigName(config)));
}

void AgentFixture::start() {
    auto agent = Agent::open(options_, log_, clock_);
    ASSERT_TRUE(agent) << agent.error().to_string();
    agent_ = std::move(*agent);
    poll();
}

void AgentFixture::crash() {
    agent_.reset();
}

void AgentFixture::stop() {
    agent_->shut_down();
    agent_.reset();
}

void AgentFixture::poll() {
    agent_->poll_configs();
    agent_->step();
}

void AgentFixture::pass(std::chrono::milliseconds duration) {
    for (auto left = duration; left.count() > 0; left -= std::chrono::milliseconds(200)) {
        clock_.advance(std::chrono::milliseconds(200));
        agent_->step();
    }
}

void AgentFixture::append(const std::string& name, std::string_view bytes) {
    std::ofstream(log_path(name), std::ios::binary | std::ios::app) << bytes;
}

void AgentFixture::rename(const std::string& from, const std::string& to) {
    std::filesystem::rename(log_path(from), log_path(to));
}

std::string AgentFixture::content_of(const std::string& name) const {
    std::ostringstream out;
    out << std::ifstream(log_path(name), std::ios::binary).rdbuf();
    return out.str();
}

std::uint64_t AgentFixture::inode_of(const std::string& name) const {
    struct stat seen {};
    EXPECT_EQ(stat(log_path(name).c_str(), &seen), 0);
    return seen.st_ino;
}

std::vector<std::string> AgentFixture::lines(FakeRegion& region, const std::string& logstore) {
    std::vector<std::string> all;
    for (const LogGroup& group : region.groups(ref(region, logstore))) {
        for (const Log& log : group.logs) all.push_back(log.contents.at(0).value);
    }
    return all;
}

std::string AgentFixture::rebuilt(FakeRegion& region, std::uint64_t inode) {
    std::map<std::uint64_t, std::string> pieces;
    for (const LogGroup& group : region.groups(ref(region))) {
        bool mine = false;
        for (const LogTag& tag : group.tags) {
            mine = mine || (tag.key == "__inode__" && tag.value == std::to_string(inode));
        }
        for (const Log& log : group.logs) {
            if (mine) pieces[std::stoull(log.contents.at(1).value)] = log.contents.at(0).value;
        }
    }
    std::string bytes;
    for (const auto& [offset, piece] : pieces) {
        if (offset == bytes.size() + 1) bytes += '\n';
        if (offset != bytes.size()) return "!missing before " + std::to_string(offset);
        bytes += piece;
    }
    return bytes;
}

std::optional<TailStatus> AgentFixture::tail(const std::string& config) const {
    for (TailStatus& status : agent_->files()) {
        if (status.config == config) return std::move(status);
    }
    return std::nullopt;
}

}  // namespace spillway::agent
