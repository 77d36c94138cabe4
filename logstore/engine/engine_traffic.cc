// The engine's side of quotas, of splitting shards, and what it holds in numbers.
#include "logstore/engine/engine.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::engine {

/// Whether a write may go on to its log. Errors: Throttled.
Status Engine::admit(const LogstoreRef& ref, Store& store, const PutRequest& request) {
    {
        const std::lock_guard lock(store.settings_mutex);
        if (!traffic_->concerns(store.settings)) return {};
    }
    std::uint64_t raw_bytes = 0;
    for (const auto& group : request.groups) raw_bytes += group.raw_bytes;
    return traffic_->admit_write(ref, store.log->shards(), request.route_key, raw_bytes);
}

void Engine::split_hot_shards() {
    std::vector<std::pair<LogstoreRef, std::shared_ptr<Store>>> stores;
    {
        const std::shared_lock lock(stores_mutex_);
        stores.assign(stores_.begin(), stores_.end());
    }
    for (const auto& [ref, store] : stores) {
        LogstoreSettings settings;
        {
            const std::lock_guard lock(store->settings_mutex);
            if (!store->settings.auto_split) continue;
            settings.auto_split = true;
            settings.max_split_shard = store->settings.max_split_shard;
        }
        const auto shard = traffic_->hot_shard(ref, store->log->shards(), settings);
        if (!shard) continue;
        auto split = split_shard(ref, *shard, std::nullopt);
        // Whatever came of it: what was counted belongs to shards that are no more.
        traffic_->forget(ref);
        if (!split) {
            events_.warn("store.auto_split_failed",
                         "a hot shard could not be split: " + split.error().message,
                         {{"logstore", ref.to_string()}, {"shard", shard->value()}});
            continue;
        }
        auto_splits_->add();
        events_.info(
            "store.auto_split",
            fmt::format("shard {} of {} was offered more than one shard takes for {} s "
                        "and was split into {} and {}",
                        shard->value(), ref.to_string(),
                        traffic_->split_rule().window.count() * traffic_->split_rule().windows_hot,
                        split->at(1).id.value(), split->at(2).id.value()),
            {{"logstore", ref.to_string()}, {"shard", shard->value()}});
    }
}

EngineCounts Engine::counts() const {
    EngineCounts counts;
    counts.writing_bytes = committer_->waiting_bytes();
    counts.files_reading = cache_.open_count();
    counts.files_writing = writers_.open_count();
    const std::shared_lock lock(stores_mutex_);
    counts.logstores = stores_.size();
    for (const auto& [ref, store] : stores_) {
        const auto shards = store->log->shards();
        const auto writable = static_cast<std::size_t>(std::count_if(
            shards.begin(), shards.end(),
            [](const auto& shard) { return shard.status == ShardStatus::ReadWrite; }));
        counts.shards_writable += writable;
        counts.shards_readonly += shards.size() - writable;
    }
    return counts;
}

}  // namespace spillway::engine
