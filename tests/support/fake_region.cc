#include "tests/support/fake_region.h"

#include "base/hash.h"
#include "base/text.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/log_group_writer.h"

#include <algorithm>
#include <utility>

namespace spillway::test_support {
namespace {

Error service_failure(ErrorCode code, std::string service_code, int status, std::string message) {
    Error error = make_error(code, std::move(message));
    error.service_code = std::move(service_code);
    error.http_status = status;
    return error;
}

Error not_found(std::string service_code, const std::string& what) {
    return service_failure(ErrorCode::NotFound, std::move(service_code), 404,
                           what + " does not exist");
}

/// Half of the way between two keys of 32 hex digits; exact in the leading 16 digits, which is
/// enough here.
std::string middle_key(const std::string& begin, const std::string& end) {
    const auto low = std::stoull(begin.substr(0, 16), nullptr, 16);
    const auto high = std::stoull(end.substr(0, 16), nullptr, 16);
    const std::uint64_t middle = low + (high - low) / 2;
    std::string key(32, '0');
    for (std::size_t digit = 0; digit < 16; ++digit) {
        key[digit] = "0123456789abcdef"[(middle >> (60 - 4 * digit)) & 15];
    }
    return key;
}

std::vector<Shard> even_shards(std::uint32_t count, std::int64_t now_s) {
    std::vector<Shard> shards;
    std::string begin(32, '0');
    for (std::uint32_t index = 0; index < count; ++index) {
        const std::uint64_t edge = UINT64_MAX / count * (index + 1);
        std::string end(32, 'f');
        if (index + 1 < count) {
            end.assign(32, '0');
            for (std::size_t digit = 0; digit < 16; ++digit) {
                end[digit] = "0123456789abcdef"[(edge >> (60 - 4 * digit)) & 15];
            }
        }
        shards.push_back({ShardId(index), ShardStatus::ReadWrite, begin, end, now_s});
        begin = end;
    }
    return shards;
}

bool holds_key(const Shard& shard, const std::string& key) {
    return shard.begin_key <= key && (key < shard.end_key || shard.end_key == std::string(32, 'f'));
}

template <class Map>
auto keys_of(const Map& map) {
    std::vector<typename Map::key_type> keys;
    for (const auto& [key, value] : map) keys.push_back(key);
    return keys;
}

}  // namespace

// --- switches ---------------------------------------------------------------------------------

void FakeRegion::refuse_next(FakeCall call, Error error, int count) {
    const std::lock_guard lock(mutex_);
    refusals_.push_back({call, std::move(error), count});
}

void FakeRegion::refuse(FakeCall call, Error error) {
    refuse_next(call, std::move(error), -1);
}

void FakeRegion::go_dark() {
    refuse(FakeCall::Any, make_error(ErrorCode::Unavailable, "connection refused"));
}

void FakeRegion::heal() {
    const std::lock_guard lock(mutex_);
    refusals_.clear();
    dropped_replies_.clear();
}

void FakeRegion::drop_reply(FakeCall call, int count) {
    const std::lock_guard lock(mutex_);
    dropped_replies_[call] += count;
}

void FakeRegion::hold(FakeCall call) {
    const std::lock_guard lock(mutex_);
    held_.insert(call);
}

void FakeRegion::release() {
    const std::lock_guard lock(mutex_);
    held_.clear();
    changed_.notify_all();
}

void FakeRegion::wait_until_held(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return standing_ >= count; });
}

void FakeRegion::before_each(std::function<void(FakeCall)> hook) {
    const std::lock_guard lock(mutex_);
    hook_ = std::move(hook);
}

Status FakeRegion::enter(FakeCall call) {
    std::unique_lock lock(mutex_);
    ++calls_[call];
    if (const auto hook = hook_) {
        lock.unlock();
        hook(call);
        lock.lock();
    }
    const auto held = [&] { return held_.contains(call) || held_.contains(FakeCall::Any); };
    if (held()) {
        ++standing_;
        changed_.notify_all();
        changed_.wait(lock, [&] { return !held(); });
        --standing_;
    }
    for (auto at = refusals_.begin(); at != refusals_.end(); ++at) {
        if (at->call != call && at->call != FakeCall::Any) continue;
        Error error = at->error;
        if (at->left > 0 && --at->left == 0) refusals_.erase(at);
        return error;
    }
    return {};
}

