// A link without threads: the shard list, the pipelines and what is told about them. Link (link.cc)
// runs it on a TaskRunner; tests run it step by step.
//
// Threads: control_step() from one task; run_shard() and run_lane() from the shard's and lane's own
// tasks; status() and the switches from any thread.
#pragma once

#include "replicator/link_context.h"
#include "replicator/shard_pipeline.h"
#include "replicator/shard_set.h"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

namespace spillway::replicator {

class LinkCore {
  public:
    /// Errors: as Link::open.
    static Result<std::unique_ptr<LinkCore>> open(const LinkOptions& options,
                                                  const LinkPorts& ports, Rule rule,
                                                  RuleBook::Compile compile, Waker& waker);

    /// Looks at the source's shard list, starts pipelines, publishes metrics.
    std::chrono::milliseconds control_step();
    /// The pipelines so far; they live as long as this.
    std::vector<ShardPipeline*> pipelines() const;

    void set_mode(LinkMode mode);
    void set_epoch(std::uint64_t epoch) { context_.epoch = epoch; }
    LinkStatus status() const;
    Result<std::vector<GapRecord>> gaps() const;
    const LinkOptions& options() const { return context_.options; }

    // As in Link; in link_upkeep.cc.
    Result<VerifyReport> verify(std::int64_t from_unix_s, std::int64_t to_unix_s,
                                std::stop_token stop) const;
    Result<std::vector<TranslatedCursor>> translate_to_target(ShardId shard,
                                                              const Cursor& cursor) const;
    Result<std::vector<TranslatedCursor>> translate_to_source(
        const std::vector<TranslatedCursor>& places) const;
    Result<std::vector<DeadLetter>> dead_letters() const;
    Status replay_dead_letter(const std::string& id);
    Status drop_dead_letter(const std::string& id);

  private:
    LinkCore(const LinkOptions& options, const LinkPorts& ports, Rule rule,
             RuleBook::Compile compile, Waker& waker);

    Result<LogSource*> default_reader() const;
    Result<std::int64_t> copied_not_before(ShardId shard, const Cursor& cursor) const;
    Result<std::vector<OutBatch>> writes_of(const DeadLetter& letter) const;
    Status write_late(const DeadLetter& letter, const OutBatch& batch);
    Result<bool> holds_late(const LinkTarget& target, const DeadLetter& letter,
                            const OutBatch& batch) const;
    Status check_identity();
    Status check_rule_targets() const;
    void wake_after_outage();
    Status keep_first_record(const std::vector<Shard>& shards);
    Result<ShardRecord> first_record(const Shard& shard, const CursorSeek& seek);
    Status refresh_shards();
    Status start_pipelines(const std::vector<ShardPlan>& plans);
    void tell_gone(const std::vector<Shard>& listed);
    std::map<ShardId, ShardRecord> records() const;
    void add_idle_shards(LinkStatus& status, std::vector<Lag>& lags) const;

    StateStore& state_;
    CheckpointStore checkpoints_;
    RuleBook rules_;
    const RuleBook::Compile compile_;
    LinkMetrics metrics_;
    RateBudget budget_;
    LinkContext context_;
    std::string delivery_reason_;

    // Only the control task touches these.
    bool begun_ = false;  // the first records exist
    MonoTime refreshed_{};
    bool ever_refreshed_ = false;
    Backoff backoff_;
    std::map<ShardId, SavedRecord> stored_;  // of shards without a pipeline
    std::map<ShardId, int> missing_;         // refreshes in a row that did not name the shard

    mutable std::mutex mutex_;  // guards everything below
    std::map<ShardId, std::unique_ptr<ShardPipeline>> pipelines_;
    std::map<ShardId, ShardRecord> idle_;  // of shards without a pipeline, for status
    std::vector<ShardPlan> plans_;
    std::optional<Error> list_error_;
    std::optional<WallTime> list_seen_;
    std::optional<WallTime> drain_begun_;
    std::optional<WallTime> refreshed_wall_;
};

/// Errors: InvalidArgument, naming the member.
Status check_options(const LinkOptions& options, const LinkPorts& ports);

}  // namespace spillway::replicator
