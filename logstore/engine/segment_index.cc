#include "logstore/engine/segment_index.h"

#include "base/hash.h"
#include "logstore/engine/byte_order.h"

#include <algorithm>

namespace spillway::engine {

namespace {

constexpr std::string_view kIndexMagic = "SPILLIDX";
constexpr std::size_t kIndexHeaderBytes = 96;
constexpr std::size_t kRunBytes = 64;
constexpr std::size_t kFenceBytes = 24;
constexpr std::size_t kEntryBytes = 16;
/// A run or fence list longer than this is no list of ours: nothing is allocated for it.
constexpr std::uint32_t kListMax = 64 * 1024 * 1024;

/// No more records than this fit into a segment, however many of them are damaged.
constexpr std::int64_t kGapMax = std::int64_t{1} << 25;

std::uint32_t seconds_of(std::int64_t nanoseconds) {
    return static_cast<std::uint32_t>(std::max<std::int64_t>(nanoseconds, 0) / 1'000'000'000);
}

std::string encode_entries(const std::vector<IndexEntry>& entries) {
    std::string out;
    out.reserve(entries.size() * kEntryBytes);
    for (const auto& entry : entries) {
        append_number(out, entry.offset);
        append_number(out, entry.stored_bytes);
        append_number(out, entry.raw_bytes);
        append_number(out, entry.receive_s);
    }
    return out;
}

std::vector<IndexEntry> decode_entries(std::string_view bytes) {
    std::vector<IndexEntry> entries(bytes.size() / kEntryBytes);
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const auto at = i * kEntryBytes;
        entries[i].offset = number_at<std::uint32_t>(bytes, at);
        entries[i].stored_bytes = number_at<std::uint32_t>(bytes, at + 4);
        entries[i].raw_bytes = number_at<std::uint32_t>(bytes, at + 8);
        entries[i].receive_s = number_at<std::uint32_t>(bytes, at + 12);
    }
    return entries;
}

void append_run(std::string& out, const ShardRun& run) {
    append_number(out, run.shard.value());
    append_number(out, run.count);
    append_number(out, run.first_position);
    append_number(out, run.first_receive_s);
    append_number(out, run.last_receive_s);
    append_number(out, run.raw_bytes);
    append_number(out, run.stored_bytes);
    append_number(out, run.logs);
    append_number(out, run.entries_offset);
    append_number(out, run.entries_crc);
    append_number(out, std::uint32_t{0});
}

ShardRun run_at(std::string_view bytes, std::size_t at) {
    ShardRun run;
    run.shard = ShardId(number_at<std::uint32_t>(bytes, at));
    run.count = number_at<std::uint32_t>(bytes, at + 4);
    run.first_position = number_at<std::int64_t>(bytes, at + 8);
    run.first_receive_s = number_at<std::uint32_t>(bytes, at + 16);
    run.last_receive_s = number_at<std::uint32_t>(bytes, at + 20);
    run.raw_bytes = number_at<std::uint64_t>(bytes, at + 24);
    run.stored_bytes = number_at<std::uint64_t>(bytes, at + 32);
    run.logs = number_at<std::uint64_t>(bytes, at + 40);
    run.entries_offset = number_at<std::uint64_t>(bytes, at + 48);
    run.entries_crc = number_at<std::uint32_t>(bytes, at + 56);
    return run;
}

/// Header and lists with the checksum over both; entries come behind.
std::string encode_head(const SegmentSummary& summary, const FenceMap& fences) {
    std::string out(kIndexMagic);
    append_number(out, std::uint32_t{0});  // checksum, below
    append_number(out, kFormatVersion);
    append_number(out, summary.header.log_id);
    append_number(out, summary.header.number);
    append_number(out, summary.header.created_ns);
    append_number(out, summary.header.salt);
    append_number(out, summary.tail);
    append_number(out, summary.last_round);
    append_number(out, summary.first_receive_ns);
    append_number(out, summary.last_receive_ns);
    append_number(out, summary.damaged);
    append_number(out, static_cast<std::uint32_t>(summary.runs.size()));
    append_number(out, static_cast<std::uint32_t>(fences.size()));
    out.resize(kIndexHeaderBytes, '\0');
    for (const auto& run : summary.runs) append_run(out, run);
    for (const auto& [key, sequence] : fences) {
        out.append(hash_key_bytes(key));
        append_number(out, sequence);
    }
    std::string checksum;
    append_number(checksum, crc32c(std::string_view(out).substr(12)));
    out.replace(8, 4, checksum);
    return out;
}

Error corrupt(std::string message) {
    return make_error(ErrorCode::Corrupt, std::move(message));
}

}  // namespace

const ShardRun* SegmentSummary::find(ShardId shard) const {
    const auto found =
        std::lower_bound(runs.begin(), runs.end(), shard,
                         [](const ShardRun& run, ShardId wanted) { return run.shard < wanted; });
    return found != runs.end() && found->shard == shard ? &*found : nullptr;
}

SegmentIndexBuilder::SegmentIndexBuilder(SegmentHeader header) {
    summary_.header = header;
}

ShardRun& SegmentIndexBuilder::run_of(const RecordHeader& record, std::uint32_t receive_s) {
    auto& runs = summary_.runs;
    const auto place =
        std::lower_bound(runs.begin(), runs.end(), record.shard,
                         [](const ShardRun& run, ShardId wanted) { return run.shard < wanted; });
    if (place != runs.end() && place->shard == record.shard) return *place;
    ShardRun run;
    run.shard = record.shard;
    run.first_position = record.position;
    run.first_receive_s = receive_s;
    return *runs.insert(place, run);
}

void SegmentIndexBuilder::add(const RecordHeader& record, std::uint32_t offset) {
    const auto receive_s = seconds_of(record.receive_ns);
    auto& run = run_of(record, receive_s);
    auto& entries = entries_[record.shard];
    SPILLWAY_INVARIANT(record.position - run.end_position() < kGapMax,
                       "positions leapt inside a segment");
    while (run.end_position() < record.position) {
        entries.push_back({0, 0, 0, receive_s});
        ++run.count;
        ++summary_.damaged;
    }
    entries.push_back({offset, record.stored_bytes(), record.raw_bytes, receive_s});
    ++run.count;
    run.last_receive_s = receive_s;
    run.raw_bytes += record.raw_bytes;
    run.stored_bytes += record.stored_bytes();
    run.logs += record.log_count;
    if (record.route_key && record.sequence_id) {
        auto& last = fences_[*record.route_key];
        last = std::max(last, *record.sequence_id);
    }
    if (summary_.first_receive_ns == 0) summary_.first_receive_ns = record.receive_ns;
    summary_.last_receive_ns = record.receive_ns;
    summary_.last_round = record.round;
    summary_.tail = offset + record.stored_bytes();
}

std::vector<IndexEntry> SegmentIndexBuilder::entries(ShardId shard, std::uint32_t first,
                                                     std::uint32_t count) const {
    const auto found = entries_.find(shard);
    if (found == entries_.end()) return {};
    const auto begin = found->second.begin() + first;
    return {begin, begin + count};
}

SegmentIndexBuilder::Encoded SegmentIndexBuilder::encode() const {
    auto summary = summary_;
    std::uint64_t offset =
        kIndexHeaderBytes + summary.runs.size() * kRunBytes + fences_.size() * kFenceBytes;
    std::string all_entries;
    for (auto& run : summary.runs) {
        const auto bytes = encode_entries(entries_.at(run.shard));
        run.entries_offset = offset + all_entries.size();
        run.entries_crc = crc32c(bytes);
        all_entries += bytes;
    }
    auto bytes = encode_head(summary, fences_) + all_entries;
    return {std::move(bytes), std::move(summary)};
}

namespace {

struct ListSizes {
    std::uint32_t runs;
    std::uint32_t fences;
    std::size_t bytes() const { return runs * kRunBytes + fences * kFenceBytes; }
};

SegmentSummary summary_of_header(std::string_view header) {
    SegmentSummary summary;
    summary.header.log_id = number_at<std::uint64_t>(header, 16);
    summary.header.number = number_at<std::uint64_t>(header, 24);
    summary.header.created_ns = number_at<std::int64_t>(header, 32);
    summary.header.salt = number_at<std::uint64_t>(header, 40);
    summary.tail = number_at<std::uint64_t>(header, 48);
    summary.last_round = number_at<std::uint64_t>(header, 56);
    summary.first_receive_ns = number_at<std::int64_t>(header, 64);
    summary.last_receive_ns = number_at<std::int64_t>(header, 72);
    summary.damaged = number_at<std::uint32_t>(header, 80);
    return summary;
}

}  // namespace

Result<SegmentIndexFile> read_segment_index(File& file) {
    auto header = read_exactly(file, 0, kIndexHeaderBytes);
    if (!header) return std::move(header).error();
    if (!header->starts_with(kIndexMagic)) return corrupt("this is not a segment index");
    if (number_at<std::uint32_t>(*header, 12) > kFormatVersion) {
        return make_error(ErrorCode::Unsupported, "a later version wrote this segment index");
    }
    const ListSizes sizes{number_at<std::uint32_t>(*header, 84),
                          number_at<std::uint32_t>(*header, 88)};
    if (sizes.runs > kListMax || sizes.fences > kListMax) return corrupt("its lists are too long");
    // Damaged sizes must not cost memory: the checksum can only be looked at once all is read.
    const auto file_bytes = file.size();
    if (!file_bytes) return file_bytes.error();
    if (kIndexHeaderBytes + sizes.bytes() > *file_bytes) return corrupt("its lists are cut off");
    auto lists = read_exactly(file, kIndexHeaderBytes, sizes.bytes());
    if (!lists) return std::move(lists).error();
    const auto checksum = crc32c(*lists, crc32c(std::string_view(*header).substr(12)));
    if (checksum != number_at<std::uint32_t>(*header, 8)) {
        return corrupt("the segment index is damaged");
    }
    SegmentIndexFile index;
    index.summary = summary_of_header(*header);
    for (std::uint32_t i = 0; i < sizes.runs; ++i) {
        index.summary.runs.push_back(run_at(*lists, i * kRunBytes));
    }
    for (std::uint32_t i = 0; i < sizes.fences; ++i) {
        const auto at = sizes.runs * kRunBytes + i * kFenceBytes;
        index.fences[hash_key_from_bytes(std::string_view(*lists).substr(at, 16))] =
            number_at<std::uint64_t>(*lists, at + 16);
    }
    return index;
}

Result<std::vector<IndexEntry>> read_entries(File& file, const ShardRun& run, std::uint32_t first,
                                             std::uint32_t count) {
    auto bytes = read_exactly(file, run.entries_offset + std::uint64_t{first} * kEntryBytes,
                              std::size_t{count} * kEntryBytes);
    if (!bytes) return std::move(bytes).error();
    return decode_entries(*bytes);
}

Status check_entries(File& file, const ShardRun& run) {
    auto bytes = read_exactly(file, run.entries_offset, std::size_t{run.count} * kEntryBytes);
    if (!bytes) return std::move(bytes).error();
    if (crc32c(*bytes) == run.entries_crc) return {};
    return corrupt("the index entries of shard " + std::to_string(run.shard.value()) +
                   " are damaged");
}

}  // namespace spillway::engine