Status FakeRegion::leave(FakeCall call) {
    for (const FakeCall kind : {call, FakeCall::Any}) {
        const auto found = dropped_replies_.find(kind);
        if (found == dropped_replies_.end() || found->second == 0) continue;
        --found->second;
        return make_error(ErrorCode::Unavailable, "the connection broke before the answer came");
    }
    return {};
}

template <class Body>
auto FakeRegion::run(FakeCall call, Body body) -> decltype(body()) {
    struct Notify {
        std::condition_variable& changed;
        ~Notify() { changed.notify_all(); }
    };
    const Notify notify{changed_};
    if (auto entered = enter(call); !entered) return std::move(entered).error();
    const std::lock_guard lock(mutex_);
    auto result = body();
    if (auto left = leave(call); !left) return std::move(left).error();
    return result;
}

// --- finding ----------------------------------------------------------------------------------

Result<FakeRegion::ProjectState*> FakeRegion::find_project(const ProjectName& name) {
    const auto found = projects_.find(name);
    if (found == projects_.end()) return not_found("ProjectNotExist", "project " + name.str());
    return &found->second;
}

Result<FakeRegion::StoreState*> FakeRegion::find_store(const LogstoreRef& ref) {
    auto project = find_project(ref.project);
    if (!project) return std::move(project).error();
    const auto found = (*project)->stores.find(ref.logstore);
    if (found == (*project)->stores.end()) {
        return not_found("LogStoreNotExist", "Logstore " + ref.to_string());
    }
    return &found->second;
}

Result<FakeRegion::ShardState*> FakeRegion::find_shard(const LogstoreRef& ref, ShardId id) {
    auto store = find_store(ref);
    if (!store) return std::move(store).error();
    for (ShardState& shard : (*store)->shards) {
        if (shard.shard.id == id) return &shard;
    }
    return not_found("ShardNotExist", "shard " + std::to_string(id.value()));
}

Result<FakeRegion::GroupState*> FakeRegion::find_consumer_group(const LogstoreRef& ref,
                                                                const ConsumerGroupName& name) {
    auto store = find_store(ref);
    if (!store) return std::move(store).error();
    const auto found = (*store)->consumer_groups.find(name);
    if (found == (*store)->consumer_groups.end()) {
        return not_found("ConsumerGroupNotExist", "consumer group " + name.str());
    }
    return &found->second;
}

// --- looking and preparing --------------------------------------------------------------------

void FakeRegion::create(const LogstoreRef& ref, std::uint32_t shard_count) {
    ProjectInfo info;
    info.name = ref.project;
    LogstoreSettings settings;
    settings.shard_count = shard_count;
    if (const Status made = create_project(info); !made) {
        SPILLWAY_INVARIANT(made.error().code == ErrorCode::AlreadyExists, "fake project not made");
    }
    SPILLWAY_INVARIANT(create_logstore(ref, settings).has_value(), "fake Logstore not made");
}

void FakeRegion::append(const LogstoreRef& ref, ShardId shard, const LogGroup& group) {
    append_bytes(ref, shard, wire::encode(group));
}

void FakeRegion::append_bytes(const LogstoreRef& ref, ShardId shard, std::string group) {
    const std::lock_guard lock(mutex_);
    store_group(*find_shard(ref, shard).value(), std::move(group), Batch{});
    changed_.notify_all();
}

std::vector<StoredGroup> FakeRegion::stored(const LogstoreRef& ref, ShardId shard) {
    const std::lock_guard lock(mutex_);
    return find_shard(ref, shard).value()->groups;
}

std::vector<LogGroup> FakeRegion::groups(const LogstoreRef& ref) {
    const std::lock_guard lock(mutex_);
    std::vector<LogGroup> all;
    for (const ShardState& shard : find_store(ref).value()->shards) {
        for (const StoredGroup& group : shard.groups) {
            all.push_back(wire::LogGroupView::parse(group.bytes).value().to_owned().value());
        }
    }
    return all;
}

std::uint64_t FakeRegion::log_count(const LogstoreRef& ref) {
    std::uint64_t count = 0;
    for (const LogGroup& group : groups(ref)) count += group.logs.size();
    return count;
}

