// What the agent collects, from where, and under which config: the real agent's rules and traps.
#include "base/json.h"
#include "tests/logstore/agent/agent_fixture.h"

#include <filesystem>

namespace spillway::agent {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using Lines = std::vector<std::string>;

class AgentTest : public AgentFixture {};

TEST_F(AgentTest, WritesTheLinesOfAFileToTheRegionThatNamesIt) {
    serve_config(hz_);
    append("app.log", "one\ntwo\n");
    start();
    pass(seconds(2));
    EXPECT_EQ(lines(hz_), (Lines{"one", "two"}));
    EXPECT_TRUE(lines(sh_).empty());
    append("app.log", "three\n");
    pass(seconds(2));
    EXPECT_EQ(lines(hz_), (Lines{"one", "two", "three"}));
}

TEST_F(AgentTest, TellsWhereEachLogCameFrom) {
    serve_config(hz_);
    append("app.log", "one\ntwo\n");
    start();
    pass(seconds(2));
    const LogGroup group = hz_.groups(ref(hz_)).at(0);
    EXPECT_EQ(group.source, "10.0.0.1");
    std::map<std::string, std::string> tags;
    for (const LogTag& tag : group.tags) tags[tag.key] = tag.value;
    EXPECT_EQ(tags["__path__"], log_path("app.log"));
    EXPECT_EQ(tags["__hostname__"], "web-1");
    EXPECT_EQ(tags["__user_defined_id__"], "web");
    EXPECT_EQ(tags["__inode__"], std::to_string(inode_of("app.log")));
    EXPECT_FALSE(tags["__pack_id__"].empty());
    EXPECT_EQ(group.logs[1].contents[1], (LogContent{"__file_offset__", "4"}));
    EXPECT_LE(unix_seconds(clock_.wall()) - group.logs[1].time, 2);
}

TEST_F(AgentTest, TellsEachMachineGroupThatItIsAlive) {
    serve_config(hz_);
    start();
    const auto machines = hz_.machines(ref(hz_).project, MachineGroupName("web-servers"));
    ASSERT_TRUE(machines);
    ASSERT_EQ(machines->size(), 1u);
    EXPECT_EQ(machines->front().ip, "10.0.0.1");
    EXPECT_EQ(machines->front().userdefined_id, "web");
    EXPECT_FALSE(machines->front().unique_id.empty());
}

TEST_F(AgentTest, FollowsOnlyGroupsThatListThisMachine) {
    serve_config(hz_);
    MachineGroup others{MachineGroupName("web-servers"), "ip", {"10.9.9.9"}, {}, ""};
    ASSERT_TRUE(hz_.put_machine_group(ref(hz_).project, others));
    append("app.log", "one\n");
    start();
    pass(seconds(2));
    EXPECT_TRUE(lines(hz_).empty());
    others.machines.push_back("10.0.0.1");
    ASSERT_TRUE(hz_.put_machine_group(ref(hz_).project, others));
    poll();
    pass(seconds(2));
    EXPECT_EQ(lines(hz_), Lines{"one"});
}

TEST_F(AgentTest, CollectsEveryByteExactly) {
    serve_config(hz_);
    std::string bytes;
    unsigned random = 7;
    for (int at = 0; at < 200'000; ++at) {
        random = random * 1103515245 + 12345;
        bytes += static_cast<char>(random >> 16);
    }
    append("app.log", bytes + "\nlast\r\n");
    start();
    pass(seconds(2));
    append("app.log", "cut in");
    pass(seconds(1));
    append("app.log", " two\r\r\n\n\n");
    pass(seconds(2));
    EXPECT_EQ(rebuilt(hz_, inode_of("app.log")) + "\n", content_of("app.log"));
}

TEST_F(AgentTest, SendsALastLineWithoutNewlineWhenItStopsGrowing) {
    serve_config(hz_);
    append("app.log", "whole\npart");
    start();
    pass(seconds(4));
    EXPECT_EQ(lines(hz_), Lines{"whole"});
    pass(seconds(3));
    EXPECT_EQ(lines(hz_), (Lines{"whole", "part"}));
    append("app.log", "\nnext\n");
    pass(seconds(2));
    EXPECT_EQ(lines(hz_), (Lines{"whole", "part", "next"}));
    EXPECT_EQ(rebuilt(hz_, inode_of("app.log")) + "\n", content_of("app.log"));
}

TEST_F(AgentTest, CutsALineLongerThanTheLongest) {
    serve_config(hz_, {.tail_size_kb = 100'000});
    append("app.log", "a\n" + std::string(2 * kLineBytesMax + 10, 'x') + "\n" +
                          std::string(kLineBytesMax, 'y') + "\nb\n");
    start();
    pass(seconds(2));
    EXPECT_EQ(lines(hz_).size(), 6u);
    EXPECT_EQ(rebuilt(hz_, inode_of("app.log")) + "\n", content_of("app.log"));
}

TEST_F(AgentTest, KeepsOneFilesLogsInOneShardInOrder) {
    serve_config(hz_);
    std::string bytes;
    for (int line = 0; line < 20'000; ++line) bytes += std::to_string(line) + "\n";
    append("app.log", bytes);
    start();
    pass(seconds(2));
    const auto all = lines(hz_);
    ASSERT_EQ(all.size(), 20'000u);
    for (std::size_t line = 0; line < all.size(); ++line)
        ASSERT_EQ(all[line], std::to_string(line));
    const bool first_empty = hz_.stored(ref(hz_), ShardId(0)).empty();
    const bool second_empty = hz_.stored(ref(hz_), ShardId(1)).empty();
    EXPECT_NE(first_empty, second_empty);
}

// --- F1 ---------------------------------------------------------------------------------------

TEST_F(AgentTest, OfTwoConfigsOnOneFileTheOlderCollectsAndTheOtherGetsAnAlarm) {
    serve_config(hz_);
    clock_.advance(minutes(5));
    serve_config(sh_);
    append("app.log", "one\n");
    start();
    pass(seconds(2));
    EXPECT_EQ(lines(hz_), Lines{"one"});
    EXPECT_TRUE(lines(sh_).empty());
    EXPECT_GE(agent_->alarms().count(kMultiConfigMatchAlarm), 1u);
    EXPECT_NE(agent_->status_json().find("MULTI_CONFIG_MATCH_ALARM"), std::string::npos);
}

TEST_F(AgentTest, AConfigThatAllowsOthersCollectsBesideTheOlderOne) {
    serve_config(hz_);
    clock_.advance(minutes(5));
    serve_config(sh_, {.allows_others = true});
    append("app.log", "one\n");
    start();
    pass(seconds(2));
    EXPECT_EQ(lines(hz_), Lines{"one"});
    EXPECT_EQ(lines(sh_), Lines{"one"});
    EXPECT_EQ(agent_->alarms().count(kMultiConfigMatchAlarm), 0u);
}

// --- F2, F3 -----------------------------------------------------------------------------------

std::string numbered_lines(int count, std::size_t bytes_each) {
    std::string all;
    for (int line = 0; line < count; ++line) {
        std::string text = std::to_string(line) + " ";
        text.resize(bytes_each - 1, '.');
        all += text + "\n";
    }
    return all;
}

TEST_F(AgentTest, ANewConfigHasNoCheckpointAndSkipsAllButTheTail) {
    serve_config(hz_, {.tail_size_kb = 100'000});
    append("app.log", numbered_lines(300, 10'240));
    start();
    pass(seconds(2));
    EXPECT_EQ(lines(hz_).size(), 300u);
    unbind(hz_, "app");
    serve_config(sh_);
    poll();
    pass(seconds(2));
    const auto all = lines(sh_);
    ASSERT_EQ(all.size(), 102u) << "1 MiB of lines of 10 KiB, begun at a line";
    EXPECT_EQ(all.front().substr(0, 4), "198 ");
    EXPECT_EQ(agent_->alarms().amount(kSkipReadLogAlarm), 198u * 10'240u);
}

TEST_F(AgentTest, TheTailMayBeMadeLongEnough) {
    append("app.log", numbered_lines(300, 10'240));
    serve_config(sh_, {.tail_size_kb = 4096});
    start();
    pass(seconds(2));
    EXPECT_EQ(lines(sh_).size(), 300u);
    EXPECT_EQ(agent_->alarms().count(kSkipReadLogAlarm), 0u);
}

TEST_F(AgentTest, ATwinThatWasShutOutBeginsAtTheTailWhenTheOldConfigGoes) {
    serve_config(hz_);
    start();
    clock_.advance(minutes(1));
    serve_config(sh_, {.tail_size_kb = 0});
    poll();
    append("app.log", "old\n");
    pass(seconds(2));
    unbind(hz_, "app");
    poll();
    append("app.log", "new\n");
    pass(seconds(2));
    EXPECT_EQ(lines(hz_), Lines{"old"});
    EXPECT_EQ(lines(sh_), Lines{"new"});
}

TEST_F(AgentTest, AConfigThatComesBackGoesOnFromItsCheckpoint) {
    serve_config(hz_);
    append("app.log", "one\n");
    start();
    pass(seconds(2));
    unbind(hz_, "app");
    poll();
    append("app.log", "two\n");
    pass(seconds(2));
    EXPECT_EQ(lines(hz_), Lines{"one"});
    bind(hz_, "app");
    poll();
    pass(seconds(2));
    EXPECT_EQ(lines(hz_), (Lines{"one", "two"}));
}

TEST_F(AgentTest, AFileThatAppearsWhileItIsWaitedForIsReadWhole) {
    serve_config(hz_);
    start();
    append("app.log", numbered_lines(300, 10'240));
    pass(seconds(2));
    EXPECT_EQ(lines(hz_).size(), 300u);
}

TEST_F(AgentTest, AFileBornWhileTheAgentWasDownIsReadWhole) {
    clock_.jump_wall(-std::chrono::hours(2));
    serve_config(hz_);
    start();
    stop();
    append("app.log", numbered_lines(300, 10'240));
    start();
    pass(seconds(2));
    EXPECT_EQ(lines(hz_).size(), 300u);
}

// --- configs and silence ----------------------------------------------------------------------

TEST_F(AgentTest, KeepsCollectingUnderTheConfigsOfARegionThatIsSilent) {
    serve_config(hz_);
    append("app.log", "one\n");
    start();
    hz_.refuse(test_support::FakeCall::Config, make_error(ErrorCode::Unavailable, "silent"));
    poll();
    pass(seconds(2));
    EXPECT_EQ(lines(hz_), Lines{"one"});
    EXPECT_TRUE(log_.has("agent.region_silent"));
}

TEST_F(AgentTest, RemembersConfigsOverARestartWhileTheRegionIsSilent) {
    serve_config(hz_);
    start();
    crash();
    hz_.go_dark();
    append("app.log", "one\n");
    start();
    pass(seconds(10));
    EXPECT_EQ(tail("demo-hz$app")->read_offset, 4u);
    hz_.heal();
    pass(seconds(10));
    EXPECT_EQ(lines(hz_), Lines{"one"});
}

TEST_F(AgentTest, SetsAsideACacheOfConfigsThatCannotBeRead) {
    serve_config(hz_);
    start();
    crash();
    const std::string path = options_.data_dir + "/configs/hz.json";
    ASSERT_TRUE(write_file_durably(path, "{torn"));
    hz_.go_dark();
    start();
    EXPECT_EQ(agent_->alarms().count(kConfigAlarm), 1u);
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(AgentTest, SaysWhichConfigItCannotFollow) {
    serve_config(hz_);
    CollectorConfig odd;
    odd.name = ConfigName("odd");
    odd.body["inputs"] = json::array{json::object{{"Type", "input_prometheus"}}};
    ASSERT_TRUE(hz_.put_config(ref(hz_).project, odd));
    bind(hz_, "odd");
    append("app.log", "one\n");
    start();
    pass(seconds(2));
    EXPECT_EQ(lines(hz_), Lines{"one"});
    EXPECT_NE(agent_->status_json().find("input_prometheus"), std::string::npos);
}

TEST_F(AgentTest, FollowsTheClassicFormToo) {
    CollectorConfig config;
    config.name = ConfigName("classic");
    config.form = ConfigForm::Classic;
    config.body["inputType"] = "file";
    config.body["inputDetail"] = json::object{{"logPath", logs_}, {"filePattern", "*.log"}};
    config.body["outputDetail"] = json::object{{"logstoreName", "app"}};
    serve_config(hz_, {.name = "other", .paths = "*.none"});
    ASSERT_TRUE(hz_.put_config(ref(hz_).project, config));
    bind(hz_, "classic");
    std::filesystem::create_directories(logs_ + "/a/b");
    append("a/b/deep.log", "one\n");
    start();
    pass(seconds(2));
    EXPECT_EQ(lines(hz_), Lines{"one"});
}

TEST_F(AgentTest, ASecondAgentOnTheSameFolderIsRefused) {
    start();
    const auto second = Agent::open(options_, log_, clock_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::Conflict);
}

TEST_F(AgentTest, TwoRegionsWithOneProjectAreRefused) {
    options_.regions[1].project = options_.regions[0].project;
    const auto agent = Agent::open(options_, log_, clock_);
    ASSERT_FALSE(agent);
    EXPECT_NE(agent.error().message.find("project of its own"), std::string::npos);
}

TEST_F(AgentTest, TheStatusFileIsJsonForPeopleAndTests) {
    serve_config(hz_);
    append("app.log", "one\n");
    start();
    pass(seconds(2));
    const auto text = read_file(options_.data_dir + "/status.json");
    ASSERT_TRUE(text);
    const auto status = parse_json_object(*text);
    ASSERT_TRUE(status) << *text;
    const auto& file = status->at("files").as_array().at(0).as_object();
    EXPECT_EQ(find_int(file, "acknowledged_offset"), 4);
    EXPECT_EQ(find_string(file, "state"), "following");
    EXPECT_EQ(find_bool(status->at("regions").as_array().at(0).as_object(), "answers"), true);
}

}  // namespace
}  // namespace spillway::agent
