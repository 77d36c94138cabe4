// Seeded scenarios: a link under every fault we know, judged by conservation. Each seed decides the
// workload, the faults and the order of all steps; a failing seed is printed and can be run alone
// with SPILLWAY_SEED=<n>. SPILLWAY_SEEDS=<n> runs that many.
#include "replicator/verify.h"
#include "tests/replicator/world.h"

#include <cstdlib>
#include <set>

#include <gtest/gtest.h>

namespace spillway::replicator::test {
namespace {

using std::chrono::milliseconds;
using test_support::FakeCall;

Error service_error(ErrorCode code, const char* service_code, int status) {
    Error error = make_error(code, "injected");
    error.service_code = service_code;
    error.http_status = status;
    return error;
}

/// What may go wrong in a scenario.
struct Faults {
    bool lost_answers = true;
    bool late_writes = true;
    bool refusals = true;
    bool state = true;
    bool crashes = true;
    bool source_splits = true;
    bool target_splits = true;
    bool outages = true;
    bool clock_jumps = true;
};

class Scenario {
  public:
    Scenario(std::uint64_t seed, const Faults& faults, LinkOptions options = {})
        : faults_(faults),
          world_(seed, std::move(options), 1 + static_cast<std::uint32_t>(seed % 3),
                 1 + static_cast<std::uint32_t>(seed / 3 % 3)) {
        with_rule_ = seed % 2 == 1;
        if (with_rule_) world_.rule = drop_debug();
        world_.compile = [](std::string_view) -> Result<Rule> { return drop_debug(); };
        if (faults_.late_writes && seed % 4 == 0) world_.network.delay_one_in(12);
    }

    void run() {
        world_.start();
        for (int round = 0; round < 40; ++round) {
            act();
            world_.run_for(milliseconds(static_cast<std::int64_t>(world_.dice.roll(1500))));
            if (world_.is_dead()) restart();
        }
        calm_down();
    }

    World& world() { return world_; }

    /// Ids that must be in the target, in order.
    std::vector<std::string> expected(std::uint32_t agent) { return expected_[agent]; }

  private:
    void restart() {
        world_.crash();
        if (world_.dice.one_in(3)) {
            world_.clock.advance(std::chrono::seconds(world_.dice.roll(4000)));
        }
        world_.start();
    }

    void produce() {
        const auto agent = static_cast<std::uint32_t>(world_.dice.roll(6));
        const auto logs = static_cast<std::uint32_t>(1 + world_.dice.roll(4));
        const char* level = "INFO";
        if (with_rule_ && world_.dice.one_in(4)) level = "DEBUG";
        if (with_rule_ && world_.dice.one_in(12)) level = "POISON";
        const std::size_t before = world_.produced(agent).size();
        world_.produce(agent, logs, level);
        if (std::string_view(level) != "INFO") return;
        const auto& ids = world_.produced(agent);
        for (std::size_t at = before; at < ids.size(); ++at) expected_[agent].push_back(ids[at]);
    }

    void act() {
        for (std::uint64_t count = world_.dice.roll(8); count > 0; --count) produce();
        Dice& dice = world_.dice;
        if (faults_.lost_answers && dice.one_in(3)) {
            world_.target.drop_reply(FakeCall::Put, static_cast<int>(1 + dice.roll(3)));
        }
        if (faults_.late_writes) world_.network.deliver_late();
        if (faults_.refusals && dice.one_in(3)) refuse_something();
        if (faults_.state && dice.one_in(4))
            world_.state.fail_next = static_cast<int>(dice.roll(3));
        if (faults_.state && dice.one_in(4)) world_.state.lose_answer_next = 1;
        if (faults_.source_splits && dice.one_in(15)) world_.split_source();
        if (faults_.target_splits && dice.one_in(15)) world_.split_target();
        if (faults_.outages && dice.one_in(20)) {
            world_.target.go_dark();
            world_.run_for(std::chrono::seconds(dice.roll(60)));
            if (!world_.is_dead()) world_.target.heal();
        }
        if (faults_.clock_jumps && dice.one_in(20)) {
            world_.clock.jump_wall(
                std::chrono::seconds(static_cast<std::int64_t>(dice.roll(600)) - 300));
        }
        if (faults_.crashes && dice.one_in(4)) world_.crash_after_calls(dice.roll(25));
    }

    void refuse_something() {
        Dice& dice = world_.dice;
        const auto count = static_cast<int>(1 + dice.roll(4));
        switch (dice.roll(6)) {
            case 0:
                return world_.target.refuse_next(
                    FakeCall::Put,
                    service_error(ErrorCode::Throttled, "ShardWriteQuotaExceed", 403), count);
            case 1:
                return world_.target.refuse_next(
                    FakeCall::Put,
                    service_error(ErrorCode::Unavailable, "InternalServerError", 500), count);
            case 2:
                return world_.target.refuse_next(
                    FakeCall::Put, service_error(ErrorCode::Unauthenticated, "Unauthorized", 401),
                    1);
            case 3:
                return world_.source.refuse_next(
                    FakeCall::Pull, service_error(ErrorCode::Throttled, "ReadQuotaExceed", 403),
                    count);
            case 4:
                return world_.source.drop_reply(FakeCall::Pull, count);
            default:
                return world_.target.drop_reply(FakeCall::Pull, count);
        }
    }

