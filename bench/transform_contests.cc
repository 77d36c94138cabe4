#include "bench/contests.h"
#include "bench/limits.h"
#include "logstore/wire/codec.h"
#include "transform/transform.h"

#include <memory>

#include <lz4.h>

namespace spillway::bench {

namespace {

constexpr HandEdit kHandEdit{"request_id", "upstream_addr", "backend", "env", "prod"};

constexpr const char* kFilterRule = R"(e_drop(e_search("level==INFO")))";
constexpr const char* kEditRule = R"(e_drop_fields("request_id")
e_rename("upstream_addr", "backend")
e_set("env", "prod"))";
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

/// One rule on each page in turn; what comes out is thrown away.
class Rule {
  public:
    Rule(const Pages& pages, std::string_view text) : turn_(pages) {
        auto compiled = transform::Program::compile(text);
        if (!compiled.program) {
            const auto& why = compiled.diagnostics.front();
            invariant_failed(__FILE__, __LINE__, transform::render(why, text, "bench").c_str());
        }
        program_ = std::make_shared<transform::Program>(std::move(*compiled.program));
    }

    std::uint64_t run() {
        const BenchPage& page = turn_.next();
        keep_result(page.raw);
        return page.raw.size();
    }

    /// As a link does it: LZ4 off, the rule, LZ4 on for each group that goes out.
    std::uint64_t run_chain() {
        const BenchPage& page = turn_.next();
        (void)wire::decompress_into(raw_, Codec::Lz4, page.lz4, page.raw.size());
        const auto result = edit(raw_);
        for (const auto& group : result.groups) {
            const auto packed = wire::compress(Codec::Lz4, group.bytes);
            keep(&packed);
        }
        return page.raw.size();
    }

  private:
    transform::PageResult edit(std::string_view raw) {
        auto result = program_->run_page(raw, {from_unix_seconds(1'762'000'000)}, scratch_);
        SPILLWAY_INVARIANT(result && result->failed.empty() && result->logs_written > 0,
                           "a rule of the benchmark fails");
        return std::move(*result);
    }
    void keep_result(std::string_view raw) {
        const auto result = edit(raw);
        keep(&result);
    }

    Turn turn_;
    std::shared_ptr<transform::Program> program_;
    transform::Scratch scratch_;
    std::string raw_;
};

Program rule(const Pages& pages, const char* text) {
    return {"", [running = std::make_shared<Rule>(pages, text)] { return running->run(); }};
}

Program chain(const Pages& pages, const char* text) {
    return {"", [running = std::make_shared<Rule>(pages, text)] { return running->run_chain(); }};
}

/// `edit(raw, out)` by hand, alone or between LZ4 off and on.
template <class Edit>
std::function<std::uint64_t()> by_hand(const Pages& pages, Edit edit, bool with_lz4) {
    auto raw = std::make_shared<std::string>();
    auto out = std::make_shared<std::string>();
    auto packed = std::make_shared<std::string>();
    return [turn = Turn(pages), edit, with_lz4, raw, out, packed]() mutable {
        const BenchPage& page = turn.next();
        std::string_view input = page.raw;
        if (with_lz4) {
            raw->resize(page.raw.size());
            (void)LZ4_decompress_safe(page.lz4.data(), raw->data(),
                                      static_cast<int>(page.lz4.size()),
                                      static_cast<int>(raw->size()));
            input = *raw;
        }
        out->clear();
        edit(input, *out);
        if (with_lz4) {
            const int size = static_cast<int>(out->size());
            packed->resize(static_cast<std::size_t>(LZ4_compressBound(size)));
            (void)LZ4_compress_default(out->data(), packed->data(), size,
                                       static_cast<int>(packed->size()));
        }
        keep(out->data());
        return static_cast<std::uint64_t>(page.raw.size());
    };
}

}  // namespace

void add_transform_contests(std::vector<Contest>& contests, const Pages& pages) {
    const auto filter = [](std::string_view raw, std::string& out) {
        filter_by_hand(raw, "level", "INFO", out);
    };
    const auto edit = [](std::string_view raw, std::string& out) {
        edit_by_hand(raw, kHandEdit, out);
    };
    contests.push_back({"rule: drop 70 % by one field",
                        rule(pages, kFilterRule),
                        {"the same filter by hand", by_hand(pages, filter, false)},
                        {}});
    contests.push_back({"rule: drop, rename, set a field",
                        rule(pages, kEditRule),
                        {"the same edits by hand", by_hand(pages, edit, false)},
                        {}});
    auto one_rule = rule(pages, kOneRule);
    one_rule.name = "one rule that sets all ten";
    contests.push_back({"rule: ten steps, a field each", rule(pages, kTenRules), one_rule, 0.7});
    contests.push_back({"LZ4 + drop 70 % + LZ4",
                        chain(pages, kFilterRule),
                        {"the same chain by hand", by_hand(pages, filter, true)},
                        0.8});
    contests.push_back({"LZ4 + three edits + LZ4",
                        chain(pages, kEditRule),
                        {"the same chain by hand", by_hand(pages, edit, true)},
                        0.8});
}

}  // namespace spillway::bench
