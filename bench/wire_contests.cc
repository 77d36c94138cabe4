#include "bench/contests.h"
#include "bench/limits.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/log_group_writer.h"
#include "logstore/wire/lz4_stitch.h"

#include <cstring>
#include <memory>

#include <lz4.h>

namespace spillway::bench {

namespace {

using Once = std::function<std::uint64_t()>;

/// `work(page)` on each page in turn.
template <class Work>
Once each_page(const Pages& pages, Work work) {
    return [turn = Turn(pages), work]() mutable {
        const BenchPage& page = turn.next();
        work(page);
        return static_cast<std::uint64_t>(page.raw.size());
    };
}

Once copy_of_the_page(const Pages& pages) {
    auto out = std::make_shared<std::string>(pages.front().raw.size() * 2, '\0');
    return each_page(pages, [out](const BenchPage& page) {
        std::memcpy(out->data(), page.raw.data(), page.raw.size());
        keep(out->data());
    });
}

void read_frames(const BenchPage& page) {
    std::uint64_t logs = 0;
    const Status read = wire::for_each_group(page.raw, [&](std::string_view bytes) {
        const auto group = wire::LogGroupView::parse(bytes);
        logs += group ? group->log_count() : 0;
        return true;
    });
    SPILLWAY_INVARIANT(read.has_value() && logs == page.logs, "the benchmark's page is not whole");
}

void read_every_view(const BenchPage& page) {
    std::uint64_t bytes = 0;
    (void)wire::for_each_group(page.raw, [&](std::string_view group_bytes) {
        const auto group = wire::LogGroupView::parse(group_bytes);
        if (!group) return false;
        group->for_each_log([&](wire::LogView log) {
            auto contents = log.contents();
            for (wire::ContentView content; contents.next(content);) {
                bytes += content.key.size() + content.value.size();
            }
            return true;
        });
        return true;
    });
    keep(&bytes);
}

void validate_groups(const BenchPage& page) {
    for (const auto& bytes : page.groups) {
        const auto group = wire::LogGroupView::parse(bytes);
        SPILLWAY_INVARIANT(group && group->validate().has_value(), "a group is not valid");
    }
}

std::string lz4_compress_alone(std::string_view raw) {
    std::string out(static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(raw.size()))),
                    '\0');
    const int size = LZ4_compress_default(raw.data(), out.data(), static_cast<int>(raw.size()),
                                          static_cast<int>(out.size()));
    out.resize(static_cast<std::size_t>(size));
    return out;
}

void lz4_decompress_alone(const BenchPage& page, std::string& out) {
    out.resize(page.raw.size());
    const int size =
        LZ4_decompress_safe(page.lz4.data(), out.data(), static_cast<int>(page.lz4.size()),
                            static_cast<int>(out.size()));
    SPILLWAY_INVARIANT(size == static_cast<int>(page.raw.size()), "LZ4 lost bytes");
}

/// What serving a page without stitching costs: every group opened, the page packed again.
void recompress(const BenchPage& page) {
    std::string raw;
    raw.reserve(page.raw.size());
    for (std::size_t i = 0; i < page.groups.size(); ++i) {
        wire::append_group_frame(raw, page.groups[i].size());
        const std::size_t held = raw.size();
        raw.resize(held + page.groups[i].size());
        const auto& packed = page.lz4_groups[i];
        (void)LZ4_decompress_safe(packed.data(), raw.data() + held, static_cast<int>(packed.size()),
                                  static_cast<int>(page.groups[i].size()));
    }
    keep(lz4_compress_alone(raw).data());
}

/// What the store keeps beside each block.
using Outlines = std::vector<std::vector<wire::Lz4Outline>>;

Outlines outlines_of(const Pages& pages) {
    Outlines out;
    for (const auto& page : pages) {
        auto& row = out.emplace_back();
        for (std::size_t i = 0; i < page.groups.size(); ++i) {
            auto outline = wire::outline_lz4_block(page.lz4_groups[i], page.groups[i].size());
            SPILLWAY_INVARIANT(outline.has_value(), "a block has no outline");
            row.push_back(*outline);
        }
    }
    return out;
}

Once stitch(const Pages& pages) {
    return [&pages, outlines = outlines_of(pages), at = std::size_t{0}]() mutable {
        const std::size_t number = at++ % pages.size();
        const BenchPage& page = pages[number];
        wire::Lz4Stitcher stitcher;
        stitcher.reserve(page.lz4.size() + 64);
        for (std::size_t i = 0; i < page.groups.size(); ++i) {
            std::string frame;
            wire::append_group_frame(frame, page.groups[i].size());
            stitcher.append_raw(frame);
            stitcher.append_block(page.lz4_groups[i], outlines[number][i]);
        }
        keep(stitcher.finish().data());
        return static_cast<std::uint64_t>(page.raw.size());
    };
}

}  // namespace

void add_wire_contests(std::vector<Contest>& contests, const Pages& pages) {
    const Program copy{"memcpy of the page", copy_of_the_page(pages)};
    contests.push_back({"read: log frames", {"", each_page(pages, read_frames)}, copy, {}});
    contests.push_back({"read: every key and value",
                        {"", each_page(pages, read_every_view)},
                        {"the same scan by hand", each_page(pages,
                                                            [](const BenchPage& page) {
                                                                const auto sum =
                                                                    scan_contents(page.raw);
                                                                keep(&sum);
                                                            })},
                        0.8});
    contests.push_back(
        {"read: check every byte of a put", {"", each_page(pages, validate_groups)}, copy, {}});
    contests.push_back(
        {"LZ4 compress",
         {"", each_page(pages,
                        [](const BenchPage& page) {
                            const auto out = wire::compress(Codec::Lz4, page.raw);
                            keep(&out);
                        })},
         {"LZ4_compress_default alone",
          each_page(pages,
                    [](const BenchPage& page) { keep(lz4_compress_alone(page.raw).data()); })},
         0.9});
    contests.push_back({"LZ4 decompress",
                        {"", each_page(pages,
                                       [into = std::string()](const BenchPage& page) mutable {
                                           (void)wire::decompress_into(into, Codec::Lz4, page.lz4,
                                                                       page.raw.size());
                                           keep(into.data());
                                       })},
                        {"LZ4_decompress_safe alone",
                         each_page(pages,
                                   [into = std::string()](const BenchPage& page) mutable {
                                       lz4_decompress_alone(page, into);
                                       keep(into.data());
                                   })},
                        0.9});
    contests.push_back({"join stored groups into a page",
                        {"", stitch(pages)},
                        {"decompress and recompress", each_page(pages, recompress)},
                        5.0});
}

}  // namespace spillway::bench
