// Rules of tests/cases/transform, vectors where they are at hand, and every function's own example.
#include "transform/registry.h"
#include "transform/rule_test.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

namespace spillway::transform {
namespace {

const RunContext kContext{WallTime{std::chrono::seconds{1'700'000'000}}};

std::string vectors_path() {
    const char* folder = std::getenv("SPILLWAY_SHARED_DIR");
    return std::string(folder == nullptr ? "../shared" : folder) + "/conformance/dsl-vectors.jsonl";
}

/// How many tests there were.
std::size_t run_all(const std::filesystem::path& path) {
    std::ifstream file(path);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto tests = parse_rule_tests(text);
    if (!tests) {
        ADD_FAILURE() << path << ": " << tests.error().message;
        return 0;
    }
    for (const auto& test : *tests) {
        const auto outcome = run_rule_test(test, kContext);
        EXPECT_TRUE(outcome.passed) << test.name << "\n" << test.rule << "\n" << outcome.difference;
    }
    return tests->size();
}

TEST(RuleConformance, EveryVectorGivesWhatItSays) {
    if (!std::filesystem::exists(vectors_path())) {
        GTEST_SKIP() << "no vectors at " << vectors_path();
    }
    EXPECT_GT(run_all(vectors_path()), 0U);
}

TEST(RuleConformance, EveryCaseGivesWhatItSays) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(
             std::filesystem::path(SPILLWAY_SOURCE_DIR) / "tests/cases/transform")) {
        count += run_all(entry.path());
    }
    EXPECT_GT(count, 1000U);
}

/// Events of an example: an object, a list of them, or of [target, object].
std::vector<EmittedEvent> expected_events(std::string_view text) {
    std::vector<EmittedEvent> events;
    const auto value = parse_json(text);
    if (!value) return events;
    const auto add = [&](const json::value& each) {
        if (each.is_array()) {
            events.push_back({std::string(each.at(0).as_string()), *parse_event(each.at(1))});
        } else {
            events.push_back({"", *parse_event(each)});
        }
    };
    if (!value->is_array()) {
        add(*value);
        return events;
    }
    for (const auto& each : value->as_array()) add(each);
    return events;
}

TEST(FunctionExamples, EveryExampleGivesWhatTheDocumentationSays) {
    for (const auto& function : all_functions()) {
        const auto& example = function.entry->example;
        if (example.call.empty()) continue;
        RuleTest test;
        test.name = function.name;
        const auto input = parse_event(*parse_json(example.input));
        ASSERT_TRUE(input.has_value()) << function.name;
        test.input = {*input};
        if (function.is_check) {
            test.rule = "e_set(\"out\", " + std::string(example.call) + ")";
            EventFields output = *input;
            output.emplace_back("out", std::string(example.result));
            test.output = {{"", output}};
        } else {
            test.rule = example.call;
            test.output = expected_events(example.result);
        }
        const auto outcome = run_rule_test(test, kContext);
        EXPECT_TRUE(outcome.passed) << function.name << "\n"
                                    << test.rule << "\n"
                                    << outcome.difference;
    }
}

TEST(FunctionExamples, EveryAvailableFunctionHasOne) {
    for (const auto& function : all_functions()) {
        const bool available = function.entry->tier != FunctionTier::Unavailable;
        EXPECT_EQ(available, !function.entry->example.call.empty()) << function.name;
        EXPECT_EQ(available, function.entry->why_unavailable.empty()) << function.name;
    }
}

}  // namespace
}  // namespace spillway::transform
