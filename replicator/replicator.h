// The door of the replicator: one Link copies one source Logstore into its targets, through a rule,
// in order per source (topic, source, tags), and can say at any moment what is copied and what is
// not.
//
// What it promises: a record is acknowledged by the target before the checkpoint passes it, so
// nothing is lost by a crash; where the target fences writes (`Delivery::ExactlyOnce`) nothing is
// doubled either. Every group it writes carries one tag that says where it comes from
// (replicator/provenance.h).
#pragma once

#include "base/backoff.h"
#include "base/clock.h"
#include "base/event_log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/storage/state_store.h"
#include "base/task_runner.h"
#include "logstore/model/logstore_api.h"
#include "replicator/dead_letter.h"
#include "replicator/verify_report.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::replicator {

/// What happens to a record that the rule fails on or the target refuses as invalid.
enum class OnBadRecord { DeadLetter, Drop, Block };
/// What happens when source data went away before it was copied (retention, an invalid cursor).
enum class OnGap { SkipAndRecord, Stop };
enum class Delivery { ExactlyOnce, AtLeastOnce };
/// PerSource keeps the order of each (topic, source, tags); PerShard that of the whole source
/// shard.
enum class Order { PerSource, PerShard };

std::string_view name_of(OnBadRecord policy);  ///< "dead_letter", "drop", "block"
std::string_view name_of(OnGap policy);        ///< "skip_and_record", "stop"
std::string_view name_of(Delivery delivery);   ///< "exactly_once", "at_least_once"
std::optional<OnBadRecord> parse_on_bad_record(std::string_view text);
std::optional<OnGap> parse_on_gap(std::string_view text);
std::optional<Delivery> parse_delivery(std::string_view text);
std::optional<Order> parse_order(std::string_view text);  ///< "per_source", "per_shard"

/// Raw bytes of one write: what a link can be told, below what the service accepts (10 MiB).
inline constexpr std::uint64_t kBatchBytesMin = 1024;
inline constexpr std::uint64_t kBatchBytesMax = 8 * 1024 * 1024;
inline constexpr std::uint32_t kLanesMax = 64;

struct BatchLimits {
    std::uint64_t bytes_max = 4 * 1024 * 1024;  ///< raw (uncompressed) bytes of one write
    std::uint32_t logs_max = 4096;              ///< logs of one write
    std::chrono::milliseconds linger{200};      ///< least time between two pulls that found little
};

struct RateLimits {
    std::optional<std::uint64_t>
        bytes_per_second;  ///< raw bytes of the whole link; nothing = no limit
};

