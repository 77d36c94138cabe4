// What an operation leaves to be done later, worked on by timer for as long as it takes:
//
//   fence_source       unbind the old side's configs as soon as it answers again; never delete,
//                      never disable: agents would drop what they still hold for it
//   drain_source_tail  then wait until nothing writes there any more (agents' queues drain late),
//                      note the ends, wait until the link has acknowledged them, count, and write
//                      the final report
//
// Thread rule: `advance` by the pair's task only; `sentence` from any thread.
#pragma once

#include "switchover/steps.h"

#include <map>
#include <mutex>

namespace spillway::switchover {

class ObligationKeeper {
  public:
    ObligationKeeper(const ControllerOptions& options, Ports& ports, Records& records)
        : options_(options), ports_(ports), records_(records) {}

    /// Nothing: nothing is owed. Else when to look again.
    std::optional<milliseconds> advance(const PairOptions& pair);
    /// How an open obligation stands, newer than what the store has.
    std::string sentence(const Obligation& obligation);

  private:
    struct Tail {  // of the drain under way; lost in a crash, which only starts the quiet time
                   // again
        Epoch epoch = 0;
        std::map<ShardId, Cursor> looked_to;
        std::optional<MonoTime> quiet_since;
    };

    Status fence(const PairOptions& pair, Stored<Obligation>& obligation,
                 const Operation& operation);
    Status drain(const PairOptions& pair, Stored<Obligation>& obligation,
                 const Operation& operation);
    /// The ends of the old side; nothing while agents still write there.
    Result<std::optional<std::map<ShardId, Cursor>>> quiet_ends(const PairOptions& pair,
                                                                const Obligation& obligation);
    Status settle(const PairOptions& pair, Stored<Obligation>& obligation,
                  const Operation& operation, const std::map<ShardId, Cursor>& ends);
    Result<WindowEvidence> final_evidence(const PairOptions& pair, const Operation& operation,
                                          const std::map<ShardId, Cursor>& ends);
    Status count_shard(WindowEvidence& evidence, const PairMember& from, LinkShard& shard,
                       const Cursor& end);
    Status close(Stored<Obligation>& obligation, std::string sentence);
    void say(const Obligation& obligation, std::string sentence);
    milliseconds interval(const PairOptions& pair) const;

    const ControllerOptions& options_;
    Ports& ports_;
    Records& records_;
    std::map<PairName, Tail> tails_;  // the pair's task alone touches its entry
    std::mutex mutex_;                // guards said_, and the shape of tails_
    std::map<std::string, std::string> said_;
};

}  // namespace spillway::switchover
