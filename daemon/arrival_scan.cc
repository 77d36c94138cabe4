#include "daemon/arrival_scan.h"

#include "base/hash.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_reader.h"
#include "replicator/provenance.h"

#include <set>
#include <unordered_set>

namespace spillway::daemon {

namespace {

/// Above this many logs a comparison would take too much memory: the report then gives a bound.
constexpr std::uint64_t kComparedLogsMax = 20'000'000;

bool is_replicated(const wire::LogGroupView& group) {
    return group.find_tag(replicator::kOriginTag).has_value();
}

/// Tells one agent from another: the machine, whatever address it writes from.
std::string source_of(const wire::LogGroupView& group) {
    const auto host = group.find_tag("__hostname__");
    return std::string(host ? *host : group.source());
}

/// Reads [from, to) of a shard page by page; without `to`, to the present end. Returns the next
/// cursor. `visit` gets the position of the group and its bytes.
template <class Visit>
Result<Cursor> scan_shard(LogSource& source, const LogstoreRef& logstore, ShardId shard,
                          Cursor from, const std::optional<Cursor>& to, Visit&& visit) {
    while (!to || from != *to) {
        PullRequest request;
        request.from = from;
        request.end = to;
        auto page = source.pull(logstore, shard, request);
        if (!page) return std::move(page).error();
        auto raw = wire::decompress(page->codec, page->body, page->raw_bytes);
        if (!raw) return std::move(raw).error();
        std::int64_t position = from.position().value_or(0);
        auto walked = wire::for_each_group(*raw, [&](std::string_view bytes) {
            if (auto group = wire::LogGroupView::parse(bytes)) visit(position, *group);
            ++position;
            return true;
        });
        if (!walked) return std::move(walked).error();
        if (page->next == from) break;
        from = page->next;
    }
    return from;
}

Result<Cursor> begin_of(LogSource& source, const LogstoreRef& logstore, ShardId shard,
                        const std::map<ShardId, Cursor>& since) {
    const auto known = since.find(shard);
    if (known != since.end() && !known->second.empty()) return known->second;
    return source.cursor(logstore, shard, CursorSeek::begin());
}

std::optional<WallTime> receive_time(LogSource& source, const LogstoreRef& logstore, ShardId shard,
                                     std::optional<std::int64_t> position) {
    if (!position) return std::nullopt;
    const auto at = source.cursor_time(logstore, shard, Cursor::from_position(*position));
    return at ? std::optional(from_unix_seconds(*at)) : std::nullopt;
}

struct PositionSpan {
    std::optional<std::int64_t> first;
    std::optional<std::int64_t> last;
    void include(std::int64_t position) {
        if (!first) first = position;
        last = position;
    }
};

/// What makes a log the same log wherever it went: its place in its file where the agent tells it,
/// else its source, time and text. A rule may have added or changed other fields on the way.
/// Tags stand behind the logs, so a group is asked for them once, not for each of its logs.
class LogIdentity {
  public:
    explicit LogIdentity(const wire::LogGroupView& group)
        : source_(hash64(source_of(group))),
          file_(hash64(group.find_tag("__path__").value_or(""),
                       hash64(group.find_tag("__inode__").value_or(""), source_))) {}

    std::uint64_t of(const wire::LogView& log) const {
        if (const auto offset = log.find("__file_offset__")) return hash64(*offset, file_);
        const std::uint64_t hash = hash64(std::to_string(log.time()), source_);
        if (const auto content = log.find("content")) return hash64(*content, hash);
        return hash64(log.body(), hash);
    }

  private:
    std::uint64_t source_;
    std::uint64_t file_;
};

}  // namespace

Result<switchover::Arrivals> ArrivalScan::arrivals(const RegionName& region,
                                                   const LogstoreRef& logstore,
                                                   const std::map<ShardId, Cursor>& since) {
    LogSource& source = regions_.brisk(region);
    auto shards = source.shards(logstore);
    if (!shards) return std::move(shards).error();
    switchover::Arrivals found;
    std::set<std::string> direct;
    std::set<std::string> replicated;
    for (const auto& shard : *shards) {
        auto from = begin_of(source, logstore, shard.id, since);
        if (!from) return std::move(from).error();
        auto next = scan_shard(source, logstore, shard.id, *from, std::nullopt,
                               [&](std::int64_t, const wire::LogGroupView& group) {
                                   const bool copied = is_replicated(group);
                                   (copied ? replicated : direct).insert(source_of(group));
                                   (copied ? found.replicated_logs : found.direct_logs) +=
                                       group.log_count();
                               });
        if (!next) return std::move(next).error();
        found.next[shard.id] = *std::move(next);
    }
    found.direct_sources.assign(direct.begin(), direct.end());
    found.replicated_sources.assign(replicated.begin(), replicated.end());
    found.at_end = true;
    return found;
}

Result<switchover::RangeCount> ArrivalScan::count(const RegionName& region,
                                                  const LogstoreRef& logstore, ShardId shard,
                                                  const Cursor& from, const Cursor& to) {
    LogSource& source = regions_.brisk(region);
    switchover::RangeCount counted;
    PositionSpan span;
    auto next = scan_shard(source, logstore, shard, from, to,
                           [&](std::int64_t position, const wire::LogGroupView& group) {
                               if (is_replicated(group)) return;
                               counted.logs += group.log_count();
                               span.include(position);
                           });
    if (!next) return std::move(next).error();
    counted.first = receive_time(source, logstore, shard, span.first);
    counted.last = receive_time(source, logstore, shard, span.last);
    return counted;
}

Result<switchover::DuplicateCount> ArrivalScan::duplicates(const RegionName& region,
                                                           const LogstoreRef& logstore,
                                                           const std::map<ShardId, Cursor>& since) {
    LogSource& source = regions_.brisk(region);
    auto shards = source.shards(logstore);
    if (!shards) return std::move(shards).error();
    std::unordered_set<std::uint64_t> seen;
    switchover::DuplicateCount doubled;
    for (const auto& shard : *shards) {
        auto from = begin_of(source, logstore, shard.id, since);
        if (!from) return std::move(from).error();
        PositionSpan span;
        auto next = scan_shard(source, logstore, shard.id, *from, std::nullopt,
                               [&](std::int64_t position, const wire::LogGroupView& group) {
                                   if (seen.size() > kComparedLogsMax) return;
                                   const LogIdentity identity(group);
                                   group.for_each_log([&](const wire::LogView& log) {
                                       if (!seen.insert(identity.of(log)).second) {
                                           ++doubled.logs;
                                           span.include(position);
                                       }
                                       return true;
                                   });
                               });
        if (!next) return std::move(next).error();
        if (seen.size() > kComparedLogsMax) {
            return make_error(ErrorCode::Unsupported, "more than 20 million logs to compare");
        }
        const auto first = receive_time(source, logstore, shard.id, span.first);
        const auto last = receive_time(source, logstore, shard.id, span.last);
        if (first && (!doubled.first || *first < *doubled.first)) doubled.first = first;
        if (last && (!doubled.last || *last > *doubled.last)) doubled.last = last;
    }
    return doubled;
}

}  // namespace spillway::daemon
