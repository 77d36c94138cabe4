// e_json's quick way against its general one, which a filter that leaves nothing out makes it take.
#include "transform/transform.h"

#include <array>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace spillway::transform {
namespace {

Program compiled(std::string_view rule) {
    auto made = Program::compile(rule);
    EXPECT_TRUE(made.program.has_value());
    return std::move(*made.program);
}

std::string run(const Program& program, const std::string& json) {
    Scratch scratch;
    const EventFields event{{"b", "old"}, {"e", ""}, {"d", json}};
    const auto result = program.run_event(event, {}, scratch);
    std::string text = std::to_string(result.warnings) + " warnings\n";
    for (const auto& failure : result.failures) text += "failed: " + failure + "\n";
    for (const auto& each : result.emitted) {
        for (const auto& [key, value] : each.fields) text += key + "=" + value + "\n";
    }
    return text;
}

class TextMaker {
  public:
    explicit TextMaker(std::uint64_t seed) : random_(seed) {}

    std::string make() {
        std::string text = object(2);
        if (below(3) == 0 && !text.empty()) {  // broken somewhere
            static constexpr std::string_view kOdd = "{}[]\",:\\ 01e.-tn\n\x01\xC3x";
            const std::size_t at = below(text.size());
            if (below(2) == 0) text[at] = kOdd[below(kOdd.size())];
            if (below(3) == 0) text.erase(at, 1 + below(3));
            if (below(3) == 0) text.insert(at, 1, kOdd[below(kOdd.size())]);
        }
        return text;
    }

  private:
    std::size_t below(std::size_t limit) { return random_() % limit; }
    std::string blank() { return below(4) == 0 ? " \n" : ""; }
    std::string name() {
        static constexpr std::array<std::string_view, 9> kNames{
            "a", "b", "c", "e", "status", "1x", "_z", "\xE5\x90\x8D", "q\\u0041"};
        return std::string(kNames[below(kNames.size())]);
    }
    std::string scalar() {
        static constexpr std::array<std::string_view, 30> kScalars{"0",
                                                                   "-0",
                                                                   "1",
                                                                   "-17",
                                                                   "0.5",
                                                                   "0.50",
                                                                   "-0.0",
                                                                   "1.0",
                                                                   "0.0001",
                                                                   "0.00001",
                                                                   "1e5",
                                                                   "1E400",
                                                                   "01",
                                                                   "1.",
                                                                   "123456789012345",
                                                                   "1234567890123456",
                                                                   "99999999999999999999",
                                                                   "0.1234567890123456",
                                                                   "true",
                                                                   "false",
                                                                   "null",
                                                                   "\"\"",
                                                                   "\"text\"",
                                                                   "\"a b\"",
                                                                   "\"q\\\"q\"",
                                                                   "\"\\u00e9\"",
                                                                   "\"\xC3\xA9\"",
                                                                   "-",
                                                                   "nul",
                                                                   "10.10"};
        return std::string(kScalars[below(kScalars.size())]);
    }
    std::string value(int depth) {
        if (depth > 0 && below(12) == 0) return object(depth - 1);
        if (depth > 0 && below(20) == 0) return "[" + scalar() + "," + scalar() + "]";
        return scalar();
    }
    std::string object(int depth) {
        std::string text = "{";
        for (std::size_t left = below(6); left > 0; --left) {
            text +=
                blank() + "\"" + name() + "\"" + blank() + ":" + blank() + value(depth) + blank();
            if (left > 1) text += ",";
        }
        return text + "}";
    }

    std::mt19937_64 random_;
};

TEST(FlatJson, GivesWhatTheGeneralWayGives) {
    const std::array<std::pair<Program, Program>, 3> pairs{
        std::pair{compiled("e_json(\"d\")"), compiled("e_json(\"d\", exclude_node=\"#\")")},
        std::pair{compiled("e_json(\"d\", prefix=\"p_\", mode=\"overwrite\")"),
                  compiled("e_json(\"d\", prefix=\"p_\", mode=\"overwrite\", exclude_node=\"#\")")},
        std::pair{compiled("e_json(\"d\", depth=1)"),
                  compiled("e_json(\"d\", depth=1, exclude_node=\"#\")")}};
    for (std::uint64_t seed = 1; seed <= 6'000; ++seed) {
        const std::string json = TextMaker(seed).make();
        for (const auto& [quick, general] : pairs) {
            ASSERT_EQ(run(quick, json), run(general, json)) << "seed " << seed << ": " << json;
        }
    }
}

}  // namespace
}  // namespace spillway::transform
