// What the switchover controller needs of the rest of the house, and does not know how to do
// itself. Implemented in daemon/, where replicator, wire and regions meet. Thread-safe; every call
// may block; none throws; a call on a region that does not answer gives up within five seconds.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "logstore/model/logstore_api.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace spillway::switchover {

using std::chrono::milliseconds;

/// How far one shard of a link has come. Cursors are the source's.
struct LinkShard {
    ShardId shard;
    Cursor replicated_to;              ///< all before it is acknowledged by the target
    std::optional<Cursor> source_end;  ///< as last heard of the source; nothing: never heard
    /// The last moment at which the source was seen to hold nothing behind `replicated_to`.
    std::optional<WallTime> proved_at_end;
    /// When the source received the last group that was replicated.
    std::optional<WallTime> replicated_until;
    std::optional<milliseconds> lag;  ///< nothing: unknown, never a false zero
};

struct LinkProgress {
    std::string link;
    bool running = false;
    bool exactly_once = false;  ///< writes carry key and sequence id, and the target has the fence
    std::vector<LinkShard> shards;
    /// The busiest minute of the last hour; nothing: not measured.
    std::optional<double> peak_logs_per_second;
    std::string trouble;  ///< why it does not move, for people; empty: nothing known
};

class ReplicationView {
  public:
    virtual ~ReplicationView() = default;
    /// From what the link knows; never waits for a region. Errors: NotFound (no such link).
    virtual Result<LinkProgress> progress(const std::string& link) = 0;
    /// From now on the link copies a tail: it goes on trying for ever, and its records say so.
    virtual Status mark_late(const std::string& link, std::uint64_t epoch) = 0;
    /// True when everything before each of `ends` is acknowledged by the target.
    virtual Result<bool> drained(const std::string& link,
                                 const std::map<ShardId, Cursor>& ends) = 0;
};

/// What one canary write came to; `classify` in evidence.h reads it.
struct CanaryReply {
    std::optional<Error> error;  ///< nothing: the region acknowledged the record
    milliseconds latency{0};
    bool self_trouble =
        false;  ///< this host had no descriptor, memory or disk: says nothing of the region
};

class CanaryPort {
  public:
    virtual ~CanaryPort() = default;
    /// Writes one record to the region's canary Logstore (made where it is missing), once, no
    /// retry.
    virtual CanaryReply write_canary(const RegionName& region, milliseconds timeout) = 0;
};

/// What a Logstore received between two looks. A source is whatever tells one agent from another.
struct Arrivals {
    std::vector<std::string> direct_sources;      ///< wrote here themselves; sorted, distinct
    std::vector<std::string> replicated_sources;  ///< brought by a link; sorted, distinct
    std::uint64_t direct_logs = 0;
    std::uint64_t replicated_logs = 0;
    std::map<ShardId, Cursor> next;  ///< where the next look begins
    bool at_end = false;             ///< nothing was stored behind `next`
};

/// Logs in a range of one shard, and when the region received the first and the last of them.
struct RangeCount {
    std::uint64_t logs = 0;
    std::optional<WallTime> first;
    std::optional<WallTime> last;
};

/// Logs that a Logstore holds more than once, by content; beyond the first copy of each.
struct DuplicateCount {
    std::uint64_t logs = 0;
    std::optional<WallTime> first;  ///< receive time of the first such log
    std::optional<WallTime> last;
};

class ArrivalView {
  public:
    virtual ~ArrivalView() = default;
    /// Looks from `since` on; a shard that is not in `since` from its begin.
    virtual Result<Arrivals> arrivals(const RegionName& region, const LogstoreRef& logstore,
                                      const std::map<ShardId, Cursor>& since) = 0;
    /// Counts logs agents wrote themselves in [from, to) of one shard.
    virtual Result<RangeCount> count(const RegionName& region, const LogstoreRef& logstore,
                                     ShardId shard, const Cursor& from, const Cursor& to) = 0;
    /// Counts what is doubled between direct and replicated logs from `since` on.
    /// Errors: Unsupported where the store is too large to compare; the report then gives a bound.
    virtual Result<DuplicateCount> duplicates(const RegionName& region, const LogstoreRef& logstore,
                                              const std::map<ShardId, Cursor>& since) = 0;
};

}  // namespace spillway::switchover
