// Operations from start to the last obligation, and from every point at which a controller can die.
#include "switchover/codec.h"
#include "switchover/records.h"
#include "switchover/switchover.h"
#include "tests/switchover/world.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace spillway::switchover {
namespace {

/// Both regions seen healthy, a backup taken, some data replicated.
void settle_in(World& world) {
    for (int i = 0; i < 6; ++i) {
        world.run_canaries();
        world.tick();
    }
    world.run_backups();
    world.region("sh").create(World::ref("sh"));
    for (int i = 0; i < 4; ++i) {
        world.run_canaries();
        world.tick();
    }
}

void go_dark(World& world, const std::string& region) {
    world.dark.insert(region);
    world.region(region).go_dark();
}

void come_back(World& world, const std::string& region) {
    world.dark.erase(region);
    world.region(region).heal();
}

OperationPhase phase_of(World& world, const OperationId& id) {
    return world.controller().operation(id).value().phase;
}

bool ended(World& world, const OperationId& id) {
    const auto phase = phase_of(world, id);
    return phase != OperationPhase::Running && phase != OperationPhase::Aborting;
}

bool settled(World& world) {
    const auto pair = world.pair();
    return pair.record.phase == PairPhase::Steady && pair.obligations.empty() &&
           pair.record.epoch > 1;
}

int count_of(const Operation& operation, JournalKind kind, StepKind step) {
    return static_cast<int>(
        std::count_if(operation.journal.begin(), operation.journal.end(), [&](const auto& record) {
            return record.kind == kind && record.step >= 0 &&
                   operation.plan.steps.at(static_cast<std::size_t>(record.step)).kind == step;
        }));
}

TEST(Switchover, MovesTheAgentsAndLosesNothing) {
    World world;
    settle_in(world);
    const auto id = world.controller().start(world.request(OperationKind::Switchover));
    ASSERT_TRUE(id) << id.error().to_string();
    ASSERT_TRUE(world.run_until([&] { return ended(world, *id); }));
    ASSERT_EQ(phase_of(world, *id), OperationPhase::Done)
        << world.controller().operation(*id)->advice;
    EXPECT_TRUE(world.is_bound("sh"));
    EXPECT_FALSE(world.is_bound("hz"));
    ASSERT_TRUE(world.run_until([&] { return settled(world); }));
    const auto there = world.lines_in("sh");
    for (const auto& line : world.acknowledged) EXPECT_TRUE(there.contains(line)) << line;
    const auto report = world.controller().report(*id);
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->final);
    EXPECT_EQ(report->missing_logs.value, 0.0);
    EXPECT_EQ(report->missing_logs.bound, Bound::Exact);
}

TEST(Switchover, KeepsEveryConfigBoundSomewhereAtEveryMoment) {
    World world;
    settle_in(world);
    const auto id = world.controller().start(world.request(OperationKind::Switchover));
    ASSERT_TRUE(id);
    ASSERT_TRUE(world.run_until([&] {
        EXPECT_TRUE(world.is_bound("hz") || world.is_bound("sh"));
        return ended(world, *id);
    }));
}

TEST(Switchover, PutsBackWhenNobodyArrivesAndSaysSo) {
    World world;
    settle_in(world);
    world.agents_follow = false;
    const auto id = world.controller().start(world.request(OperationKind::Switchover));
    ASSERT_TRUE(id);
    ASSERT_TRUE(world.run_until([&] { return ended(world, *id); }));
    const auto operation = world.controller().operation(*id).value();
    EXPECT_EQ(operation.phase, OperationPhase::Stuck);
    EXPECT_NE(operation.advice.find("0 of 3 active source(s) arrive in sh"), std::string::npos)
        << operation.advice;
    EXPECT_NE(operation.advice.find("spillway switchover resume app-e2"), std::string::npos);
    EXPECT_TRUE(world.is_bound("hz"));
    EXPECT_FALSE(world.is_bound("sh"));

    world.agents_follow = true;
    ASSERT_TRUE(world.controller().resume(*id));
    ASSERT_TRUE(world.run_until([&] { return ended(world, *id); }));
    EXPECT_EQ(phase_of(world, *id), OperationPhase::Done);
    EXPECT_FALSE(world.is_bound("hz"));
}

