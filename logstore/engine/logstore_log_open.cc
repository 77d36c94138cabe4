// Opening a log. Sealed segments are known from their index files; only the last segment, or one
// whose index is missing, is read.
#include "logstore/engine/logstore_log.h"
#include "logstore/engine/segment_name.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::engine {

LogstoreLog::LogstoreLog(const LogContext& context, LogStart start)
    : context_(context),
      id_(start.id),
      name_(std::move(start.name)),
      directory_(std::move(start.directory)),
      clean_tail_(start.clean_tail),
      trimmed_to_(std::move(start.trimmed_to)),
      shards_(std::move(start.shards)),
      fences_(std::move(start.fences)) {}

Result<std::shared_ptr<LogstoreLog>> LogstoreLog::open(const LogContext& context, LogStart start) {
    std::shared_ptr<LogstoreLog> log(new LogstoreLog(context, std::move(start)));
    if (auto recovered = log->recover(); !recovered) {
        return std::move(recovered).error().while_doing("opening logstore " + log->name_);
    }
    return log;
}

Status LogstoreLog::recover() {
    if (auto made = context_.files.make_directory(directory_); !made) return made;
    auto names = context_.files.list(directory_);
    if (!names) return std::move(names).error();
    std::erase_if(*names, [&](const auto& name) { return !header_of_name(name, id_); });
    for (const auto& name : *names) {
        if (auto opened = open_segment(name, name == names->back()); !opened) {
            return std::move(opened).error().while_doing(directory_ + "/" + name);
        }
    }
    count_shards();
    drop_given_up();
    pass_over_lost_positions(clean_tail_.has_value() || segments_.empty());
    clean_tail_.reset();
    return {};
}

Status LogstoreLog::open_segment(const std::string& name, bool is_last) {
    const auto header = header_of_name(name, id_);
    next_segment_ = header->number + 1;
    auto segment = std::make_shared<Segment>();
    segment->data_path = directory_ + "/" + name;
    segment->index_path = index_path_of(segment->data_path);
    if (auto known = check_header(*segment, *header); !known) return known;
    auto index_file = context_.cache.open(segment->index_path);
    if (index_file) {
        auto index = read_segment_index(**index_file);
        if (index && index->summary.header.salt == header->salt) {
            segment->sealed = std::move(index->summary);
            for (const auto& [key, sequence] : index->fences) {
                fences_[key] = std::max(fences_[key], sequence);
            }
        } else {
            if (!index && index.error().code == ErrorCode::Unsupported) return index.error();
            context_.events.warn("store.index_damaged",
                                 "the index of a segment is damaged; the segment is read to make a "
                                 "new one",
                                 {{"logstore", name_}, {"file", segment->index_path}});
            context_.cache.forget(segment->index_path);
            if (auto rebuilt = rebuild(*segment, *header, false); !rebuilt) return rebuilt;
        }
    } else if (index_file.error().code == ErrorCode::NotFound) {
        if (auto rebuilt = rebuild(*segment, *header, is_last); !rebuilt) return rebuilt;
    } else {
        return index_file.error();
    }
    segments_.push_back(std::move(segment));
    return {};
}

/// A later version's segment is left alone. A damaged header is no loss: its name says the same.
Status LogstoreLog::check_header(const Segment& segment, const SegmentHeader& named) {
    auto file = context_.files.open(segment.data_path, OpenMode::Read);
    if (!file) return std::move(file).error();
    auto size = (*file)->size();
    if (!size) return std::move(size).error();
    if (*size < kSegmentHeaderBytes) return {};  // its making was cut short
    auto bytes = read_exactly(**file, 0, kSegmentHeaderBytes);
    if (!bytes) return std::move(bytes).error();
    const auto header = decode_segment_header(*bytes);
    if (!header && header.error().code == ErrorCode::Unsupported) return header.error();
    if (header && header->salt == named.salt && header->number == named.number) return {};
    context_.events.warn("store.header_damaged",
                         "the header of a segment is damaged; its records are served, run "
                         "\"spillway region check\" on the data folder",
                         {{"logstore", name_}, {"file", segment.data_path}});
    return {};
}

/// Reads the segment to learn what an index would say.
Status LogstoreLog::rebuild(Segment& segment, const SegmentHeader& header, bool is_last) {
    auto file = context_.files.open(segment.data_path, OpenMode::ReadWrite);
    if (!file) return std::move(file).error();
    auto size = (*file)->size();
    if (!size) return std::move(size).error();
    std::optional<std::uint64_t> complete_to;
    if (!is_last) complete_to = *size;
    if (clean_tail_ && clean_tail_->segment == header.number) complete_to = clean_tail_->tail;
    auto scan = scan_segment(**file, header, complete_to);
    if (!scan) return std::move(scan).error();
    report_scan(segment, *scan, is_last);
    segment.builder = std::make_unique<SegmentIndexBuilder>(scan->index);
    for (const auto& [key, sequence] : scan->index.fences()) {
        fences_[key] = std::max(fences_[key], sequence);
    }
    // A tail inside damaged bytes cannot be written behind: such a segment is sealed as it is.
    const bool writable =
        is_last &&
        scan->tail == std::max<std::uint64_t>(scan->index.summary().tail, kSegmentHeaderBytes);
    if (!writable) {
        auto encoded = segment.builder->encode();
        auto saved = replace_file(context_.files, segment.index_path, encoded.bytes);
        if (!saved) return saved;
        segment.sealed = std::move(encoded.summary);
        segment.builder.reset();
        return {};
    }
    if (auto cut = cut_tail(segment, **file, *scan); !cut) return cut;
    active_file_ = std::move(*file);
    reserved_ = scan->tail;
    return {};
}