int FakeRegion::calls(FakeCall call) const {
    const std::lock_guard lock(mutex_);
    int count = 0;
    for (const auto& [kind, times] : calls_) {
        if (call == FakeCall::Any || kind == call) count += times;
    }
    return count;
}

bool FakeRegion::wait_for(const std::function<bool()>& done, std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!done()) {
        std::unique_lock lock(mutex_);
        if (std::chrono::steady_clock::now() >= deadline) return false;
        // Bounded, because `done` is evaluated without the lock and may look at other things too.
        changed_.wait_for(lock, std::chrono::milliseconds(20));
    }
    return true;
}

void FakeRegion::split(const LogstoreRef& ref, ShardId shard) {
    const std::lock_guard lock(mutex_);
    StoreState& store = *find_store(ref).value();
    Shard& parent = find_shard(ref, shard).value()->shard;
    parent.status = ShardStatus::ReadOnly;
    const std::string middle = middle_key(parent.begin_key, parent.end_key);
    Shard left = parent;
    Shard right = parent;
    left.status = right.status = ShardStatus::ReadWrite;
    left.end_key = right.begin_key = middle;
    for (Shard child : {left, right}) {
        child.id = ShardId(static_cast<std::uint32_t>(store.shards.size()));
        ShardState state;
        state.shard = child;
        state.base = store.shards.front().base + (std::int64_t{child.id.value()} << 32);
        store.shards.push_back(std::move(state));
    }
}

void FakeRegion::expire(const LogstoreRef& ref, ShardId shard, std::size_t count) {
    const std::lock_guard lock(mutex_);
    ShardState& state = *find_shard(ref, shard).value();
    count = std::min(count, state.groups.size());
    state.groups.erase(state.groups.begin(), state.groups.begin() + static_cast<long>(count));
    state.expired += count;
}

Status FakeRegion::heartbeat(const ProjectName& project, const MachineGroupName& group,
                             const Machine& machine) {
    return run(FakeCall::Config, [&]() -> Status {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        if (!(*found)->groups.contains(group))
            return not_found("MachineGroupNotExist", group.str());
        auto& machines = (*found)->machines[group];
        std::erase_if(machines,
                      [&](const Machine& old) { return old.unique_id == machine.unique_id; });
        machines.push_back(machine);
        machines.back().last_heartbeat_unix_s = unix_seconds(clock_.wall());
        return {};
    });
}

// --- source and sink --------------------------------------------------------------------------

Result<std::vector<Shard>> FakeRegion::shards(const LogstoreRef& ref) {
    return run(FakeCall::Shards, [&]() -> Result<std::vector<Shard>> {
        auto store = find_store(ref);
        if (!store) return std::move(store).error();
        std::vector<Shard> all;
        for (const ShardState& shard : (*store)->shards) all.push_back(shard.shard);
        return all;
    });
}

Result<std::int64_t> FakeRegion::position_in(const ShardState& shard, const Cursor& cursor) const {
    const auto position = cursor.position();
    if (!position || *position < shard.begin() || *position > shard.end()) {
        return service_failure(ErrorCode::OutOfRange, "InvalidCursor", 400,
                               "cursor " + cursor.str() + " is outside what is stored");
    }
    return *position;
}

Result<Cursor> FakeRegion::cursor(const LogstoreRef& ref, ShardId id, const CursorSeek& seek) {
    return run(FakeCall::Cursor, [&]() -> Result<Cursor> {
        auto shard = find_shard(ref, id);
        if (!shard) return std::move(shard).error();
        if (seek.kind == SeekKind::Begin) return Cursor::from_position((*shard)->begin());
        if (seek.kind == SeekKind::Time) {
            for (const StoredGroup& group : (*shard)->groups) {
                if (group.received_unix_s >= seek.unix_s)
                    return Cursor::from_position(group.position);
            }
        }
        return Cursor::from_position((*shard)->end());
    });
}

