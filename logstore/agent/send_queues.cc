#include "logstore/agent/send_queues.h"

#include "base/text.h"
#include "logstore/agent/agent_options.h"

#include <algorithm>
#include <functional>

namespace spillway::agent {
namespace {

std::chrono::milliseconds whole_ms(MonoTime::duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration);
}

}  // namespace

bool SendQueues::has_room(const SendTarget& target) const {
    const std::lock_guard lock(mutex_);
    const auto found = queues_.find(target);
    return found == queues_.end() || found->second.items.size() < kQueueGroupsMax;
}

void SendQueues::push(const SendTarget& target, OutgoingGroup group) {
    const std::lock_guard lock(mutex_);
    const MonoTime now = clock_.mono();
    queues_[target].items.push_back({next_number_++, std::move(group), now, now});
    changed_.notify_all();
}

std::optional<SendQueues::Taken> SendQueues::take_from(const SendTarget& target, Queue& queue,
                                                       MonoTime now) {
    std::set<std::string_view> passed;  // order keys with an earlier group still here
    for (Item& item : queue.items) {
        const bool first = passed.insert(item.group.order_key).second;
        if (!first || item.in_flight || item.not_before > now) continue;
        item.in_flight = true;
        ++regions_[target.region].in_flight;
        return Taken{target, item.number, &item.group.batch};
    }
    return std::nullopt;
}

std::optional<SendQueues::Taken> SendQueues::take(const RegionName& region) {
    const std::lock_guard lock(mutex_);
    const MonoTime now = clock_.mono();
    RegionState& state = regions_[region];
    if (state.not_before > now || (state.failures > 0 && state.in_flight > 0)) return std::nullopt;
    for (auto& [target, queue] : queues_) {
        if (target.region != region) continue;
        if (auto taken = take_from(target, queue, now)) return taken;
    }
    return std::nullopt;
}

void SendQueues::finish(const Taken& taken, const Result<Receipt>& result) {
    std::function<void()> notify;
    {
        const std::lock_guard lock(mutex_);
        const MonoTime now = clock_.mono();
        Queue& queue = queues_[taken.target];
        RegionState& state = regions_[taken.target.region];
        const auto item =
            std::find_if(queue.items.begin(), queue.items.end(),
                         [&](const Item& held) { return held.number == taken.number; });
        SPILLWAY_INVARIANT(item != queue.items.end(), "a group was finished twice");
        --state.in_flight;
        item->in_flight = false;
        ++item->tries;
        if (result) {
            state.failures = 0;
            queue.totals.last_error.clear();
            settle(queue, item, true);
        } else {
            const Error& error = result.error();
            queue.totals.last_error = error.to_string();
            ++queue.totals.failed_tries;
            const SendMove move =
                judge({error, item->tries, whole_ms(now - item->first_queued)}, discard_after_);
            if (move != SendMove::RetryRegion) state.failures = 0;
            if (move == SendMove::Drop) tell_drop(taken.target, *item, error, now);
            if (move == SendMove::Drop || move == SendMove::Done) {
                settle(queue, item, move == SendMove::Done);
            } else {
                retry(taken.target, queue, item, error, move, now);
            }
        }
        notify = notify_;
        changed_.notify_all();
    }
    if (notify) notify();
}

void SendQueues::settle(Queue& queue, std::list<Item>::iterator item, bool stored) {
    const OutgoingGroup& group = item->group;
    if (stored) {
        ++queue.totals.stored_groups;
        queue.totals.stored_logs += group.logs;
        queue.totals.stored_bytes += group.batch.raw_bytes;
    } else {
        ++queue.totals.dropped_groups;
        queue.totals.dropped_logs += group.logs;
    }
    outcomes_.push_back({group.file, group.ticket, stored, group.logs});
    queue.items.erase(item);
}

void SendQueues::retry(const SendTarget& target, Queue&, std::list<Item>::iterator item,
                       const Error& error, SendMove move, MonoTime now) {
    if (move == SendMove::RetryRegion) {
        RegionState& state = regions_[target.region];
        state.not_before = now + retry_wait(error, ++state.failures);
    } else {
        item->not_before = now + retry_wait(error, item->tries);
    }
    if (error.code == ErrorCode::Cancelled) return;  // we are stopping: nothing is wrong
    const bool quota = error.code == ErrorCode::Throttled;
    alarms_.raise(quota ? kSendQuotaExceedAlarm : kSendDataFailAlarm, target.to_string(),
                  "writing to " + target.to_string() +
                      " failed and will be tried again: " + error.to_string());
}

void SendQueues::tell_drop(const SendTarget& target, const Item& item, const Error& error,
                           MonoTime now) {
    alarms_.raise(kDiscardDataAlarm, target.to_string(),
                  "gave up " + std::to_string(item.group.logs) + " logs for " + target.to_string() +
                      " after " + std::to_string(item.tries) + " tries in " +
                      human_duration(whole_ms(now - item.first_queued)) + ": " + error.to_string(),
                  item.group.logs);
}

std::optional<MonoTime> SendQueues::next_due(const RegionName& region, MonoTime now) const {
    std::optional<MonoTime> due;
    const auto state = regions_.find(region);
    if (state != regions_.end() && state->second.failures > 0 && state->second.in_flight > 0)
        return due;
    for (const auto& [target, queue] : queues_) {
        if (target.region != region) continue;
        std::set<std::string_view> passed;
        for (const Item& item : queue.items) {
            if (!passed.insert(item.group.order_key).second || item.in_flight) continue;
            MonoTime at = std::max(item.not_before, now);
            if (state != regions_.end()) at = std::max(at, state->second.not_before);
            due = due ? std::min(*due, at) : at;
        }
    }
    return due;
}

void SendQueues::wait(const RegionName& region, std::stop_token stop,
                      std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    const MonoTime now = clock_.mono();
    const auto due = next_due(region, now);
    auto wait_for = std::chrono::duration_cast<Nanoseconds>(limit);
    if (due) wait_for = std::min<Nanoseconds>(wait_for, *due - now);
    if (wait_for <= Nanoseconds::zero()) return;
    bool woken = false;
    changed_.wait_for(lock, stop, wait_for, [&] { return std::exchange(woken, true); });
}

std::vector<GroupOutcome> SendQueues::outcomes() {
    const std::lock_guard lock(mutex_);
    return std::exchange(outcomes_, {});
}

void SendQueues::on_outcome(std::function<void()> notify) {
    const std::lock_guard lock(mutex_);
    notify_ = std::move(notify);
}

bool SendQueues::empty() const {
    const std::lock_guard lock(mutex_);
    return std::all_of(queues_.begin(), queues_.end(),
                       [](const auto& entry) { return entry.second.items.empty(); });
}

bool SendQueues::region_is_down(const RegionName& region) const {
    const std::lock_guard lock(mutex_);
    const auto found = regions_.find(region);
    return found != regions_.end() && found->second.failures > 0;
}

std::vector<QueueStatus> SendQueues::status() const {
    const std::lock_guard lock(mutex_);
    std::vector<QueueStatus> all;
    for (const auto& [target, queue] : queues_) {
        QueueStatus status = queue.totals;
        status.target = target;
        status.groups = queue.items.size();
        for (const Item& item : queue.items) status.bytes += item.group.batch.raw_bytes;
        if (!queue.items.empty()) {
            status.oldest = whole_ms(clock_.mono() - queue.items.front().first_queued);
        }
        all.push_back(std::move(status));
    }
    return all;
}

}  // namespace spillway::agent