TEST(Switchover, StopsWithAdviceWhenTheDrainDoesNotEnd) {
    World world;
    settle_in(world);
    world.link_moves = false;
    const auto id = world.controller().start(world.request(OperationKind::Switchover));
    ASSERT_TRUE(id);
    ASSERT_TRUE(world.run_until([&] { return ended(world, *id); }));
    const auto operation = world.controller().operation(*id).value();
    EXPECT_EQ(operation.phase, OperationPhase::Stuck);
    EXPECT_NE(operation.advice.find("the target throttles"), std::string::npos) << operation.advice;
    EXPECT_NE(operation.advice.find("Nothing was lost"), std::string::npos);

    ASSERT_TRUE(world.controller().abort(*id));
    ASSERT_TRUE(world.run_until([&] { return ended(world, *id); }));
    EXPECT_EQ(phase_of(world, *id), OperationPhase::Aborted);
    EXPECT_TRUE(world.is_bound("hz"));
    EXPECT_FALSE(world.is_bound("sh"));
    EXPECT_EQ(world.pair().record.active, RegionName("hz"));
    EXPECT_EQ(world.pair().record.phase, PairPhase::Steady);
}

TEST(Failover, MovesTheAgentsWithoutASingleCallToTheLostRegion) {
    World world;
    settle_in(world);
    go_dark(world, "hz");
    world.tick();
    const int before = world.region("hz").calls(test_support::FakeCall::Any) +
                       world.region("hz").calls(test_support::FakeCall::Config);
    const auto id = world.controller().start(world.request(OperationKind::Failover));
    ASSERT_TRUE(id) << id.error().to_string();
    for (int i = 0; i < 40 && !ended(world, *id); ++i) {
        world.step_pair();
        for (const auto* agent : {"agent-1", "agent-2", "agent-3"}) {
            LogGroup group;
            group.source = agent;
            group.logs.resize(1);
            group.logs[0].contents.push_back({"content", "moved"});
            world.region("sh").append(World::ref("sh"), ShardId(0), group);
        }
        world.clock.advance(milliseconds{500});
    }
    EXPECT_EQ(phase_of(world, *id), OperationPhase::Done);
    EXPECT_EQ(world.region("hz").calls(test_support::FakeCall::Any) +
                  world.region("hz").calls(test_support::FakeCall::Config),
              before);
    EXPECT_TRUE(world.is_bound("sh"));
}

TEST(Failover, ReportsABoundFirstAndTheExactLossOnceTheRegionIsBack) {
    World world;
    settle_in(world);
    world.link_moves = false;  // the last seconds before the end are not replicated
    for (int i = 0; i < 4; ++i) world.tick();
    world.run_canaries();
    go_dark(world, "hz");
    world.link_moves = true;
    const auto id = world.controller().start(world.request(OperationKind::Failover));
    ASSERT_TRUE(id) << id.error().to_string();
    ASSERT_TRUE(world.run_until([&] { return ended(world, *id); }));
    ASSERT_EQ(phase_of(world, *id), OperationPhase::Done);

    const auto first = world.controller().report(*id).value();
    EXPECT_FALSE(first.final);
    EXPECT_EQ(first.loss_logs.bound, Bound::UpperBound);
    EXPECT_FALSE(first.shards.at(0).source_end);
    EXPECT_EQ(world.pair().record.phase, PairPhase::Dirty);
    EXPECT_EQ(world.pair().obligations.size(), 2u);
    EXPECT_FALSE(world.pair().ready);

    come_back(world, "hz");
    ASSERT_TRUE(world.run_until([&] { return settled(world); }));
    const auto last = world.controller().report(*id).value();
    EXPECT_TRUE(last.final);
    EXPECT_EQ(last.loss_logs.bound, Bound::Exact);
    EXPECT_EQ(last.loss_logs.value, 12.0);  // 4 ticks of 3 agents
    EXPECT_LE(*last.loss_logs.value, *first.loss_logs.value);
    EXPECT_EQ(last.missing_logs.value, 0.0);
    EXPECT_TRUE(last.shards.at(0).source_end);
    EXPECT_FALSE(world.is_bound("hz"));
    const auto there = world.lines_in("sh");
    for (const auto& line : world.acknowledged) EXPECT_TRUE(there.contains(line)) << line;
}

