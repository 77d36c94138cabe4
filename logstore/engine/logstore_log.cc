#include "logstore/engine/logstore_log.h"

#include "base/hash.h"
#include "logstore/engine/byte_order.h"
#include "logstore/engine/segment_name.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::engine {

namespace {

constexpr std::size_t kRoundBytesMax = 32 * 1024 * 1024;
constexpr std::uint64_t kReserveBytesMin = 256 * 1024;
constexpr std::uint64_t kReserveBytesMax = 16 * 1024 * 1024;

Error with_service_code(ErrorCode code, std::string_view service_code, std::string message) {
    auto error = make_error(code, std::move(message));
    error.service_code = service_code;
    return error;
}

Error gone_error(const std::string& name) {
    return with_service_code(ErrorCode::NotFound, "LogStoreNotExist",
                             "logstore " + name + " does not exist any more");
}

}  // namespace

std::size_t PutRequest::bytes() const {
    std::size_t bytes = 0;
    for (const auto& group : groups) bytes += kRecordHeaderBytes + group.block.size();
    return bytes;
}

/// One commit, from plan to answer.
struct LogstoreLog::Round {
    struct Record {
        RecordHeader header;
        std::string_view block;
        std::uint32_t offset = 0;
    };
    std::vector<PutRequest> requests;
    std::vector<std::optional<Error>> refused;  ///< by request
    std::vector<Record> records;
    std::map<ShardId, std::int64_t> next_position;  ///< of the shards written to
    FenceMap fences;                                ///< of the keys written with
    std::uint64_t bytes = 0;
};

bool LogstoreLog::enqueue(PutRequest request) {
    {
        const std::lock_guard lock(queue_mutex_);
        if (!closed_) {
            queue_.push_back(std::move(request));
            return !std::exchange(scheduled_, true);
        }
    }
    request.done(gone_error(name_));
    return false;
}

