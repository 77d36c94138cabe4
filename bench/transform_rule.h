// A compiled rule with the memory it works in, as one shard of a link has it.
#pragma once

#include "base/result.h"
#include "bench/contests.h"
#include "logstore/wire/codec.h"
#include "transform/transform.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::bench {

inline constexpr const char* kDropRule = R"(e_drop(e_search("level==INFO")))";
inline constexpr const char* kThreeEdits = R"(e_drop_fields("request_id")
e_rename("upstream_addr", "backend")
e_set("env", "prod"))";

class BenchRule {
  public:
    explicit BenchRule(std::string_view text) {
        auto compiled = transform::Program::compile(text);
        if (!compiled.program) {
            const auto& why = compiled.diagnostics.front();
            invariant_failed(__FILE__, __LINE__, transform::render(why, text, "bench").c_str());
        }
        program_.emplace(std::move(*compiled.program));
    }

    const transform::Program& program() const { return *program_; }

    transform::PageResult edit(std::string_view raw) {
        return checked(program_->run_page(raw, context_, scratch_));
    }
    transform::PageResult edit_sparing(std::string_view raw) {
        return checked(program_->run_page_sparing(raw, context_, scratch_));
    }
    transform::PageResult edit_rewriting(std::string_view raw) {
        return checked(program_->run_page_rewriting(raw, context_, scratch_));
    }

    std::vector<std::string> groups_of(std::string_view raw) {
        std::vector<std::string> groups;
        for (auto& group : edit(raw).groups) groups.push_back(std::move(group.bytes));
        return groups;
    }

    std::uint64_t run(const BenchPage& page) {
        auto result = edit(page.raw);
        keep(&result);
        scratch_.recycle(std::move(result));
        return page.raw.size();
    }

    /// LZ4 off, the rule, LZ4 on for each group that goes out.
    std::uint64_t run_chain(const BenchPage& page) { return run_chain(page, false); }
    std::uint64_t run_chain_rewriting(const BenchPage& page) { return run_chain(page, true); }

  private:
    std::uint64_t run_chain(const BenchPage& page, bool rewriting) {
        (void)wire::decompress_into(raw_, Codec::Lz4, page.lz4, page.raw.size());
        auto result = rewriting ? edit_rewriting(raw_) : edit(raw_);
        for (const auto& group : result.groups) {
            const auto packed = wire::compress(Codec::Lz4, group.bytes);
            keep(&packed);
        }
        scratch_.recycle(std::move(result));
        return page.raw.size();
    }

    static transform::PageResult checked(Result<transform::PageResult> result) {
        SPILLWAY_INVARIANT(result && result->failed.empty() && result->logs_written > 0,
                           "a rule of the benchmark fails");
        return std::move(*result);
    }

    std::optional<transform::Program> program_;
    transform::Scratch scratch_;
    transform::RunContext context_{from_unix_seconds(1'762'000'000)};
    std::string raw_;
};

}  // namespace spillway::bench
