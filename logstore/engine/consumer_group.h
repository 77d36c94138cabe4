// Which consumer of a group reads which shard. A pure state machine: every call takes the time and
// what is known of the shards, and leaves behind the rows that changed. One owner at a time.
//
//   Waiting -> Free -> Held -> Over        Held -> Handover -> Held (by the target)
//
// Waiting: an ancestor is not read to its end, and the group keeps order. Free: nobody reads it.
// Handover: its holder has too many shards; it is told to let go (the shard is left out of the
// answer), and the target gets it once the holder's heartbeat no longer lists it. Over: read-only
// and its end was saved. A holder that is silent for `timeout` loses its shards. Source:
// docs/sources.md#consumer-groups
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "logstore/engine/shard_map.h"
#include "logstore/model/logstore.h"

#include <map>
#include <string>
#include <vector>

namespace spillway::engine {

enum class GroupShardState { Free = 0, Held = 1, Waiting = 2, Handover = 3, Over = 4 };

struct GroupShard {
    GroupShardState state = GroupShardState::Free;
    std::string holder;
    std::string target;  ///< of a hand-over
    Cursor checkpoint;
    std::string checkpoint_consumer;
    std::int64_t updated_unix_us = 0;
    bool operator==(const GroupShard&) const = default;
};

/// What the log knows of its shards just now.
struct ShardFacts {
    std::vector<ShardEntry> shards;
    std::map<ShardId, Cursor> ends;  ///< of the read-only ones
};

class ConsumerGroup {
  public:
    explicit ConsumerGroup(ConsumerGroupInfo info) : info_(std::move(info)) {}

    const ConsumerGroupInfo& info() const { return info_; }
    /// Order switched off frees what waits; switched on it holds for shards yet to come.
    void update(const ConsumerGroupInfo& info);

    /// As it was saved; its holders have until `now` plus the timeout to be heard of.
    void restore(ShardId shard, GroupShard saved, MonoTime now);

    /// Shards the consumer is to hold. Errors: Conflict (NotExistConsumerWithBody): nobody knows
    /// the consumer, yet it claims shards; it must begin with none.
    Result<std::vector<ShardId>> heartbeat(const std::string& consumer,
                                           const std::vector<ShardId>& held,
                                           const ShardFacts& facts, MonoTime now);

    /// Errors: NotFound (ShardNotExist, ConsumerNotExist), Conflict (ConsumerNotMatch),
    /// InvalidArgument (InvalidShardCheckPoint).
    Status save_checkpoint(const std::string& consumer, ShardId shard, const Cursor& cursor,
                           bool force, const ShardFacts& facts, WallTime now);

    /// One entry a shard of `facts`, sorted.
    std::vector<ShardCheckpoint> checkpoints(const ShardFacts& facts) const;

    const std::map<ShardId, GroupShard>& shards() const { return shards_; }

  private:
    struct Consumer {
        MonoTime last_seen;
    };

    void sync_shards(const ShardFacts& facts);
    void settle(const ShardFacts& facts);
    void drop_silent(MonoTime now);
    void release(const std::string& consumer, const std::vector<ShardId>& held);
    void take_free(const std::string& consumer, const std::vector<ShardId>& held);
    void begin_handovers();
    bool is_over(ShardId shard) const;
    std::size_t share_of(const std::string& consumer) const;
    std::map<std::string, std::size_t> counts() const;

    ConsumerGroupInfo info_;
    std::map<ShardId, GroupShard> shards_;
    std::map<std::string, Consumer> consumers_;
};

}  // namespace spillway::engine
