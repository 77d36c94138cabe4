// What a log gives up: whole segments, from the first. What must outlive them is saved before.
#include "logstore/engine/logstore_log.h"

#include <algorithm>

namespace spillway::engine {

namespace {

constexpr std::int64_t kSealsPerLifetime = 8;
constexpr std::int64_t kSealedAfterNsMin = 3'600'000'000'000;  // an hour

}  // namespace

/// Whether retention may take a sealed segment.
bool LogstoreLog::is_over(const Segment& segment, std::int64_t receive_ns) const {
    const auto& summary = segment.sealed;
    if (summary.runs.empty()) return summary.header.created_ns < receive_ns;
    if (summary.last_receive_ns < receive_ns) return true;
    return std::none_of(summary.runs.begin(), summary.runs.end(),
                        [&](const ShardRun& run) { return next_position_.contains(run.shard); });
}

/// Whole segments go, so a segment of a slow Logstore must not grow for longer than a small part of
/// the time that its records are kept.
bool LogstoreLog::should_seal(std::int64_t receive_ns) const {
    if (!has_active() || stopped_) return false;
    const auto& summary = segments_.back()->summary();
    if (summary.tail <= kSegmentHeaderBytes) return false;
    const std::int64_t now_ns = context_.clock.wall().time_since_epoch().count();
    const auto span_ns = std::max((now_ns - receive_ns) / kSealsPerLifetime, kSealedAfterNsMin);
    return summary.last_receive_ns < receive_ns || summary.first_receive_ns < now_ns - span_ns;
}

Result<std::size_t> LogstoreLog::drop_before(std::int64_t receive_ns,
                                             const std::function<Status(const Trim&)>& persist) {
    const std::lock_guard round(round_mutex_);
    if (should_seal(receive_ns)) {
        if (auto awake = wake(); !awake) return std::move(awake).error();
        if (auto sealed = seal_active(); !sealed) return std::move(sealed).error();
    }
    std::size_t count = 0;
    while (count < segments_.size() && !segments_[count]->builder &&
           is_over(*segments_[count], receive_ns)) {
        ++count;
    }
    return drop_first(count, receive_ns, persist);
}

Result<std::size_t> LogstoreLog::drop_through(std::uint64_t segment_number,
                                              const std::function<Status(const Trim&)>& persist) {
    const std::lock_guard round(round_mutex_);
    std::size_t count = 0;
    std::int64_t newest_ns = 0;
    while (count < segments_.size() && !segments_[count]->builder &&
           segments_[count]->sealed.header.number <= segment_number) {
        newest_ns = segments_[count++]->sealed.last_receive_ns;
    }
    return drop_first(count, newest_ns, persist);
}

Result<std::size_t> LogstoreLog::drop_first(std::size_t count, std::int64_t receive_ns,
                                            const std::function<Status(const Trim&)>& persist) {
    auto trim = plan_trim(count, receive_ns);
    if (!trim) return std::move(trim).error();
    if (count == 0 && trim->emptied.empty()) return count;
    if (auto saved = persist(*trim); !saved) return std::move(saved).error();
    if (auto gone = apply_trim(count, *trim); !gone) return std::move(gone).error();
    return count;
}

/// What the first `count` segments hold that must outlive them.
Result<Trim> LogstoreLog::plan_trim(std::size_t count, std::int64_t receive_ns) {
    Trim trim;
    for (std::size_t i = 0; i < count; ++i) {
        for (const auto& run : segments_[i]->sealed.runs) {
            trim.trimmed_to[run.shard] = run.end_position();
        }
        auto file = context_.cache.open(segments_[i]->index_path);
        if (!file) return std::move(file).error();
        auto index = read_segment_index(**file);
        if (!index) return std::move(index).error();
        for (const auto& [key, sequence] : index->fences) {
            trim.fences[key] = std::max(trim.fences[key], sequence);
        }
    }
    for (const auto& shard : shards_) {
        const auto now = trim.trimmed_to.find(shard.id);
        const auto trimmed = now != trim.trimmed_to.end() ? now->second : trimmed_to_[shard.id];
        const bool is_empty = next_position_.at(shard.id) == std::max(trimmed, shard.created_ns);
        const bool is_retired =
            shard.status == ShardStatus::ReadOnly && shard.readonly_ns < receive_ns;
        if (is_retired && is_empty) trim.emptied.push_back(shard.id);
    }
    return trim;
}

/// Forgets the first `count` segments, then removes their files.
Status LogstoreLog::apply_trim(std::size_t count, const Trim& trim) {
    std::vector<std::shared_ptr<Segment>> gone;
    {
        const std::unique_lock lock(state_mutex_);
        const auto end = segments_.begin() + static_cast<std::ptrdiff_t>(count);
        gone.assign(segments_.begin(), end);
        segments_.erase(segments_.begin(), end);
        for (const auto& [shard, to] : trim.trimmed_to) trimmed_to_[shard] = to;
        for (const auto id : trim.emptied) {
            std::erase_if(shards_, [&](const ShardEntry& shard) { return shard.id == id; });
            next_position_.erase(id);
        }
    }
    for (const auto& segment : gone) {
        context_.metrics.dropped_segments.add();
        for (const auto& path : {segment->index_path, segment->data_path}) {
            // In this order: else a reader could open it again in between and keep it open.
            if (auto removed = context_.files.remove(path); !removed) return removed;
            context_.cache.forget(path);
        }
    }
    return {};
}

}  // namespace spillway::engine
