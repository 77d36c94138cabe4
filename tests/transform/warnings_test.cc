// What is said about rules: errors with what was meant, and warnings about rules that compile.
#include "transform/grok.h"
#include "transform/regex.h"
#include "transform/transform.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace spillway::transform {
namespace {

struct Wanted {
    std::string_view rule;
    std::string_view code;
    std::string_view words;  ///< in the message or the help
};

std::string all_of(const std::vector<Diagnostic>& found, std::string_view rule) {
    std::string text;
    for (const auto& each : found) text += render(each, rule, "rule");
    return text;
}

void expect_finding(const Wanted& wanted) {
    const auto found = Program::compile(wanted.rule).diagnostics;
    const bool there = std::any_of(found.begin(), found.end(), [&](const Diagnostic& each) {
        return each.code == wanted.code &&
               (each.message + " " + each.help).find(wanted.words) != std::string::npos;
    });
    EXPECT_TRUE(there) << wanted.rule << "\nwanted " << wanted.code << " \"" << wanted.words
                       << "\", got\n"
                       << all_of(found, wanted.rule);
}

TEST(RuleErrors, SayWhatWasMeant) {
    const Wanted cases[] = {
        {"e_st(\"a\", \"b\")", "T0305", "did you mean e_set(key, value, ..."},
        {"e_set(\"a\", str_lowr(\"b\"))", "T0305", "str_lower(value)"},
        {"e_set(\"a\", len(\"b\"))", "T0305", "use op_len(x)"},
        {"KEEP()", "T0305", "KEEP stands without brackets"},
        {"e_set(\"a\", F_TIMES)", "T0304", "did you mean F_TIME?"},
        {"drop", "T0304", "did you mean DROP?"},
        {"e_set(\"a\", op_len)", "T0304", "called with brackets"},
        {"e_set(\"a\", status)", "T0304", "v(\"status\")"},
        {"e_set(\"a\", \"b\", mod=\"fill\")", "T0402", "did you mean mode?"},
        {"e_set(\"a\", str_find(\"a\"))", "T0404", "str_find(value, sub"},
        {"e_set(\"a\", ct_int(\"1\", 10, 2))", "T0401", "takes at most 2 arguments, but 3"},
        {"e_set(\"a\", ct_int(\"1\", 10, base=2))", "T0403", "given twice"},
        {"e_if(True, KEEP, DROP)", "T0405", "e_if_else"},
        {"e_set(\"a\", e_drop())", "T0303", "gives no value"},
        {"op_add(1, 2)", "T0302", "e_set(\"field\", op_add(...))"},
        {"e_has(\"a\")", "T0302", "e_keep(e_has(...))"},
        {"1", "T0301", "a number"},
        {"e_set(\"a\", geo_parse(\"1.2.3.4\"))", "T0306", "GeoIP"},
        {"e_json(5)", "T0501", "must be text"},
        {"e_set(\"a\", \"b\", mode=\"fil\")", "T0502", "fill-auto"},
        {"e_csv(\"a\", \"b\", sep=v(\"s\"))", "T0503", "must be a constant"},
        {"e_json(\"a\", jmes=\"x[\")", "T0504", "JMESPath"},
        {"e_set(\"a\", dt_now(tz=\"Asia/Shangai\"))", "T0505", "Asia/Shanghai"},
        {"e_regex(\"a\", \"(x\")", "T0506", "at its end"},
        {"e_csv(\"a\", \"b\", sep=\"::\")", "T0507", "one ASCII character"},
        {"e_keep(e_search(\"a: (b\"))", "T0508", "ends too early"},
        {"e_regex(\"a\", grok(\"%{IPX}\"))", "T0509", "unknown pattern"},
        {"e_syslogrfc(\"a\", \"RFC1\")", "T0510", "SYSLOGRFC5424"},
        {"e_set(\"a\", dt_prop(v(\"t\"), \"dayy\"))", "T0510", "weekdayname"},
        {"e_set(\"a\", dt_truncate(v(\"t\"), \"decade\"))", "T0510", "half_year"},
        {"e_set(\"a\", sha1_encoding(v(\"t\"), \"MD6\"))", "T0510", "SHA512"},
        {"e_output(\"x\", tags=\"bad\")", "T0510", "tags={"},
        {"e_regex(\"a\", \"(b)\", {\"c\": \"\\\\2\"})", "T0510", "group \"2\""},
        {"e_json(\"a\", fmt=\"ful\")", "T0510", "did you mean \"full\""},
        {"e_json(\"a\", depth=0)", "T0510", "at least 1"},
        {"e_set(\"a\", \"b", "T0104", "never closed"},
        {"e_set(\"a\", \"b\"", "T0210", "add \")\""},
        {"e_set(\"a\", \"\\xZZ\")", "T0105", "r\"...\""},
        {"e_set(\"a\", 12ab)", "T0106", "not a number"},
        {"e_set(\xE2\x80\x9C"
         "a\", 1)",
         "T0102", "typographic quote"},
        {"e_set(\"a\", f\"{x}\")", "T0103", "str_format"},
        {"x = 1", "T0202", "no variables"},
        {"e_set(\"a\", v(\"b\").lower())", "T0203", "str_lower"},
        {"e_set(\"a\", v(\"b\")[0])", "T0204", "op_index"},
        {"e_set(\"a\", \"b\" if True else \"c\")", "T0201", "op_if"},
    };
    for (const auto& each : cases) expect_finding(each);
}

TEST(RuleWarnings, NameWhatHasNoEffect) {
    const Wanted cases[] = {
        {"e_set(\"a\", op_div_true(1, 0))", "T0901", "division by zero"},
        {"e_regex(\"a\", \"(x+)+y\", \"z\")", "T0902", "very long"},
        {"e_drop()\ne_set(\"a\", 1)", "T0903", "never runs"},
        {"e_keep(False)\nKEEP", "T0903", "never runs"},
        {"e_compose(e_set(\"z\", 1), e_output(\"t\"))\nKEEP", "T0903", "never runs"},
        {"e_set(\"a\", 1)\ne_set(\"b\", 1)\ne_set(\"a\", 2)", "T0904", "\"a\" is overwritten"},
        {"e_set(\"a\", {\"k\": 1, \"k\": 2})", "T0904", "twice"},
        {"e_keep(v(\"status\") == 200)", "T0905", "ct_int(v(\"status\"))"},
        {"e_keep(op_gt(v(\"status\"), 200))", "T0905", "cannot be compared"},
        {"e_keep(ct_int(v(\"a\")) == \"7\")", "T0905", "without quotes: 7"},
        {"e_keep(v(\"a\") in [1, 2])", "T0905", "no list of numbers"},
        {"e_keep(v(\"a\") == \"x\" and v(\"a\") == \"y\")", "T0905", "at once"},
        {"e_keep(\"a: 1\")", "T0905", "e_search"},
        {"e_drop(None)", "T0905", "never holds"},
        {"e_keep(e_search(\"a==1 and a==2\"))", "T0905", "exclude each other"},
        {"e_keep(e_search(\"a > 5 and a < 5\"))", "T0905", "exclude each other"},
        {"e_keep(e_search(\"a==x and not a: *\"))", "T0905", "exclude each other"},
        {"e_keep(e_search(\"a: [9, 3]\"))", "T0905", "no number"},
        {"e_drop_fields(\"a\")\ne_set(\"b\", v(\"a\"))", "T0906", "dropped before"},
        {"e_rename(\"a\", \"b\")\ne_keep(e_has(\"a\"))", "T0906", "renamed before"},
        {"e_switch(True, KEEP, e_has(\"a\"), DROP)", "T0907", "never runs"},
        {"e_set(\"a\", \"1\")\ne_set(\"a\", \"2\", mode=\"fill\")", "T0908", "mode"},
        {"e_keep(e_match(\"a\", r\"\\h+\"))", "T0909", "\\h"},
        {"e_keep(e_match(\"a\", r\"[[:alpha:]]\"))", "T0909", "[:alpha:]"},
        {"e_keep(e_search(\"and jane\"))", "T0910", "begins with \"and\""},
        {"e_kv(\"a\", sep=\"(:|=)\")", "T0911", "capturing groups"},
    };
    for (const auto& each : cases) expect_finding(each);
}

TEST(RuleWarnings, StaySilentAboutRulesThatMeanWhatTheySay) {
    const std::string_view rules[] = {
        "e_set(\"a\", 1)\ne_set(\"b\", v(\"a\"))\ne_set(\"a\", 2)",
        "e_set(\"a\", 1)\ne_if(e_search(\"a: 1\"), e_set(\"c\", 1))\ne_set(\"a\", 2)",
        "e_set(\"a\", 1)\ne_set(\"a\", v(\"b\"))",  // null changes nothing
        "e_set(\"a\", 1)\ne_coutput(\"copy\")\ne_set(\"a\", 2)",
        "e_set(\"a\", \"\")\ne_set(\"a\", \"2\", mode=\"fill\")",
        "e_drop_fields(\"a\")\ne_set(\"a\", 1)\ne_set(\"b\", v(\"a\"))",
        "e_drop_fields(\"a\")\ne_json(\"d\")\ne_set(\"b\", v(\"a\"))",
        "e_drop_fields(\"a\")\ne_set(\"b\", v(\"a\", \"c\"))",
        "e_if(e_has(\"a\"), e_drop_fields(\"a\"))\ne_set(\"b\", v(\"a\"))",
        "e_if(e_has(\"a\"), DROP, True, e_set(\"b\", 1))",
        "e_keep(v(\"a\", default=0) == 0)",
        "e_keep(ct_int(v(\"a\")) > 200 and v(\"b\") == \"200\")",
        "e_keep(v(\"a\") in [\"1\", \"2\"])",
        "e_keep(e_search(\"a: 1 and a: 2 and not b: *\"))",
        "e_keep(e_search(\"a >= 5 and a <= 5 and not a==7\"))",
        "e_switch(e_has(\"a\"), KEEP, True, DROP)",
        "e_regex(\"a\", r\"(\\w+\\.)+(?:x|xy)+\", \"z\")",
    };
    for (const auto rule : rules) {
        EXPECT_EQ(all_of(Program::compile(rule).diagnostics, rule), "") << rule;
    }
}

TEST(RegexHazards, AreRepeatsThatHoldARepeatAndNothingElse) {
    for (const std::string_view pattern :
         {"(a+)+", "(a*)*", R"((\w+\s*)*)", "(x|y*)+", R"((?:[^"\\]+|\\.)*)", "((a+))+", "(a+b?)+",
          "(a+){2,}", "(?P<n>a+)+", "(?i)(x+)+y", "(a|aa)+", "(ab|ab)*"}) {
        EXPECT_TRUE(looks_catastrophic(pattern)) << pattern;
    }
    for (const std::string_view pattern :
         {R"((\.\w+)*)", "(?>a+)+", "(?:a+)*+", "(?:a++)*", "(a+b)+", "(a+){2}", "(?=a+)+x",
          "[(a+)+]", R"(\(a+\)+)", "((a|b)+,)*", ".*.*", "(foo|foobar)+", "((", "[", "a{", "\\"}) {
        EXPECT_FALSE(looks_catastrophic(pattern)) << pattern;
    }
}

TEST(RegexHazards, AreNotInTheBuiltInGrokPatterns) {
    for (const auto& each : built_in_grok_patterns()) {
        const auto expanded = expand_grok("%{" + std::string(each.name) + "}", false, {});
        ASSERT_TRUE(expanded.has_value()) << each.name;
        EXPECT_TRUE(Regex::compile(*expanded).has_value()) << each.name;
        EXPECT_FALSE(looks_catastrophic(*expanded)) << each.name;
    }
}

}  // namespace
}  // namespace spillway::transform
