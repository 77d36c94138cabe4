// The writes of one page on their way to the target: K lanes that work side by side, each strictly
// one write after the other. One write in flight per route key is what makes the target's fence
// exact: a number is only ever sent after every lower one of its lane was acknowledged.
//
// Threads: load() and the looking calls come from the shard's own step; step(lane) from the lane's,
// which never overlaps with itself. All of them may overlap with each other.
#pragma once

#include "base/backoff.h"
#include "replicator/link_context.h"
#include "replicator/page_encoder.h"

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

namespace spillway::replicator {

/// Sequence ids of a page: its number above, the write's index in the page below.
inline constexpr int kIndexBits = 19;
SequenceId sequence_id_of(std::uint64_t page_number, std::uint32_t index);

/// Where a lane's writes go: 32 hex digits that nothing but this lane of this link uses.
RouteKey route_key_of(const std::string& link, const LogstoreRef& source, ShardId shard,
                      const LogstoreRef& target, std::uint32_t lane);

struct PageStamp {
    std::uint64_t page_number = 0;
    std::int64_t first = 0;  ///< positions of the page, [first, past)
    std::int64_t past = 0;
    WallTime sent;  ///< not later than the first time anything of it was sent
};

struct PageProgress {
    std::uint64_t logs_loaded = 0;
    std::uint64_t logs_written = 0;
    std::uint64_t logs_dead = 0;
    std::uint64_t bytes_loaded = 0;
    std::uint64_t bytes_written_raw = 0;
    std::uint64_t bytes_written_wire = 0;
    std::uint64_t batches_written = 0;
    std::uint64_t duplicates_suppressed = 0;
    RecordSum acknowledged;
    std::vector<DeadRecord> dead;  ///< what the target refused
};

class Lanes {
  public:
    Lanes(LinkContext& context, ShardId shard);

    std::uint32_t count() const { return static_cast<std::uint32_t>(lanes_.size()); }
    /// Only when finished or empty.
    void load(std::vector<OutBatch> batches, const PageStamp& stamp);
    /// Sends the lane's next write. Returns the wait until the next step.
    std::chrono::milliseconds step(std::uint32_t lane);

    /// Every write is acknowledged or set aside.
    bool finished() const;
    /// A refusal could not be explained by what the target holds: number the page anew. Writes that
    /// are left stay where they are until take_rest().
    bool wants_new_numbers() const;
    /// No write is under way (after wants_new_numbers, soon true).
    bool is_quiet() const;
    /// The writes not acknowledged, in page order; the lanes are empty then.
    std::vector<OutBatch> take_rest();

    PageProgress progress() const;
    /// Ends the page: its progress, and zero again.
    PageProgress take_progress();
    /// The trouble of the first lane that has one.
    std::optional<Error> trouble() const;
    /// on_bad_record: block is holding a lane.
    bool is_blocked() const;
    std::optional<WallTime> last_ack() const;

  private:
    struct Lane {
        std::deque<OutBatch> queue;
        bool sending = false;
        MonoTime next_try{};
        MonoTime failed_at{};
        Backoff backoff;
        std::optional<Error> trouble;
        bool blocked = false;
    };
    enum class Verdict { Written, Held, SetAside, Again, NewNumbers };
    struct Outcome {
        Verdict verdict = Verdict::Again;
        std::optional<Error> error;
        std::chrono::milliseconds wait{0};
        bool blocked = false;
    };

    OutBatch* begin_send(Lane& lane, std::chrono::milliseconds& wait);
    Outcome send(Lane& lane, OutBatch& batch);
    Outcome judge(Lane& lane, const OutBatch& batch, const Error& error);
    Outcome look(Lane& lane, const OutBatch& batch, const Error& refusal);
    Outcome again(Lane& lane, const Error& error, std::chrono::milliseconds at_least);
    std::chrono::milliseconds finish(Lane& lane, const Outcome& outcome);
    void note_written(const OutBatch& batch, Verdict verdict);
    /// All of the write but its body.
    Batch wire_batch(const OutBatch& from) const;
    std::chrono::milliseconds allowance(std::uint64_t bytes);

    LinkContext& context_;
    const ShardId shard_;
    mutable std::mutex mutex_;  // guards everything below; never held while a port is called
    std::deque<Lane> lanes_;
    QuotaLimiter limiter_;
    PageStamp stamp_;
    PageProgress progress_;
    std::size_t left_ = 0;  // writes neither acknowledged nor set aside
    bool hold_ = false;     // new numbers are wanted: nothing more goes out under the old ones
    std::optional<WallTime> last_ack_;
};

}  // namespace spillway::replicator
