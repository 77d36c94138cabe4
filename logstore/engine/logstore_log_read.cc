#include "base/hash.h"
#include "logstore/engine/logstore_log.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::engine {

namespace {

/// One read call covers records that lie behind each other, up to this much.
constexpr std::size_t kReadBytesMax = 4 * 1024 * 1024;

Error no_shard(const std::string& logstore, ShardId shard) {
    auto error = make_error(ErrorCode::NotFound,
                            fmt::format("logstore {} has no shard {}", logstore, shard.value()));
    error.service_code = "ShardNotExist";
    return error;
}

Error bad_cursor(std::string message) {
    auto error = make_error(ErrorCode::OutOfRange, std::move(message));
    error.service_code = "InvalidCursor";
    return error;
}

}  // namespace

/// Consecutive entries of one shard in one segment.
struct LogstoreLog::Part {
    std::shared_ptr<Segment> segment;
    std::uint64_t salt = 0;
    std::int64_t first_position = 0;
    std::vector<IndexEntry> entries;  ///< empty: the shard holds nothing from there on
};

/// The caller holds a mutex that keeps the segments still.
std::int64_t LogstoreLog::first_position(ShardId shard, std::int64_t next) const {
    for (const auto& segment : segments_) {
        if (const auto* run = segment->summary().find(shard)) return run->first_position;
    }
    return next;
}

Result<ShardPositions> LogstoreLog::positions(ShardId shard) const {
    const std::shared_lock lock(state_mutex_);
    const auto next = next_position_.find(shard);
    if (next == next_position_.end()) return no_shard(name_, shard);
    return ShardPositions{first_position(shard, next->second), next->second};
}

Result<std::vector<IndexEntry>> LogstoreLog::entries_of(const Segment& segment, const ShardRun& run,
                                                        std::uint32_t first,
                                                        std::uint32_t count) const {
    auto file = context_.cache.open(segment.index_path);
    if (!file) return std::move(file).error();
    return read_entries(**file, run, first, count);
}

/// The first part at or behind `from`.
Result<LogstoreLog::Part> LogstoreLog::locate(ShardId shard, std::int64_t from,
                                              std::uint32_t count_max) const {
    Part part;
    ShardRun run;
    std::uint32_t skipped = 0;
    std::uint32_t count = 0;
    {
        const std::shared_lock lock(state_mutex_);
        for (const auto& segment : segments_) {
            const auto* found = segment->summary().find(shard);
            if (found == nullptr || found->end_position() <= from) continue;
            part.segment = segment;
            part.salt = segment->summary().header.salt;
            part.first_position = std::max(from, found->first_position);
            run = *found;
            skipped = static_cast<std::uint32_t>(part.first_position - run.first_position);
            count = std::min(count_max, run.count - skipped);
            if (segment->builder) {
                part.entries = segment->builder->entries(shard, skipped, count);
                return part;
            }
            break;
        }
    }
    if (!part.segment) return part;
    auto entries = entries_of(*part.segment, run, skipped, count);
    if (!entries) return std::move(entries).error();
    part.entries = *std::move(entries);
    return part;
}

Result<StoredRange> LogstoreLog::read(ShardId shard, std::int64_t from, const ReadLimits& limits) {
    auto bounds = positions(shard);
    if (!bounds) return std::move(bounds).error();
    if (from < bounds->first || from > bounds->next) {
        return bad_cursor(fmt::format("cursor {} is outside what shard {} of {} holds, [{}, {}]",
                                      from, shard.value(), name_, bounds->first, bounds->next));
    }
    StoredRange range;
    range.next = from;
    const auto end = std::min(limits.end.value_or(bounds->next), bounds->next);
    while (range.next < end && range.blocks.size() < limits.groups_max) {
        auto wanted = std::min<std::int64_t>(
            limits.groups_max - static_cast<std::uint32_t>(range.blocks.size()), end - range.next);
        auto part = locate(shard, range.next, static_cast<std::uint32_t>(wanted));
        if (!part) return read_error(shard, from, part.error());
        if (part->entries.empty()) {
            if (range.blocks.empty()) range.next = end;  // positions that were passed over
            break;
        }
        if (part->first_position > range.next) {
            if (!range.blocks.empty()) break;
            range.next = std::min(part->first_position, end);
            continue;
        }
        auto more = append_part(*part, shard, limits, range);
        if (!more) return read_error(shard, from, more.error());
        if (!*more) break;
    }
    range.at_end = range.next >= bounds->next;
    return range;
}

/// Adds the part's records until a limit or a damaged one. False: the page is full.
Result<bool> LogstoreLog::append_part(const Part& part, ShardId shard, const ReadLimits& limits,
                                      StoredRange& range) {
    std::uint64_t raw = 0;
    for (const auto& block : range.blocks) raw += block.raw_bytes;
    auto file = part.segment->data_path;
    auto opened = context_.cache.open(file);
    if (!opened) return std::move(opened).error();
    for (std::size_t i = 0; i < part.entries.size();) {
        // Entries [i, end) lie one behind the other in the file and fit the page.
        std::size_t end = i;
        std::size_t bytes = 0;
        while (end < part.entries.size()) {
            const auto& entry = part.entries[end];
            const bool follows =
                end == i ||
                part.entries[end - 1].offset + part.entries[end - 1].stored_bytes == entry.offset;
            const auto stored = range.bytes.size() + bytes + entry.stored_bytes;
            const bool fits = (raw + entry.raw_bytes <= limits.raw_bytes_max &&
                               stored <= limits.stored_bytes_max) ||
                              (range.blocks.empty() && end == i);
            if (!follows || !fits || (end > i && bytes + entry.stored_bytes > kReadBytesMax)) break;
            raw += entry.raw_bytes;
            bytes += entry.stored_bytes;
            ++end;
        }
        if (end == i) return false;
        const auto at = range.bytes.size();
        range.bytes.resize(at + bytes);
        auto got = (*opened)->read_at(part.entries[i].offset, range.bytes.data() + at, bytes);
        if (!got) return std::move(got).error();
        range.bytes.resize(at + *got);
        for (std::size_t place = at; i < end; ++i) {
            const auto size = part.entries[i].stored_bytes;
            const auto held =
                std::string_view(range.bytes).substr(std::min(place, range.bytes.size()), size);
            if (!append_record(part, i, shard, held, place, range) && !range.blocks.empty()) {
                return false;
            }
            place += size;
        }
    }
    return true;
}

