#include "logstore/engine/prepare.h"

#include "base/hash.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/error_table.h"
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/log_group_writer.h"
#include "logstore/wire/lz4_stitch.h"

#include <fmt/format.h>

namespace spillway::engine {

namespace {

Status check_size(const Batch& batch) {
    if (batch.body.empty()) {
        return wire::service_error("PostBodyInvalid", "the body is empty, not a LogGroup");
    }
    const auto largest = std::max<std::uint64_t>(batch.body.size(), batch.raw_bytes);
    if (largest <= kPutBytesMax) return {};
    return wire::service_error(
        "PostBodyTooLarge", fmt::format("Body size {} must little than {}", largest, kPutBytesMax));
}

/// The number of logs in a LogGroup that is one.
Result<std::uint32_t> check_group(std::string_view raw) {
    auto group = wire::LogGroupView::parse(raw);
    if (!group) {
        return wire::service_error("PostBodyInvalid",
                                   "the body is not a LogGroup: " + group.error().message);
    }
    if (auto valid = group->validate(); !valid) {
        return wire::service_error("PostBodyInvalid",
                                   "the body is not a LogGroup: " + valid.error().message);
    }
    return group->log_count();
}

Status set_block(PreparedGroup& group, std::string block, std::string_view raw) {
    auto outline = wire::outline_lz4_block(block, raw.size());
    if (!outline) {
        // It decodes, but breaks the format's end rules: stitching needs a well-formed block.
        auto compressed = wire::compress(Codec::Lz4, raw);
        if (!compressed) return std::move(compressed).error();
        block = *std::move(compressed);
        outline = wire::outline_lz4_block(block, raw.size());
        if (!outline) return std::move(outline).error();
    }
    group.raw_bytes = static_cast<std::uint32_t>(raw.size());
    group.last_sequence = static_cast<std::uint32_t>(outline->last_sequence);
    group.block = std::move(block);
    return {};
}

Status append_tags(PreparedGroup& group, std::string_view tags) {
    if (tags.empty()) return {};
    auto outline = wire::recall_lz4_outline(group.block, group.raw_bytes, group.last_sequence);
    if (!outline) return std::move(outline).error();
    group.block = wire::append_to_lz4_block(group.block, *outline, tags);
    group.raw_bytes += static_cast<std::uint32_t>(tags.size());
    outline = wire::outline_lz4_block(group.block, group.raw_bytes);
    if (!outline) return std::move(outline).error();
    group.last_sequence = static_cast<std::uint32_t>(outline->last_sequence);
    return {};
}

}  // namespace

Result<PreparedGroup> prepare(const Batch& batch, std::string_view extra_tags) {
    if (auto fits = check_size(batch); !fits) return std::move(fits).error();
    const bool compressed = batch.codec != Codec::None;
    std::string decompressed;
    if (compressed) {
        auto raw = wire::decompress(batch.codec, batch.body, batch.raw_bytes, kPutBytesMax);
        if (!raw) {
            return wire::service_error("PostBodyUncompressError",
                                       "the body does not decompress: " + raw.error().message);
        }
        decompressed = *std::move(raw);
    }
    const std::string_view raw = compressed ? decompressed : std::string_view(batch.body);
    auto log_count = check_group(raw);
    if (!log_count) return std::move(log_count).error();
    PreparedGroup group;
    group.log_count = *log_count;
    std::string block;
    if (batch.codec == Codec::Lz4) {
        block = batch.body;
    } else {
        auto made = wire::compress(Codec::Lz4, raw);
        if (!made) return std::move(made).error();
        block = *std::move(made);
    }
    if (auto set = set_block(group, std::move(block), raw); !set) return std::move(set).error();
    if (auto tagged = append_tags(group, extra_tags); !tagged) return std::move(tagged).error();
    group.block_crc = crc32c(group.block);
    return group;
}

namespace {

Result<std::string> stitched(const StoredRange& range) {
    wire::Lz4Stitcher stitcher;
    stitcher.reserve(range.bytes.size() + 16 * range.blocks.size() + 64);
    for (std::size_t i = 0; i < range.blocks.size(); ++i) {
        const auto& block = range.blocks[i];
        auto outline =
            wire::recall_lz4_outline(range.block(i), block.raw_bytes, block.last_sequence);
        if (!outline) return std::move(outline).error();
        std::string frame;
        wire::append_group_frame(frame, block.raw_bytes);
        stitcher.append_raw(frame);
        stitcher.append_block(range.block(i), *outline);
    }
    return stitcher.finish();
}

Result<std::string> concatenated(const StoredRange& range, std::size_t raw_bytes) {
    std::string list;
    list.reserve(raw_bytes);
    for (std::size_t i = 0; i < range.blocks.size(); ++i) {
        const auto raw_size = range.blocks[i].raw_bytes;
        auto raw = wire::decompress(Codec::Lz4, range.block(i), raw_size);
        if (!raw) return raw;
        wire::append_group_frame(list, raw_size);
        list += *raw;
    }
    return list;
}

std::uint64_t list_bytes(const StoredRange& range) {
    std::uint64_t bytes = 0;
    std::string frame;
    for (const auto& block : range.blocks) {
        frame.clear();
        wire::append_group_frame(frame, block.raw_bytes);
        bytes += frame.size() + block.raw_bytes;
    }
    return bytes;
}

}  // namespace

Result<Page> build_page(const StoredRange& range, const Cursor& from, Codec codec) {
    Page page;
    page.from = from;
    page.next = Cursor::from_position(range.next);
    page.codec = codec;
    page.group_count = static_cast<std::uint32_t>(range.blocks.size());
    page.at_end = range.at_end;
    page.raw_bytes = list_bytes(range);
    if (!range.blocks.empty()) page.last_position = range.next - 1;
    auto body = codec == Codec::Lz4 ? stitched(range)
                                    : concatenated(range, static_cast<std::size_t>(page.raw_bytes));
    if (body && codec != Codec::Lz4 && codec != Codec::None) body = wire::compress(codec, *body);
    if (!body) return std::move(body).error();
    page.body = *std::move(body);
    return page;
}

}  // namespace spillway::engine