Result<std::int64_t> FakeRegion::cursor_time(const LogstoreRef& ref, ShardId id,
                                             const Cursor& cursor) {
    return run(FakeCall::Cursor, [&]() -> Result<std::int64_t> {
        auto shard = find_shard(ref, id);
        if (!shard) return std::move(shard).error();
        auto position = position_in(**shard, cursor);
        if (!position) return std::move(position).error();
        if (*position == (*shard)->end()) {
            return service_failure(ErrorCode::OutOfRange, "InvalidCursor", 400,
                                   "the cursor is at the end: no group is there yet");
        }
        return (*shard)
            ->groups[static_cast<std::size_t>(*position - (*shard)->begin())]
            .received_unix_s;
    });
}

Result<Page> FakeRegion::pull(const LogstoreRef& ref, ShardId id, const PullRequest& request) {
    return run(FakeCall::Pull, [&]() -> Result<Page> {
        auto shard = find_shard(ref, id);
        if (!shard) return std::move(shard).error();
        auto from = position_in(**shard, request.from);
        if (!from) return std::move(from).error();
        std::int64_t end = (*shard)->end();
        if (request.end && request.end->position()) end = std::min(end, *request.end->position());
        end = std::max(*from, std::min<std::int64_t>(end, *from + request.groups_max));
        Page page;
        page.from = request.from;
        page.next = Cursor::from_position(end);
        page.group_count = static_cast<std::uint32_t>(end - *from);
        page.at_end = end == (*shard)->end();
        if (page.group_count > 0) page.last_position = end - 1;
        for (std::int64_t at = *from; at < end; ++at) {
            const auto& group = (*shard)->groups[static_cast<std::size_t>(at - (*shard)->begin())];
            wire::append_group_frame(page.body, group.bytes.size());
            page.body += group.bytes;
        }
        page.raw_bytes = page.body.size();
        page.codec = page.group_count == 0 ? Codec::None : request.codec;
        if (page.codec == Codec::None) return page;
        auto packed = wire::compress(page.codec, page.body);
        if (!packed) return std::move(packed).error();
        page.body = std::move(*packed);
        return page;
    });
}

Result<FakeRegion::ShardState*> FakeRegion::route(StoreState& store, const Batch& batch) {
    std::vector<ShardState*> writable;
    for (ShardState& shard : store.shards) {
        if (shard.shard.status == ShardStatus::ReadWrite) writable.push_back(&shard);
    }
    if (!batch.route_key) return writable[store.next_shard++ % writable.size()];
    const std::string key = to_lower(batch.route_key->str());
    for (ShardState* shard : writable) {
        if (holds_key(shard->shard, key)) return shard;
    }
    return service_failure(ErrorCode::InvalidArgument, "ParameterInvalid", 400,
                           "invalid mid hash " + key);
}

void FakeRegion::store_group(ShardState& shard, std::string bytes, const Batch& batch) {
    StoredGroup group;
    group.position = shard.end();
    group.received_unix_s = unix_seconds(clock_.wall());
    group.bytes = std::move(bytes);
    group.route_key = batch.route_key;
    group.sequence_id = batch.sequence_id;
    shard.groups.push_back(std::move(group));
}

Result<Receipt> FakeRegion::put(const LogstoreRef& ref, const Batch& batch) {
    return run(FakeCall::Put, [&]() -> Result<Receipt> {
        auto store = find_store(ref);
        if (!store) return std::move(store).error();
        auto raw = wire::decompress(batch.codec, batch.body, batch.raw_bytes);
        if (!raw) return std::move(raw).error();
        auto view = wire::LogGroupView::parse(*raw);
        if (!view || !view->validate()) {
            return service_failure(ErrorCode::InvalidArgument, "PostBodyInvalid", 400,
                                   "the body is not a LogGroup");
        }
        auto shard = route(**store, batch);
        if (!shard) return std::move(shard).error();
        if (batch.route_key && batch.sequence_id) {
            auto& last = (*store)->fence[to_lower(batch.route_key->str())];
            if (batch.sequence_id->value() <= last) {
                return service_failure(ErrorCode::Conflict, "InvalidSequenceId", 400,
                                       "sequence id is not above " + std::to_string(last));
            }
            last = batch.sequence_id->value();
        }
        store_group(**shard, std::move(*raw), batch);
        return Receipt{"fake-" + std::to_string((*shard)->end())};
    });
}

// --- consumer groups --------------------------------------------------------------------------

