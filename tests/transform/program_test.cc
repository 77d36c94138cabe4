// Rules on pages: splicing, tiers, failures, and that fast tiers give what rewriting gives.
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/log_group_writer.h"
#include "transform/transform.h"

#include <random>

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

std::string page_of(const std::vector<LogGroup>& groups) {
    std::string page;
    for (const auto& group : groups) {
        const auto bytes = wire::encode(group);
        wire::append_group_frame(page, bytes.size());
        page += bytes;
    }
    return page;
}

Log log(std::uint32_t time, std::vector<LogContent> contents) {
    return {time, std::nullopt, std::move(contents)};
}

LogGroup group(std::vector<Log> logs) {
    LogGroup made;
    made.logs = std::move(logs);
    made.topic = "app";
    made.source = "10.0.0.1";
    made.tags = {{"host", "h1"}};
    return made;
}

LogGroup decoded(const OutputGroup& out) {
    auto view = wire::LogGroupView::parse(out.bytes);
    EXPECT_TRUE(view.has_value());
    return *view->to_owned();
}

TEST(RulePages, AnEmptyRuleGivesThePageByteForByte) {
    const auto source = group({log(1, {{"a", "1"}}), log(2, {{"b", "2"}})});
    const auto result = compiled("").run_page(page_of({source}), kContext);
    ASSERT_TRUE(result.has_value());
    ASSERT_EQ(result->groups.size(), 1U);
    EXPECT_EQ(result->groups[0].bytes, wire::encode(source));
    EXPECT_EQ(result->logs_read, 2U);
    EXPECT_EQ(result->logs_written, 2U);
}

TEST(RulePages, DroppedLogsLeaveTheOthersUntouched) {
    const auto source = group({log(1, {{"a", "1"}}), log(2, {{"a", "2"}}), log(3, {{"a", "1"}})});
    const auto program = compiled("e_keep(v(\"a\") == \"1\")");
    EXPECT_EQ(program.tier(), Tier::DropOnly);
    const auto result = program.run_page(page_of({source}), kContext);
    ASSERT_EQ(result->groups.size(), 1U);
    auto wanted = source;
    wanted.logs.erase(wanted.logs.begin() + 1);
    EXPECT_EQ(result->groups[0].bytes, wire::encode(wanted));
    EXPECT_EQ(result->logs_dropped, 1U);
}

TEST(RulePages, AGroupWithoutLogsLeftIsAbsent) {
    const auto result =
        compiled("DROP").run_page(page_of({group({log(1, {{"a", "1"}})})}), kContext);
    EXPECT_TRUE(result->groups.empty());
    EXPECT_EQ(result->logs_dropped, 1U);
}

TEST(RulePages, ThreeEditsKeepTheOrderOfTheOtherFields) {
    const auto source = group({log(7, {{"a", "1"}, {"drop", "x"}, {"old", "2"}, {"z", "3"}})});
    const auto program =
        compiled("e_drop_fields(\"drop\")\ne_rename(\"old\", \"new\")\ne_set(\"env\", \"prod\")");
    EXPECT_EQ(program.tier(), Tier::Rewrite);
    const auto result = program.run_page(page_of({source}), kContext);
    const auto out = decoded(result->groups.at(0));
    EXPECT_EQ(out.logs.at(0), log(7, {{"a", "1"}, {"new", "2"}, {"z", "3"}, {"env", "prod"}}));
    EXPECT_EQ(out.topic, "app");
    EXPECT_EQ(out.tags, source.tags);
}

