#include "replicator/page_encoder.h"

#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/log_group_writer.h"
#include "logstore/wire/lz4_stitch.h"

#include <gtest/gtest.h>

namespace spillway::replicator {
namespace {

LogGroup group_of(const std::string& source, int logs, std::size_t bytes = 10) {
    LogGroup group;
    group.topic = "t";
    group.source = source;
    group.tags.push_back({"host", source});
    for (int log = 0; log < logs; ++log) {
        group.logs.push_back(
            {1, std::nullopt, {{"n", std::to_string(log)}, {"pad", std::string(bytes, 'x')}}});
    }
    return group;
}

class Pages {
  public:
    Pages& add(const std::string& group) {
        wire::append_group_frame(page.raw, group.size());
        page.raw += group;
        page.positions.push_back(100 + static_cast<std::int64_t>(page.positions.size()));
        return *this;
    }
    Pages& add(const LogGroup& group) { return add(wire::encode(group)); }
    SourcePage page;
};

EncodeSettings settings() {
    EncodeSettings settings;
    settings.link = "l";
    settings.targets = {""};
    settings.bytes_max = 4096;
    settings.logs_max = 100;
    settings.lanes = 4;
    return settings;
}

EncodedPage encode(const Pages& pages, const EncodeSettings& with, const Rule& rule = Rule()) {
    auto encoded = encode_page(pages.page, rule, WallTime{}, with);
    EXPECT_TRUE(encoded) << (encoded ? "" : encoded.error().message);
    return encoded ? std::move(*encoded) : EncodedPage{};
}

LogGroup decoded(const OutBatch& batch) {
    return wire::LogGroupView::parse(batch.body)->to_owned().value();
}

TEST(PageEncoder, MergesGroupsOfOneSourceAndKeepsTheirOrder) {
    Pages pages;
    pages.add(group_of("a", 2)).add(group_of("b", 1)).add(group_of("a", 3));
    const EncodedPage page = encode(pages, settings());
    ASSERT_EQ(page.batches.size(), 2U);
    EXPECT_EQ(page.batches[0].logs, 5U);
    EXPECT_EQ(page.batches[0].provenance.first, 100);
    EXPECT_EQ(page.batches[0].provenance.last, 102);
    EXPECT_EQ(page.batches[1].provenance.first, 101);
    const LogGroup merged = decoded(page.batches[0]);
    EXPECT_EQ(merged.logs.size(), 5U);
    EXPECT_EQ(merged.logs[2].contents[0].value, "0");
    EXPECT_EQ(merged.tags.size(), 2U) << "one host tag, one origin tag";
    EXPECT_EQ(page.logs_read, 6U);
}

TEST(PageEncoder, KeepsEveryFieldOfAGroupEvenUnknownOnes) {
    LogGroup group = group_of("a", 1);
    group.category = "store";
    group.machine_uuid = "uuid";
    std::string bytes = wire::encode(group);
    bytes += std::string("\x7A\x03", 2) + "new";  // field 15, length-delimited
    Pages pages;
    pages.add(bytes);
    const EncodedPage page = encode(pages, settings());
    ASSERT_EQ(page.batches.size(), 1U);
    EXPECT_NE(page.batches[0].body.find(std::string("\x7A\x03", 2) + "new"), std::string::npos);
    LogGroup copied = decoded(page.batches[0]);
    EXPECT_EQ(copied.tags.back().key, kOriginTag);
    copied.tags.pop_back();
    EXPECT_EQ(copied, group);
}

TEST(PageEncoder, ClosesAWriteThatIsFull) {
    Pages pages;
    for (int at = 0; at < 5; ++at) pages.add(group_of("a", 30));
    EncodeSettings tight = settings();
    tight.bytes_max = 1 << 20;
    tight.logs_max = 60;
    const EncodedPage page = encode(pages, tight);
    ASSERT_EQ(page.batches.size(), 3U);
    EXPECT_EQ(page.batches[0].logs, 60U);
    EXPECT_EQ(page.batches[2].logs, 30U);
    EXPECT_EQ(page.batches[1].provenance.first, 102);
    for (std::uint32_t at = 0; at < 3; ++at) {
        EXPECT_EQ(page.batches[at].index, at);
        EXPECT_EQ(page.batches[at].lane, page.batches[0].lane) << "one source, one lane";
    }
}

TEST(PageEncoder, CutsAGroupAboveTheLimitsIntoParts) {
    Pages pages;
    pages.add(group_of("a", 1)).add(group_of("a", 10, 1000)).add(group_of("a", 1));
    const EncodedPage page = encode(pages, settings());
    ASSERT_GE(page.batches.size(), 5U);
    std::vector<std::string> order;
    std::uint32_t logs = 0;
    for (const OutBatch& batch : page.batches) {
        logs += batch.logs;
        EXPECT_LE(batch.body.size(), 4096U + 200);
    }
    EXPECT_EQ(logs, 12U);
    EXPECT_EQ(page.batches[1].provenance.part, 1U);
    EXPECT_EQ(page.batches[1].provenance.parts, page.batches.size() - 2);
    EXPECT_EQ(page.batches.back().provenance.first, 102);
}

TEST(PageEncoder, ALogAloneAboveTheLimitGoesAlone) {
    Pages pages;
    pages.add(group_of("a", 2, 10'000));
    const EncodedPage page = encode(pages, settings());
    ASSERT_EQ(page.batches.size(), 2U);
    EXPECT_EQ(page.batches[0].logs, 1U);
}

TEST(PageEncoder, KeepsTheWholeShardInOrderWhenTold) {
    Pages pages;
    pages.add(group_of("a", 1)).add(group_of("b", 1)).add(group_of("b", 1)).add(group_of("a", 1));
    EncodeSettings strict = settings();
    strict.order = Order::PerShard;
    strict.lanes = 1;
    const EncodedPage page = encode(pages, strict);
    ASSERT_EQ(page.batches.size(), 3U);
    EXPECT_EQ(page.batches[1].provenance.first, 101);
    EXPECT_EQ(page.batches[1].provenance.last, 102);
    EXPECT_EQ(page.batches[2].provenance.first, 103);
}

TEST(PageEncoder, PacksOfOneAgentShareALane) {
    Pages pages;
    for (int pack = 0; pack < 30; ++pack) {
        LogGroup group = group_of("a", 1);
        group.tags.push_back({"__pack_id__", std::to_string(pack)});
        pages.add(group);
    }
    const EncodedPage page = encode(pages, settings());
    ASSERT_EQ(page.batches.size(), 30U) << "different tags stay different groups";
    for (const OutBatch& batch : page.batches) EXPECT_EQ(batch.lane, page.batches[0].lane);
}

TEST(PageEncoder, GivesTheSameBytesForTheSamePage) {
    Pages pages;
    for (int at = 0; at < 50; ++at) pages.add(group_of("a" + std::to_string(at % 7), 1 + at % 5));
    const EncodedPage once = encode(pages, settings());
    const EncodedPage again = encode(pages, settings());
    ASSERT_EQ(once.batches.size(), again.batches.size());
    for (std::size_t at = 0; at < once.batches.size(); ++at) {
        EXPECT_EQ(once.batches[at].body, again.batches[at].body);
        EXPECT_EQ(once.batches[at].lane, again.batches[at].lane);
    }
}

TEST(PageEncoder, TellsSeveralWritesOfOneGroupApart) {
    // A rule that gives two groups of equal tags out of one, each full.
    const Rule twice = Rule::from_function(
        "twice",
        [](std::string_view list, const transform::RunContext&) -> Result<transform::PageResult> {
            transform::PageResult result;
            auto walked = wire::for_each_group(list, [&](std::string_view bytes) {
                for (int copy = 0; copy < 2; ++copy) {
                    transform::OutputGroup out;
                    out.bytes = std::string(bytes);
                    out.log_count = 100;
                    result.groups.push_back(out);
                }
                return true;
            });
            if (!walked) return std::move(walked).error();
            return result;
        });
    Pages pages;
    pages.add(group_of("a", 100));
    EncodeSettings with = settings();
    with.bytes_max = 1 << 20;
    const EncodedPage page = encode(pages, with, twice);
    ASSERT_EQ(page.batches.size(), 2U);
    LandedSet landed;
    landed.add(page.batches[0].origin_digest, page.batches[0].provenance);
    EXPECT_TRUE(landed.holds(page.batches[0]));
    EXPECT_FALSE(landed.holds(page.batches[1]));
}

TEST(PageEncoder, SendsToNamedTargetsAndSetsUnknownOnesAside) {
    const Rule route = Rule::from_function(
        "route",
        [](std::string_view list, const transform::RunContext&) -> Result<transform::PageResult> {
            transform::PageResult result;
            std::uint32_t index = 0;
            auto walked = wire::for_each_group(list, [&](std::string_view bytes) {
                transform::OutputGroup out;
                out.bytes = std::string(bytes);
                out.log_count = 1;
                out.source_group = index;
                out.target = index == 0 ? "audit" : "nowhere";
                ++index;
                result.groups.push_back(out);
                return true;
            });
            if (!walked) return std::move(walked).error();
            return result;
        });
    Pages pages;
    pages.add(group_of("a", 1)).add(group_of("b", 1));
    EncodeSettings two = settings();
    two.targets = {"", "audit"};
    const EncodedPage page = encode(pages, two, route);
    ASSERT_EQ(page.batches.size(), 1U);
    EXPECT_EQ(page.batches[0].target, 1U);
    ASSERT_EQ(page.dead.size(), 1U);
    EXPECT_EQ(page.dead[0].position, 101);
    EXPECT_NE(page.dead[0].reason.find("nowhere"), std::string::npos);
}

TEST(PageEncoder, RefusesWhatIsNoPage) {
    Pages cut;
    cut.add(group_of("a", 1));
    cut.page.raw.pop_back();
    EXPECT_EQ(encode_page(cut.page, Rule(), WallTime{}, settings()).error().code,
              ErrorCode::Corrupt);
    Pages short_of;
    short_of.add(group_of("a", 1));
    short_of.page.positions.push_back(101);
    EXPECT_EQ(encode_page(short_of.page, Rule(), WallTime{}, settings()).error().code,
              ErrorCode::Corrupt);
}

/// The page with its block: as one piece, or joined of the groups' own blocks as a region serves
/// it.
Pages with_block(Pages pages, bool as_one_piece) {
    if (as_one_piece) {
        pages.page.block = wire::compress(Codec::Lz4, pages.page.raw).value();
        return pages;
    }
    wire::Lz4Stitcher stitcher;
    EXPECT_TRUE(wire::for_each_group(pages.page.raw, [&](std::string_view group) {
        std::string frame;
        wire::append_group_frame(frame, group.size());
        stitcher.append_raw(frame);
        const std::string block = wire::compress(Codec::Lz4, group).value();
        stitcher.append_block(block, wire::outline_lz4_block(block, group.size()).value());
        return true;
    }));
    pages.page.block = stitcher.finish();
    return pages;
}

void expect_same_writes(const Pages& pages, const EncodeSettings& with, const Rule& rule) {
    const EncodedPage plain = encode(pages, with, rule);
    for (const bool as_one_piece : {false, true}) {
        const EncodedPage cut = encode(with_block(pages, as_one_piece), with, rule);
        EXPECT_EQ(cut.logs_read, plain.logs_read);
        EXPECT_EQ(cut.logs_filtered, plain.logs_filtered);
        ASSERT_EQ(cut.batches.size(), plain.batches.size());
        for (std::size_t at = 0; at < plain.batches.size(); ++at) {
            const OutBatch& wanted = plain.batches[at];
            const OutBatch& found = cut.batches[at];
            EXPECT_EQ(raw_body(found), wanted.body);
            EXPECT_EQ(found.raw_bytes, wanted.body.size());
            EXPECT_EQ(wanted.raw_bytes, wanted.body.size());
            EXPECT_EQ(found.lane, wanted.lane);
            EXPECT_EQ(found.logs, wanted.logs);
            EXPECT_EQ(found.sum, wanted.sum);
            EXPECT_EQ(found.provenance, wanted.provenance);
            EXPECT_EQ(found.origin_digest, wanted.origin_digest);
        }
    }
}

TEST(PageEncoder, WritesCutOutOfTheBlockDecodeToTheSame) {
    std::uint64_t dice = 1;
    const auto roll = [&dice](std::uint64_t below) {
        dice = dice * 6'364'136'223'846'793'005ULL + 1'442'695'040'888'963'407ULL;
        return (dice >> 33) % below;
    };
    EncodeSettings any = settings();
    any.cut_group_bytes_min = 0;
    for (int round = 0; round < 200; ++round) {
        Pages pages;
        for (std::uint64_t left = 1 + roll(6); left > 0; --left) {
            std::string group = wire::encode(
                group_of(roll(2) == 0 ? "a" : "b", static_cast<int>(roll(40)), roll(120)));
            if (roll(4) == 0) {
                Provenance before;
                before.link = roll(2) == 0 ? "l" : "other";
                before.shard = ShardId(1);
                group += wire::encode_tag(kOriginTag, format_provenance(before));
            }
            if (roll(4) == 0) group = wire::encode_tag("first", "1") + group;
            pages.add(group);
        }
        any.order = roll(2) == 0 ? Order::PerShard : Order::PerSource;
        for (const char* rule :
             {"", "e_keep()", "e_set(\"__tag__:dc\", \"1\")", "e_set(\"__tag__:host\", \"h\")",
              "e_drop(e_search(\"n==0\"))", "e_set(\"n\", \"5\")"}) {
            SCOPED_TRACE(rule);
            expect_same_writes(pages, any, Rule::compile(rule).value());
        }
        ASSERT_FALSE(HasFailure()) << "round " << round;
    }
}

TEST(PageEncoder, LargeGroupsThatStayAsTheyAreAreNotCompressedAgain) {
    Pages pages;
    pages.add(group_of("a", 600, 100)).add(group_of("b", 600, 100));
    EncodeSettings wide = settings();
    wide.bytes_max = 1 << 20;
    wide.logs_max = 10'000;
    for (const char* rule : {"", "e_set(\"__tag__:dc\", \"1\")", "e_drop(e_search(\"n==x\"))"}) {
        const EncodedPage page =
            encode(with_block(pages, false), wide, Rule::compile(rule).value());
        ASSERT_EQ(page.batches.size(), 2U);
        for (const OutBatch& batch : page.batches) {
            EXPECT_FALSE(batch.block.empty()) << rule;
            EXPECT_TRUE(batch.body.empty()) << rule;
        }
    }
    const EncodedPage edited =
        encode(with_block(pages, false), wide, Rule::compile("e_set(\"n\", \"5\")").value());
    EXPECT_TRUE(edited.batches.at(0).block.empty());
    const EncodedPage small = encode(with_block(Pages().add(group_of("a", 5)), false), wide);
    EXPECT_TRUE(small.batches.at(0).block.empty());
}

TEST(PageEncoder, ABlockOfAnotherPageIsNotBelieved) {
    Pages pages;
    pages.add(group_of("a", 600, 100));
    EncodeSettings wide = settings();
    wide.bytes_max = 1 << 20;
    wide.logs_max = 10'000;
    pages.page.block = wire::compress(Codec::Lz4, std::string(100, 'x')).value();
    const EncodedPage page = encode(pages, wide);
    EXPECT_EQ(decoded(page.batches.at(0)).logs.size(), 600U);
}

}  // namespace
}  // namespace spillway::replicator
