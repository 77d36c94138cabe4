#include "base/clock.h"
#include "base/text.h"
#include "targets.h"
#include "transform/arena.h"
#include "transform/formatter.h"
#include "transform/grok.h"
#include "transform/jmespath.h"
#include "transform/json.h"
#include "transform/regex.h"
#include "transform/rule_test.h"
#include "transform/time_format.h"

#include <algorithm>
#include <string>
#include <vector>

namespace spillway::fuzz {

namespace {

namespace tf = transform;

const tf::RunContext kContext{WallTime{std::chrono::seconds{1'700'000'000}}};

/// The event of an input: names and values, each ended by a zero byte.
tf::EventFields event_of(Choices choices) {
    tf::EventFields fields;
    while (!choices.rest().empty() && fields.size() < 20) {
        const std::string name(choices.line());
        const std::string value(choices.line());
        const bool known = std::any_of(fields.begin(), fields.end(),
                                       [&](const auto& field) { return field.first == name; });
        if (!known) fields.emplace_back(name, value);
    }
    return fields;
}

/// All that came out, as text.
std::string run(const tf::Program& program, const tf::EventFields& event, tf::Scratch& scratch) {
    const auto result = program.run_event(event, kContext, scratch);
    std::string text;
    for (const auto& emitted : result.emitted) {
        text += emitted.target + tf::event_json(emitted.fields) + "\n";
        for (const auto& [name, value] : emitted.fields) text += name + "=" + value + "\n";
    }
    for (const auto& failure : result.failures) text += "failed: " + failure + "\n";
    return text;
}

struct CompiledRule {
    std::string text;
    tf::Program program;
};

/// Every function that reads text in some form of its own, at least once.
std::vector<CompiledRule> compile_rules() {
    static constexpr const char* kRules[] = {
        "e_json(\"a\")\ne_json(\"b\", fmt=\"full\", depth=3, prefix=\"p_\", mode=\"overwrite\")",
        "e_kv(\"a\")\ne_kv(\"b\", sep=\":\", escape=True, prefix=\"p_\")\n"
        "e_kv_delimit(\"c\", pair_sep=r\"[&;]\")",
        "e_csv(\"a\", \"x,y,z\")\ne_psv(\"b\", \"x,y\", quote=\"'\")\n"
        "e_split(\"c\", sep=\" \")\ne_split(\"a\", jmes=\"*\")",
        "e_regex(\"a\", r\"(\\w+)=(\\w*)\", {r\"\\1\": r\"\\2\"})\n"
        "e_anchor(\"b\", \"* [*] *\", \"x,y,z\")\ne_syslogrfc(\"c\", \"SYSLOGRFC3164\")",
        "e_set(\"o\", xml_to_json(v(\"a\")), \"p\", str_logstash_config_normalize(v(\"b\")), "
        "\"q\", "
        "gzip_decompress(v(\"c\")))",
        "e_set(\"o\", dt_parse(v(\"a\")), \"p\", dt_strptime(v(\"b\"), v(\"c\")))",
        "e_set(\"o\", str_format(v(\"a\"), v(\"b\"), v(\"c\"), 7, 2.5))",
        "e_set(\"o\", regex_findall(v(\"b\"), v(\"a\")), \"p\", regex_split(v(\"b\"), v(\"a\")))\n"
        "e_set(\"q\", regex_replace(v(\"b\"), v(\"a\"), v(\"c\")))",
        "e_set(\"o\", json_select(v(\"b\"), v(\"a\")))",
        "e_if(e_search(v(\"a\")), e_set(\"o\", \"1\"))",
        "e_set(\"o\", url_decoding(v(\"a\")), \"p\", html_decoding(v(\"a\")), \"q\", "
        "str_hex_escape_encode(v(\"a\")))\ne_set(\"r\", base64_decoding(v(\"b\")))",
        "e_set(\"o\", ip_cidrmatch(v(\"a\"), v(\"b\")), \"p\", ip_overlaps(v(\"a\"), v(\"b\")))\n"
        "e_set(\"q\", ip_makenet(v(\"a\")), \"r\", ip_to_format(v(\"b\"), 3))",
        "e_set(\"o\", str_title(v(\"a\")), \"p\", str_sort(v(\"b\")), \"q\", "
        "str_reverse(v(\"c\")))\n"
        "e_set(\"r\", op_slice(v(\"a\"), 1, op_neg(1), 2), \"s\", str_translate(v(\"a\"), \"ab\", "
        "\"xy\"))\ne_set(\"t\", str_zip(v(\"a\"), v(\"b\")), \"u\", str_split(v(\"c\")))",
        "e_set(\"o\", op_mul(ct_int(v(\"a\")), ct_float(v(\"b\"))), \"p\", op_pow(v(\"a\"), "
        "v(\"b\")))\ne_set(\"q\", op_round(v(\"a\"), 3), \"r\", op_div_floor(v(\"a\"), v(\"b\")))",
        "e_pack_fields(\"o\")\ne_rename(\"a.*\", \"b\")\ne_keep_fields(v(\"c\"), F_META)",
        "e_set(v(\"a\"), v(\"b\"))\ne_output(name=v(\"c\"), topic=v(\"a\"), tags={\"k\": "
        "v(\"b\")})",
    };
    std::vector<CompiledRule> rules;
    for (const auto* text : kRules) {
        auto compiled = tf::Program::compile(text);
        promise(compiled.program.has_value(), text);
        rules.push_back({text, std::move(*compiled.program)});
    }
    return rules;
}

}  // namespace

void rule_text(std::string_view input) {
    const auto compiled = tf::Program::compile(input);
    const auto lines = 1 + std::count(input.begin(), input.end(), '\n');
    bool wrong = false;
    for (const auto& each : compiled.diagnostics) {
        wrong = wrong || each.severity == tf::Severity::Error;
        promise(each.line >= 1 && each.line <= lines, "a finding is in a line of the rule");
        promise(!each.code.empty() && !each.message.empty(), "a finding says what it is");
        (void)tf::render(each, input, "rule");
    }
    promise(wrong != compiled.program.has_value(), "either a program or an error");
    if (!compiled.program) return;
    (void)compiled.program->pushdown_spl();
    tf::Scratch scratch;
    const tf::EventFields event = {{"a", "1"}, {"b", "x=1 y=2"}, {"c", "{\"k\": [1, 2]}"}};
    const auto out = run(*compiled.program, event, scratch);
    const auto formatted = tf::format_rule(input);
    promise(formatted.has_value(), "what compiles can be formatted");
    const auto again = tf::format_rule(*formatted);
    promise(again && *again == *formatted, "formatting twice changes nothing more");
    const auto same = tf::Program::compile(*formatted);
    promise(same.program.has_value(), "a formatted rule compiles");
    promise(run(*same.program, event, scratch) == out, "a formatted rule does the same");
}

void rule_events(std::string_view input) {
    static const auto rules = compile_rules();
    static tf::Scratch scratch;
    const Choices choices(input);
    auto event = event_of(choices);
    for (const auto& rule : rules) {
        promise(run(rule.program, event, scratch) == run(rule.program, event, scratch), rule.text);
    }
}

void rule_regex(std::string_view input) {
    Choices choices(input);
    const auto pattern = choices.line();
    const auto regex = tf::Regex::compile(pattern);
    if (!regex) return;
    static tf::RegexRunner runner;
    const auto subject = choices.rest();
    auto result = (*regex)->search(runner, subject);
    for (int i = 0; result == tf::MatchResult::Match && i < 100; ++i) {
        const auto begin = (*regex)->match_begin(runner);
        const auto end = (*regex)->match_end(runner);
        promise(begin <= subject.size() && end <= subject.size(), "a match is in its subject");
        for (std::uint32_t group = 0; group <= (*regex)->group_count(); ++group) {
            (void)(*regex)->group(runner, group);
        }
        result = (*regex)->search_next(runner, subject);
    }
    (void)(*regex)->full_match(runner, subject);
    (void)tf::looks_catastrophic(pattern);
}

void grok_pattern(std::string_view input) {
    Choices choices(input);
    const bool escape = choices.below(2) == 1;
    tf::GrokPatterns extra;
    extra.emplace("MINE", choices.line());
    const auto expanded = tf::expand_grok(choices.line(), escape, extra);
    if (!expanded) return;
    const auto regex = tf::Regex::compile(*expanded);
    if (!regex) return;
    static tf::RegexRunner runner;
    (void)(*regex)->search(runner, choices.rest());
}

void jmespath(std::string_view input) {
    Choices choices(input);
    const auto path = tf::JmesPath::parse(choices.line());
    if (!path) return;
    static const auto program =
        tf::Program::compile("e_set(\"o\", json_select(v(\"j\"), v(\"p\")))");
    static tf::Scratch scratch;
    const std::string text(input.substr(0, input.find('\0')));
    const auto out = run(*program.program,
                         {{"p", text}, {"j", std::string(choices.rest())}, {"k", ""}}, scratch);
    promise(out.size() < 64 * 1024 * 1024, "what is selected is bounded");
}

void time_text(std::string_view input) {
    Choices choices(input);
    const auto format = choices.line();
    const auto text = choices.rest();
    tf::DateTime today{2023, 11, 14, 0, 0, 0, 0, false, 0, nullptr};
    const auto check = [&](const tf::DateTime& time) {
        promise(time.month >= 1 && time.month <= 12 && time.day >= 1 && time.day <= 31,
                "a time has a month and a day");
        promise(time.hour >= 0 && time.hour < 24 && time.minute >= 0 && time.minute < 60 &&
                    time.second >= 0 && time.second < 60,
                "a time has hours, minutes and seconds");
        (void)tf::format_time(time, format);
    };
    if (const auto parsed = tf::parse_time(text, format)) check(*parsed);
    if (const auto parsed = tf::parse_time_leniently(text, today)) check(*parsed);
}

void search_text(std::string_view input) {
    Choices choices(input);
    const std::string query(choices.line());
    auto event = event_of(choices);
    std::erase_if(event, [](const auto& field) { return field.first == "q"; });
    event.emplace_back("q", query);
    static const auto program = tf::Program::compile("e_keep(e_search(v(\"q\")))");
    static const auto opposite = tf::Program::compile("e_drop(e_search(v(\"q\")))");
    static tf::Scratch scratch;
    const auto kept = program.program->run_event(event, kContext, scratch);
    const auto dropped = opposite.program->run_event(event, kContext, scratch);
    promise(kept.failures.size() == dropped.failures.size(), "a query fails or not, either way");
    promise(!kept.failures.empty() || kept.emitted.size() + dropped.emitted.size() == 1,
            "an event matches or does not");
}

}  // namespace spillway::fuzz