std::vector<PutRequest> LogstoreLog::take_queue() {
    const std::lock_guard lock(queue_mutex_);
    std::vector<PutRequest> taken;
    std::size_t bytes = 0;
    while (!queue_.empty() && (taken.empty() || bytes + queue_.front().bytes() <= kRoundBytesMax)) {
        bytes += queue_.front().bytes();
        taken.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
    return taken;
}

bool LogstoreLog::finish_round() {
    const std::lock_guard lock(queue_mutex_);
    scheduled_ = !queue_.empty();
    return scheduled_;
}

bool LogstoreLog::run_round() {
    Round round;
    {
        const std::lock_guard lock(round_mutex_);
        round.requests = take_queue();
        plan(round);
        const Status stored = round.records.empty() ? Status{} : store(round);
        note_disk_state(stored);
        if (stored) publish(round);
        answer(round, stored);
    }
    return finish_round();
}

void LogstoreLog::plan(Round& round) {
    const auto now_ns = context_.clock.wall().time_since_epoch().count();
    last_receive_ns_ = std::max(last_receive_ns_, static_cast<std::int64_t>(now_ns));
    round.refused.resize(round.requests.size());
    for (std::size_t i = 0; i < round.requests.size(); ++i) round.refused[i] = plan_one(round, i);
}

/// Gives the request's groups their places, or says why not.
std::optional<Error> LogstoreLog::plan_one(Round& round, std::size_t i) {
    const auto& request = round.requests[i];
    if (auto passed = check_fence(round, request); !passed) {
        context_.metrics.refused_by_fence.add();
        return std::move(passed).error();
    }
    const auto shard = choose_shard(request);
    if (!shard) {
        return with_service_code(ErrorCode::NotFound, "LogStoreWithoutShard",
                                 "logstore " + name_ + " has no shard that takes writes");
    }
    auto& next = round.next_position.emplace(*shard, next_position_.at(*shard)).first->second;
    auto to_come = static_cast<std::uint32_t>(request.groups.size());
    for (const auto& group : request.groups) {
        RecordHeader header;
        header.groups_to_come = --to_come;
        header.body_bytes = static_cast<std::uint32_t>(group.block.size());
        header.body_crc = group.block_crc;
        header.raw_bytes = group.raw_bytes;
        header.log_count = group.log_count;
        header.last_sequence = group.last_sequence;
        header.shard = *shard;
        header.position = next++;
        header.receive_ns = last_receive_ns_;
        header.route_key = request.route_key;
        header.sequence_id = request.sequence_id;
        round.bytes += header.stored_bytes();
        round.records.push_back({header, group.block, 0});
    }
    if (request.sequence_id) round.fences[*request.route_key] = *request.sequence_id;
    return std::nullopt;
}

Status LogstoreLog::check_fence(const Round& round, const PutRequest& request) const {
    if (!request.sequence_id || !request.route_key) return {};
    std::uint64_t last = 0;
    if (const auto stored = fences_.find(*request.route_key); stored != fences_.end()) {
        last = stored->second;
    }
    if (const auto planned = round.fences.find(*request.route_key); planned != round.fences.end()) {
        last = planned->second;
    }
    if (*request.sequence_id > last) return {};
    return with_service_code(
        ErrorCode::Conflict, "InvalidSequenceId",
        fmt::format("sequence id {} of key {} is not greater than {}, the last one stored",
                    *request.sequence_id, format_hash_key(*request.route_key), last));
}

std::optional<ShardId> LogstoreLog::choose_shard(const PutRequest& request) {
    if (request.route_key) return route(shards_, *request.route_key);
    for (std::size_t tried = 0; tried < shards_.size(); ++tried) {
        const auto& shard = shards_[next_balanced_++ % shards_.size()];
        if (shard.status == ShardStatus::ReadWrite) return shard.id;
    }
    return std::nullopt;
}

Status LogstoreLog::store(Round& round) {
    if (stopped_) return *stopped_;
    if (auto awake = wake(); !awake) return awake;
    if (auto room = make_room(round.bytes); !room) return room;
    if (auto written = write_round(round); !written) {
        take_back(written.error());
        return written;
    }
    if (context_.settings.sync != SyncMode::Commit) {
        unsynced_ = true;
        return {};
    }
    auto synced = sync_active();
    // The writers are told that nothing was stored, so no later start may find it.
    if (!synced) (void)active_file_->truncate(segments_.back()->summary().tail);
    return synced;
}

bool LogstoreLog::has_active() const {
    return !segments_.empty() && segments_.back()->builder != nullptr;
}

/// Opens the active segment again after rest().
Status LogstoreLog::wake() {
    if (active_file_ || !has_active()) return {};
    auto file = context_.files.open(segments_.back()->data_path, OpenMode::ReadWrite);
    if (!file) return std::move(file).error();
    active_file_ = std::move(*file);
    return {};
}

bool LogstoreLog::rest() {
    const std::unique_lock round(round_mutex_, std::try_to_lock);
    if (!round || stopped_) return false;
    const bool may_lack = unsynced_.exchange(false) && active_file_;
    if (may_lack && context_.settings.sync == SyncMode::Interval && !sync_active()) return false;
    active_file_.reset();
    return true;
}

/// The active segment exists and has room on the disk for that many bytes more.
Status LogstoreLog::make_room(std::uint64_t bytes) {
    if (active_file_) {
        const auto tail = segments_.back()->summary().tail;
        const bool is_full =
            tail > kSegmentHeaderBytes && tail + bytes > context_.settings.segment_bytes;
        if (is_full || begins_anew_) {
            if (auto sealed = seal_active(); !sealed) return sealed;
        }
    }
    if (!active_file_) {
        if (auto begun = begin_segment(); !begun) return begun;
    }
    const auto needed = segments_.back()->summary().tail + bytes;
    if (needed <= reserved_) return {};
    const auto ahead = std::clamp(needed, kReserveBytesMin, kReserveBytesMax);
    auto generous = std::min(needed + ahead, context_.settings.segment_bytes);
    generous = std::max(generous, needed);
    auto reserved = active_file_->preallocate(generous);
    if (!reserved && generous > needed) reserved = active_file_->preallocate(generous = needed);
    if (!reserved) return reserved;
    reserved_ = generous;
    return {};
}

Status LogstoreLog::write_round(Round& round) {
    const auto& segment = segments_.back()->summary();
    const auto start = static_cast<std::uint32_t>(segment.tail);
    std::vector<std::string> headers;
    headers.reserve(round.records.size());
    std::vector<std::string_view> pieces;
    pieces.reserve(2 * round.records.size());
    std::uint32_t offset = start;
    for (auto& record : round.records) {
        record.header.round = next_round_;
        record.header.round_start = start;
        record.offset = offset;
        offset += record.header.stored_bytes();
        headers.push_back(encode_record_header(record.header, segment.header.salt, record.offset));
        pieces.push_back(headers.back());
        pieces.push_back(record.block);
    }
    return active_file_->write_at(start, pieces);
}

Status LogstoreLog::sync_active() {
    const auto begun = context_.clock.mono();
    auto synced = active_file_->sync();
    const std::chrono::duration<double> took = context_.clock.mono() - begun;
    context_.metrics.syncs.add();
    context_.metrics.sync_seconds.observe(took.count());
    if (synced) return {};
    auto error = std::move(synced).error().while_doing(
        "logstore " + name_ + " stopped acknowledging, because a sync failed; restart the region");
    error.code = ErrorCode::Unavailable;
    context_.events.error("store.stopped", error.message, {{"logstore", name_}});
    stopped_ = error;
    return error;
}

/// Removes what a failed write may have left, so that a later start finds no trace of it.
void LogstoreLog::take_back(const Error& why) {
    const auto tail = segments_.back()->summary().tail;
    auto cut = active_file_->truncate(tail);
    reserved_ = tail;
    if (cut && why.code == ErrorCode::Exhausted) return;
    auto error =
        Error(why).while_doing("logstore " + name_ + " stopped acknowledging; restart the region");
    error.code = ErrorCode::Unavailable;
    context_.events.error("store.stopped", error.message, {{"logstore", name_}});
    stopped_ = error;
}

void LogstoreLog::publish(Round& round) {
    if (round.records.empty()) return;
    std::uint64_t raw = 0;
    {
        const std::unique_lock lock(state_mutex_);
        auto& builder = *segments_.back()->builder;
        for (const auto& record : round.records) {
            builder.add(record.header, record.offset);
            raw += record.header.raw_bytes;
        }
        for (const auto& [shard, next] : round.next_position) next_position_[shard] = next;
        for (const auto& [key, sequence] : round.fences) fences_[key] = sequence;
    }
    ++next_round_;
    const auto groups = static_cast<double>(round.records.size());
    context_.metrics.stored_groups.add(groups);
    context_.metrics.stored_raw_bytes.add(static_cast<double>(raw));
    context_.metrics.stored_wire_bytes.add(static_cast<double>(round.bytes) -
                                           groups * static_cast<double>(kRecordHeaderBytes));
    context_.metrics.round_groups.observe(groups);
}

/// A put refused by what this very round wrote is only answered now: had the round failed, the
/// writer's first attempt would not be stored, and "you have sent this before" would lose it.
void LogstoreLog::answer(Round& round, const Status& stored) {
    for (std::size_t i = 0; i < round.requests.size(); ++i) {
        const auto& request = round.requests[i];
        const bool fenced_by_round =
            round.refused[i] && request.sequence_id && round.fences.contains(*request.route_key);
        if (!stored && (!round.refused[i] || fenced_by_round)) {
            context_.metrics.failed_puts.add();
            request.done(stored);
        } else {
            request.done(round.refused[i] ? Status(*round.refused[i]) : Status{});
        }
    }
}

void LogstoreLog::note_disk_state(const Status& stored) {
    const bool lacks = !stored && stored.error().code == ErrorCode::Exhausted;
    if (!stored && !lacks) return;
    const bool lacks_files = lacks && is_out_of_descriptors(stored.error());
    const auto refuses = "logstore " + name_ + " refuses writes: ";
    if (std::exchange(disk_full_, lacks && !lacks_files) != disk_full_) {
        if (disk_full_) {
            context_.events.error(
                "store.disk_full",
                refuses + stored.error().message + "; make room, nothing acknowledged is lost",
                {{"logstore", name_}});
        } else {
            context_.events.info("store.disk_has_room", "logstore " + name_ + " takes writes again",
                                 {{"logstore", name_}});
        }
    }
    if (std::exchange(out_of_files_, lacks_files) != out_of_files_) {
        if (out_of_files_) {
            context_.events.error(
                "store.too_many_files",
                refuses + stored.error().message +
                    "; raise the limit of open files of the process (LimitNOFILE, "
                    "ulimit -n), nothing acknowledged is lost",
                {{"logstore", name_}});
        } else {
            context_.events.info("store.opens_files_again",
                                 "logstore " + name_ + " takes writes again",
                                 {{"logstore", name_}});
        }
    }
}

Status LogstoreLog::begin_segment() {
    SegmentHeader header;
    header.log_id = id_;
    header.number = next_segment_++;  // not used again where this fails: its file may come back
    header.created_ns = context_.clock.wall().time_since_epoch().count();
    header.salt = number_at<std::uint64_t>(random_bytes(8), 0);
    auto segment = std::make_shared<Segment>();
    segment->data_path = directory_ + "/" + segment_name(header);
    segment->index_path = index_path_of(segment->data_path);
    segment->builder = std::make_unique<SegmentIndexBuilder>(header);
    auto file = context_.files.open(segment->data_path, OpenMode::Create);
    if (!file) return std::move(file).error();
    const auto encoded = encode_segment_header(header);
    const std::string_view pieces[] = {encoded};
    Status ready = (*file)->write_at(0, pieces);
    if (ready) ready = (*file)->sync();
    if (ready) ready = context_.files.sync_directory(directory_);
    if (!ready) {
        (void)context_.files.remove(segment->data_path);
        return ready;
    }
    const std::unique_lock lock(state_mutex_);
    segments_.push_back(std::move(segment));
    active_file_ = std::move(*file);
    reserved_ = kSegmentHeaderBytes;
    return {};
}

/// Writes the active segment's index beside it; from then on both are only read.
Status LogstoreLog::seal_active() {
    auto& segment = *segments_.back();
    // Should this fail half way, the index may be there already: a record behind it would be lost
    // to the next start.
    begins_anew_ = true;
    if (auto cut = active_file_->truncate(segment.summary().tail); !cut) return cut;
    reserved_ = segment.summary().tail;
    if (auto synced = sync_active(); !synced) return synced;
    auto encoded = segment.builder->encode();
    if (auto saved = replace_file(context_.files, segment.index_path, encoded.bytes); !saved) {
        return saved;
    }
    const std::unique_lock lock(state_mutex_);
    segment.sealed = std::move(encoded.summary);
    segment.builder.reset();
    active_file_.reset();
    begins_anew_ = false;
    return {};
}

void LogstoreLog::sync_written() {
    if (!unsynced_.exchange(false)) return;
    const std::lock_guard lock(round_mutex_);
    if (wake() && active_file_ && !stopped_) (void)sync_active();
}

std::vector<ShardEntry> LogstoreLog::shards() const {
    const std::shared_lock lock(state_mutex_);
    return shards_;
}

Result<ShardChange> LogstoreLog::change_shards(
    const std::function<Result<ShardChange>(const std::vector<ShardEntry>&)>& decide,
    const std::function<Status(const ShardChange&)>& persist) {
    const std::lock_guard round(round_mutex_);
    auto change = decide(shards_);
    if (!change) return change;
    if (auto saved = persist(*change); !saved) return std::move(saved).error();
    const std::unique_lock lock(state_mutex_);
    apply_change(shards_, *change);
    for (const auto& child : change->children) next_position_[child.id] = child.created_ns;
    return change;
}

Status LogstoreLog::remove_shard(ShardId id, const std::function<Status()>& persist) {
    const std::lock_guard round(round_mutex_);
    const auto found = std::find_if(shards_.begin(), shards_.end(),
                                    [&](const ShardEntry& shard) { return shard.id == id; });
    if (found == shards_.end()) {
        return with_service_code(ErrorCode::NotFound, "ShardNotExist",
                                 fmt::format("logstore {} has no shard {}", name_, id.value()));
    }
    if (found->status == ShardStatus::ReadWrite) {
        return with_service_code(ErrorCode::InvalidArgument, "ParameterInvalid",
                                 "invalid shard id: only a readonly shard can be deleted");
    }
    if (auto saved = persist(); !saved) return saved;
    const std::unique_lock lock(state_mutex_);
    shards_.erase(found);
    next_position_.erase(id);
    return {};
}

std::optional<CleanTail> LogstoreLog::close() {
    {
        const std::lock_guard lock(queue_mutex_);
        closed_ = true;
    }
    const std::lock_guard round(round_mutex_);
    for (auto left = take_queue(); !left.empty(); left = take_queue()) {
        for (const auto& request : left) request.done(gone_error(name_));
    }
    if (stopped_) return std::nullopt;
    if (!has_active()) return clean_tail_;
    if (!wake()) return std::nullopt;
    const auto& summary = segments_.back()->summary();
    if (!active_file_->truncate(summary.tail) || !active_file_->sync()) return std::nullopt;
    clean_tail_ = CleanTail{summary.header.number, summary.tail};
    active_file_.reset();
    return clean_tail_;
}

Status LogstoreLog::remove_files() {
    const std::lock_guard round(round_mutex_);
    const std::unique_lock lock(state_mutex_);
    for (const auto& segment : segments_) {
        for (const auto& path : {segment->data_path, segment->index_path}) {
            // In this order: else a reader could open it again in between and keep it open.
            if (auto removed = context_.files.remove(path); !removed) return removed;
            context_.cache.forget(path);
        }
    }
    segments_.clear();
    return context_.files.remove(directory_);
}

LogSize LogstoreLog::size() const {
    const std::shared_lock lock(state_mutex_);
    LogSize size;
    for (const auto& segment : segments_) {
        const auto& summary = segment->summary();
        size.bytes += summary.tail;
        if (segment->builder) continue;
        size.sealed.push_back({summary.header.number, summary.tail, summary.last_receive_ns});
    }
    return size;
}

LogStats LogstoreLog::stats() const {
    const std::shared_lock lock(state_mutex_);
    LogStats stats;
    stats.segments = segments_.size();
    stats.fence_keys = fences_.size();
    std::map<ShardId, ShardStats> by_shard;
    for (const auto& segment : segments_) {
        stats.disk_bytes += segment->summary().tail;
        stats.damaged += segment->summary().damaged;
        for (const auto& run : segment->summary().runs) {
            auto& shard = by_shard[run.shard];
            shard.groups += run.count;
            shard.logs += run.logs;
            shard.raw_bytes += run.raw_bytes;
            shard.stored_bytes += run.stored_bytes;
        }
    }
    for (const auto& entry : shards_) {
        auto& shard = by_shard[entry.id];
        shard.shard = entry;
        shard.positions.next = next_position_.at(entry.id);
        shard.positions.first = first_position(entry.id, shard.positions.next);
        stats.shards.push_back(shard);
    }
    return stats;
}

}  // namespace spillway::engine