/// The bytes of an unfinished write must not lie behind later records, where they could be taken
/// for records again. A header that was never finished is written anew.
Status LogstoreLog::cut_tail(Segment& segment, File& file, const SegmentScan& scan) {
    auto size = file.size();
    if (!size) return std::move(size).error();
    if (*size < kSegmentHeaderBytes) {
        const auto encoded = encode_segment_header(segment.summary().header);
        const std::string_view pieces[] = {encoded};
        if (auto written = file.write_at(0, pieces); !written) return written;
    }
    if (*size > scan.tail) {
        if (auto cut = file.truncate(scan.tail); !cut) return cut;
    }
    if (auto written = write_last_round_again(file, scan); !written) return written;
    return file.sync();
}

/// The last round may never have been synced, or its sync may have failed: then the system holds
/// what the disk does not, and syncing alone would not change that. From here on the round counts
/// as stored (its writers may be told that they sent it before), so it has to be on the disk.
Status LogstoreLog::write_last_round_again(File& file, const SegmentScan& scan) {
    if (scan.last_round_start == 0) return {};
    auto round = read_exactly(file, scan.last_round_start,
                              static_cast<std::size_t>(scan.tail - scan.last_round_start));
    if (!round) return std::move(round).error();
    const std::string_view pieces[] = {*round};
    return file.write_at(scan.last_round_start, pieces);
}

void LogstoreLog::report_scan(const Segment& segment, const SegmentScan& scan, bool is_last) {
    if (is_last && scan.torn_bytes > 0) {
        context_.metrics.torn_bytes.add(static_cast<double>(scan.torn_bytes));
        context_.events.warn(
            "store.torn_tail",
            fmt::format("cut {} bytes of an unfinished or damaged last write", scan.torn_bytes),
            {{"logstore", name_},
             {"file", segment.data_path},
             {"offset", scan.tail},
             {"bytes", scan.torn_bytes}});
    }
    for (const auto& range : scan.damaged) {
        context_.metrics.damaged_records.add();
        context_.events.error(
            "store.damaged_range",
            fmt::format("bytes {} to {} of a segment are damaged and are not "
                        "served; run \"spillway region check\" on the data folder",
                        range.begin, range.end),
            {{"logstore", name_},
             {"file", segment.data_path},
             {"begin", range.begin},
             {"end", range.end}});
    }
}

void LogstoreLog::count_shards() {
    for (const auto& shard : shards_) {
        auto& next = next_position_[shard.id];
        next = std::max(shard.created_ns, trimmed_to_[shard.id]);
    }
    for (const auto& segment : segments_) {
        const auto& summary = segment->summary();
        next_round_ = std::max(next_round_, summary.last_round + 1);
        last_receive_ns_ = std::max(last_receive_ns_, summary.last_receive_ns);
        for (const auto& run : summary.runs) {
            const auto known = next_position_.find(run.shard);
            if (known == next_position_.end()) continue;
            known->second = std::max(known->second, run.end_position());
        }
    }
}

/// Positions that readers may have seen, but whose records are gone, must not be given out again: a
/// reader who stands behind them would miss the new ones. How many they were is not known, but the
/// time in nanoseconds lies beyond them all.
void LogstoreLog::pass_over_lost_positions(bool is_clean) {
    const bool is_damaged = !segments_.empty() && segments_.back()->summary().damaged > 0;
    // Where acknowledging does not wait for the sync, any unclean end may have lost records.
    const bool may_lack = !is_clean && context_.settings.sync != SyncMode::Commit;
    if (!is_damaged && !may_lack) return;
    const auto now_ns = static_cast<std::int64_t>(context_.clock.wall().time_since_epoch().count());
    for (const auto& shard : shards_) {
        auto& next = next_position_[shard.id];
        if (shard.status == ShardStatus::ReadWrite) next = std::max(next, now_ns);
    }
    // Positions of a run are consecutive, so those behind the leap go into a segment of their own.
    begins_anew_ = active_file_ != nullptr;
}

/// Segments that retention had given up when the process ended: only their files were left. Those
/// of a shard that was deleted stay until retention has saved the sequence ids they hold.
void LogstoreLog::drop_given_up() {
    const auto is_given_up = [&](const std::shared_ptr<Segment>& segment) {
        const auto& runs = segment->summary().runs;
        return !runs.empty() && std::all_of(runs.begin(), runs.end(), [&](const ShardRun& run) {
            const auto trimmed = trimmed_to_.find(run.shard);
            return trimmed != trimmed_to_.end() && run.end_position() <= trimmed->second;
        });
    };
    while (!segments_.empty() && is_given_up(segments_.front())) {
        if (segments_.size() == 1) active_file_.reset();
        context_.cache.forget(segments_.front()->index_path);
        (void)context_.files.remove(segments_.front()->index_path);
        (void)context_.files.remove(segments_.front()->data_path);
        segments_.erase(segments_.begin());
    }
}

}  // namespace spillway::engine
