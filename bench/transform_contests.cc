// Rules on whole pages, one core: LZ4 off, the rule, LZ4 on for each group that goes out, as a link
// does it. The limit of a chain is LZ4 off, the one thing the rule cannot do without (the scan,
// PCRE2, simdjson), and LZ4 on of the very bytes that the rule gives, made beforehand.
#include "bench/contests.h"
#include "bench/limits.h"
#include "bench/transform_limits.h"
#include "bench/transform_pages.h"
#include "bench/transform_rule.h"
#include "logstore/wire/codec.h"

#include <cstring>
#include <memory>

#include <lz4.h>

namespace spillway::bench {

namespace {

constexpr HandEdit kHandEdit{"request_id", "upstream_addr", "backend", "env", "prod"};

constexpr const char* kTenRules = R"(e_set("a0", "v")
e_set("a1", "v")
e_set("a2", "v")
e_set("a3", "v")
e_set("a4", "v")
e_set("a5", "v")
e_set("a6", "v")
e_set("a7", "v")
e_set("a8", "v")
e_set("a9", "v"))";
constexpr const char* kOneRule =
    R"(e_set("a0", "v", "a1", "v", "a2", "v", "a3", "v", "a4", "v", "a5", "v", "a6", "v", "a7", "v",)"
    R"( "a8", "v", "a9", "v"))";

constexpr const char* kPattern =
    R"re(^(\S+) \S+ (\S+) \[([^\]]+)\] "(\S+) (\S+) [^"]*" (\d{3}) (\d+) "([^"]*)")re";
constexpr const char* kRegexRule =
    R"re(e_regex("content", r'^(\S+) \S+ (\S+) \[([^\]]+)\] "(\S+) (\S+) [^"]*" (\d{3}) (\d+) "([^"]*)"',
    ["remote_addr", "user", "time", "method", "uri", "status", "bytes", "referer"])
e_drop_fields("content"))re";
constexpr const char* kJsonRule = R"(e_json("content", depth=1)
e_drop_fields("content"))";

using Once = std::function<std::uint64_t()>;

/// LZ4 off, `work` on the raw page, LZ4 on of what `rule` makes of it.
template <class Work>
Program chain_limit(const std::string& name, const Pages& pages, const char* rule, Work work) {
    auto results = std::make_shared<std::vector<std::vector<std::string>>>();
    BenchRule made(rule);
    for (const auto& page : pages) results->push_back(made.groups_of(page.raw));
    auto raw = std::make_shared<std::string>();
    auto packed = std::make_shared<std::string>();
    return {name, [&pages, results, raw, packed, work, at = std::size_t{0}]() mutable {
                const std::size_t number = at++ % pages.size();
                const BenchPage& page = pages[number];
                raw->resize(page.raw.size());
                (void)LZ4_decompress_safe(page.lz4.data(), raw->data(),
                                          static_cast<int>(page.lz4.size()),
                                          static_cast<int>(raw->size()));
                work(*raw);
                for (const auto& group : (*results)[number]) {
                    const int size = static_cast<int>(group.size());
                    const auto bound = static_cast<std::size_t>(LZ4_compressBound(size));
                    if (packed->size() < bound) packed->resize(bound);
                    (void)LZ4_compress_default(group.data(), packed->data(), size,
                                               static_cast<int>(packed->size()));
                    keep(packed->data());
                }
                return static_cast<std::uint64_t>(page.raw.size());
            }};
}

Program rule_alone(const Pages& pages, const char* text) {
    return {"", [rule = std::make_shared<BenchRule>(text), turn = Turn(pages)]() mutable {
                return rule->run(turn.next());
            }};
}

Program chain(const Pages& pages, const char* text) {
    return {"", [rule = std::make_shared<BenchRule>(text), turn = Turn(pages)]() mutable {
                return rule->run_chain(turn.next());
            }};
}

template <class Edit>
Program by_hand(const std::string& name, const Pages& pages, Edit edit) {
    auto out = std::make_shared<std::string>();
    return {name, [turn = Turn(pages), edit, out]() mutable {
                const BenchPage& page = turn.next();
                out->clear();
                edit(page.raw, *out);
                keep(out->data());
                return static_cast<std::uint64_t>(page.raw.size());
            }};
}

void add_rules_alone(std::vector<Contest>& contests, const Pages& pages) {
    contests.push_back({"rule: drop 70 % by one field",
                        rule_alone(pages, kDropRule),
                        by_hand("the same filter by hand", pages,
                                [](std::string_view raw, std::string& out) {
                                    filter_by_hand(raw, "level", "INFO", out);
                                }),
                        {}});
    contests.push_back(
        {"rule: drop, rename, set a field",
         rule_alone(pages, kThreeEdits),
         by_hand("the same edits by hand", pages,
                 [](std::string_view raw, std::string& out) { edit_by_hand(raw, kHandEdit, out); }),
         {}});
    auto one_rule = rule_alone(pages, kOneRule);
    one_rule.name = "one rule that sets all ten";
    contests.push_back(
        {"rule: ten steps, a field each", rule_alone(pages, kTenRules), one_rule, 0.7});
}

void add_chains(std::vector<Contest>& contests, const Pages& pages) {
    contests.push_back({"LZ4 + drop 70 % by one field + LZ4", chain(pages, kDropRule),
                        chain_limit("LZ4 off, scan, LZ4 of survivors", pages, kDropRule,
                                    [](std::string_view raw) {
                                        const auto count = count_by_hand(raw, "level", "INFO");
                                        keep(&count);
                                    }),
                        0.8});
    contests.push_back({"LZ4 + drop, rename, set a field + LZ4", chain(pages, kThreeEdits),
                        chain_limit("LZ4 off and on alone", pages, kThreeEdits,
                                    [](std::string_view raw) { keep(raw.data()); }),
                        0.8});
}

/// Pages that live as long as the contests made of them.
template <class Work>
void add_parsing(std::vector<Contest>& contests, const std::string& name,
                 const std::shared_ptr<const Pages>& pages, const char* rule,
                 const std::string& limit_name, Work work, double goal) {
    auto product = chain(*pages, rule);
    auto limit = chain_limit(limit_name, *pages, rule, std::move(work));
    product.once = [pages, once = std::move(product.once)] { return once(); };
    limit.once = [pages, once = std::move(limit.once)] { return once(); };
    contests.push_back({name, std::move(product), std::move(limit), goal});
}

}  // namespace

void add_transform_contests(std::vector<Contest>& contests, const Pages& pages) {
    add_rules_alone(contests, pages);
    add_chains(contests, pages);
    add_parsing(
        contests, "LZ4 + regex of 8 captures + LZ4", std::make_shared<const Pages>(as_lines(pages)),
        kRegexRule, "LZ4 off, PCRE2, LZ4 of result",
        [regex = std::make_shared<RegexLimit>(kPattern)](std::string_view raw) {
            const auto captured = regex->run(raw);
            keep(&captured);
        },
        0.8);
    add_parsing(
        contests, "LZ4 + JSON expanded + LZ4", std::make_shared<const Pages>(as_json_lines(pages)),
        kJsonRule, "LZ4 off, simdjson, LZ4 of result",
        [reader = std::make_shared<JsonLimit>()](std::string_view raw) {
            const auto bytes = reader->run(raw);
            keep(&bytes);
        },
        0.7);
    add_tier_contests(contests, pages);
}

}  // namespace spillway::bench
