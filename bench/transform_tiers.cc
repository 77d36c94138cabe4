// The tiers that leave LZ4's sequences alone, beside rewriting the same page.
#include "bench/contests.h"
#include "bench/transform_rule.h"
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/lz4_slice.h"

#include <cstring>
#include <memory>

namespace spillway::bench {

namespace {

constexpr const char* kTagRule = R"(e_set("__tag__:region", "eu-central-1"))";

/// A page in, its groups out, each a block of its own; what stays as it is is cut out of the page's
/// block.
class Tagging {
  public:
    explicit Tagging(const char* rule) : rule_(rule) {}

    std::uint64_t run(const BenchPage& page) {
        (void)wire::decompress_into(raw_, Codec::Lz4, page.lz4, page.raw.size());
        auto result = rule_.edit_sparing(raw_);
        wire::Lz4Slicer slicer(page.lz4, raw_);
        std::size_t number = 0;
        (void)wire::for_each_group(raw_, [&](std::string_view group) {
            const auto& edited = result.groups[number++];
            SPILLWAY_INVARIANT(edited.copies_source, "the benchmark's groups have the tag");
            const auto begin = static_cast<std::size_t>(group.data() - raw_.data());
            wire::Lz4Stitcher out;
            out.reserve(group.size() / 3);
            SPILLWAY_INVARIANT(slicer.append(begin, begin + group.size(), out).has_value(),
                               "the benchmark's block is malformed");
            out.append_raw(edited.bytes);
            keep(out.finish().data());
            return true;
        });
        return page.raw.size();
    }

  private:
    BenchRule rule_;
    std::string raw_;
};

}  // namespace

void add_tier_contests(std::vector<Contest>& contests, const Pages& pages) {
    contests.push_back(
        {"tag-append, LZ4 to LZ4",
         {"", [tagging = std::make_shared<Tagging>(kTagRule),
               turn = Turn(pages)]() mutable { return tagging->run(turn.next()); }},
         {"the same by rewriting",
          [rule = std::make_shared<BenchRule>(kTagRule), turn = Turn(pages)]() mutable {
              return rule->run_chain_rewriting(turn.next());
          }},
         6.0});
    auto passed = std::make_shared<std::string>();
    auto copied = std::make_shared<std::string>();
    contests.push_back(
        {"passthrough, LZ4 to LZ4",
         {"",
          [rule = std::make_shared<BenchRule>("e_keep()"), turn = Turn(pages), passed]() mutable {
              const BenchPage& page = turn.next();
              SPILLWAY_INVARIANT(rule->program().tier() == transform::Tier::Passthrough,
                                 "the benchmark's rule is no passthrough");
              passed->assign(page.lz4);
              keep(passed->data());
              return static_cast<std::uint64_t>(page.raw.size());
          }},
         {"memcpy of the compressed bytes",
          [turn = Turn(pages), copied]() mutable {
              const BenchPage& page = turn.next();
              if (copied->size() < page.lz4.size()) copied->resize(page.lz4.size());
              std::memcpy(copied->data(), page.lz4.data(), page.lz4.size());
              keep(copied->data());
              return static_cast<std::uint64_t>(page.raw.size());
          }},
         0.9});
}

}  // namespace spillway::bench
