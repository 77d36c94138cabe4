#include "switchover/planner.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace spillway::switchover {
namespace {

CollectorConfig nginx() {
    return {ConfigName("nginx"), ConfigForm::Pipeline,
            parse_json_object(R"({"configName":"nginx","inputs":[{"Type":"input_file"}],
        "flushers":[{"Type":"flusher_sls","Project":"pay-hz","Logstore":"app"}]})")
                .value()};
}

/// Everything in order: no rule refuses a switchover, and a failover with 30 s accepted.
Situation all_well() {
    Situation all;
    all.now = WallTime{std::chrono::hours{480'000}};
    auto& pair = all.pair;
    pair.name = PairName("app");
    pair.members = {{RegionName("hz"), {ProjectName("pay-hz"), LogstoreName("app")}},
                    {RegionName("sh"), {ProjectName("pay-sh"), LogstoreName("app")}}};
    pair.links = {{"app-hz-to-sh", RegionName("hz"), RegionName("sh")}};
    CollectorSet web;
    web.name = "web";
    web.configs = {ConfigName("nginx")};
    web.groups = {{RegionName("hz"), MachineGroupName("web-mg")},
                  {RegionName("sh"), MachineGroupName("web-mg")}};
    pair.collectors = {web};
    all.from = pair.members[0];
    all.to = pair.members[1];
    all.target_region = {RegionName("sh"), "sh.example", "cn-shanghai"};
    all.record.active = RegionName("hz");
    all.source_health = {RegionName("hz"), RegionState::Healthy, {}, {}, {}};
    all.target_health = {RegionName("sh"), RegionState::Healthy, {}, {}, {}};
    all.target_ok_age = milliseconds{3'000};
    BackupVersion backup;
    backup.id = "0123456789ab";
    backup.number = 1;
    backup.digest = "d";
    backup.snapshot.region = RegionName("hz");
    backup.snapshot.project = ProjectName("pay-hz");
    backup.snapshot.configs = {nginx()};
    all.backup = backup;
    all.backup_head.number = 1;
    all.backup_head.checked_at = all.now - std::chrono::minutes{2};
    all.link = "app-hz-to-sh";
    LinkProgress progress;
    progress.link = all.link;
    progress.exactly_once = true;
    progress.peak_logs_per_second = 100.0;
    LinkShard shard;
    shard.replicated_to = Cursor::from_position(7);
    shard.proved_at_end = all.now - milliseconds{2'000};
    progress.shards = {shard};
    all.progress = progress;
    return all;
}

OperationRequest planned() {
    OperationRequest request;
    request.pair = PairName("app");
    request.to = RegionName("sh");
    return request;
}

OperationRequest forced() {
    auto request = planned();
    request.kind = OperationKind::Failover;
    request.accept_loss = milliseconds{30'000};
    return request;
}

std::vector<std::string> refusing(const Situation& situation, const OperationRequest& request) {
    std::vector<std::string> rules;
    for (const auto& rule : make_plan(situation, request).blockers()) rules.push_back(rule.rule);
    return rules;
}

using Rules = std::vector<std::string>;

TEST(Gate, LetsAHealthyPairThrough) {
    EXPECT_EQ(refusing(all_well(), planned()), Rules{});
    EXPECT_EQ(refusing(all_well(), forced()), Rules{});
}

TEST(Gate, EachRuleRefusesItsOwnCaseAndYieldsOnlyToItsOwnFlag) {
    struct Row {
        const char* what;
        std::function<void(Situation&)> spoil;
        bool is_forced;
        std::string rule;
        std::function<void(OperationRequest&)> override_it;  ///< empty: nothing overrides it
    };
    const Row rows[] = {
        {"no config follows the pair", [](auto& s) { s.pair.collectors.clear(); }, true, "R1", {}},
        {"a config is missing from the backup",
         [](auto& s) { s.pair.collectors[0].configs.emplace_back("other"); },
         true,
         "R1",
         {}},
        {"a group is missing in the target",
         [](auto& s) { s.pair.collectors[0].groups.erase(RegionName("sh")); },
         false,
         "R1",
         {}},
        {"the target's canary is old", [](auto& s) { s.target_ok_age = milliseconds{16'000}; },
         true, "R2", [](auto& r) { r.break_glass = true; }},
        {"the target's canary never came", [](auto& s) { s.target_ok_age.reset(); }, true, "R2",
         [](auto& r) { r.break_glass = true; }},
        {"both regions look bad", [](auto& s) { s.target_health.state = RegionState::CommonMode; },
         true, "R3", [](auto& r) { r.break_glass = true; }},
        {"a twin carries a higher epoch",
         [](auto& s) {
             auto twin = nginx();
             twin.body["global"] = {{"SpillwayEpoch", 9}};
             s.target_configs[twin.name] = twin;
         },
         true,
         "R5",
         {}},
        {"the backup is old",
         [](auto& s) { s.backup_head.checked_at = s.now - std::chrono::hours{25}; }, true, "R6",
         [](auto& r) { r.accept_stale_backup = true; }},
        {"the loss is above what was accepted",
         [](auto& s) { s.progress->shards[0].proved_at_end = s.now - std::chrono::minutes{1}; },
         true, "R7", [](auto& r) { r.accept_loss = milliseconds{61'000}; }},
        {"the loss cannot be bounded", [](auto& s) { s.progress->shards[0].proved_at_end.reset(); },
         true, "R7", [](auto& r) { r.break_glass = true; }},
        {"an operation is open",
         [](auto& s) { s.open_operation = OperationId("app-e2"); },
         true,
         "R9",
         {}},
        {"an obligation is open", [](auto& s) { s.open_obligations.emplace_back(); }, true, "R9",
         [](auto& r) { r.break_glass = true; }},
        {"planned while the source is suspect",
         [](auto& s) { s.source_health.state = RegionState::Suspect; }, false, "R12",
         [](auto& r) { r.force = true; }},
        {"planned while replication is behind",
         [](auto& s) { s.progress->shards[0].proved_at_end = s.now - std::chrono::minutes{1}; },
         false, "R12", [](auto& r) { r.force = true; }},
        {"planned from a poisoned backup", [](auto& s) { s.backup_head.refused = "shrank"; }, false,
         "R14", [](auto& r) { r.accept_shrink = true; }},
    };
    for (const auto& row : rows) {
        auto situation = all_well();
        row.spoil(situation);
        auto request = row.is_forced ? forced() : planned();
        EXPECT_EQ(refusing(situation, request), Rules{row.rule}) << row.what;
        if (!row.override_it) {
            request.force = request.break_glass = request.accept_stale_backup = true;
            request.accept_shrink = true;
            request.accept_loss = std::chrono::hours{1'000};
            EXPECT_EQ(refusing(situation, request), Rules{row.rule}) << row.what;
            continue;
        }
        row.override_it(request);
        EXPECT_EQ(refusing(situation, request), Rules{}) << row.what;
    }
}

TEST(Gate, AFailoverGoesByTheLastGoodBackupWhenTheNewestIsPoisoned) {
    auto situation = all_well();
    situation.backup_head.refused = "shrank";
    const auto plan = make_plan(situation, forced());
    EXPECT_TRUE(plan.blockers().empty());
    const auto rule = std::find_if(plan.rules.begin(), plan.rules.end(),
                                   [](const auto& each) { return each.rule == "R14"; });
    EXPECT_EQ(rule->verdict, RuleVerdict::Overridden);
}

TEST(Gate, EveryRefusalNamesItsRuleAndItsFlag) {
    auto situation = all_well();
    situation.target_ok_age.reset();
    situation.open_operation = OperationId("app-e2");
    const auto text = refusal_text(make_plan(situation, forced()).blockers());
    EXPECT_EQ(text,
              "R2: no write canary of sh has succeeded yet (override: --break-glass)\n"
              "R9: operation app-e2 is open (no override)");
}

TEST(Plan, BindsTheTargetBeforeItDetachesTheSource) {
    const auto plan = make_plan(all_well(), planned());
    std::vector<StepKind> kinds;
    for (const auto& step : plan.steps) kinds.push_back(step.kind);
    EXPECT_EQ(kinds, (std::vector<StepKind>{
                         StepKind::PrepareTarget, StepKind::ImportTwins, StepKind::Cut,
                         StepKind::Apply, StepKind::Verify, StepKind::DetachSource, StepKind::Drain,
                         StepKind::Commit, StepKind::Windows, StepKind::Oblige}));
}

TEST(Plan, OfAFailoverTouchesTheSourceInNoStep) {
    for (const auto& step : make_plan(all_well(), forced()).steps) {
        EXPECT_NE(step.kind, StepKind::DetachSource);
        EXPECT_NE(step.kind, StepKind::Drain);
    }
}

TEST(Plan, HasADigestOfWhatItWillDoAndOfNothingElse) {
    const auto plan = make_plan(all_well(), planned());
    auto later = all_well();
    later.now += std::chrono::minutes{1};
    later.backup_head.checked_at += std::chrono::minutes{1};
    EXPECT_EQ(make_plan(later, planned()).digest, plan.digest);
    later.backup->digest = "changed";
    EXPECT_NE(make_plan(later, planned()).digest, plan.digest);
    EXPECT_NE(make_plan(all_well(), forced()).digest, plan.digest);
}

TEST(Plan, ForecastsTheLossOfAFailoverInSecondsAndLogs) {
    const auto forecast = make_plan(all_well(), forced()).forecast;
    EXPECT_EQ(forecast.loss_seconds.value, 2.0);
    EXPECT_EQ(forecast.loss_seconds.bound, Bound::UpperBound);
    EXPECT_EQ(forecast.loss_logs.value, 200.0);
    EXPECT_EQ(forecast.duplicate_bytes_per_file.value, 102'400.0 * 1024);
}

TEST(Plan, WarnsAgainstAFailoverFromAHealthyRegion) {
    const auto warnings = make_plan(all_well(), forced()).warnings;
    EXPECT_TRUE(std::any_of(warnings.begin(), warnings.end(), [](const auto& warning) {
        return warning.find("hz looks healthy from here") != std::string::npos;
    }));
}

TEST(Plan, WithoutListedConfigsMovesWhatIsBoundToTheGroup) {
    auto situation = all_well();
    situation.pair.collectors[0].configs.clear();
    situation.backup->snapshot.bindings = {{MachineGroupName("web-mg"), {ConfigName("nginx")}}};
    const auto plan = make_plan(situation, planned());
    ASSERT_EQ(plan.moves.size(), 1u);
    EXPECT_EQ(plan.moves[0].config, ConfigName("nginx"));
    EXPECT_EQ(plan.moves[0].target_group, MachineGroupName("web-mg"));
}

}  // namespace
}  // namespace spillway::switchover
