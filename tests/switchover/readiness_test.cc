#include "switchover/readiness.h"

#include "tests/switchover/world.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace spillway::switchover {
namespace {

const RegionName kHz{"hz"};
const RegionName kSh{"sh"};

ReadinessInputs all_well() {
    ReadinessInputs inputs;
    inputs.now = WallTime{std::chrono::hours{480'000}};
    inputs.active = kHz;
    inputs.standby = kSh;
    inputs.standby_state = RegionState::Healthy;
    inputs.backup.number = 3;
    inputs.backup.checked_at = inputs.now - std::chrono::minutes{2};
    inputs.backup_age_max = milliseconds{900'000};
    inputs.link = "app-hz-to-sh";
    inputs.rpo = milliseconds{1'500};
    StandbyFacts facts;
    facts.active = kHz;
    facts.standby = kSh;
    facts.has_project = facts.has_logstore = true;
    facts.configs = {{ConfigName("nginx"), true, {}}};
    facts.groups = {{MachineGroupName("web"), MachineGroupName("web"), true, 20, 19}};
    inputs.standby_facts = facts;
    return inputs;
}

/// Sentences of failed checks; blocking ones first have "! ".
std::vector<std::string> complaints(const ReadinessInputs& inputs) {
    std::vector<std::string> said;
    for (const auto& item : judge_readiness(inputs)) {
        if (!item.ok) said.push_back((item.blocks ? "! " : "") + item.sentence);
    }
    return said;
}

using Said = std::vector<std::string>;

TEST(Readiness, HasNothingToSayOfAReadyStandby) {
    EXPECT_EQ(complaints(all_well()), Said{});
}

TEST(Readiness, NamesEachThingThatIsNotReady) {
    struct Row {
        std::function<void(ReadinessInputs&)> spoil;
        std::string complaint;
    };
    const Row rows[] = {
        {[](auto& in) { in.standby_state = RegionState::Throttled; }, "! sh is throttled"},
        {[](auto& in) { in.backup.number = 0; }, "! there is no backup of hz yet"},
        {[](auto& in) { in.backup.checked_at -= std::chrono::hours{1}; },
         "! the backup agreed with hz 1 h 2 min ago"},
        {[](auto& in) { in.backup.refused = "R14: shrank"; }, "! R14: shrank"},
        {[](auto& in) { in.link.clear(); }, "! no link copies hz to sh"},
        {[](auto& in) { in.rpo.reset(); }, "! the lag of app-hz-to-sh is unknown"},
        {[](auto& in) { in.rpo = milliseconds{61'000}; },
         "! app-hz-to-sh would lose up to 1 min 1 s now"},
        {[](auto& in) {
             Obligation owed;
             owed.sentence = "hz is silent";
             in.obligations = {owed};
         },
         "! fence_source is open: hz is silent"},
        {[](auto& in) { in.standby_facts.reset(); }, "the standby was not looked at yet"},
        {[](auto& in) {
             in.standby_facts->standby_error =
                 make_error(ErrorCode::Unauthenticated, "key expired");
         },
         "! sh does not tell: key expired"},
        {[](auto& in) { in.standby_facts->has_logstore = false; },
         "the Logstore is not in sh yet: made at the switch"},
        {[](auto& in) { in.standby_facts->configs[0].has_twin = false; },
         "1 config(s) have no twin in sh yet: made at the switch"},
        {[](auto& in) { in.standby_facts->configs[0].drift = {"inputs[0].FilePaths"}; },
         "edited in sh, a switch overwrites it: nginx (inputs[0].FilePaths)"},
        {[](auto& in) { in.standby_facts->groups[0].also_in_target = 18; },
         "! 18 of 20 live agents of web also reach sh"},
        {[](auto& in) { in.standby_facts->groups[0].target_exists = false; },
         "machine group web is not in sh yet: whether its agents reach it is not known before the "
         "switch"},
    };
    for (const auto& row : rows) {
        auto inputs = all_well();
        row.spoil(inputs);
        EXPECT_EQ(complaints(inputs), Said{row.complaint});
    }
}

TEST(Readiness, ADarkActiveRegionLeavesItsAgentsUnknownNotMissing) {
    auto inputs = all_well();
    inputs.standby_facts->active_error = make_error(ErrorCode::Unavailable, "refused");
    inputs.standby_facts->groups[0].also_in_target = 0;
    EXPECT_EQ(complaints(inputs), Said{});
}

class Standby : public ::testing::Test {
  protected:
    StandbyFacts look() {
        return look_at_standby(world.region("hz"), world.region("sh"), world.options.pairs[0], kHz,
                               backup(), world.clock.wall());
    }
    BackupSnapshot backup() {
        world.run_backups();
        const auto versions = world.controller().backups(kHz, {}).value();
        return world.controller().backup(versions.at(0).id)->snapshot;
    }
    void heartbeat(const std::string& region, const std::string& machine) {
        Machine beat;
        beat.ip = "10.0.0.1";
        beat.unique_id = machine;
        beat.last_heartbeat_unix_s = unix_seconds(world.clock.wall());
        (void)world.region(region).heartbeat(World::ref(region).project, MachineGroupName("web-mg"),
                                             beat);
    }
    void make_standby(json::object body) {
        auto& sh = world.region("sh");
        if (!sh.logstore(World::ref("sh"))) sh.create(World::ref("sh"));
        (void)sh.put_config(World::ref("sh").project,
                            {ConfigName("nginx-access"), ConfigForm::Pipeline, std::move(body)});
        MachineGroup group;
        group.name = MachineGroupName("web-mg");
        (void)sh.put_machine_group(World::ref("sh").project, group);
    }

    World world;
};

TEST_F(Standby, ThatIsEmptySaysWhatIsMissing) {
    const auto facts = look();
    EXPECT_FALSE(facts.standby_error);
    EXPECT_FALSE(facts.has_project);
}

TEST_F(Standby, DriftIsNamedFieldByField) {
    auto body = backup().configs.at(0).body;
    body["global"] = {{"SpillwayEpoch", 4}};
    make_standby(body);
    EXPECT_EQ(look().configs.at(0).drift, Said{});
    body["processors"] = json::array{json::object{{"Type", "processor_parse_json_native"}}};
    body["inputs"].as_array()[0].as_object()["FilePaths"] = json::array{"/elsewhere"};
    make_standby(body);
    EXPECT_EQ(look().configs.at(0).drift, (Said{"inputs[0].FilePaths[0]", "processors"}));
}

TEST_F(Standby, CountsTheLiveAgentsThatReachBothRegions) {
    make_standby({{"configName", "nginx-access"}});
    heartbeat("hz", "gone");
    heartbeat("sh", "m2");
    world.clock.advance(std::chrono::seconds{400});
    for (const auto* machine : {"m1", "m2", "m3"}) heartbeat("hz", machine);
    heartbeat("sh", "m1");
    const auto facts = look();
    ASSERT_EQ(facts.groups.size(), 1u);
    EXPECT_EQ(facts.groups[0].live_in_source, 3u);
    EXPECT_EQ(facts.groups[0].also_in_target, 1u);
}

TEST_F(Standby, ThatDoesNotAnswerIsNoEmptyStandby) {
    world.region("sh").go_dark();
    const auto facts = look();
    ASSERT_TRUE(facts.standby_error);
    EXPECT_EQ(facts.standby_error->code, ErrorCode::Unavailable);
}

TEST_F(Standby, IsShownInTheStatusOfThePair) {
    for (int i = 0; i < 4; ++i) {
        world.run_canaries();
        world.tick();
    }
    make_standby({{"configName", "nginx-access"}});
    world.run_backups();
    world.tick();
    world.run_canaries();
    world.run_readiness();
    const auto pair = world.pair();
    const auto drift = std::find_if(pair.readiness.begin(), pair.readiness.end(),
                                    [](const auto& item) { return item.id == "drift"; });
    ASSERT_NE(drift, pair.readiness.end());
    EXPECT_FALSE(drift->ok);
    EXPECT_TRUE(pair.ready) << (pair.not_ready.empty() ? "" : pair.not_ready.front());
}

}  // namespace
}  // namespace spillway::switchover
