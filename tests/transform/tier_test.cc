// That the ways of running a rule agree, byte for byte, and that the quick ones do what they are
// for.
#include "logstore/wire/log_group_reader.h"
#include "tier_pairs.h"

#include <gtest/gtest.h>

namespace spillway::transform {
namespace {

const RunContext kContext{WallTime{std::chrono::seconds{1'700'000'000}}};

Program compiled(std::string_view rule) {
    auto made = Program::compile(rule);
    for (const auto& each : made.diagnostics) {
        if (each.severity == Severity::Error) ADD_FAILURE() << render(each, rule, "rule");
    }
    return std::move(*made.program);
}

std::string page_with(std::vector<Log> logs) {
    LogGroup group;
    group.logs = std::move(logs);
    group.topic = "app";
    group.tags = {{"host", "h1"}};
    const auto bytes = wire::encode(group);
    std::string page;
    wire::append_group_frame(page, bytes.size());
    return page + bytes;
}

Log log(std::vector<LogContent> contents) {
    return {7, std::nullopt, std::move(contents)};
}

Log first_log(const Program& program, std::vector<LogContent> contents) {
    const auto result = program.run_page(page_with({log(std::move(contents))}), kContext);
    EXPECT_TRUE(result.has_value());
    return wire::LogGroupView::parse(result->groups.at(0).bytes)->to_owned()->logs.at(0);
}

TEST(RuleTiers, GiveTheSameBytesOnRandomRulesAndPages) {
    for (std::uint64_t seed = 1; seed <= 4'000; ++seed) {
        const auto pair = testing::TierPairMaker(seed).make();
        const auto difference = testing::difference_between_tiers(pair);
        ASSERT_EQ(difference, "") << "seed " << seed << ", rule:\n" << pair.rule;
    }
}

TEST(RuleTiers, RandomRulesNearlyAllCompileAndReachEveryTier) {
    std::array<int, 4> tiers{};
    int wrong = 0;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        const auto made = Program::compile(testing::TierPairMaker(seed).make().rule);
        made.program ? ++tiers[static_cast<std::size_t>(made.program->tier())] : ++wrong;
    }
    EXPECT_LT(wrong, 30);
    for (const int count : tiers) EXPECT_GT(count, 10);
}

TEST(RuleTiers, AGroupThatStaysAsItIsComesWithoutItsBytesWhenAskedSo) {
    const auto page = page_with({log({{"level", "WARN"}}), log({{"level", "ERROR"}})});
    Scratch scratch;
    const auto kept =
        compiled("e_drop(e_search(\"level==INFO\"))").run_page_sparing(page, kContext, scratch);
    ASSERT_EQ(kept->groups.size(), 1U);
    EXPECT_TRUE(kept->groups[0].copies_source);
    EXPECT_EQ(kept->groups[0].bytes, "");
    EXPECT_EQ(kept->groups[0].log_count, 2U);

    const auto tagged =
        compiled("e_set(\"__tag__:dc\", \"1\")").run_page_sparing(page, kContext, scratch);
    EXPECT_TRUE(tagged->groups.at(0).copies_source);
    EXPECT_EQ(tagged->groups[0].bytes, wire::encode_tag("dc", "1"));

    const auto dropped =
        compiled("e_drop(e_search(\"level==WARN\"))").run_page_sparing(page, kContext, scratch);
    EXPECT_FALSE(dropped->groups.at(0).copies_source);
}

TEST(JoinedSteps, ARenameOverAnExistingFieldReplacesIt) {
    const auto program = compiled("e_rename(\"old\", \"new\")\ne_set(\"env\", \"prod\")");
    EXPECT_EQ(first_log(program, {{"old", "1"}, {"x", "2"}, {"new", "3"}}),
              log({{"new", "1"}, {"x", "2"}, {"env", "prod"}}));
    EXPECT_EQ(first_log(program, {{"x", "2"}, {"new", "3"}}),
              log({{"x", "2"}, {"new", "3"}, {"env", "prod"}}));
}

TEST(JoinedSteps, AConstantReplacesAFieldInItsPlace) {
    const auto program = compiled("e_set(\"env\", \"prod\")\ne_set(\"dc\", \"1\")");
    EXPECT_EQ(first_log(program, {{"env", "test"}, {"x", "2"}}),
              log({{"env", "prod"}, {"x", "2"}, {"dc", "1"}}));
}

TEST(JoinedSteps, AFieldThatIsThereTwiceIsSetOnce) {
    const auto program = compiled("e_set(\"env\", \"prod\")");
    EXPECT_EQ(first_log(program, {{"env", "a"}, {"x", "2"}, {"env", "b"}}),
              log({{"env", "prod"}, {"x", "2"}}));
}

TEST(JoinedSteps, LongNamesAndValuesKeepTheirLengths) {
    const std::string name(300, 'n');
    const std::string value(20'000, 'v');
    const auto program = compiled("e_rename(\"a\", \"" + name + "\")");
    EXPECT_EQ(first_log(program, {{"a", value}, {"b", value}}), log({{name, value}, {"b", value}}));
}

TEST(JoinedSteps, AreJoinedAfterAFilterAndAfterASplit) {
    const auto program = compiled(
        "e_drop(e_search(\"level==INFO\"))\ne_split(\"a\", sep=\" \")\ne_drop_fields(\"level\")");
    const auto result = program.run_page(
        page_with({log({{"level", "INFO"}}), log({{"level", "W"}, {"a", "1 2"}})}), kContext);
    const auto group = *wire::LogGroupView::parse(result->groups.at(0).bytes)->to_owned();
    ASSERT_EQ(group.logs.size(), 2U);
    EXPECT_EQ(group.logs[0], log({{"a", "1"}}));
    EXPECT_EQ(group.logs[1], log({{"a", "2"}}));
}

}  // namespace
}  // namespace spillway::transform