Status FakeRegion::create_consumer_group(const LogstoreRef& ref, const ConsumerGroupInfo& group) {
    return run(FakeCall::Consumer, [&]() -> Status {
        auto store = find_store(ref);
        if (!store) return std::move(store).error();
        GroupState state;
        state.info = group;
        if (!(*store)->consumer_groups.emplace(group.name, std::move(state)).second) {
            return service_failure(ErrorCode::AlreadyExists, "ConsumerGroupAlreadyExist", 400,
                                   group.name.str() + " exists already");
        }
        return {};
    });
}

Status FakeRegion::update_consumer_group(const LogstoreRef& ref, const ConsumerGroupInfo& group) {
    return run(FakeCall::Consumer, [&]() -> Status {
        auto found = find_consumer_group(ref, group.name);
        if (!found) return std::move(found).error();
        (*found)->info = group;
        return {};
    });
}

Status FakeRegion::delete_consumer_group(const LogstoreRef& ref, const ConsumerGroupName& group) {
    return run(FakeCall::Consumer, [&]() -> Status {
        if (auto found = find_consumer_group(ref, group); !found) return std::move(found).error();
        find_store(ref).value()->consumer_groups.erase(group);
        return {};
    });
}

Result<std::vector<ConsumerGroupInfo>> FakeRegion::consumer_groups(const LogstoreRef& ref) {
    return run(FakeCall::Consumer, [&]() -> Result<std::vector<ConsumerGroupInfo>> {
        auto store = find_store(ref);
        if (!store) return std::move(store).error();
        std::vector<ConsumerGroupInfo> all;
        for (const auto& [name, group] : (*store)->consumer_groups) all.push_back(group.info);
        return all;
    });
}

Result<std::vector<ShardId>> FakeRegion::heartbeat(const LogstoreRef& ref,
                                                   const ConsumerGroupName& group,
                                                   const ConsumerName& consumer,
                                                   const std::vector<ShardId>&) {
    return run(FakeCall::Consumer, [&]() -> Result<std::vector<ShardId>> {
        auto found = find_consumer_group(ref, group);
        if (!found) return std::move(found).error();
        auto& consumers = (*found)->consumers;
        consumers.insert(consumer.str());
        const auto rank = static_cast<std::size_t>(
            std::distance(consumers.begin(), consumers.find(consumer.str())));
        std::vector<ShardId> mine;
        for (const ShardState& shard : find_store(ref).value()->shards) {
            if (shard.shard.id.value() % consumers.size() == rank) mine.push_back(shard.shard.id);
        }
        return mine;
    });
}

Result<std::vector<ShardCheckpoint>> FakeRegion::checkpoints(const LogstoreRef& ref,
                                                             const ConsumerGroupName& group) {
    return run(FakeCall::Consumer, [&]() -> Result<std::vector<ShardCheckpoint>> {
        auto found = find_consumer_group(ref, group);
        if (!found) return std::move(found).error();
        std::vector<ShardCheckpoint> all;
        for (const ShardState& shard : find_store(ref).value()->shards) {
            auto& checkpoint = (*found)->checkpoints[shard.shard.id];
            checkpoint.shard = shard.shard.id;
            all.push_back(checkpoint);
        }
        return all;
    });
}

Status FakeRegion::save_checkpoint(const LogstoreRef& ref, const ConsumerGroupName& group,
                                   const ConsumerName& consumer, ShardId shard,
                                   const Cursor& cursor, bool force) {
    return run(FakeCall::Consumer, [&]() -> Status {
        auto found = find_consumer_group(ref, group);
        if (!found) return std::move(found).error();
        if (!force && !(*found)->consumers.contains(consumer.str())) {
            return service_failure(ErrorCode::Conflict, "ConsumerNotExist", 404,
                                   consumer.str() + " does not hold the shard");
        }
        const auto now_us =
            std::chrono::duration_cast<std::chrono::microseconds>(clock_.wall().time_since_epoch());
        (*found)->checkpoints[shard] = {shard, cursor, consumer.str(), now_us.count()};
        return {};
    });
}

// --- collector configs ------------------------------------------------------------------------