TEST(Failover, IsRefusedUntilTheLossIsAcceptedInFigures) {
    World world;
    settle_in(world);
    world.link_moves = false;
    for (int i = 0; i < 60; ++i) world.tick();
    go_dark(world, "hz");
    world.run_canaries();
    auto request = world.request(OperationKind::Failover);
    request.accept_loss = milliseconds{5'000};
    const auto refused = world.controller().start(request);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Refused);
    EXPECT_NE(refused.error().message.find("R7"), std::string::npos);
    EXPECT_NE(refused.error().message.find("--accept-loss"), std::string::npos);
    EXPECT_EQ(world.pair().record.epoch, 1u);
}

TEST(Failover, StopsWithAdviceWhenTheTargetFailsTooAndGoesOnWhenItIsBack) {
    World world;
    settle_in(world);
    go_dark(world, "hz");
    const auto id = world.controller().start(world.request(OperationKind::Failover));
    ASSERT_TRUE(id);
    go_dark(world, "sh");
    ASSERT_TRUE(world.run_until([&] { return ended(world, *id); }));
    const auto operation = world.controller().operation(*id).value();
    EXPECT_EQ(operation.phase, OperationPhase::Stuck);
    EXPECT_NE(operation.advice.find("prepare_target stopped"), std::string::npos)
        << operation.advice;
    come_back(world, "sh");
    ASSERT_TRUE(world.controller().resume(*id));
    ASSERT_TRUE(world.run_until([&] { return ended(world, *id); }));
    EXPECT_EQ(phase_of(world, *id), OperationPhase::Done);
}

TEST(Failover, CannotBeAbortedIntoADeadRegionOnceAgentsMove) {
    World world;
    settle_in(world);
    go_dark(world, "hz");
    world.agents_follow = false;
    const auto id = world.controller().start(world.request(OperationKind::Failover));
    ASSERT_TRUE(id);
    ASSERT_TRUE(world.run_until([&] { return ended(world, *id); }));
    ASSERT_EQ(phase_of(world, *id), OperationPhase::Stuck);
    const auto aborted = world.controller().abort(*id);
    ASSERT_FALSE(aborted);
    EXPECT_EQ(aborted.error().code, ErrorCode::Refused);
    EXPECT_TRUE(world.is_bound("sh"));
}

TEST(Failover, AbortsFreelyBeforeTheFirstConfigIsBound) {
    World world;
    settle_in(world);
    go_dark(world, "hz");
    const auto id = world.controller().start(world.request(OperationKind::Failover));
    ASSERT_TRUE(id);
    ASSERT_TRUE(world.controller().abort(*id));
    ASSERT_TRUE(world.run_until([&] { return ended(world, *id); }));
    EXPECT_EQ(phase_of(world, *id), OperationPhase::Aborted);
    EXPECT_EQ(world.pair().record.active, RegionName("hz"));
    EXPECT_EQ(world.pair().record.epoch, 2u);
    EXPECT_FALSE(world.is_bound("sh"));
}

TEST(Failover, WaitsForTheOldSideToFallQuietBeforeItClosesTheWindow) {
    World world;
    settle_in(world);
    go_dark(world, "hz");
    const auto id = world.controller().start(world.request(OperationKind::Failover));
    ASSERT_TRUE(id);
    ASSERT_TRUE(world.run_until([&] { return ended(world, *id); }));
    come_back(world, "hz");
    for (int i = 0; i < 60; ++i) {  // a queue drains into the old side for half a minute
        LogGroup late;
        late.source = "agent-1";
        late.logs.resize(1);
        late.logs[0].contents.push_back({"content", "late " + std::to_string(i)});
        world.region("hz").append(World::ref("hz"), ShardId(0), late);
        world.run_canaries();
        world.step_pair();
        world.tick();
        EXPECT_FALSE(settled(world));
    }
    ASSERT_TRUE(world.run_until([&] { return settled(world); }));
    const auto report = world.controller().report(*id).value();
    EXPECT_EQ(report.loss_logs.value, 0.0);
    EXPECT_EQ(report.classes.at(1).id, "L2");
    EXPECT_GE(report.classes.at(1).logs.value, 60.0);
    EXPECT_TRUE(world.lines_in("sh").contains("late 59"));
}

