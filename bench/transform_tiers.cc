// The tiers that leave LZ4's sequences alone, beside rewriting the same page.
#include "bench/contests.h"
#include "bench/transform_rule.h"
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/log_group_writer.h"
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
    /// `joined`: the page's block is made of the groups' own blocks, as a region of ours serves it;
    /// else it was compressed as one piece.
    Tagging(const Pages& pages, bool joined) : pages_(pages), rule_(kTagRule) {
        for (const auto& page : pages) blocks_.push_back(joined ? joined_block(page) : page.lz4);
    }

    std::uint64_t run() {
        const std::size_t number = at_++ % pages_.size();
        const BenchPage& page = pages_[number];
        const std::string& block = blocks_[number];
        (void)wire::decompress_into(raw_, Codec::Lz4, block, page.raw.size());
        auto result = rule_.edit_sparing(raw_);
        wire::Lz4Slicer slicer(block, raw_);
        std::size_t place = 0;
        (void)wire::for_each_group(raw_, [&](std::string_view group) {
            const auto& edited = result.groups[place++];
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
    static std::string joined_block(const BenchPage& page) {
        wire::Lz4Stitcher stitcher;
        for (std::size_t i = 0; i < page.groups.size(); ++i) {
            std::string frame;
            wire::append_group_frame(frame, page.groups[i].size());
            stitcher.append_raw(frame);
            auto outline = wire::outline_lz4_block(page.lz4_groups[i], page.groups[i].size());
            SPILLWAY_INVARIANT(outline.has_value(), "a block has no outline");
            stitcher.append_block(page.lz4_groups[i], *outline);
        }
        return stitcher.finish();
    }

    const Pages& pages_;
    std::vector<std::string> blocks_;
    std::size_t at_ = 0;
    BenchRule rule_;
    std::string raw_;
};

}  // namespace

void add_tier_contests(std::vector<Contest>& contests, const Pages& pages) {
    const auto tag = [&](bool joined) {
        return [tagging = std::make_shared<Tagging>(pages, joined)] { return tagging->run(); };
    };
    const Program rewriting{"the same by rewriting", [rule = std::make_shared<BenchRule>(kTagRule),
                                                      turn = Turn(pages)]() mutable {
                                return rule->run_chain_rewriting(turn.next());
                            }};
    contests.push_back({"tag-append, page of stored groups", {"", tag(true)}, rewriting, 6.0});
    contests.push_back({"tag-append, page packed as one", {"", tag(false)}, rewriting, {}});
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