    void calm_down() {
        world_.crash();  // also ends what is left of a death foretold
        world_.source.heal();
        world_.target.heal();
        world_.state.fail_next = world_.state.lose_answer_next = 0;
        world_.start();
        ASSERT_TRUE(world_.run_until_copied()) << world_.status().last_error->to_string();
        for (int late = 0; late < 200; ++late) world_.network.deliver_late();
        world_.run_for(std::chrono::seconds(3));
    }

    Faults faults_;
    World world_;
    bool with_rule_ = false;
    std::map<std::uint32_t, std::vector<std::string>> expected_;
};

/// No more tests than this where a seed is named.
std::vector<std::uint64_t> seeds(std::uint64_t usual) {
    if (const char* one = std::getenv("SPILLWAY_SEED")) return {std::strtoull(one, nullptr, 10)};
    if (const char* many = std::getenv("SPILLWAY_SEEDS")) usual = std::strtoull(many, nullptr, 10);
    std::vector<std::uint64_t> all;
    for (std::uint64_t seed = 1; seed <= usual; ++seed) all.push_back(seed);
    return all;
}

void expect_conserved(World& world) {
    const LinkTotals totals = world.status().totals;
    EXPECT_EQ(totals.logs_in_flight, 0U);
    EXPECT_EQ(totals.logs_read, totals.logs_written + totals.logs_filtered + totals.logs_dead);
}

void expect_ledger_agrees(World& world) {
    VerifyRequest request;
    request.link = "hz-to-sh";
    request.source = world.source_ref;
    request.to_minute = INT64_MAX / 120;
    const auto report = verify_link(request,
                                    {world.source,
                                     {{"", world.target_ref, &world.network, &world.target}},
                                     world.state,
                                     world.clock,
                                     null_event_log(),
                                     world.metrics},
                                    [](std::string_view) -> Result<Rule> { return drop_debug(); });
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(report->is_exact())
        << name_of(report->findings[0].difference) << ": " << report->findings[0].detail;
    EXPECT_EQ(report->logs_checked, world.target_log_count());
}

TEST(LinkScenario, EveryRecordArrivesOnceAndInOrderWhateverHappens) {
    for (const std::uint64_t seed : seeds(1500)) {
        Scenario scenario(seed, {});
        scenario.run();
        for (std::uint32_t agent = 0; agent < 6; ++agent) {
            EXPECT_EQ(scenario.world().arrived(agent), scenario.expected(agent))
                << "agent " << agent;
        }
        expect_conserved(scenario.world());
        expect_ledger_agrees(scenario.world());
        if (testing::Test::HasFailure()) FAIL() << "seed " << seed;
    }
}

TEST(LinkScenario, WithoutTheFenceEveryRecordArrivesAtLeastOnce) {
    for (const std::uint64_t seed : seeds(300)) {
        LinkOptions options;
        options.delivery = Delivery::AtLeastOnce;
        Scenario scenario(seed, {}, options);
        scenario.run();
        for (std::uint32_t agent = 0; agent < 6; ++agent) {
            const auto arrived = scenario.world().arrived(agent);
            const auto expected = scenario.expected(agent);
            EXPECT_EQ(std::set<std::string>(arrived.begin(), arrived.end()),
                      std::set<std::string>(expected.begin(), expected.end()))
                << "agent " << agent;
        }
        if (testing::Test::HasFailure()) FAIL() << "seed " << seed;
    }
}

TEST(LinkScenario, RetentionRacingLosesOnlyWhatTheGapRecordsSay) {
    for (const std::uint64_t seed : seeds(200)) {
        World world(seed, {}, 1, 2);
        world.start();
        world.run_for(std::chrono::seconds(1));  // it has begun: from here on a loss is a gap
        std::uint64_t expired = 0;
        std::uint64_t made = 0;
        for (int round = 0; round < 30; ++round) {
            for (std::uint64_t count = world.dice.roll(6); count > 0; --count, ++made) {
                world.produce(static_cast<std::uint32_t>(world.dice.roll(3)), 1);
            }
            if (world.dice.one_in(3))
                world.target.refuse_next(
                    FakeCall::Put, service_error(ErrorCode::Throttled, "WriteQuotaExceed", 403), 3);
            if (world.dice.one_in(4)) {
                const std::uint64_t count = world.dice.roll(10);
                world.source.expire(world.source_ref, ShardId(0), count);
                expired += count;
            }
            world.run_for(milliseconds(static_cast<std::int64_t>(world.dice.roll(3000))));
        }
        world.target.heal();
        ASSERT_TRUE(world.run_until_copied()) << "seed " << seed;
        std::uint64_t lost = 0;
        const auto gaps = world.core->gaps().value();
        for (const GapRecord& gap : gaps) lost += gap.groups.value_or(0);
        EXPECT_EQ(world.target_log_count() + lost, made) << "seed " << seed;
        if (testing::Test::HasFailure()) FAIL() << "seed " << seed;
    }
}

}  // namespace
}  // namespace spillway::replicator::test