TEST(Failback, BringsThePairHomeOnceTheObligationsAreMet) {
    World world;
    settle_in(world);
    go_dark(world, "hz");
    const auto away = world.controller().start(world.request(OperationKind::Failover));
    ASSERT_TRUE(away);
    ASSERT_TRUE(world.run_until([&] { return ended(world, *away); }));

    const auto early = world.controller().start(world.request(OperationKind::Failback));
    ASSERT_FALSE(early);
    EXPECT_NE(early.error().message.find("R9"), std::string::npos) << early.error().message;

    come_back(world, "hz");
    ASSERT_TRUE(world.run_until([&] { return settled(world); }));
    const auto home = world.controller().start(world.request(OperationKind::Failback));
    ASSERT_TRUE(home) << home.error().to_string();
    ASSERT_TRUE(world.run_until(
        [&] { return settled(world) && world.pair().record.active == RegionName("hz"); }));
    EXPECT_EQ(world.pair().record.epoch, 3u);
    EXPECT_TRUE(world.is_bound("hz"));
    EXPECT_FALSE(world.is_bound("sh"));
}

TEST(Operations, TwoStartsAtOnceMakeOneOperation) {
    World world;
    settle_in(world);
    const auto one = world.controller().start(world.request(OperationKind::Switchover));
    const auto two = world.controller().start(world.request(OperationKind::Failover));
    ASSERT_TRUE(one);
    ASSERT_FALSE(two);
    EXPECT_EQ(two.error().code, ErrorCode::Conflict);
    EXPECT_NE(two.error().message.find(one->str()), std::string::npos) << two.error().message;
    EXPECT_EQ(world.controller().operations(PairName("app"))->size(), 1u);
}

TEST(Operations, AStalePlanIsNotStarted) {
    World world;
    settle_in(world);
    const auto plan = world.controller().plan(world.request(OperationKind::Switchover));
    ASSERT_TRUE(plan);
    auto config =
        world.region("hz")
            .config(ProjectName("pay-hz"), ConfigName("nginx-access"), ConfigForm::Pipeline)
            .value();
    config.body["logSample"] = "changed meanwhile";
    ASSERT_TRUE(world.region("hz").put_config(ProjectName("pay-hz"), config));
    auto request = world.request(OperationKind::Switchover);
    request.plan_digest = plan->digest;
    const auto started = world.controller().start(request);
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().service_code, "StalePlan");
}

TEST(Operations, AZombieIsRefusedByTheStore) {
    World world;
    settle_in(world);
    go_dark(world, "hz");
    const auto id = world.controller().start(world.request(OperationKind::Failover));
    ASSERT_TRUE(id);
    Records records(world.store());
    auto pair = records.pair(PairName("app"), RegionName("hz")).value();
    auto operation = records.operation(PairName("app"), *id).value();
    auto journal = records.journal(PairName("app"), *id).value();
    ASSERT_TRUE(world.controller().abort(*id));  // moves the pair's revision on
    JournalRecord late;
    late.kind = JournalKind::Done;
    late.step = 0;
    const auto written = records.append(operation.value, journal, late, pair.revision);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::Conflict);
}

TEST(Operations, AFullDiskStopsThemWithoutAFalseDone) {
    World world;
    settle_in(world);
    go_dark(world, "hz");
    const auto id = world.controller().start(world.request(OperationKind::Failover));
    ASSERT_TRUE(id);
    world.killable().refuse = make_error(ErrorCode::Exhausted, "no space left on device");
    for (int i = 0; i < 20; ++i) {
        world.step_pair();
        world.tick();
    }
    EXPECT_EQ(world.controller().operation(*id)->journal.size(), 1u);
    EXPECT_EQ(world.pair().record.active, RegionName("hz"));
    world.killable().refuse.reset();
    ASSERT_TRUE(world.run_until([&] { return ended(world, *id); }));
    EXPECT_EQ(phase_of(world, *id), OperationPhase::Done);
}

