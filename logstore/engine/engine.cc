#include "logstore/engine/engine.h"

#include "base/text.h"
#include "logstore/engine/prepare.h"
#include "logstore/engine/segment_name.h"
#include "logstore/wire/error_table.h"
#include "logstore/wire/log_group_writer.h"

#include <algorithm>
#include <future>

#include <fmt/format.h>
#include <malloc.h>

namespace spillway::engine {

namespace {

constexpr std::uint32_t kTtlForEver = 3650;
constexpr std::chrono::milliseconds kSizeEvery{1'000};

MetricsRegistry& choose(MetricsRegistry* given, std::unique_ptr<MetricsRegistry>& own) {
    if (given != nullptr) return *given;
    own = std::make_unique<MetricsRegistry>();
    return *own;
}

/// What a burst of clients took: the C library would keep it for ever.
void give_memory_back() {
    (void)::malloc_trim(0);
}

Error bad_cursor(const Cursor& cursor) {
    return wire::service_error("InvalidCursor", "invalid cursor: \"" + to_valid_utf8(cursor.str()) +
                                                    "\" is not the base64 of a decimal number");
}

Result<std::int64_t> position_of(const Cursor& cursor) {
    if (const auto position = cursor.position()) return *position;
    return bad_cursor(cursor);
}

}  // namespace

Engine::Engine(EngineOptions options, const Clock& clock, EventLog& events,
               MetricsRegistry* metrics, std::unique_ptr<FileSystem> files)
    : options_(std::move(options)),
      clock_(clock),
      events_(events),
      metrics_(choose(metrics, own_metrics_)),
      files_(files ? std::move(files) : make_posix_file_system()),
      cache_(*files_, options_.open_files_max, &metrics_.cache_found, &metrics_.cache_opened),
      writers_(options_.open_writers_max) {
    auto& registry = metrics != nullptr ? *metrics : *own_metrics_;
    traffic_ = std::make_unique<Traffic>(options_.quotas, clock, registry);
    auto_splits_ =
        &registry.counter("spillway_region_auto_splits_total", "Hot shards that were split");
}

Result<std::unique_ptr<Engine>> Engine::open(EngineOptions options, const Clock& clock,
                                             EventLog& events, MetricsRegistry* metrics,
                                             std::unique_ptr<FileSystem> files) {
    if (options.log.segment_bytes > (std::uint64_t{1} << 31)) {
        return make_error(ErrorCode::InvalidArgument, "segments are at most 2 GiB long");
    }
    std::unique_ptr<Engine> engine(
        new Engine(std::move(options), clock, events, metrics, std::move(files)));
    if (auto opened = engine->open_folder(); !opened) return std::move(opened).error();
    if (auto opened = engine->open_stores(); !opened) return std::move(opened).error();
    engine->committer_ = std::make_unique<Committer>(
        engine->options_.commit_threads, engine->options_.waiting_bytes_max, engine->writers_);
    engine->housekeeper_ =
        std::jthread([raw = engine.get()](const std::stop_token& stop) { raw->keep_house(stop); });
    return engine;
}

Engine::~Engine() {
    if (housekeeper_.joinable()) {
        housekeeper_.request_stop();
        house_wakes_.notify_all();
        housekeeper_.join();
    }
    committer_.reset();
    close_logs();
}

Status Engine::open_folder() {
    if (auto made = make_directories(options_.path); !made) return made;
    auto lock = FileLock::acquire(options_.path + "/lock");
    if (!lock) return std::move(lock).error();
    lock_.emplace(*std::move(lock));
    const auto format_path = options_.path + "/format";
    auto format = read_file(format_path, 4096);
    if (!format && format.error().code != ErrorCode::NotFound) return format.error();
    if (!format) {
        if (auto written = write_file_durably(format_path, kFormatLine); !written) return written;
    } else if (*format != kFormatLine) {
        return make_error(ErrorCode::Unsupported,
                          format_path + " says \"" + to_valid_utf8(trim(*format)) +
                              "\"; this program reads \"" +
                              std::string(kFormatLine.substr(0, kFormatLine.size() - 1)) + "\"");
    }
    auto catalog = Catalog::open(options_.path + "/catalog.db");
    if (!catalog) return std::move(catalog).error();
    catalog_ = *std::move(catalog);
    if (auto synced = files_->sync_directory(options_.path); !synced) return synced;
    return files_->make_directory(options_.path + "/logs");
}

Status Engine::open_stores() {
    auto known = catalog_->all_logstores();
    if (!known) return std::move(known).error();
    for (const auto& stored : *known) {
        if (auto opened = open_store(stored); !opened) return opened;
    }
    // From here on only a scan can tell where a log ends, until this engine closes it.
    if (auto forgotten = catalog_->forget_clean_tails(); !forgotten) return forgotten;
    auto projects = catalog_->projects();
    if (!projects) return std::move(projects).error();
    for (const auto& project : *projects) {
        auto machines = catalog_->machines(project.name);
        if (!machines) return std::move(machines).error();
        for (const auto& machine : *machines) {
            machines_[project.name][machine.unique_id + "@" + machine.ip] = {
                machine, machine.last_heartbeat_unix_s};
        }
    }
    return remove_orphans(*known);
}

Status Engine::open_store(const StoredLogstore& stored) {
    auto info = catalog_->logstore(stored.ref);
    if (!info) return std::move(info).error();
    auto start = catalog_->log_start(stored);
    if (!start) return std::move(start).error();
    start->directory = log_directory(stored.id);
    for (const auto& shard : start->shards) {
        last_birth_ns_ = std::max(last_birth_ns_.load(), shard.created_ns);
    }
    const LogContext context{*files_, cache_, clock_, events_, metrics_, options_.log};
    auto log = LogstoreLog::open(context, *std::move(start));
    if (!log) return std::move(log).error();
    auto store = std::make_shared<Store>();
    store->log = *std::move(log);
    store->settings = info->settings;
    if (auto restored = restore_groups(*store); !restored) return restored;
    writers_.touch(store->log);
    const std::unique_lock lock(stores_mutex_);
    stores_[stored.ref] = std::move(store);
    return {};
}

/// Folders of Logstores that are no longer in the catalog: deleting them was cut short.
Status Engine::remove_orphans(const std::vector<StoredLogstore>& known) {
    auto names = files_->list(options_.path + "/logs");
    if (!names) return std::move(names).error();
    for (const auto& name : *names) {
        const auto id = parse_uint(name);
        if (!id || std::any_of(known.begin(), known.end(),
                               [&](const auto& stored) { return stored.id == *id; })) {
            continue;
        }
        const auto directory = options_.path + "/logs/" + name;
        auto files = files_->list(directory);
        if (!files) return std::move(files).error();
        for (const auto& file : *files) {
            if (auto removed = files_->remove(directory + "/" + file); !removed) return removed;
        }
        if (auto removed = files_->remove(directory); !removed) return removed;
    }
    return {};
}

std::string Engine::log_directory(std::uint64_t id) const {
    return fmt::format("{}/logs/{}", options_.path, id);
}

std::int64_t Engine::now_s() const {
    return unix_seconds(clock_.wall());
}

/// The first position of new shards: the time, and never one that an earlier shard began with.
std::int64_t Engine::next_birth_ns() {
    const auto now = static_cast<std::int64_t>(clock_.wall().time_since_epoch().count());
    auto last = last_birth_ns_.load();
    while (!last_birth_ns_.compare_exchange_weak(last, std::max(now, last + 1))) {
    }
    return std::max(now, last + 1);
}

Result<std::shared_ptr<Engine::Store>> Engine::find_store(const LogstoreRef& ref) {
    {
        const std::shared_lock lock(stores_mutex_);
        if (const auto found = stores_.find(ref); found != stores_.end()) return found->second;
    }
    if (auto project = catalog_->project(ref.project); !project) return std::move(project).error();
    return wire::service_error("LogStoreNotExist",
                               fmt::format("logstore {} does not exist", ref.to_string()));
}

Result<std::vector<Shard>> Engine::shards(const LogstoreRef& ref) {
    auto store = find_store(ref);
    if (!store) return std::move(store).error();
    std::vector<Shard> shards;
    for (const auto& entry : (*store)->log->shards()) shards.push_back(to_model(entry));
    std::sort(shards.begin(), shards.end(),
              [](const Shard& left, const Shard& right) { return left.id < right.id; });
    return shards;
}

Result<Cursor> Engine::cursor(const LogstoreRef& ref, ShardId shard, const CursorSeek& seek) {
    auto store = find_store(ref);
    if (!store) return std::move(store).error();
    if (seek.kind == SeekKind::Time) {
        auto position = (*store)->log->position_at(shard, seek.unix_s);
        if (!position) return std::move(position).error();
        return Cursor::from_position(*position);
    }
    auto bounds = (*store)->log->positions(shard);
    if (!bounds) return std::move(bounds).error();
    return Cursor::from_position(seek.kind == SeekKind::Begin ? bounds->first : bounds->next);
}

Result<std::int64_t> Engine::cursor_time(const LogstoreRef& ref, ShardId shard,
                                         const Cursor& cursor) {
    auto store = find_store(ref);
    if (!store) return std::move(store).error();
    auto position = position_of(cursor);
    if (!position) return position;
    return (*store)->log->receive_unix_s(shard, *position);
}

Result<Page> Engine::pull(const LogstoreRef& ref, ShardId shard, const PullRequest& request) {
    auto store = find_store(ref);
    if (!store) return std::move(store).error();
    if (!request.query.empty()) {
        return wire::service_error("NotSupported", "queries are run by the region's server");
    }
    auto from = position_of(request.from);
    if (!from) return std::move(from).error();
    ReadLimits limits;
    limits.groups_max = std::clamp<std::uint32_t>(request.groups_max, 1, kPullGroupsMax);
    if (request.end && !request.end->empty()) {
        auto end = position_of(*request.end);
        if (!end) return std::move(end).error();
        limits.end = *end;
    }
    if (auto admitted = traffic_->admit_read(ref, shard); !admitted) {
        return std::move(admitted).error();
    }
    auto range = (*store)->log->read(shard, *from, limits);
    if (!range) return std::move(range).error();
    auto page = build_page(*range, request.from, request.codec);
    if (!page) return page;
    traffic_->charge_read(ref, shard, page->raw_bytes);
    metrics_.pulled_groups.add(page->group_count);
    metrics_.pulled_raw_bytes.add(static_cast<double>(page->raw_bytes));
    return page;
}

Result<StoredRange> Engine::read_blocks(const LogstoreRef& ref, ShardId shard, const Cursor& from,
                                        std::uint32_t groups_max, std::uint64_t raw_bytes_max) {
    auto store = find_store(ref);
    if (!store) return std::move(store).error();
    auto position = position_of(from);
    if (!position) return std::move(position).error();
    ReadLimits limits;
    limits.groups_max = groups_max;
    limits.raw_bytes_max = raw_bytes_max;
    return (*store)->log->read(shard, *position, limits);
}

Result<PutRequest> Engine::make_request(const Store&, const std::vector<Batch>& batches,
                                        const std::string& tags) {
    PutRequest request;
    for (const auto& batch : batches) {
        auto group = prepare(batch, tags);
        if (!group) return std::move(group).error();
        request.groups.push_back(*std::move(group));
    }
    if (const auto& key = batches.front().route_key; key && !key->empty()) {
        auto parsed = parse_hash_key(key->str());
        if (!parsed) return std::move(parsed).error();
        request.route_key = *parsed;
    }
    if (const auto& sequence = batches.front().sequence_id) {
        if (!request.route_key) {
            return wire::service_error("ParameterInvalid",
                                       "a sequence id counts for a key, and there is no key");
        }
        request.sequence_id = sequence->value();
    }
    return request;
}

/// Tags that a Logstore with appendMeta adds to every group.
std::string Engine::meta_tags(Store& store, const PutContext& context) const {
    const std::lock_guard lock(store.settings_mutex);
    if (!store.settings.append_meta) return {};
    return wire::encode_tag("__client_ip__", context.client_ip) +
           wire::encode_tag("__receive_time__", std::to_string(now_s()));
}

void Engine::put_async(const LogstoreRef& ref, const std::vector<Batch>& batches,
                       const PutContext& context, PutDone done) {
    auto store = find_store(ref);
    if (!store) return done(std::move(store).error());
    if (batches.empty()) return done({});
    auto request = make_request(**store, batches, meta_tags(**store, context));
    if (!request) return done(std::move(request).error());
    if (auto admitted = admit(ref, **store, *request); !admitted) {
        return done(std::move(admitted).error());
    }
    request->done = std::move(done);
    committer_->put((*store)->log, *std::move(request));
}

Result<Receipt> Engine::put(const LogstoreRef& ref, const Batch& batch) {
    std::promise<Status> promise;
    auto stored = promise.get_future();
    put_async(ref, {batch}, {}, [&](Status status) { promise.set_value(std::move(status)); });
    auto status = stored.get();
    if (!status) return std::move(status).error();
    return Receipt{};
}

namespace {

std::vector<Shard> parents_then_children(const ShardChange& change) {
    std::vector<Shard> answer;
    for (const auto& parent : change.parents) answer.push_back(to_model(parent));
    for (const auto& child : change.children) answer.push_back(to_model(child));
    return answer;
}

}  // namespace

Result<std::vector<Shard>> Engine::split_shard(const LogstoreRef& ref, ShardId shard,
                                               std::optional<HashKey> middle) {
    auto store = find_store(ref);
    if (!store) return std::move(store).error();
    auto& log = *(*store)->log;
    auto change = log.change_shards(
        [&](const auto& shards) {
            return engine::split_shard(shards, shard, middle, next_birth_ns());
        },
        [&](const ShardChange& made) { return catalog_->save_shard_change(log.id(), made); });
    if (!change) return std::move(change).error();
    return parents_then_children(*change);
}

Result<std::vector<Shard>> Engine::split_shard_evenly(const LogstoreRef& ref, ShardId shard,
                                                      std::uint32_t count) {
    auto store = find_store(ref);
    if (!store) return std::move(store).error();
    auto& log = *(*store)->log;
    auto change = log.change_shards(
        [&](const auto& shards) {
            return engine::split_shard_evenly(shards, shard, count, next_birth_ns());
        },
        [&](const ShardChange& made) { return catalog_->save_shard_change(log.id(), made); });
    if (!change) return std::move(change).error();
    return parents_then_children(*change);
}

Result<std::vector<Shard>> Engine::merge_shard(const LogstoreRef& ref, ShardId shard) {
    auto store = find_store(ref);
    if (!store) return std::move(store).error();
    auto& log = *(*store)->log;
    auto change = log.change_shards(
        [&](const auto& shards) { return engine::merge_shard(shards, shard, next_birth_ns()); },
        [&](const ShardChange& made) { return catalog_->save_shard_change(log.id(), made); });
    if (!change) return std::move(change).error();
    std::vector<Shard> answer;
    for (const auto& child : change->children) answer.push_back(to_model(child));
    for (const auto& parent : change->parents) answer.push_back(to_model(parent));
    return answer;
}

Status Engine::delete_shard(const LogstoreRef& ref, ShardId shard) {
    auto store = find_store(ref);
    if (!store) return std::move(store).error();
    auto& log = *(*store)->log;
    return log.remove_shard(shard, [&] { return catalog_->delete_shard(log.id(), shard); });
}

Status Engine::create_project(const ProjectInfo& project) {
    if (auto valid = check_project_name(project.name); !valid) {
        return wire::service_error("ParameterInvalid", valid.error().message);
    }
    auto stored = project;
    stored.region = options_.region.str();
    stored.created_unix_s = stored.modified_unix_s = now_s();
    return catalog_->create_project(stored);
}

Status Engine::update_project(const ProjectName& name, const std::string& description) {
    return catalog_->update_project(name, description, now_s());
}

Result<ProjectInfo> Engine::project(const ProjectName& name) {
    return catalog_->project(name);
}

Result<std::vector<ProjectInfo>> Engine::projects() {
    return catalog_->projects();
}

Status Engine::delete_project(const ProjectName& name) {
    const std::lock_guard structure(structure_mutex_);
    auto stores = catalog_->logstores(name);
    if (!stores) return std::move(stores).error();
    for (const auto& logstore : *stores) {
        if (auto deleted = remove_logstore({name, logstore}); !deleted) return deleted;
    }
    if (auto deleted = catalog_->delete_project(name); !deleted) return deleted;
    const std::lock_guard lock(machines_mutex_);
    machines_.erase(name);
    return {};
}

namespace {

Status check_settings(const LogstoreSettings& settings) {
    if (settings.shard_count < 1 || settings.shard_count > kShardsMax) {
        return wire::service_error("LogStoreInfoInvalid",
                                   fmt::format("shardCount must be 1 to {}", kShardsMax));
    }
    if (settings.max_split_shard > kShardsMax) {
        return wire::service_error("LogStoreInfoInvalid",
                                   fmt::format("maxSplitShard must be at most {}", kShardsMax));
    }
    if (settings.ttl_days < 1 || settings.ttl_days > kTtlForEver) {
        return wire::service_error("LogStoreInfoInvalid",
                                   fmt::format("ttl must be 1 to {} days", kTtlForEver));
    }
    return {};
}

}  // namespace

Status Engine::create_logstore(const LogstoreRef& ref, const LogstoreSettings& settings) {
    if (auto valid = check_logstore_name(ref.logstore); !valid) {
        return wire::service_error("ParameterInvalid", valid.error().message);
    }
    if (auto valid = check_settings(settings); !valid) return valid;
    const std::lock_guard structure(structure_mutex_);
    LogstoreInfo info{ref, settings, now_s(), now_s()};
    const auto shards = initial_shards(settings.shard_count, next_birth_ns());
    auto id = catalog_->create_logstore(info, shards);
    if (!id) return std::move(id).error();
    auto opened = open_store({*id, ref});
    if (!opened) (void)catalog_->delete_logstore(ref);
    return opened;
}

Status Engine::update_logstore(const LogstoreRef& ref, const LogstoreSettings& settings) {
    auto store = find_store(ref);
    if (!store) return std::move(store).error();
    if (auto valid = check_settings(settings); !valid) return valid;
    if (auto saved = catalog_->update_logstore(ref, settings, now_s()); !saved) return saved;
    const std::lock_guard lock((*store)->settings_mutex);
    (*store)->settings = settings;
    return {};
}

Result<LogstoreInfo> Engine::logstore(const LogstoreRef& ref) {
    auto info = catalog_->logstore(ref);
    if (!info) return info;
    auto store = find_store(ref);
    if (!store) return std::move(store).error();
    const auto shards = (*store)->log->shards();
    info->settings.shard_count = static_cast<std::uint32_t>(std::count_if(
        shards.begin(), shards.end(),
        [](const ShardEntry& shard) { return shard.status == ShardStatus::ReadWrite; }));
    return info;
}

Result<std::vector<LogstoreName>> Engine::logstores(const ProjectName& project) {
    return catalog_->logstores(project);
}

Status Engine::delete_logstore(const LogstoreRef& ref) {
    const std::lock_guard structure(structure_mutex_);
    return remove_logstore(ref);
}

Status Engine::remove_logstore(const LogstoreRef& ref) {
    auto store = find_store(ref);
    if (!store) return std::move(store).error();
    if (auto deleted = catalog_->delete_logstore(ref); !deleted) return deleted;
    {
        const std::unique_lock lock(stores_mutex_);
        stores_.erase(ref);
    }
    traffic_->forget(ref);
    (void)(*store)->log->close();
    writers_.forget(*(*store)->log);
    return (*store)->log->remove_files();
}

Result<json::object> Engine::logstore_index(const LogstoreRef& ref) {
    return catalog_->logstore_index(ref);
}

Status Engine::write_logstore_index(const LogstoreRef& ref, const json::object& index,
                                    WriteRule rule) {
    return catalog_->put_logstore_index(ref, index, rule);
}

Status Engine::delete_logstore_index(const LogstoreRef& ref) {
    return catalog_->delete_logstore_index(ref);
}

Result<LogStats> Engine::stats(const LogstoreRef& ref) {
    auto store = find_store(ref);
    if (!store) return std::move(store).error();
    return (*store)->log->stats();
}

std::vector<std::shared_ptr<Engine::Store>> Engine::all_stores() {
    std::vector<std::shared_ptr<Store>> stores;
    const std::shared_lock lock(stores_mutex_);
    for (const auto& [ref, store] : stores_) stores.push_back(store);
    return stores;
}

void Engine::expire() {
    for (const auto& store : all_stores()) {
        std::uint32_t ttl_days = 0;
        {
            const std::lock_guard lock(store->settings_mutex);
            ttl_days = store->settings.ttl_days;
        }
        // What is kept for ever is older than nothing; segments of deleted shards go all the same.
        const auto oldest = ttl_days >= kTtlForEver
                                ? WallTime{}
                                : clock_.wall() - std::chrono::hours(24) * ttl_days;
        auto dropped = store->log->drop_before(
            oldest.time_since_epoch().count(),
            [&](const Trim& trim) { return catalog_->save_trim(store->log->id(), trim); });
        note_retention(*store, dropped);
    }
}

void Engine::keep_size() {
    const auto stores = all_stores();
    std::vector<LogSize> sizes;
    for (const auto& store : stores) sizes.push_back(store->log->size());
    const auto plan = plan_size_retention(std::move(sizes), options_.keep);
    for (std::size_t i = 0; i < stores.size(); ++i) {
        if (!plan[i]) continue;
        auto& store = *stores[i];
        note_retention(store, store.log->drop_through(*plan[i], [&](const Trim& trim) {
            return catalog_->save_trim(store.log->id(), trim);
        }));
    }
}

void Engine::note_retention(Store& store, const Result<std::size_t>& dropped) {
    if (dropped) return;
    events_.warn("store.retention_failed",
                 "data that should go stays for now: " + dropped.error().message,
                 {{"directory", store.log->directory()}});
}

void Engine::keep_house(const std::stop_token& stop) {
    const bool syncs = options_.log.sync == SyncMode::Interval;
    std::chrono::milliseconds step = std::min<std::chrono::milliseconds>(
        options_.retention_every, traffic_->split_rule().window);
    if (options_.keep.any()) step = std::min(step, kSizeEvery);
    if (syncs) step = std::min(step, options_.sync_interval);
    auto last_expired = clock_.mono();
    auto last_split = last_expired;
    std::unique_lock lock(house_mutex_);
    while (!stop.stop_requested()) {
        house_wakes_.wait_for(lock, stop, step, [] { return false; });
        if (stop.stop_requested()) return;
        if (syncs) {
            const std::shared_lock stores(stores_mutex_);
            for (const auto& [ref, store] : stores_) store->log->sync_written();
        }
        if (options_.keep.any()) keep_size();
        if (clock_.mono() - last_split >= traffic_->split_rule().window) {
            last_split = clock_.mono();
            split_hot_shards();
        }
        if (clock_.mono() - last_expired < options_.retention_every) continue;
        last_expired = clock_.mono();
        expire();
        give_memory_back();
    }
}

void Engine::close_logs() {
    for (const auto& [ref, store] : stores_) {
        const auto tail = store->log->close();
        if (tail && catalog_) (void)catalog_->save_clean_tail(store->log->id(), *tail);
    }
}

}  // namespace spillway::engine
