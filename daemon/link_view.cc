#include "daemon/link_view.h"

#include <algorithm>

namespace spillway::daemon {

using std::chrono::milliseconds;
using switchover::LinkProgress;
using switchover::LinkShard;

namespace {

constexpr std::chrono::hours kMemory{1};
constexpr std::chrono::seconds kRateWindow{60};

std::optional<milliseconds> as_milliseconds(const std::optional<double>& seconds) {
    if (!seconds) return std::nullopt;
    return milliseconds{static_cast<std::int64_t>(*seconds * 1000.0)};
}

}  // namespace

const replicator::Link* LinkView::find(const std::string& link) const {
    const auto found = links_.find(link);
    return found == links_.end() ? nullptr : found->second.get();
}

void LinkView::sample() {
    for (const auto& [name, link] : links_) remember(name, link->status());
}

void LinkView::remember(const std::string& name, const replicator::LinkStatus& status) {
    const std::lock_guard lock(mutex_);
    auto& memory = memory_[name];
    const auto now = clock_.mono();
    memory.samples.push_back({now, status.totals.logs_read});
    while (memory.samples.front().at + kMemory < now) memory.samples.pop_front();
    for (const auto& shard : status.shards) {
        if (!shard.lag.seconds || !shard.source_seen) continue;
        auto& until = memory.replicated_until[shard.shard];
        const auto lag = std::chrono::duration<double>(*shard.lag.seconds);
        until = std::max(until, *shard.source_seen - std::chrono::duration_cast<Nanoseconds>(lag));
    }
}

namespace {

/// The most logs read within any window of a minute. Samples are in order of time.
template <class Samples>
std::optional<double> peak_rate(const Samples& samples) {
    std::optional<double> peak;
    auto first = samples.begin();
    for (auto last = samples.begin(); last != samples.end(); ++last) {
        while (last->at - first->at > kRateWindow) ++first;
        const std::chrono::duration<double> span = last->at - first->at;
        if (span.count() <= 0) continue;
        const auto logs = static_cast<double>(last->logs_read - first->logs_read);
        peak = std::max(peak.value_or(0), logs / span.count());
    }
    return peak;
}

}  // namespace

Result<LinkProgress> LinkView::progress(const std::string& name) {
    const auto* link = find(name);
    if (link == nullptr) return make_error(ErrorCode::NotFound, "no link \"" + name + "\"");
    const auto status = link->status();
    remember(name, status);

    LinkProgress progress;
    progress.link = name;
    progress.running = status.state == replicator::LinkState::Replicating ||
                       status.state == replicator::LinkState::Draining;
    progress.exactly_once = status.delivery == replicator::Delivery::ExactlyOnce;
    if (status.last_error) progress.trouble = status.last_error->to_string();
    const std::lock_guard lock(mutex_);
    const auto& memory = memory_[name];
    progress.peak_logs_per_second = peak_rate(memory.samples);
    for (const auto& shard : status.shards) {
        LinkShard told;
        told.shard = shard.shard;
        told.replicated_to = shard.checkpoint;
        told.source_end = shard.source_end;
        told.proved_at_end = shard.at_end_time;
        told.lag = as_milliseconds(shard.lag.seconds);
        const auto until = memory.replicated_until.find(shard.shard);
        if (until != memory.replicated_until.end()) told.replicated_until = until->second;
        progress.shards.push_back(std::move(told));
    }
    return progress;
}

Status LinkView::mark_late(const std::string& name, std::uint64_t epoch) {
    const auto found = links_.find(name);
    if (found == links_.end()) return make_error(ErrorCode::NotFound, "no link \"" + name + "\"");
    found->second->set_epoch(epoch);
    return {};
}

Result<bool> LinkView::drained(const std::string& name, const std::map<ShardId, Cursor>& ends) {
    const auto* link = find(name);
    if (link == nullptr) return make_error(ErrorCode::NotFound, "no link \"" + name + "\"");
    const auto status = link->status();
    return std::all_of(ends.begin(), ends.end(), [&](const auto& end) {
        return replicator::is_copied_up_to(status, end.first, end.second);
    });
}

}  // namespace spillway::daemon
