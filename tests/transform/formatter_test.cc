// Formatting leaves what a rule means, and its comments, as they are.
#include "transform/formatter.h"

#include "base/text.h"
#include "transform/reference.h"
#include "transform/rule_test.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include <gtest/gtest.h>

namespace spillway::transform {
namespace {

const RunContext kContext{WallTime{std::chrono::seconds{1'700'000'000}}};

std::string formatted(std::string_view rule) {
    const auto text = format_rule(rule);
    EXPECT_TRUE(text.has_value()) << rule;
    return text.value_or("");
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(FormatRule, PutsBlanksWhereTheyAreCustomary) {
    EXPECT_EQ(formatted("e_set( 'a' ,op_add( 1,2 ) )"), "e_set('a', op_add(1, 2))\n");
    EXPECT_EQ(formatted("e_if(not(e_has(\"a\")),DROP)"), "e_if(not (e_has(\"a\")), DROP)\n");
    EXPECT_EQ(formatted("e_set(\"a\",{\"k\" :[1 ,2]},mode = \"fill\")"),
              "e_set(\"a\", {\"k\": [1, 2]}, mode=\"fill\")\n");
    EXPECT_EQ(formatted("KEEP;DROP"), "KEEP\nDROP\n");
    EXPECT_EQ(formatted("e_if(e_has(\"a\"),\nDROP)"), "e_if(e_has(\"a\"),\n    DROP)\n");
}

TEST(FormatRule, KeepsCommentsAndOneEmptyLine) {
    EXPECT_EQ(formatted("# head\n\n\n\nKEEP#why\n  # tail"), "# head\n\nKEEP  #why\n# tail\n");
}

TEST(FormatRule, RefusesWhatCannotBeRead) {
    EXPECT_FALSE(format_rule("e_set(\"a\"").has_value());
}

/// Blanks and line breaks put in at random where they mean nothing.
std::string loosened(std::string_view rule, std::mt19937& random) {
    std::string text;
    char quote = 0;
    bool comment = false;
    for (std::size_t i = 0; i < rule.size(); ++i) {
        const char c = rule[i];
        text += c;
        if (comment) {
            comment = c != '\n';
        } else if (quote != 0) {
            if (c == '\\' && i + 1 < rule.size()) text += rule[++i];
            if (c == quote) quote = 0;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '#') {
            comment = true;
        } else if ((c == ',' || c == '[' || c == '{') && random() % 3 == 0) {
            text += random() % 2 == 0 ? "\n  " : "   ";
        }
    }
    return text;
}

std::string outcome_of(const RuleTest& test, const std::string& rule) {
    auto copy = test;
    copy.rule = rule;
    return run_rule_test(copy, kContext).difference;
}

TEST(FormatRule, IsIdempotentAndChangesNoMeaning) {
    std::mt19937 random(4711);
    std::size_t count = 0;
    for (const auto& file : std::filesystem::directory_iterator(
             std::filesystem::path(SPILLWAY_SOURCE_DIR) / "tests/cases/transform")) {
        const auto tests = parse_rule_tests(read_file(file.path()));
        ASSERT_TRUE(tests.has_value()) << file.path();
        for (const auto& test : *tests) {
            if (test.error == "compile" || ++count % 4 != 0) continue;
            const auto once = formatted(test.rule);
            EXPECT_EQ(formatted(once), once);
            EXPECT_EQ(outcome_of(test, once), "") << once;
            const auto loose = loosened(test.rule, random);
            const auto tidy = formatted(loose);
            EXPECT_EQ(formatted(tidy), tidy) << loose;
            EXPECT_EQ(outcome_of(test, tidy), "") << loose << "\n" << tidy;
        }
    }
    EXPECT_GT(count, 1000U);
}

TEST(RuleReference, IsThePageInTheDocumentation) {
    const auto page = read_file(std::filesystem::path(SPILLWAY_SOURCE_DIR) / "docs/transform.md");
    EXPECT_TRUE(page == reference_markdown())
        << "docs/transform.md is old: spillway transform docs > docs/transform.md";
}

}  // namespace
}  // namespace spillway::transform
