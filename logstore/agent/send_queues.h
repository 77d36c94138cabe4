// What was read and is not yet stored: a bounded queue for each target, workers for each region.
// Thread-safe. A region that does not answer holds up its own groups only.
//
// Order: groups of one order key go out one after the other, the next after the answer for the one
// before.
#pragma once

#include "base/clock.h"
#include "logstore/agent/alarm_book.h"
#include "logstore/agent/collect_rule.h"
#include "logstore/agent/retry_rule.h"

#include <condition_variable>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace spillway::agent {

/// One LogGroup on its way, and who wants to know what became of it.
struct OutgoingGroup {
    std::uint64_t file = 0;    ///< the collector's number for the file
    std::uint64_t ticket = 0;  ///< of that file's AckWindow
    std::string order_key;
    Batch batch;
    std::uint32_t logs = 0;
};

struct GroupOutcome {
    std::uint64_t file = 0;
    std::uint64_t ticket = 0;
    bool stored = false;  ///< false: dropped
    std::uint32_t logs = 0;
};

struct QueueStatus {
    SendTarget target;
    std::size_t groups = 0;
    std::uint64_t bytes = 0;  ///< raw
    std::chrono::milliseconds oldest{0};
    std::uint64_t stored_groups = 0;
    std::uint64_t stored_logs = 0;
    std::uint64_t stored_bytes = 0;  ///< raw
    std::uint64_t dropped_groups = 0;
    std::uint64_t dropped_logs = 0;
    std::uint64_t failed_tries = 0;
    std::string last_error;  ///< empty after a success
};

class SendQueues {
  public:
    /// A group taken by a worker; goes back by `finish`.
    struct Taken {
        SendTarget target;
        std::uint64_t number = 0;
        const Batch* batch = nullptr;  ///< valid until `finish`
    };

    SendQueues(std::chrono::milliseconds discard_after, AlarmBook& alarms, const Clock& clock)
        : discard_after_(discard_after), alarms_(alarms), clock_(clock) {}

    /// False: the target's queue is full, leave the data in its file.
    bool has_room(const SendTarget& target) const;
    void push(const SendTarget& target, OutgoingGroup group);

    /// The next group of that region that may go now.
    std::optional<Taken> take(const RegionName& region);
    void finish(const Taken& taken, const Result<Receipt>& result);
    /// Waits until something may be taken, or has changed; at most `limit`.
    void wait(const RegionName& region, std::stop_token stop, std::chrono::milliseconds limit);

    /// What became of groups since the last call.
    std::vector<GroupOutcome> outcomes();
    /// Called, without any lock, after each outcome.
    void on_outcome(std::function<void()> notify);

    bool empty() const;
    /// True while the last try to reach the region failed.
    bool region_is_down(const RegionName& region) const;
    std::vector<QueueStatus> status() const;

  private:
    struct Item {
        std::uint64_t number;
        OutgoingGroup group;
        MonoTime first_queued;
        MonoTime not_before;
        int tries = 0;
        bool in_flight = false;
    };
    struct Queue {
        std::list<Item> items;  // in the order they were read
        QueueStatus totals;
    };
    struct RegionState {
        int failures = 0;  // in a row; above 0: one group at a time goes as a test
        int in_flight = 0;
        MonoTime not_before;
    };

    std::optional<Taken> take_from(const SendTarget& target, Queue& queue, MonoTime now);
    std::optional<MonoTime> next_due(const RegionName& region, MonoTime now) const;
    void settle(Queue& queue, std::list<Item>::iterator item, bool stored);
    void retry(const SendTarget& target, Queue& queue, std::list<Item>::iterator item,
               const Error& error, SendMove move, MonoTime now);
    void tell_drop(const SendTarget& target, const Item& item, const Error& error, MonoTime now);

    const std::chrono::milliseconds discard_after_;
    AlarmBook& alarms_;
    const Clock& clock_;
    mutable std::mutex mutex_;  // guards everything below
    std::condition_variable_any changed_;
    std::map<SendTarget, Queue> queues_;
    std::map<RegionName, RegionState> regions_;
    std::vector<GroupOutcome> outcomes_;
    std::function<void()> notify_;
    std::uint64_t next_number_ = 1;
};

}  // namespace spillway::agent