struct LinkOptions {
    std::string name;  ///< a-z 0-9 - _: part of keys, labels and the provenance tag
    LogstoreRef source;
    std::string rule;                             ///< transform rule text; empty copies every log
    CursorSeek start_from = CursorSeek::begin();  ///< only where no checkpoint exists
    BatchLimits batch;
    RateLimits limits;
    OnBadRecord on_bad_record = OnBadRecord::DeadLetter;
    OnGap on_gap = OnGap::SkipAndRecord;
    Delivery delivery = Delivery::ExactlyOnce;
    Order order = Order::PerSource;
    std::uint32_t lanes = 4;  ///< independent write sequences a shard; 1 with Order::PerShard
    BackoffPolicy retry;
    std::chrono::milliseconds poll{200};  ///< between pulls of a shard that has nothing new
    std::chrono::milliseconds shard_refresh{5'000};  ///< between looks at the source's shard list
    std::chrono::milliseconds stalled_after{
        60'000};                 ///< backlog without progress for this long: stalled
    std::uint64_t epoch = 1;     ///< of the pair; goes into the provenance tag
    std::uint32_t hops_max = 3;  ///< a group that was copied this often is not copied again
    /// Links that copy out of our target: what came by one of them is at home there and is not
    /// copied back.
    std::set<std::string> refuse_links;
    MetricLabels labels;  ///< of every metric: link, pair, source, target
};

/// One place to write to. The default target has an empty name; a rule may send groups to the
/// others.
struct LinkTarget {
    std::string name;
    LogstoreRef ref;
    LogSink* sink = nullptr;
    /// To look what is already stored; without it the link can only promise at_least_once.
    LogSource* reader = nullptr;
};

/// What a link works with. All must outlive it; all are thread-safe.
struct LinkPorts {
    LogSource& source;
    std::vector<LinkTarget> targets;
    StateStore& state;
    const Clock& clock;
    EventLog& events;
    MetricsRegistry& metrics;
};

enum class LinkState { Starting, Replicating, Paused, Draining, Faulted };
std::string_view name_of(LinkState state);  ///< "starting", "replicating", ...

/// How far the copy is behind. Unknown is nothing, never zero; zero was proved by a pull.
struct Lag {
    std::optional<std::uint64_t> logs;   ///< estimated from groups behind; exact when 0
    std::optional<std::uint64_t> bytes;  ///< raw; estimated like `logs`
    std::optional<double> seconds;       ///< age of the oldest source data not acknowledged
    bool stalled = false;                ///< backlog, and no progress for `stalled_after`
};

/// Logs and bytes of this process's life. read = written + filtered + dead + in_flight.
struct LinkTotals {
    std::uint64_t logs_read = 0;
    std::uint64_t logs_written = 0;
    std::uint64_t logs_filtered = 0;  ///< dropped by the rule, or a loop
    std::uint64_t logs_looped = 0;  ///< the part of logs_filtered that would have gone in a circle
    std::uint64_t logs_dead = 0;    ///< quarantined, or dropped by on_bad_record
    std::uint64_t logs_in_flight = 0;
    std::uint64_t bytes_read_raw = 0;
    std::uint64_t bytes_read_wire = 0;
    std::uint64_t bytes_written_raw = 0;
    std::uint64_t bytes_written_wire = 0;
    std::uint64_t batches_written = 0;
    std::uint64_t duplicates_suppressed =
        0;  ///< batches the fence refused and the target really held
    std::uint64_t gaps = 0;
    bool operator==(const LinkTotals&) const = default;
};

struct ShardState {
    ShardId shard;
    bool read_only = false;
    bool drained = false;              ///< a read-only shard that is copied to its end
    bool waiting = false;              ///< for its parents to be drained
    Cursor checkpoint;                 ///< next to read; everything before it is acknowledged
    std::optional<Cursor> source_end;  ///< where the source ended when we last asked
    /// When a pull last proved that nothing lies behind the checkpoint.
    std::optional<WallTime> at_end_time;
    Lag lag;
    std::optional<Error> last_error;  ///< of the trouble we are in; nothing once it is over
    bool faulted = false;             ///< a person must decide; `last_error` says what
    std::optional<WallTime> last_ack;
    std::optional<WallTime> source_seen;  ///< last usable answer of the source
    LinkTotals totals;
};

struct LinkStatus {
    std::string name;
    LinkState state = LinkState::Starting;
    Delivery delivery = Delivery::ExactlyOnce;
    std::string delivery_reason;     ///< why not exactly_once; empty otherwise
    std::vector<ShardState> shards;  ///< sorted by id
    Lag lag;                         ///< sum, or the oldest; nothing if one shard's is unknown
    /// Data we may lose if the source died now: lag plus the time since it was last seen.
    std::optional<double> rpo_seconds;
    std::optional<WallTime> last_ack;
    std::optional<WallTime> source_seen;
    std::optional<Error> last_error;  ///< the most telling one of the shards, or of the shard list
    LinkTotals totals;
    std::uint64_t dead_letters_held = 0;
    /// While Draining: each shard proved its end after the drain began, with nothing in flight.
    bool drained = false;
};

/// True when everything in front of `end` in that shard is acknowledged by the target. With `end`
/// read from the source at time t, this says: nothing the source held at t is missing in the
/// target.
bool is_copied_up_to(const LinkStatus& status, ShardId shard, const Cursor& end);

/// Source data that was never copied.
struct GapRecord {
    ShardId shard;
    Cursor from;                          ///< first position that is missing
    Cursor to;                            ///< first position that is there again
    std::optional<std::uint64_t> groups;  ///< nothing when the positions do not tell
    std::string cause;                    ///< "retention", "invalid_cursor", "shard_gone"
    std::string detail;
    std::int64_t noticed_unix_s = 0;
};

/// A place in one shard of source or target.
struct TranslatedCursor {
    ShardId shard;
    Cursor cursor;
    bool operator==(const TranslatedCursor&) const = default;
};

class Link {
  public:
    /// Reads checkpoints and intents, compiles the rule; moves nothing.
    /// Errors: InvalidArgument (options, or the rule with its diagnostics), Corrupt (state),
    /// Unavailable.
    static Result<std::unique_ptr<Link>> open(LinkOptions options, LinkPorts ports);
    virtual ~Link() = default;

    /// Runs one task a shard and one for control until stop() or destruction.
    virtual void start(TaskRunner& runner) = 0;
    /// Returns when no step runs any more. What was in flight is repeated at the next open().
    virtual void stop() = 0;

    // Any thread.
    virtual void pause() = 0;   ///< finishes the page in hand, then pulls no more
    virtual void resume() = 0;  ///< out of pause and drain
    /// Goes on replicating without lingering; LinkStatus::drained tells when all is over.
    virtual void drain() = 0;
    /// From the next page on, provenance tags carry this epoch. The daemon calls it when the pair
    /// switches, so that a tail copied late can be told from what was copied before.
    virtual void set_epoch(std::uint64_t epoch) = 0;
    virtual LinkStatus status() const = 0;
    /// From the state store, oldest first.
    virtual Result<std::vector<GapRecord>> gaps() const = 0;

    // The rest reads a lot and blocks; any thread.
    /// Reads the target back and holds it against the books, for pages begun in [from, to).
    /// Errors: Unsupported when a target cannot be read; Cancelled; those of the ports.
    virtual Result<VerifyReport> verify(std::int64_t from_unix_s, std::int64_t to_unix_s,
                                        std::stop_token stop) const = 0;
    /// Where a reader of the default target goes on who has read the source shard up to `cursor`.
    /// Errors: NotFound when the books do not reach back that far.
    virtual Result<std::vector<TranslatedCursor>> translate_to_target(
        ShardId shard, const Cursor& cursor) const = 0;
    /// Where a reader of the source goes on who has read the default target up to `places`.
    virtual Result<std::vector<TranslatedCursor>> translate_to_source(
        const std::vector<TranslatedCursor>& places) const = 0;

    virtual Result<std::vector<DeadLetter>> dead_letters() const = 0;
    /// Runs the rule of now over it and writes what comes out, once however often it is called;
    /// takes it out of quarantine. Errors: NotFound; Refused when the rule fails on it again; those
    /// of the target.
    virtual Status replay_dead_letter(const std::string& id) = 0;
    virtual Status drop_dead_letter(const std::string& id) = 0;
};

/// Forgets where a link was, and its books: at its next open() it begins at `start_from` again, and
/// what was copied before is copied a second time. Gaps and dead letters stay. Only while the link
/// is not open. Errors: NotFound; Conflict when the link moved meanwhile.
Status reset_link(StateStore& state, const std::string& name);

}  // namespace spillway::replicator