TEST(Journal, IsChainedAndATouchedLineShows) {
    World world;
    settle_in(world);
    const auto id = world.controller().start(world.request(OperationKind::Switchover));
    ASSERT_TRUE(id);
    ASSERT_TRUE(world.run_until([&] { return ended(world, *id); }));
    auto journal = world.controller().operation(*id)->journal;
    EXPECT_EQ(first_broken(journal), std::nullopt);
    journal.at(3).sentence = "nothing happened here";
    EXPECT_EQ(first_broken(journal), 3u);
}

TEST(Audit, FollowsTheChainFromOneOperationToTheNext) {
    World world;
    settle_in(world);
    for (const auto kind : {OperationKind::Switchover, OperationKind::Failback}) {
        const auto id = world.controller().start(world.request(kind));
        ASSERT_TRUE(id) << id.error().to_string();
        ASSERT_TRUE(world.run_until([&] { return ended(world, *id) && settled(world); }));
    }
    const auto intact = world.controller().audit().value().at(0);
    EXPECT_EQ(intact.broken, "");
    EXPECT_EQ(intact.operations, 2u);
    EXPECT_EQ(intact.lines, 42u);  // a claim and ten steps, twice

    auto& store = world.store();
    const auto touch = [&](const std::string& key, std::optional<std::string> value) {
        const auto before = store.get(key).value()->value;
        (void)store.commit({}, {{key, std::move(value)}});
        const auto found = world.controller().audit(PairName("app")).value().at(0).broken;
        (void)store.put(key, before);
        return found;
    };
    auto line = store.get("op/app/app-e2/j/00000005").value()->value;
    line.replace(line.find("sh"), 2, "xx");
    EXPECT_EQ(touch("op/app/app-e2/j/00000005", line), "line 5 of app-e2 is not what was written");
    EXPECT_EQ(touch("op/app/app-e2/j/00000007", std::nullopt),
              "line 7 of app-e2 is not what was written");
    EXPECT_EQ(touch("op/app/app-e2/j/00000020", std::nullopt),
              "line 0 of app-e3 is not what was written");
    EXPECT_EQ(touch("op/app/app-e2", std::nullopt), "an operation is missing before app-e3");
    EXPECT_EQ(touch("op/app/app-e3", std::nullopt), "the newest operation is missing");
    EXPECT_EQ(world.controller().audit().value().at(0).broken, "");
    EXPECT_EQ(world.controller().audit(PairName("nope")).error().code, ErrorCode::NotFound);
}

TEST(Audit, SaysWhoResumedAndWhoAborted) {
    World world;
    settle_in(world);
    world.agents_follow = false;
    const auto id = world.controller().start(world.request(OperationKind::Switchover));
    ASSERT_TRUE(id);
    ASSERT_TRUE(world.run_until([&] { return ended(world, *id); }));
    ASSERT_TRUE(world.controller().resume(*id, "ann"));
    ASSERT_TRUE(world.run_until([&] { return ended(world, *id); }));
    ASSERT_TRUE(world.controller().abort(*id, "bob"));
    ASSERT_TRUE(world.run_until([&] { return ended(world, *id); }));
    const auto journal = world.controller().operation(*id)->journal;
    const auto said = [&](std::string_view sentence) {
        return std::any_of(journal.begin(), journal.end(),
                           [&](const auto& record) { return record.sentence == sentence; });
    };
    EXPECT_TRUE(said("resumed by ann"));
    EXPECT_TRUE(said("put back; abort asked for by bob"));
    EXPECT_EQ(world.controller().audit().value().at(0).broken, "");
}

// ---- every crash point ----