/// Checks one record. True: it is in the page. False: it is damaged; the page ends before it, or
/// begins behind it.
bool LogstoreLog::append_record(const Part& part, std::size_t i, ShardId shard,
                                std::string_view bytes, std::size_t bytes_at, StoredRange& range) {
    const auto& entry = part.entries[i];
    const auto position = part.first_position + static_cast<std::int64_t>(i);
    std::string why;
    auto header = decode_record_header(bytes, part.salt, entry.offset);
    if (!header) {
        why = header.error().message;
    } else if (header->shard != shard || header->position != position) {
        why = "another record lies where the index points";
    } else if (bytes.size() != header->stored_bytes() ||
               crc32c(bytes.substr(kRecordHeaderBytes)) != header->body_crc) {
        why = "the record's body does not fit its checksum";
    }
    if (!why.empty()) {
        report_damaged(part, i, shard, why);
        if (range.blocks.empty()) range.next = position + 1;
        return false;
    }
    range.blocks.push_back({bytes_at + kRecordHeaderBytes, header->body_bytes, header->raw_bytes,
                            header->last_sequence, header->receive_ns});
    range.next = position + 1;
    return true;
}

/// What a reader is told: that retention was there first, or to come again. Paths are not for them.
Error LogstoreLog::read_error(ShardId shard, std::int64_t from, const Error& why) const {
    const auto bounds = positions(shard);
    if (!bounds) return bounds.error();
    if (from < bounds->first) {
        return bad_cursor(
            fmt::format("cursor {} of shard {} of {} has just expired; the first is {}", from,
                        shard.value(), name_, bounds->first));
    }
    context_.events.warn("store.read_failed", why.message,
                         {{"logstore", name_}, {"shard", shard.value()}, {"position", from}});
    return make_error(why.code == ErrorCode::NotFound ? ErrorCode::Unavailable : why.code,
                      fmt::format("shard {} of {} cannot be read at {} now; try again",
                                  shard.value(), name_, from));
}

void LogstoreLog::report_damaged(const Part& part, std::size_t i, ShardId shard,
                                 std::string_view why) {
    const auto position = part.first_position + static_cast<std::int64_t>(i);
    const auto number = part.segment->summary().header.number;
    {
        const std::lock_guard lock(reported_mutex_);
        const auto key =
            static_cast<std::uint32_t>(hash64(fmt::format("{}/{}", shard.value(), position)));
        if (!reported_.emplace(number, key).second) return;
    }
    context_.metrics.damaged_records.add();
    context_.events.error(
        "store.damaged_record",
        fmt::format("position {} of shard {} of {} is damaged and is not served: {}; "
                    "run \"spillway region check\" on the data folder",
                    position, shard.value(), name_, why),
        {{"logstore", name_},
         {"shard", shard.value()},
         {"position", position},
         {"file", part.segment->data_path},
         {"offset", part.entries[i].offset}});
}

Result<std::int64_t> LogstoreLog::position_at(ShardId shard, std::int64_t unix_s) const {
    auto bounds = positions(shard);
    if (!bounds) return std::move(bounds).error();
    ShardRun run;
    std::shared_ptr<Segment> segment;
    {
        const std::shared_lock lock(state_mutex_);
        for (const auto& each : segments_) {
            const auto* found = each->summary().find(shard);
            if (found == nullptr || found->last_receive_s < unix_s) continue;
            run = *found;
            segment = each;
            break;
        }
    }
    if (!segment) return bounds->next;
    std::uint32_t low = 0;
    for (std::uint32_t high = run.count; low < high;) {
        const auto middle = low + (high - low) / 2;
        auto part = locate(shard, run.first_position + middle, 1);
        if (!part) return read_error(shard, run.first_position, part.error());
        if (part->entries.empty()) return bounds->next;
        if (part->entries.front().receive_s < unix_s) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return run.first_position + low;
}

Result<std::int64_t> LogstoreLog::receive_unix_s(ShardId shard, std::int64_t position) const {
    auto bounds = positions(shard);
    if (!bounds) return std::move(bounds).error();
    if (position < bounds->first || position >= bounds->next) {
        return bad_cursor(fmt::format("no LogGroup is stored at cursor {} of shard {} of {}",
                                      position, shard.value(), name_));
    }
    auto part = locate(shard, position, 1);
    if (!part) return read_error(shard, position, part.error());
    if (part->entries.empty()) return bad_cursor("the cursor has just expired");
    return part->entries.front().receive_s;
}

}  // namespace spillway::engine
