#include "logstore/server/log_scan.h"

#include "logstore/server/log_frames.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_reader.h"

#include <algorithm>
#include <tuple>

namespace spillway::server {

namespace {

constexpr std::uint32_t kGroupsAStep = 256;
constexpr std::uint64_t kRawBytesAStep = 4ULL * 1024 * 1024;

/// Where a log is, in the order in which answers list them.
struct Place {
    std::int64_t time_s = 0;
    std::uint32_t time_ns = 0;
    std::uint32_t shard = 0;
    std::int64_t position = 0;
    std::uint32_t log = 0;

    auto key() const { return std::tuple(time_s, time_ns, shard, position, log); }
    bool operator<(const Place& other) const { return key() < other.key(); }
};

/// Whether a log is asked for. The frame's event may be edited by stages.
bool matches(const LogFilter& filter, const Place& place, transform::Frame& frame) {
    const auto time = std::pair(place.time_s, place.time_ns);
    if (time < std::pair(filter.from_s, filter.from_ns)) return false;
    if (time >= std::pair(filter.to_s, filter.to_ns)) return false;
    if (filter.search && !filter.search->matches(frame)) return false;
    if (frame.has_failed) return false;
    return !filter.stages || filter.stages->run(frame) == SplProgram::Verdict::Keep;
}

/// Walks the logs of one block.
template <class Visit>
Status each_log(std::string_view group, LogFrames& frames, std::string_view topic, Place place,
                Visit&& visit) {
    auto view = wire::LogGroupView::parse(group);
    if (!view) return std::move(view).error();
    if (!topic.empty() && view->topic() != topic) return {};
    if (auto opened = frames.open_group(group); !opened) return opened;
    place.log = 0;
    view->for_each_log([&](const wire::LogView& log) {
        place.time_s = log.time();
        place.time_ns = log.time_ns().value_or(0);
        visit(place, log);
        ++place.log;
        return true;
    });
    return {};
}

class Scan {
  public:
    Scan(engine::Engine& engine, const LogstoreRef& ref, const LogFilter& filter,
         const ScanLimits& limits, const Clock& clock)
        : engine_(engine), ref_(ref), filter_(filter), limits_(limits), clock_(clock) {}

    /// visit(place, frame) for every match; shards take turns.
    template <class Visit>
    Status run(std::optional<std::uint32_t> only_shard, Visit&& visit) {
        auto shards = engine_.shards(ref_);
        if (!shards) return std::move(shards).error();
        std::map<ShardId, Cursor> at;
        const auto seek = CursorSeek::at(
            std::max<std::int64_t>(0, filter_.from_s - std::chrono::seconds(kClockSkew).count()));
        for (const auto& shard : *shards) {
            if (only_shard && shard.id.value() != *only_shard) continue;
            auto cursor = engine_.cursor(ref_, shard.id, seek);
            if (!cursor) return std::move(cursor).error();
            at.emplace(shard.id, *std::move(cursor));
        }
        const auto deadline = clock_.mono() + limits_.time_max;
        while (!at.empty()) {
            for (auto place = at.begin(); place != at.end();) {
                if (facts_.raw_bytes_read >= limits_.raw_bytes_max || clock_.mono() >= deadline) {
                    facts_.is_complete = false;
                    return {};
                }
                auto more = step(place->first, place->second, visit);
                if (!more) return std::move(more).error();
                place = *more ? std::next(place) : at.erase(place);
            }
        }
        return {};
    }

    ScanFacts& facts() { return facts_; }

  private:
    /// False at the shard's end.
    template <class Visit>
    Result<bool> step(ShardId shard, Cursor& cursor, Visit&& visit) {
        auto range = engine_.read_blocks(ref_, shard, cursor, kGroupsAStep, kRawBytesAStep);
        if (!range && range.error().code == ErrorCode::OutOfRange) {
            facts_.is_complete = false;  // retention was faster
            return false;
        }
        if (!range) return std::move(range).error();
        auto position = range->next - static_cast<std::int64_t>(range->blocks.size());
        for (std::size_t i = 0; i < range->blocks.size(); ++i, ++position) {
            const auto raw_bytes = range->blocks[i].raw_bytes;
            if (auto raw = wire::decompress_into(raw_, Codec::Lz4, range->block(i), raw_bytes);
                !raw) {
                return std::move(raw).error();
            }
            facts_.raw_bytes_read += raw_bytes;
            const Place place{0, 0, shard.value(), position, 0};
            auto walked = each_log(raw_, frames_, filter_.topic, place,
                                   [&](const Place& found, const wire::LogView& log) {
                                       ++facts_.logs_read;
                                       auto& frame = frames_.frame_of(log.body());
                                       if (matches(filter_, found, frame)) visit(found, frame);
                                   });
            if (!walked) return std::move(walked).error();
        }
        cursor = Cursor::from_position(range->next);
        return !range->at_end;
    }

    engine::Engine& engine_;
    const LogstoreRef& ref_;
    const LogFilter& filter_;
    const ScanLimits& limits_;
    const Clock& clock_;
    ScanFacts facts_;
    LogFrames frames_;
    std::string raw_;
};

FoundLog found_log(transform::Frame& frame, std::uint32_t time_ns) {
    FoundLog log;
    frame.event->for_each(frame.arena(), [&](std::string_view key, std::string_view value) {
        log.emplace_back(key, value);
    });
    if (time_ns != 0) log.emplace_back("__time_ns_part__", std::to_string(time_ns));
    return log;
}

/// What a log holds in an answer. Many short fields cost more than their text.
std::uint64_t bytes_of(const FoundLog& log) {
    std::uint64_t bytes = log.size() * sizeof(FoundLog::value_type);
    for (const auto& [key, value] : log) bytes += key.size() + value.size();
    return bytes;
}

/// The first `max` places in order, whatever order they come in.
class FirstPlaces {
  public:
    FirstPlaces(std::size_t max, bool is_reverse) : max_(max), is_reverse_(is_reverse) {}