TEST(RulePages, SettingTheTimeForgetsItsNanoseconds) {
    auto source = group({log(7, {{"a", "1"}})});
    source.logs[0].time_ns = 5;
    const auto result =
        compiled("e_set(F_TIME, \"1600000000\")").run_page(page_of({source}), kContext);
    const auto out = decoded(result->groups.at(0));
    EXPECT_EQ(out.logs.at(0), log(1'600'000'000, {{"a", "1"}}));
}

TEST(RulePages, WithoutATimeTheLogGetsThePagesOne) {
    const auto result =
        compiled("e_keep_fields(\"a\", F_META)")
            .run_page(page_of({group({log(7, {{"a", "1"}, {"b", "2"}})})}), kContext);
    EXPECT_EQ(decoded(result->groups.at(0)).logs.at(0), log(1'700'000'000, {{"a", "1"}}));
}

TEST(RulePages, LogsWithOtherTagsGoToAGroupOfTheirOwn) {
    const auto source = group({log(1, {{"a", "1"}}), log(2, {{"a", "2"}})});
    const auto result = compiled("e_if(v(\"a\") == \"2\", e_set(\"__tag__:host\", \"h2\"))")
                            .run_page(page_of({source}), kContext);
    ASSERT_EQ(result->groups.size(), 2U);
    const auto first = decoded(result->groups[0]);
    const auto second = decoded(result->groups[1]);
    EXPECT_EQ(first.logs.size(), 1U);
    EXPECT_EQ(first.tags, (std::vector<LogTag>{{"host", "h1"}}));
    EXPECT_EQ(second.tags, (std::vector<LogTag>{{"host", "h2"}}));
    EXPECT_EQ(second.topic, "app");
}

TEST(RulePages, AFailedLogIsInNoGroupButForTheCopiesItSentBefore) {
    const auto source = group({log(1, {{"n", "5"}}), log(2, {{"n", "x"}})});
    const auto result = compiled("e_coutput(\"copy\")\ne_set(\"m\", op_sum(v(\"n\"), 1))")
                            .run_page(page_of({source}), kContext);
    ASSERT_EQ(result->failed.size(), 1U);
    EXPECT_EQ(result->failed[0].log_index, 1U);
    EXPECT_NE(result->failed[0].reason.find("not a number"), std::string::npos);
    EXPECT_TRUE(result->failed[0].partly_written);
    ASSERT_EQ(result->groups.size(), 2U);
    for (const auto& out : result->groups) {
        EXPECT_EQ(out.log_count, out.target == "copy" ? 2U : 1U);
    }
}

TEST(RulePages, BytesThatAreNoPageAreCorrupt) {
    const auto program = compiled("e_set(\"a\", \"1\")");
    const auto result = program.run_page("\x0A\x7F garbage", kContext);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, ErrorCode::Corrupt);
}

TEST(RulePages, TheSamePageAndTimeGiveTheSameBytes) {
    const auto page = page_of({group({log(1, {{"a", "1"}}), log(1, {{"a", "1"}})})});
    const auto program = compiled("e_set(\"id\", str_uuid(), \"at\", dt_now())");
    const auto first = program.run_page(page, kContext);
    const auto second = program.run_page(page, kContext);
    EXPECT_EQ(first->groups.at(0).bytes, second->groups.at(0).bytes);
    const auto out = decoded(first->groups.at(0));
    EXPECT_NE(out.logs[0].contents[1], out.logs[1].contents[1]);
}

std::string random_page(std::mt19937& random) {
    const auto pick = [&](std::uint32_t below) {
        return static_cast<std::uint32_t>(random() % below);
    };
    std::vector<LogGroup> groups;
    for (std::uint32_t g = 0; g < 1 + pick(3); ++g) {
        LogGroup made;
        made.topic = pick(2) == 0 ? "" : "t";
        made.source = "s";
        for (std::uint32_t t = 0; t < pick(3); ++t) {
            made.tags.push_back({"k" + std::to_string(t), std::string(pick(200), 'v')});
        }
        for (std::uint32_t i = 0; i < pick(6); ++i) {
            Log made_log{pick(2'000'000'000), std::nullopt, {}};
            if (pick(3) == 0) made_log.time_ns = pick(1'000'000'000);
            for (std::uint32_t f = 0; f < pick(6); ++f) {
                made_log.contents.push_back({std::string(1, static_cast<char>('a' + pick(5))),
                                             std::string(pick(300), 'x')});
            }
            made.logs.push_back(std::move(made_log));
        }
        groups.push_back(std::move(made));
    }
    return page_of(groups);
}

TEST(RuleTiers, FastTiersGiveTheBytesThatRewritingGives) {
    const std::string_view rules[] = {"",
                                      "KEEP",
                                      "e_set(\"__tag__:region\", \"hz\")",
                                      "e_set(\"__tag__:k0\", \"new\", \"__tag__:z\", \"1\")",
                                      "e_keep(e_has(\"a\"))",
                                      "e_drop(e_search(\"b: xx\"))"};
    std::mt19937 random(4711);
    Scratch scratch;
    for (const auto rule : rules) {
        const auto program = compiled(rule);
        for (int i = 0; i < 200; ++i) {
            const auto page = random_page(random);
            const auto fast = program.run_page(page, kContext, scratch);
            const auto slow = program.run_page_rewriting(page, kContext, scratch);
            ASSERT_EQ(fast->groups.size(), slow->groups.size()) << rule;
            for (std::size_t g = 0; g < fast->groups.size(); ++g) {
                ASSERT_EQ(fast->groups[g].bytes, slow->groups[g].bytes) << rule;
            }
            EXPECT_EQ(fast->logs_written, slow->logs_written);
        }
    }
}

TEST(RuleTiers, AreChosenByWhatTheRuleDoes) {
    EXPECT_EQ(compiled("").tier(), Tier::Passthrough);
    EXPECT_EQ(compiled("e_set(\"__tag__:a\", \"b\")").tier(), Tier::TagAppend);
    EXPECT_EQ(compiled("e_if(e_has(\"a\"), DROP)").tier(), Tier::DropOnly);
    EXPECT_EQ(compiled("e_set(\"a\", \"b\")").tier(), Tier::Rewrite);
    EXPECT_EQ(compiled("e_coutput(\"t\")").tier(), Tier::Rewrite);
    EXPECT_EQ(compiled("e_coutput(\"t\")").targets(), (std::vector<std::string>{"t"}));
}

TEST(PushDown, TranslatesALeadingFilterWhereItMeansTheSame) {
    EXPECT_EQ(compiled("e_keep(v(\"a\") == \"it's\")\ne_set(\"b\", \"1\")").pushdown_spl(),
              "* | where \"a\" = 'it''s'");
    EXPECT_EQ(compiled("e_keep(v(\"order\") == \"x\")").pushdown_spl(),
              "* | where \"order\" = 'x'");
    EXPECT_EQ(compiled("e_drop(e_has(\"__tag__:x\"))").pushdown_spl(),
              "* | where not coalesce(\"__tag__:x\" is not null, false)");
    EXPECT_EQ(compiled("e_keep(e_search(\"word\"))").pushdown_spl(), "");
    EXPECT_EQ(compiled("e_set(\"b\", \"1\")\ne_keep(e_has(\"a\"))").pushdown_spl(), "");
}

std::vector<Diagnostic> findings(std::string_view rule) {
    return Program::compile(rule).diagnostics;
}

TEST(RuleDiagnostics, SayWhereAndWhatWasMeant) {
    const auto found = findings("e_set(\"a\", str_lowr(v(\"b\")))");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].code, "T0305");
    EXPECT_EQ(found[0].column, 12U);
    EXPECT_EQ(found[0].length, 8U);
    EXPECT_NE(found[0].help.find("str_lower(value)"), std::string::npos);
}

TEST(RuleDiagnostics, CountColumnsInCharacters) {
    const auto found = findings("e_set(\"\u5730\u57df\", nope)");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].column, 13U);
}

TEST(RuleDiagnostics, AreSeveralPerRun) {
    EXPECT_EQ(findings("e_kep(1)\ne_set(\"a\")\ne_set(\"a\" \"b\" 1)\n").size(), 3U);
}

TEST(RuleDiagnostics, NameKnownFunctionsThatAreNotAvailable) {
    const auto found = findings("e_set(\"g\", geo_parse(v(\"ip\"), \"db\"))");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].code, "T0306");
}

