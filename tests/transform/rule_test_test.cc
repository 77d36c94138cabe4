// The runner of rule tests: that it notices what differs, and refuses tests that test nothing.
#include "transform/rule_test.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace spillway::transform {
namespace {

const RunContext kContext{WallTime{std::chrono::seconds{1'700'000'000}}};

RuleTestOutcome outcome_of(std::string json) {
    std::replace(json.begin(), json.end(), '\n', ' ');  // a test is one line
    const auto tests = parse_rule_tests(json);
    EXPECT_TRUE(tests.has_value()) << json;
    return tests ? run_rule_test(tests->at(0), kContext) : RuleTestOutcome{};
}

std::string refusal_of(std::string_view json) {
    const auto tests = parse_rule_tests(json);
    return tests ? "" : tests.error().to_string();
}

TEST(RuleTestRunner, PassesWhereEveryTargetGotItsEventsInOrder) {
    EXPECT_TRUE(outcome_of(R"j({"rule": "e_coutput(\"t\")", "input": [{"a": 1}, {"a": "2"}],
        "output": [{"target": "t", "event": {"a": "1"}}, {"target": "t", "event": {"a": "2"}},
                   {"event": {"a": "1"}}, {"target": null, "event": {"a": "2"}}]})j")
                    .passed);
}

TEST(RuleTestRunner, ShowsWhatWasWantedAndWhatCame) {
    const auto outcome = outcome_of(
        R"j({"rule": "e_set(\"a\", 2)", "input": {"a": "1"}, "output": [{"event": {"a": "1"}}]})j");
    EXPECT_FALSE(outcome.passed);
    EXPECT_NE(outcome.difference.find(R"j(wanted {"a": "1"})j"), std::string::npos);
    EXPECT_NE(outcome.difference.find(R"j({"a": "2"})j"), std::string::npos);
}

TEST(RuleTestRunner, NoticesAnotherOrderAnotherTargetAndAMissingEvent) {
    EXPECT_FALSE(outcome_of(R"j({"rule": "", "input": [{"a": "1"}, {"a": "2"}],
        "output": [{"event": {"a": "2"}}, {"event": {"a": "1"}}]})j")
                     .passed);
    EXPECT_FALSE(outcome_of(R"j({"rule": "e_output(\"t\")", "input": {"a": "1"},
        "output": [{"event": {"a": "1"}}]
})j")
                     .passed);
    EXPECT_FALSE(outcome_of(R"j({"rule": "", "input": {"a": "1"}, "output": []})j").passed);
}

TEST(RuleTestRunner, WantsTheErrorThatIsNamed) {
    constexpr std::string_view kFails =
        R"j({"rule": "e_set(\"a\", ct_int(\"x\"))", "input": {"a": "1"}, "output": [])j";
    EXPECT_TRUE(outcome_of(std::string(kFails) + R"j(, "error": "event"})j").passed);
    EXPECT_FALSE(outcome_of(std::string(kFails) + "}").passed);
    EXPECT_FALSE(outcome_of(R"j({"rule": "", "input": {}, "output": [{"event": {}}],
        "error": "event"})j")
                     .passed);
    EXPECT_TRUE(outcome_of(R"j({"rule": "nope()", "error": "compile"
})j")
                    .passed);
    EXPECT_FALSE(outcome_of(R"j({"rule": "KEEP", "error": "compile"})j").passed);
}

TEST(RuleTestRunner, RefusesTestsThatTestNothing) {
    EXPECT_NE(refusal_of(R"j({"rule": "KEEP", "input": {"a": "1"}})j").find("needs \"output\""),
              std::string::npos);
    EXPECT_NE(refusal_of(R"j({"input": {}, "output": []})j").find("needs \"rule\""),
              std::string::npos);
    EXPECT_NE(refusal_of(R"j({"rule": "", "output": [], "error": "some"})j").find("compile"),
              std::string::npos);
    EXPECT_NE(refusal_of(R"j({"rule": "", "output": {}})j").find("list"), std::string::npos);
    EXPECT_NE(refusal_of("{\"rule\": \"\", \"output\": []}\n{").find("line 2"), std::string::npos);
}

}  // namespace
}  // namespace spillway::transform