Result<std::vector<ConfigName>> FakeRegion::configs(const ProjectName& project, ConfigForm form) {
    return run(FakeCall::Config, [&]() -> Result<std::vector<ConfigName>> {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        std::vector<ConfigName> names;
        for (const auto& [name, config] : (*found)->configs) {
            if (config.form == form) names.push_back(name);
        }
        return names;
    });
}

Result<CollectorConfig> FakeRegion::config(const ProjectName& project, const ConfigName& name,
                                           ConfigForm form) {
    return run(FakeCall::Config, [&]() -> Result<CollectorConfig> {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        const auto config = (*found)->configs.find(name);
        if (config == (*found)->configs.end() || config->second.form != form) {
            return not_found("ConfigNotExist", "config " + name.str());
        }
        return config->second;
    });
}

Status FakeRegion::put_config(const ProjectName& project, const CollectorConfig& config) {
    return run(FakeCall::Config, [&]() -> Status {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        const std::int64_t now = unix_seconds(clock_.wall());
        auto& stored = (*found)->configs[config.name];
        const auto created = find_int(stored.body, "createTime");
        stored = config;
        stored.body["configName"] = config.name.str();
        stored.body["createTime"] = created.value_or(now);
        stored.body["lastModifyTime"] = now;
        return {};
    });
}

Status FakeRegion::delete_config(const ProjectName& project, const ConfigName& name,
                                 ConfigForm form) {
    return run(FakeCall::Config, [&]() -> Status {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        const auto config = (*found)->configs.find(name);
        if (config == (*found)->configs.end() || config->second.form != form) {
            return not_found("ConfigNotExist", "config " + name.str());
        }
        (*found)->configs.erase(config);
        std::erase_if((*found)->bindings,
                      [&](const auto& binding) { return binding.second == name; });
        return {};
    });
}

Result<std::vector<MachineGroupName>> FakeRegion::machine_groups(const ProjectName& project) {
    return run(FakeCall::Config, [&]() -> Result<std::vector<MachineGroupName>> {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        return keys_of((*found)->groups);
    });
}

Result<MachineGroup> FakeRegion::machine_group(const ProjectName& project,
                                               const MachineGroupName& name) {
    return run(FakeCall::Config, [&]() -> Result<MachineGroup> {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        const auto group = (*found)->groups.find(name);
        if (group == (*found)->groups.end()) return not_found("MachineGroupNotExist", name.str());
        return group->second;
    });
}

Status FakeRegion::put_machine_group(const ProjectName& project, const MachineGroup& group) {
    return run(FakeCall::Config, [&]() -> Status {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        (*found)->groups[group.name] = group;
        return {};
    });
}

Status FakeRegion::delete_machine_group(const ProjectName& project, const MachineGroupName& name) {
    return run(FakeCall::Config, [&]() -> Status {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        if ((*found)->groups.erase(name) == 0) return not_found("MachineGroupNotExist", name.str());
        (*found)->machines.erase(name);
        std::erase_if((*found)->bindings,
                      [&](const auto& binding) { return binding.first == name; });
        return {};
    });
}

Result<std::vector<Machine>> FakeRegion::machines(const ProjectName& project,
                                                  const MachineGroupName& name) {
    return run(FakeCall::Config, [&]() -> Result<std::vector<Machine>> {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        if (!(*found)->groups.contains(name)) return not_found("MachineGroupNotExist", name.str());
        return (*found)->machines[name];
    });
}

Status FakeRegion::bind(const ProjectName& project, const MachineGroupName& group,
                        const ConfigName& config) {
    return run(FakeCall::Config, [&]() -> Status {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        if (!(*found)->groups.contains(group))
            return not_found("MachineGroupNotExist", group.str());
        if (!(*found)->configs.contains(config)) return not_found("ConfigNotExist", config.str());
        (*found)->bindings.emplace(group, config);
        return {};
    });
}

Status FakeRegion::unbind(const ProjectName& project, const MachineGroupName& group,
                          const ConfigName& config) {
    return run(FakeCall::Config, [&]() -> Status {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        (*found)->bindings.erase({group, config});
        return {};
    });
}

Result<std::vector<ConfigName>> FakeRegion::bound_configs(const ProjectName& project,
                                                          const MachineGroupName& group) {
    return run(FakeCall::Config, [&]() -> Result<std::vector<ConfigName>> {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        if (!(*found)->groups.contains(group))
            return not_found("MachineGroupNotExist", group.str());
        std::vector<ConfigName> names;
        for (const auto& [bound_group, config] : (*found)->bindings) {
            if (bound_group == group) names.push_back(config);
        }
        return names;
    });
}

