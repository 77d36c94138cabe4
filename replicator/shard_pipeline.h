// One source shard from pull to checkpoint: plain sequential code, one page at a time.
//
//   Pull -> (decode, rule, encode) -> Intend -> [Look] -> Send -> Settle -> Pull
//
// Intend writes down what the page is before anything of it is sent; Settle moves the checkpoint
// after all of it was acknowledged. Every step can fail and is then tried again from where it was;
// whatever is lost with the process is found again from the record and the target.
//
// Threads: step() from the shard's task; lane_step() from the lanes' tasks; the rest from any
// thread.
#pragma once

#include "base/backoff.h"
#include "replicator/lag.h"
#include "replicator/lanes.h"
#include "replicator/ledger.h"
#include "replicator/link_context.h"
#include "replicator/page_encoder.h"

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <vector>

namespace spillway::replicator {

class ShardPipeline {
  public:
    ShardPipeline(LinkContext& context, const Shard& shard, SavedRecord saved);

    /// One bounded piece of work. Returns the wait until the next.
    std::chrono::milliseconds step();
    std::uint32_t lane_count() const { return lanes_.count(); }
    std::chrono::milliseconds lane_step(std::uint32_t lane) { return lanes_.step(lane); }

    /// What the source's shard list says now.
    void set_read_only(bool read_only) { read_only_ = read_only; }
    /// The source's shard list no longer names it.
    void set_gone(bool gone) { gone_ = gone; }
    /// Stops for a person: nothing is pulled or sent any more.
    void fault(Error error);

    ShardState state(WallTime wall, MonoTime mono) const;
    /// A lag that was true at some time, for the RPO of a source that cannot be asked now.
    std::optional<double> last_known_lag_seconds() const;
    std::optional<MonoTime> source_seen() const;
    bool is_drained() const;
    /// The record as it is in memory: what the store has, or will have.
    ShardRecord record() const;

  private:
    using milliseconds = std::chrono::milliseconds;
    enum class Phase { Pull, Intend, Look, Send, Settle };

    /// The page in hand.
    struct PageInHand {
        SourcePage source;
        Cursor from;
        Cursor to;
        std::uint64_t wire_bytes = 0;
        bool at_end = false;     // nothing was behind `to` ...
        bool read_only = false;  // ... and nothing ever will be
        WallTime pulled;
        MonoTime pull_begun{};
        bool replayed = false;  // its intent was written in an earlier life
        std::uint64_t logs_read = 0;
        std::uint64_t logs_filtered = 0;
        std::uint64_t logs_looped = 0;
        std::uint64_t logs_dead = 0;
        std::uint64_t logs_held = 0;  // the target turned out to hold them
        std::uint64_t batches_held = 0;
        RecordSum held;
        std::int64_t begun_minute = 0;  // what the rule saw as the time
        std::string rule_digest;
        std::vector<OutBatch> batches;
        std::vector<DeadRecord> dead;
    };

    milliseconds step_pull();
    milliseconds step_intend();
    milliseconds step_look();
    milliseconds step_send();
    milliseconds step_settle();

    /// In Phase::Pull: the page of an earlier life comes first.
    bool replaying() const { return record_.intent.has_value(); }
    PullRequest next_request() const;
    milliseconds pull_next();
    milliseconds take_page(Page& page, bool read_only, WallTime pulled, MonoTime begun);
    milliseconds take_nothing(const Page& page, bool read_only, WallTime pulled);
    Status unpack_into_hand(Page& page);
    milliseconds prepare_page();
    Result<EncodedPage> encode(const Intent& intent);
    Intent new_intent() const;
    std::uint64_t next_page_number() const;
    EncodeSettings settings_for(const Intent& intent) const;
    milliseconds reread(const Error& error);
    milliseconds set_whole_group_aside(const Error& error);
    milliseconds after_failed_pull(const Error& error);
    milliseconds seek_again(const Error& refusal);
    milliseconds skip_gap(const Cursor& to, std::optional<std::uint64_t> groups,
                          const std::string& cause, const std::string& detail);
    milliseconds give_up_gone_shard(const Error& error);
    milliseconds begin_new_numbers();
    void load_lanes();
    PageStamp stamp_of(const Intent& intent) const;
    bool quarantine_has_room(std::size_t more);

    void finish_page();
    void advance_to(const Cursor& checkpoint);
    void enter_in_ledger(const PageProgress& progress);
    bool load_ledger();
    void drop_hand();
    void quarantine(const std::vector<DeadRecord>& dead, const char* refused_by);
    /// Saves record_ with pending_writes_; on Conflict takes up what is stored instead.
    Status commit();
    void take_up_stored();
    void observe_source();
    milliseconds idle_delay() const;
    milliseconds retry(Side side, const Error& error, milliseconds at_least = milliseconds(0));
    void note_source_seen();
    void set_trouble(std::optional<Error> trouble);
    void tell_lane_trouble();
    void publish();
    std::string where() const;  ///< "link a shard 3": for sentences

    LinkContext& context_;
    const Shard shard_;
    Lanes lanes_;
    std::atomic<bool> read_only_;
    std::atomic<bool> gone_{false};

    // Only the shard's own task touches these.
    ShardRecord record_;
    Revision revision_ = 0;
    bool dirty_ = false;  // record_ is ahead of the store
    MonoTime dirty_since_{};
    std::vector<StateWrite> pending_writes_;
    ShardLedger ledger_;
    bool ledger_loaded_ = false;
    Phase phase_ = Phase::Pull;
    std::optional<PageInHand> hand_;
    std::string spare_raw_;         // memory of the page before, while page follows page
    Cursor at_;                     // where the next pull reads
    std::uint32_t renumbered_ = 0;  // times in a row, without a page coming through
    std::uint32_t corrupt_reads_ = 0;
    std::uint32_t singles_left_ =
        0;  // groups still read one at a time, after one could not be read
    Backoff backoff_;
    MonoTime next_pull_{};  // linger: small pages are not pulled faster than this
    MonoTime observed_{};
    double logs_per_group_ = 1;
    double bytes_per_group_ = 0;
    std::optional<Error> trouble_;
    bool lane_trouble_told_ = false;
    std::optional<WallTime> at_end_time_;  // proof that nothing is behind the checkpoint
    std::optional<Cursor> source_end_;
    std::optional<std::int64_t> oldest_received_unix_s_;
    std::optional<MonoTime> source_seen_mono_;
    std::optional<WallTime> source_seen_wall_;
    bool source_silent_ = false;  // the newest pull went unanswered
    std::optional<MonoTime> last_progress_;

    mutable std::mutex mutex_;  // guards everything below
    std::optional<Error> fault_;
    ShardState published_;  // without what judge_lag and the lanes add
    ShardRecord published_record_;
    LagEvidence evidence_;
    LinkTotals settled_;
    LinkTotals in_hand_;
    std::optional<double> known_lag_seconds_;
};

}  // namespace spillway::replicator