struct EndState {
    Epoch epoch = 0;
    std::string active;
    bool steady = false;
    bool bound_in_source = false;
    bool bound_in_target = false;
    OperationPhase phase = OperationPhase::Running;
    bool report_final = false;
    double missing = -1;
    bool all_lines_arrived = false;
    bool operator==(const EndState&) const = default;
};

EndState end_state(World& world, const OperationId& id) {
    EndState state;
    const auto pair = world.pair();
    state.epoch = pair.record.epoch;
    state.active = pair.record.active.str();
    state.steady = pair.record.phase == PairPhase::Steady && pair.obligations.empty();
    state.bound_in_source = world.is_bound("hz");
    state.bound_in_target = world.is_bound("sh");
    state.phase = phase_of(world, id);
    const auto report = world.controller().report(id);
    state.report_final = report && report->final;
    state.missing = report ? report->missing_logs.value.value_or(-1) : -1;
    const auto there = world.lines_in("sh");
    state.all_lines_arrived = std::includes(there.begin(), there.end(), world.acknowledged.begin(),
                                            world.acknowledged.end());
    return state;
}

/// Runs one operation to its end; whatever kills the controller, a new one takes over.
class CrashRun {
  public:
    explicit CrashRun(OperationKind kind) : kind_(kind) { settle_in(world); }

    EndState run(int kill_at) {
        if (kind_ == OperationKind::Failover) go_dark(world, "hz");
        world.kill.count_from_here();
        world.kill.arm(kill_at);
        start();
        for (int i = 0; i < 400 && !settled_quietly(); ++i) {
            survive([&] { world.run_canaries(); });
            for (int j = 0; j < 3; ++j) survive([&] { world.step_pair(); });
            if (i == 8) come_back(world, "hz");
            world.tick();
        }
        points = world.kill.count();
        world.kill.disarm();
        return end_state(world, OperationId("app-e2"));
    }

    World world;
    int points = 0;
    int crashes = 0;

  private:
    void survive(const std::function<void()>& act) {
        try {
            act();
        } catch (const Killed&) {
            ++crashes;
            world.restart();
        }
    }

    /// An operator whose start was cut off looks, and starts again only if nothing was claimed.
    void start() {
        for (int tries = 0; tries < 3; ++tries) {
            survive([&] { (void)world.controller().start(world.request(kind_)); });
            if (world.pair().record.phase == PairPhase::Switching) return;
            for (int i = 0; i < 4; ++i) {
                world.run_canaries();
                world.tick(milliseconds{100});
            }
        }
    }

    bool settled_quietly() { return settled(world) && world.dark.empty(); }

    OperationKind kind_;
};

void die_everywhere(OperationKind kind) {
    CrashRun clean(kind);
    const auto wanted = clean.run(-1);
    ASSERT_EQ(wanted.phase, OperationPhase::Done);
    ASSERT_EQ(wanted.epoch, 2u);
    ASSERT_TRUE(wanted.steady && wanted.report_final && wanted.all_lines_arrived);
    ASSERT_GT(clean.points, 40);
    for (int at = 0; at < clean.points; ++at) {
        CrashRun broken(kind);
        const auto reached = broken.run(at);
        EXPECT_TRUE(reached == wanted)
            << "killed at point " << at << " of " << clean.points << ": epoch " << reached.epoch
            << ", active " << reached.active << ", steady " << reached.steady << ", phase "
            << name_of(reached.phase);
        EXPECT_EQ(broken.crashes, 1) << "point " << at;
        const auto operation = broken.world.controller().operation(OperationId("app-e2")).value();
        EXPECT_EQ(first_broken(operation.journal), std::nullopt) << "point " << at;
        EXPECT_EQ(count_of(operation, JournalKind::Done, StepKind::Commit), 1) << "point " << at;
    }
}

TEST(Crash, AFailoverKilledAtAnyPointEndsAsIfItHadNot) {
    die_everywhere(OperationKind::Failover);
}

TEST(Crash, ASwitchoverKilledAtAnyPointEndsAsIfItHadNot) {
    die_everywhere(OperationKind::Switchover);
}

}  // namespace
}  // namespace spillway::switchover