Result<std::vector<MachineGroupName>> FakeRegion::bound_groups(const ProjectName& project,
                                                               const ConfigName& config) {
    return run(FakeCall::Config, [&]() -> Result<std::vector<MachineGroupName>> {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        std::vector<MachineGroupName> names;
        for (const auto& [group, bound_config] : (*found)->bindings) {
            if (bound_config == config) names.push_back(group);
        }
        return names;
    });
}

// --- projects ---------------------------------------------------------------------------------

Status FakeRegion::create_project(const ProjectInfo& project) {
    return run(FakeCall::Project, [&]() -> Status {
        ProjectState state;
        state.info = project;
        if (!projects_.emplace(project.name, std::move(state)).second) {
            return service_failure(ErrorCode::AlreadyExists, "ProjectAlreadyExist", 400,
                                   project.name.str() + " exists already");
        }
        return {};
    });
}

Result<ProjectInfo> FakeRegion::project(const ProjectName& name) {
    return run(FakeCall::Project, [&]() -> Result<ProjectInfo> {
        auto found = find_project(name);
        if (!found) return std::move(found).error();
        return (*found)->info;
    });
}

Result<std::vector<ProjectInfo>> FakeRegion::projects() {
    return run(FakeCall::Project, [&]() -> Result<std::vector<ProjectInfo>> {
        std::vector<ProjectInfo> all;
        for (const auto& [name, project] : projects_) all.push_back(project.info);
        return all;
    });
}

Status FakeRegion::delete_project(const ProjectName& name) {
    return run(FakeCall::Project, [&]() -> Status {
        if (projects_.erase(name) == 0) return not_found("ProjectNotExist", name.str());
        return {};
    });
}

Status FakeRegion::create_logstore(const LogstoreRef& ref, const LogstoreSettings& settings) {
    return run(FakeCall::Project, [&]() -> Status {
        auto project = find_project(ref.project);
        if (!project) return std::move(project).error();
        if ((*project)->stores.contains(ref.logstore)) {
            return service_failure(ErrorCode::AlreadyExists, "LogStoreAlreadyExist", 400,
                                   ref.to_string() + " exists already");
        }
        StoreState store;
        const std::int64_t now = unix_seconds(clock_.wall());
        store.info = {ref, settings, now, now};
        const std::int64_t base = now * 1'000'000'000 + (++lives_ << 40);
        for (const Shard& shard : even_shards(settings.shard_count, now)) {
            ShardState state;
            state.shard = shard;
            state.base = base + (std::int64_t{shard.id.value()} << 32);
            store.shards.push_back(std::move(state));
        }
        (*project)->stores.emplace(ref.logstore, std::move(store));
        return {};
    });
}

Status FakeRegion::update_logstore(const LogstoreRef& ref, const LogstoreSettings& settings) {
    return run(FakeCall::Project, [&]() -> Status {
        auto store = find_store(ref);
        if (!store) return std::move(store).error();
        (*store)->info.settings = settings;
        return {};
    });
}

Result<LogstoreInfo> FakeRegion::logstore(const LogstoreRef& ref) {
    return run(FakeCall::Project, [&]() -> Result<LogstoreInfo> {
        auto store = find_store(ref);
        if (!store) return std::move(store).error();
        return (*store)->info;
    });
}

Result<std::vector<LogstoreName>> FakeRegion::logstores(const ProjectName& project) {
    return run(FakeCall::Project, [&]() -> Result<std::vector<LogstoreName>> {
        auto found = find_project(project);
        if (!found) return std::move(found).error();
        return keys_of((*found)->stores);
    });
}

Status FakeRegion::delete_logstore(const LogstoreRef& ref) {
    return run(FakeCall::Project, [&]() -> Status {
        auto project = find_project(ref.project);
        if (!project) return std::move(project).error();
        if ((*project)->stores.erase(ref.logstore) == 0) {
            return not_found("LogStoreNotExist", ref.to_string());
        }
        return {};
    });
}

}  // namespace spillway::test_support
