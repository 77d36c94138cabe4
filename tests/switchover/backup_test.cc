#include "switchover/backup.h"

#include "switchover/codec.h"
#include "tests/support/fake_region.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace spillway::switchover {
namespace {

using test_support::FakeCall;
using test_support::FakeRegion;

class Backup : public ::testing::Test {
  protected:
    Backup() {
        region.create({project, LogstoreName("app")});
        for (int i = 0; i < 6; ++i) add("config-" + std::to_string(i));
        MachineGroup group;
        group.name = MachineGroupName("web-mg");
        group.machines = {"pay-web"};
        (void)region.put_machine_group(project, group);
        (void)region.bind(project, group.name, ConfigName("config-0"));
    }

    void add(const std::string& name) {
        CollectorConfig config{ConfigName(name), ConfigForm::Pipeline, {{"configName", name}}};
        (void)region.put_config(project, config);
    }
    void remove(const std::string& name) {
        (void)region.delete_config(project, ConfigName(name), ConfigForm::Pipeline);
    }
    BackupHead run(bool accept_shrink = false) {
        return keeper.run(region, hz, project, accept_shrink).value();
    }
    std::size_t version_count() { return keeper.versions({}, {})->size(); }

    const RegionName hz{"hz"};
    const ProjectName project{"pay-hz"};
    FakeClock clock;
    FakeRegion region{clock};
    std::unique_ptr<StateStore> store = make_memory_state_store();
    BackupKeeper keeper{*store, clock, null_event_log(), 0.2};
};

TEST_F(Backup, MakesAVersionOnlyOfAChange) {
    const auto first = run();
    clock.advance(std::chrono::minutes{5});
    const auto again = run();
    EXPECT_EQ(again.id, first.id);
    EXPECT_GT(again.checked_at, first.checked_at);
    EXPECT_EQ(version_count(), 1u);
    add("config-6");
    EXPECT_EQ(run().number, 2u);
    EXPECT_EQ(version_count(), 2u);
}

TEST_F(Backup, TakesConfigsGroupsBindingsAndLogstores) {
    run();
    const auto snapshot = keeper.latest(hz, project)->snapshot;
    EXPECT_EQ(snapshot.configs.size(), 6u);
    ASSERT_EQ(snapshot.groups.size(), 1u);
    EXPECT_EQ(snapshot.groups[0].machines, std::vector<std::string>{"pay-web"});
    ASSERT_EQ(snapshot.bindings.size(), 1u);
    EXPECT_EQ(snapshot.bindings[0].configs, std::vector<ConfigName>{ConfigName("config-0")});
    ASSERT_EQ(snapshot.logstores.size(), 1u);
}

TEST_F(Backup, AnEmptyAnswerIsRefusedAndTheLastGoodOneKept) {
    const auto good = run();
    for (int i = 0; i < 6; ++i) remove("config-" + std::to_string(i));
    const auto poisoned = run();
    EXPECT_EQ(poisoned.id, good.id);
    EXPECT_NE(poisoned.refused.find("R14: the region lists 0 configs where the last good"),
              std::string::npos)
        << poisoned.refused;
    EXPECT_EQ(keeper.latest(hz, project)->snapshot.configs.size(), 6u);
}

TEST_F(Backup, ALossOfMoreThanAFifthIsRefusedUnlessAccepted) {
    run();
    remove("config-5");
    EXPECT_TRUE(run().refused.empty());  // one of six
    remove("config-4");
    remove("config-3");
    EXPECT_FALSE(run().refused.empty());  // two of five
    EXPECT_TRUE(run(true).refused.empty());
    EXPECT_EQ(keeper.latest(hz, project)->snapshot.configs.size(), 3u);
}

TEST_F(Backup, ARoundThatBreaksOffMakesNoVersion) {
    run();
    add("config-6");
    region.refuse_next(FakeCall::Config, make_error(ErrorCode::Unavailable, "reset by peer"));
    const auto failed = keeper.run(region, hz, project, false);
    ASSERT_FALSE(failed);
    EXPECT_NE(failed.error().message.find("back up project pay-hz in hz"), std::string::npos);
    EXPECT_EQ(version_count(), 1u);
}

TEST_F(Backup, AFlippedBitIsSeenAndTheVersionBeforeIsUsed) {
    const auto first = run();
    add("config-6");
    run();
    const auto key = "backup/hz/pay-hz/00000002";
    auto text = store->get(key).value()->value;
    text.replace(text.find("config-6"), 8, "config-X");
    ASSERT_TRUE(store->put(key, text));
    EXPECT_EQ(keeper.latest(hz, project)->id, first.id);
}

TEST_F(Backup, RestorePutsBackWhatDiffersAndTakesNothingAway) {
    run();
    const auto version = keeper.latest(hz, project).value();
    remove("config-0");
    add("config-new");
    const auto said = keeper.restore(version, region);
    ASSERT_TRUE(said) << said.error().to_string();
    EXPECT_TRUE(region.config(project, ConfigName("config-0"), ConfigForm::Pipeline));
    EXPECT_TRUE(region.config(project, ConfigName("config-new"), ConfigForm::Pipeline));
    EXPECT_TRUE(keeper.restore(version, region)->empty());
}

TEST_F(Backup, DiffNamesWhatChanged) {
    run();
    const auto before = keeper.latest(hz, project)->snapshot;
    auto after = before;
    after.configs[1].body["logSample"] = "x";
    after.configs.pop_back();
    after.bindings[0].configs.emplace_back("config-1");
    EXPECT_EQ(diff(before, after),
              (std::vector<std::string>{"config config-1 changed: body.logSample",
                                        "config config-5 is gone",
                                        "binding of web-mg changed: configs"}));
}

TEST_F(Backup, IsFoundByAPrefixOfItsId) {
    const auto head = run();
    EXPECT_EQ(keeper.find(head.id.substr(0, 5))->id, head.id);
    EXPECT_EQ(keeper.find("zzz").error().code, ErrorCode::NotFound);
    EXPECT_EQ(keeper.find("").error().code, ErrorCode::NotFound);
}

}  // namespace
}  // namespace spillway::switchover