    void offer(const Place& place) {
        if (max_ == 0) return;
        const auto before = [this](const Place& a, const Place& b) { return precedes(a, b); };
        if (heap_.size() == max_) {
            if (!precedes(place, heap_.front())) return;
            std::pop_heap(heap_.begin(), heap_.end(), before);
            heap_.pop_back();
        }
        heap_.push_back(place);
        std::push_heap(heap_.begin(), heap_.end(), before);
    }

    std::vector<Place> take() {
        std::sort(heap_.begin(), heap_.end(),
                  [this](const Place& a, const Place& b) { return precedes(a, b); });
        return std::move(heap_);
    }

  private:
    bool precedes(const Place& a, const Place& b) const { return is_reverse_ ? b < a : a < b; }

    std::size_t max_;
    bool is_reverse_;
    std::vector<Place> heap_;  // the last in order is its top
};

/// Reads found logs again. Neighbours mostly lie in one block, which is read once for all of them.
class LogReader {
  public:
    LogReader(engine::Engine& engine, const LogstoreRef& ref, const LogFilter& filter)
        : engine_(engine), ref_(ref), filter_(filter) {}

    /// Nothing when it has gone meanwhile.
    Result<std::optional<FoundLog>> read(const Place& place) {
        if (auto opened = open_block(place); !opened) return std::move(opened).error();
        std::optional<FoundLog> found;
        if (raw_.empty()) return found;
        auto walked =
            each_log(raw_, frames_, "", place, [&](const Place& at, const wire::LogView& log) {
                if (at.log != place.log) return;
                auto& frame = frames_.frame_of(log.body());
                if (filter_.stages) (void)filter_.stages->run(frame);
                found = found_log(frame, at.time_ns);
            });
        if (!walked) return std::move(walked).error();
        return found;
    }

  private:
    Status open_block(const Place& place) {
        const std::pair wanted(place.shard, place.position);
        if (block_ == wanted) return {};
        block_ = wanted;
        raw_.clear();
        auto range = engine_.read_blocks(ref_, ShardId(place.shard),
                                         Cursor::from_position(place.position), 1, kRawBytesAStep);
        if (!range && range.error().code == ErrorCode::OutOfRange) return {};
        if (!range) return std::move(range).error();
        if (range->blocks.empty() || range->next != place.position + 1) return {};
        auto raw = wire::decompress(Codec::Lz4, range->block(0), range->blocks[0].raw_bytes);
        if (!raw) return std::move(raw).error();
        raw_ = *std::move(raw);
        return {};
    }

    engine::Engine& engine_;
    const LogstoreRef& ref_;
    const LogFilter& filter_;
    std::optional<std::pair<std::uint32_t, std::int64_t>> block_;
    std::string raw_;  ///< of that block; empty: it has gone
    LogFrames frames_;
};

}  // namespace

Result<FoundLogs> find_logs(engine::Engine& engine, const LogstoreRef& ref,
                            const LogsRequest& request, const ScanLimits& limits,
                            const Clock& clock) {
    Scan scan(engine, ref, request.filter, limits, clock);
    FirstPlaces first(static_cast<std::size_t>(request.offset + request.lines), request.is_reverse);
    auto scanned =
        scan.run(std::nullopt, [&](const Place& place, transform::Frame&) { first.offer(place); });
    if (!scanned) return std::move(scanned).error();
    FoundLogs found;
    found.facts = scan.facts();
    const auto places = first.take();
    LogReader reader(engine, ref, request.filter);
    std::uint64_t answer_bytes = 0;
    for (std::size_t i = request.offset; i < places.size(); ++i) {
        auto log = reader.read(places[i]);
        if (!log) return std::move(log).error();
        if (!*log) {
            found.facts.is_complete = false;
            continue;
        }
        answer_bytes += bytes_of(**log);
        // The first goes always: who reads on by the count must get further.
        if (answer_bytes > limits.answer_bytes_max && !found.logs.empty()) {
            found.facts.is_complete = false;
            break;
        }
        found.logs.push_back(**std::move(log));
    }
    return found;
}

Result<FoundCounts> count_logs(engine::Engine& engine, const LogstoreRef& ref,
                               const HistogramRequest& request,
                               const std::vector<std::int64_t>& bounds, const ScanLimits& limits,
                               const Clock& clock) {
    FoundCounts found;
    found.counts.resize(bounds.size() - 1);
    Scan scan(engine, ref, request.filter, limits, clock);
    auto scanned = scan.run(request.shard, [&](const Place& place, transform::Frame&) {
        const auto after = std::upper_bound(bounds.begin(), bounds.end(), place.time_s);
        const auto bucket = std::clamp<std::ptrdiff_t>(
            after - bounds.begin() - 1, 0, static_cast<std::ptrdiff_t>(found.counts.size()) - 1);
        ++found.counts[static_cast<std::size_t>(bucket)];
        ++found.total;
    });
    if (!scanned) return std::move(scanned).error();
    found.facts = scan.facts();
    return found;
}

}  // namespace spillway::server
