// Which config collects a file, and where reading begins.
#include "logstore/agent/ack_window.h"
#include "logstore/agent/file_match.h"
#include "logstore/agent/start_position.h"

#include <gtest/gtest.h>

namespace spillway::agent {
namespace {

CollectRule rule_of(std::string name, std::int64_t created, bool allows_others = false) {
    CollectRule rule;
    rule.effective_name = std::move(name);
    rule.created_unix_s = created;
    rule.allows_other_configs = allows_others;
    return rule;
}

std::vector<std::string> names_of(const std::vector<const CollectRule*>& rules) {
    std::vector<std::string> names;
    for (const CollectRule* rule : rules) names.push_back(rule->effective_name);
    return names;
}

using Names = std::vector<std::string>;

TEST(FileCollectors, OfTwoEqualConfigsTheOlderOneCollects) {
    const CollectRule a = rule_of("a", 100);
    const CollectRule b = rule_of("b", 200);
    const auto chosen = choose_collectors({{&b, 8}, {&a, 8}});
    EXPECT_EQ(names_of(chosen.collecting), Names{"a"});
    EXPECT_EQ(names_of(chosen.shut_out), Names{"b"});
}

TEST(FileCollectors, TheDeeperPathBeatsTheOlderConfig) {
    const CollectRule a = rule_of("a", 100);
    const CollectRule b = rule_of("b", 200);
    EXPECT_EQ(names_of(choose_collectors({{&a, 4}, {&b, 8}}).collecting), Names{"b"});
}

TEST(FileCollectors, EqualAgesAreDecidedByName) {
    const CollectRule a = rule_of("a", 100);
    const CollectRule b = rule_of("b", 100);
    EXPECT_EQ(names_of(choose_collectors({{&b, 4}, {&a, 4}}).collecting), Names{"a"});
}

TEST(FileCollectors, AConfigThatAllowsOthersAlwaysCollectsToo) {
    const CollectRule a = rule_of("a", 100);
    const CollectRule b = rule_of("b", 200, true);
    const auto chosen = choose_collectors({{&a, 8}, {&b, 8}});
    EXPECT_EQ(names_of(chosen.collecting), (Names{"b", "a"}));
    EXPECT_TRUE(chosen.shut_out.empty());
}

TEST(StartPosition, FollowsTheCheckpointWhenTheFileIsTheSame) {
    EXPECT_EQ(
        choose_start(
            {.has_checkpoint = true, .signature_fits = true, .checkpoint_offset = 10, .size = 10}),
        StartKind::Checkpoint);
}

TEST(StartPosition, ReadsAReplacedOrShortenedFileFromItsBeginning) {
    EXPECT_EQ(
        choose_start(
            {.has_checkpoint = true, .signature_fits = false, .checkpoint_offset = 10, .size = 90}),
        StartKind::Beginning);
    EXPECT_EQ(
        choose_start(
            {.has_checkpoint = true, .signature_fits = true, .checkpoint_offset = 10, .size = 9}),
        StartKind::Beginning);
}

TEST(StartPosition, BeginsNearTheEndWithoutCheckpoint) {
    EXPECT_EQ(choose_start({.size = 90}), StartKind::Tail);
}

TEST(StartPosition, ReadsAFileWholeThatCameWhileItWasWaitedFor) {
    EXPECT_EQ(choose_start({.appeared_while_watching = true}), StartKind::Beginning);
    EXPECT_EQ(choose_start({.born_while_followed = true}), StartKind::Beginning);
    EXPECT_EQ(choose_start({.follows_known_file = true}), StartKind::Beginning);
}

TEST(AckWindow, MovesOnlyOverRangesWithoutAHole) {
    AckWindow window(100);
    const auto first = window.begin(150);
    const auto second = window.begin(180);
    window.finish(second);
    EXPECT_EQ(window.acknowledged(), 100u);
    window.finish(first);
    EXPECT_EQ(window.acknowledged(), 180u);
    EXPECT_TRUE(window.idle());
}

TEST(AckWindow, IgnoresAnswersFromBeforeARestart) {
    AckWindow window(0);
    const auto old = window.begin(500);
    window.restart(0);
    const auto young = window.begin(20);
    window.finish(old);
    EXPECT_EQ(window.acknowledged(), 0u);
    window.finish(young);
    EXPECT_EQ(window.acknowledged(), 20u);
}

}  // namespace
}  // namespace spillway::agent
