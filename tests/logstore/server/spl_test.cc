// SPL on its own: what is kept, what is edited, what is refused and where.
#include "logstore/server/spl.h"

#include "logstore/server/log_frames.h"
#include "logstore/server/spl_node.h"
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/log_group_writer.h"
#include "transform/transform.h"

#include <random>

#include <gtest/gtest.h>

namespace spillway::server {
namespace {

LogGroup sample() {
    LogGroup group;
    group.topic = "nginx";
    group.source = "10.0.0.1";
    group.tags = {{"env", "prod"}};
    const auto add = [&](std::uint32_t time, std::vector<std::pair<std::string, std::string>> all) {
        Log log;
        log.time = time;
        for (auto& [key, value] : all) log.contents.push_back({key, value});
        group.logs.push_back(std::move(log));
    };
    add(1, {{"n", "1"}, {"status", "200"}, {"msg", "it's fine"}});
    add(2, {{"n", "2"}, {"status", "500"}, {"msg", "a.b*c"}, {"user", ""}});
    add(3, {{"n", "3"}, {"msg", "caf\xc3\xa9 open"}, {"user", "eve"}});
    return group;
}

std::string list_of(const LogGroup& group) {
    const auto bytes = wire::encode(group);
    std::string list;
    wire::append_group_frame(list, bytes.size());
    return list + bytes;
}

LogGroup only_group(std::string_view list) {
    LogGroup group;
    (void)wire::for_each_group(list, [&](std::string_view bytes) {
        group = *wire::LogGroupView::parse(bytes)->to_owned();
        return true;
    });
    return group;
}

/// The `n` of the logs that a condition leaves, or the refusal.
std::string left_by(const std::string& condition) {
    auto program = SplProgram::parse("* | where " + condition);
    if (!program) return program.error().message;
    auto page = run_spl(*program, list_of(sample()));
    EXPECT_TRUE(page);
    std::string left;
    for (const auto& log : only_group(page->body).logs) left += log.contents[0].value;
    EXPECT_EQ(left.size(), page->logs_left);
    EXPECT_EQ(page->logs_read, 3U);
    return left;
}

TEST(Spl, ComparesTextAndKnowsWhatIsAbsent) {
    EXPECT_EQ(left_by("status = '500'"), "2");
    EXPECT_EQ(left_by("status <> '500'"), "1") << "null is not true";
    EXPECT_EQ(left_by("(status is null or status <> '500')"), "13");
    EXPECT_EQ(left_by("status is not null"), "12");
    EXPECT_EQ(left_by("not status = '500'"), "1");
    EXPECT_EQ(left_by("not coalesce(status = '500', false)"), "13");
    EXPECT_EQ(left_by("(user is not null and user <> '')"), "3");
    EXPECT_EQ(left_by("user = ''"), "2");
    EXPECT_EQ(left_by("msg = 'it''s fine'"), "1");
    EXPECT_EQ(left_by("status in ('200', '404')"), "1");
    EXPECT_EQ(left_by("status not in ('200', '404')"), "2");
    EXPECT_EQ(left_by("true"), "123");
    EXPECT_EQ(left_by("null"), "");
}

TEST(Spl, JoinsConditionsAsSqlDoes) {
    EXPECT_EQ(left_by("n = '1' or n = '2' and status = '200'"), "1");
    EXPECT_EQ(left_by("(n = '1' or n = '2') and status = '200'"), "1");
    EXPECT_EQ(left_by("status = '500' or user = 'eve'"), "23") << "null or true is true";
    EXPECT_EQ(left_by("not (status = '500' and user = 'eve')"), "12")
        << "null and true is null, null and false is false";
}

TEST(Spl, SearchesTextByPositionPatternAndWildcard) {
    EXPECT_EQ(left_by("strpos(msg, 'fine') > 0"), "1");
    EXPECT_EQ(left_by("strpos(msg, 'open') = 6"), "3") << "positions count characters";
    EXPECT_EQ(left_by("msg like 'it%'"), "1");
    EXPECT_EQ(left_by("msg like '%_ open'"), "3");
    EXPECT_EQ(left_by("msg like 'caf_ open'"), "3") << "one character, not one byte";
    EXPECT_EQ(left_by("msg like 'a.b*c'"), "2");
    EXPECT_EQ(left_by("msg not like '%e%'"), "2");
    EXPECT_EQ(left_by("regexp_like(msg, '^it.s')"), "1");
    EXPECT_EQ(left_by("regexp_like(msg, '\\A(?:a\\.b\\*c)\\z')"), "2");
    EXPECT_TRUE(spl_like("50%", "50!%", {'%', '_', '!'}));
    EXPECT_FALSE(spl_like("50x", "50!%", {'%', '_', '!'}));
    EXPECT_TRUE(spl_like("", "%", {}));
    EXPECT_TRUE(spl_like("aXbXc", "a%b%c", {}));
    EXPECT_FALSE(spl_like("aXbX", "a%b%c", {}));
}

TEST(Spl, ComparesNumbersOnceTheyAreCast) {
    EXPECT_EQ(left_by("try_cast(status as bigint) >= 400"), "2");
    EXPECT_EQ(left_by("try_cast(status as double) < 200.5"), "1");
    EXPECT_EQ(left_by("try_cast(msg as bigint) is null"), "123");
    EXPECT_EQ(left_by("try_cast(n as bigint) between 2 and 3"), "23");
    EXPECT_EQ(left_by("try_cast(n as bigint) not between 2 and 3"), "1");
    EXPECT_EQ(left_by("status between '200' and null"), "") << "above is not known";
    EXPECT_EQ(left_by("coalesce(n between '2' and null, true)"), "23") << "below is";
    EXPECT_EQ(left_by("__time__ >= 2"), "23");
    EXPECT_EQ(left_by("try_cast(__time__ as varchar) = '3'"), "3");
}

TEST(Spl, SeesTopicSourceAndTags) {
    EXPECT_EQ(left_by("__topic__ = 'nginx' and __source__ = '10.0.0.1'"), "123");
    EXPECT_EQ(left_by("\"__tag__:env\" = 'prod' and n = '1'"), "1");
    EXPECT_EQ(left_by("\"__tag__:env\" is null"), "");
}

TEST(Spl, RefusesWhatItDoesNotRunAndSaysWhere) {
    EXPECT_EQ(left_by("status >= 400"),
              "query, position 18: text cannot be compared with a number; fields are text: write "
              "try_cast(field as bigint) to compare numbers");
    EXPECT_EQ(left_by("lower(msg) = 'x'"),
              "query, position 11: the function lower is not run here: a pull takes coalesce, "
              "strpos, regexp_like and try_cast");
    EXPECT_EQ(left_by("msg = 'x"), "query, position 17: the quote is never closed");
    EXPECT_EQ(left_by("msg ="), "query, position 16: the query ends too early");
    EXPECT_EQ(left_by("msg"), "query, position 11: a condition is wanted here, not text");
    EXPECT_EQ(left_by("regexp_like(msg, '(')").substr(0, 42),
              "query, position 28: the pattern is wrong: ");
    EXPECT_EQ(left_by("a = 'x' | extend b = a"),
              "query, position 21: \"extend\" is not run here: a pull takes where, project and "
              "project-away");
    EXPECT_EQ(SplProgram::parse("error | where a = 'x'").error().message,
              "query, position 1: a query on a pull begins with *");
    EXPECT_EQ(SplProgram::parse("* | where a = 'x'").has_value(), true);
    EXPECT_EQ(SplProgram::parse("").error().service_code, "ParameterInvalid");
    EXPECT_FALSE(SplProgram::parse("* | where " + std::string(5000, '(')));
    EXPECT_FALSE(SplProgram::parse("* | where " + std::string(5000, 'x') + " = " +
                                   std::string(70'000, 'y')));
}

LogGroup edited(const std::string& query) {
    auto program = SplProgram::parse(query);
    EXPECT_TRUE(program) << program.error().message;
    return only_group(run_spl(*program, list_of(sample()))->body);
}

TEST(Spl, ProjectsFieldsAndNeverTheTime) {
    auto group = edited("* | project msg, code = status");
    ASSERT_EQ(group.logs.size(), 3U);
    EXPECT_EQ(group.logs[0].time, 1U);
    ASSERT_EQ(group.logs[0].contents.size(), 2U);
    EXPECT_EQ(group.logs[0].contents[0].key, "code");
    EXPECT_EQ(group.logs[0].contents[1].key, "msg");
    EXPECT_EQ(group.logs[2].contents.size(), 1U);
    EXPECT_TRUE(group.topic.empty());
    EXPECT_TRUE(group.tags.empty());

    group = edited("* | project-away \"__tag__:*\", status, \"us*\" | where n <> '1'");
    ASSERT_EQ(group.logs.size(), 2U);
    EXPECT_EQ(group.topic, "nginx");
    EXPECT_TRUE(group.tags.empty());
    EXPECT_EQ(group.logs[0].contents.size(), 2U);
    EXPECT_FALSE(SplProgram::parse("* | project \"__topic__\" = a"));
}

TEST(Spl, CopiesAGroupThatStaysAsItIs) {
    const auto list = list_of(sample());
    EXPECT_EQ(run_spl(*SplProgram::parse("*"), list)->body, list);
    EXPECT_EQ(run_spl(*SplProgram::parse("* | where __topic__ = 'nginx';"), list)->body, list);
    const auto none = run_spl(*SplProgram::parse("* | where __topic__ = 'x'"), list);
    EXPECT_EQ(none->body, "");
    EXPECT_EQ(none->groups, 0U);
    EXPECT_FALSE(run_spl(*SplProgram::parse("*"), "\x0a\x7f"));
}

TEST(Spl, NonsenseIsRefusedOrRunsAndNeverBreaks) {
    const std::vector<std::string> words = {
        "where ", "project ", "project-away ", "|",   "*",     "(",      ")",         ",",
        "=",      "<>",       "like ",         "in ", "not ",  "and ",   "or ",       "is ",
        "null ",  "between ", "status ",       "n ",  "'x' ",  "'%a_' ", "\"a b\" ",  "12 ",
        "-3.5 ",  "strpos(",  "coalesce(",     ";",   "true ", "as ",    "try_cast(", "bigint"};
    std::minstd_rand random(7);
    const auto list = list_of(sample());
    int taken = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::string query = "* | where ";
        for (auto left = random() % 12; left > 0; --left) query += words[random() % words.size()];
        auto program = SplProgram::parse(query);
        if (!program) {
            EXPECT_EQ(program.error().service_code, "ParameterInvalid") << query;
            continue;
        }
        ++taken;
        EXPECT_TRUE(run_spl(*program, list)) << query;
    }
    EXPECT_GT(taken, 20);
    std::string nested = "n";
    for (int i = 0; i < 90; ++i) nested = "(" + nested + " between '1' and '2')";
    EXPECT_FALSE(SplProgram::parse("* | where " + nested)) << "and refused at once";
}

/// Every filter that a rule pushes down must be taken, and keep what the rule keeps.
TEST(Spl, TakesWhatTheRuleCompilerEmitsAndAgreesWithTheRule) {
    for (const std::string rule : {
             R"(e_keep(v("status") == "500"))",
             R"(e_keep(v("status") != "500"))",
             R"(e_drop(v("status") == "500"))",
             R"(e_keep(e_has("user")))",
             R"(e_keep(e_not_has("user")))",
             R"(e_keep(v("user")))",
             R"(e_keep(e_search("msg: fine")))",
             R"(e_keep(e_search("msg: fine or user == eve")))",
             R"(e_keep(e_search("not user == eve")))",
             R"(e_keep(op_in(["200", "404"], v("status"))))",
             R"(e_keep(op_in(v("msg"), "fine")))",
             R"(e_keep(e_match("msg", "a\.b\*c")))",
             R"(e_keep(op_and(e_has("status"), op_not(v("status") == "200"))))",
             R"(e_drop(e_has("__tag__:env")))",
             R"(e_keep(v("__topic__") == "nginx"))",
             R"(e_if(v("n") == "1", DROP))",
             R"(e_keep(v("msg") == "it's fine"))",
         }) {
        auto compiled = transform::Program::compile(rule);
        ASSERT_TRUE(compiled.program) << rule;
        const auto query = compiled.program->pushdown_spl();
        ASSERT_FALSE(query.empty()) << rule;
        auto program = SplProgram::parse(query);
        ASSERT_TRUE(program) << query << ": " << program.error().message;
        const auto list = list_of(sample());
        auto by_rule = compiled.program->run_page(list, {WallTime{}});
        ASSERT_TRUE(by_rule);
        auto by_query = run_spl(*program, list);
        ASSERT_TRUE(by_query);
        EXPECT_EQ(by_query->logs_left, by_rule->logs_written) << query;
        // What the region left out, the rule would have dropped: running it again changes nothing.
        EXPECT_EQ(compiled.program->run_page(by_query->body, {WallTime{}})->logs_dropped, 0U)
            << query;
    }
}

}  // namespace
}  // namespace spillway::server
