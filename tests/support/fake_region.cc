#include "base/text.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/log_group_writer.h"
#include "tests/support/fake_region_impl.h"

#include <algorithm>
#include <utility>

namespace spillway::test_support {
namespace {

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

bool holds_key(const Shard& shard, const std::string& key) {
    return shard.begin_key <= key && (key < shard.end_key || shard.end_key == std::string(32, 'f'));
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

}  // namespace spillway::test_support