TEST(RuleDiagnostics, FindWrongConstantsBeforeAnyEventDoes) {
    EXPECT_EQ(findings("e_keep(e_match(\"a\", \"(\"))").at(0).code, "T0506");
    EXPECT_EQ(findings("e_keep(e_search(\"a: (\"))").at(0).code, "T0508");
    EXPECT_EQ(findings("e_set(\"a\", \"b\", mode=\"fil\")").at(0).code, "T0502");
    EXPECT_EQ(findings("e_set(\"a\", dt_parse(v(\"t\"), tz=\"Mars/Base\"))").at(0).code, "T0505");
    EXPECT_EQ(findings("e_set(\"a\", json_select(v(\"d\"), \"a[\"))").at(0).code, "T0504");
    EXPECT_EQ(findings("e_regex(\"m\", grok(\"%{NOPE}\"))").at(0).code, "T0509");
}

TEST(RuleDiagnostics, SurviveAnyBytes) {
    std::mt19937 random(99);
    const std::string pieces[] = {"e_set", "(", ")",     "\"",   "'",   ",",  "\n",   "[",
                                  "{",     ":", "not ",  "\\",   "1e9", "==", "\xff", "v(\"a\")",
                                  "r\"",   "#", "e_if(", "DROP", "**",  "-"};
    for (int i = 0; i < 3000; ++i) {
        std::string rule;
        for (auto n = random() % 20; n > 0; --n) rule += pieces[random() % std::size(pieces)];
        const auto made = Program::compile(rule);
        for (const auto& each : made.diagnostics) EXPECT_FALSE(render(each, rule, "x").empty());
    }
}

TEST(RuleLimits, AnExplodingPatternCostsOneEvent) {
    const auto source =
        group({log(1, {{"a", std::string(200, 'a') + "!"}}), log(2, {{"a", "aa"}})});
    const auto result =
        compiled("e_keep(e_match(\"a\", \"(a|aa|a?)+$\"))").run_page(page_of({source}), kContext);
    EXPECT_EQ(result->failed.size(), 1U);
    EXPECT_EQ(result->logs_written, 1U);
}

}  // namespace
}  // namespace spillway::transform
