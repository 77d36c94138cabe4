#include "tests/replicator/world.h"

#include "base/hash.h"
#include "base/text.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/log_group_writer.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace spillway::replicator::test {

using std::chrono::milliseconds;
using test_support::FakeCall;

std::uint64_t Dice::next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
    return mixed ^ (mixed >> 31);
}

// --- network ----------------------------------------------------------------------------------

/// Whether a write was stored, told from outside: an answer may be lost whatever it was.
bool Network::was_stored(const Result<Receipt>& put, const Batch& batch) const {
    if (put) return true;
    if (put.error().message.find("before the answer came") == std::string::npos) return false;
    if (!batch.sequence_id) return true;
    const auto found = fence_.find(batch.route_key->str());
    return found == fence_.end() || found->second < batch.sequence_id->value();
}

Result<Receipt> Network::deliver(const LogstoreRef& ref, const Batch& batch) {
    auto put = region_.put(ref, batch);
    if (was_stored(put, batch)) {
        const auto raw = wire::decompress(batch.codec, batch.body, batch.raw_bytes);
        arrived_.push_back(wire::LogGroupView::parse(*raw)->to_owned().value());
        if (batch.sequence_id) fence_[batch.route_key->str()] = batch.sequence_id->value();
    }
    return put;
}

Result<Receipt> Network::put(const LogstoreRef& ref, const Batch& batch) {
    if (delay_sides_ > 0 && dice_.one_in(delay_sides_)) {
        late_.emplace_back(ref, batch);
        return make_error(ErrorCode::Unavailable, "the request timed out");
    }
    return deliver(ref, batch);
}

void Network::deliver_late() {
    if (late_.empty()) return;
    const std::size_t which = dice_.roll(late_.size());
    const auto [ref, batch] = late_[which];
    late_.erase(late_.begin() + static_cast<std::ptrdiff_t>(which));
    (void)deliver(ref, batch);
}

// --- state ------------------------------------------------------------------------------------

Result<std::optional<StoredValue>> ShakyState::get(std::string_view key) {
    before();
    if (dead()) return make_error(ErrorCode::Unavailable, "the process is gone");
    return inner_.get(key);
}

Result<std::vector<StoredValue>> ShakyState::list(std::string_view prefix) {
    before();
    if (dead()) return make_error(ErrorCode::Unavailable, "the process is gone");
    return inner_.list(prefix);
}

Result<Revision> ShakyState::commit(const std::vector<StateCompare>& compares,
                                    const std::vector<StateWrite>& writes) {
    before();
    if (dead()) return make_error(ErrorCode::Unavailable, "the process is gone");
    if (fail_next > 0) {
        --fail_next;
        return make_error(ErrorCode::Exhausted, "no space left on device");
    }
    auto committed = inner_.commit(compares, writes);
    if (committed && lose_answer_next > 0) {
        --lose_answer_next;
        return make_error(ErrorCode::Unavailable, "the store did not answer");
    }
    return committed;
}

// --- world ------------------------------------------------------------------------------------

World::World(std::uint64_t seed, LinkOptions wanted, std::uint32_t source_shards,
             std::uint32_t target_shards)
    : dice(seed),
      source(clock),
      target(clock),
      network(target, dice),
      state(*disk),
      options(std::move(wanted)) {
    source.create(source_ref, source_shards);
    target.create(target_ref, target_shards);
    if (options.name.empty()) options.name = "hz-to-sh";
    options.source = source_ref;
    writable_ = source.shards(source_ref).value();
    const auto target_shards_now = target.shards(target_ref).value();
    for (const Shard& shard : target_shards_now) {
        target_writable_.push_back(shard.id);
    }
    source_shards_made_ = source_shards;
    target_shards_made_ = target_shards;
    source.before_each([this](FakeCall) { note_call(); });
    target.before_each([this](FakeCall) { note_call(); });
    state.before = [this] { note_call(); };
    state.dead = [this] { return dead_; };
    compile = [](std::string_view) -> Result<Rule> {
        return make_error(ErrorCode::InvalidArgument, "no rule language in this test");
    };
}

World::~World() = default;

void World::note_call() {
    if (!core || dead_ || !calls_to_death_) return;
    if (*calls_to_death_ > 0) {
        --*calls_to_death_;
        return;
    }
    calls_to_death_.reset();
    dead_ = true;
    const Error gone = make_error(ErrorCode::Unavailable, "the process is gone");
    source.refuse(FakeCall::Any, gone);
    target.refuse(FakeCall::Any, gone);
}

void World::start() {
    LinkPorts ports{source,
                    {{"", target_ref, &network, target_readable ? &target : nullptr}},
                    state,
                    clock,
                    null_event_log(),
                    metrics};
    auto opened = LinkCore::open(options, ports, rule, compile, *this);
    SPILLWAY_INVARIANT(opened.has_value(), opened ? "" : opened.error().message.c_str());
    core = std::move(*opened);
    tasks_.clear();
    tasks_["control"] = {"control", clock.mono(), [this] {
                             ++controls_;
                             return core->control_step();
                         }};
}

void World::crash() {
    tasks_.clear();
    core.reset();
    if (dead_) {
        source.heal();
        target.heal();
    }
    dead_ = false;
    calls_to_death_.reset();
}

void World::add_new_tasks() {
    for (ShardPipeline* pipeline : core->pipelines()) {
        const std::string name = "shard " + std::to_string(pipeline->record().shard.value());
        if (tasks_.contains(name)) continue;
        tasks_[name] = {name, clock.mono(), [pipeline] { return pipeline->step(); }};
        for (std::uint32_t lane = 0; lane < pipeline->lane_count(); ++lane) {
            const std::string lane_name = name + " lane " + std::to_string(lane);
            tasks_[lane_name] = {lane_name, clock.mono(),
                                 [pipeline, lane] { return pipeline->lane_step(lane); }};
        }
    }
}

World::Task* World::pick_due() {
    std::vector<Task*> due;
    MonoTime earliest = MonoTime::max();
    for (auto& [name, task] : tasks_) {
        if (task.due <= clock.mono()) due.push_back(&task);
        earliest = std::min(earliest, task.due);
    }
    if (!due.empty()) return due[dice.roll(due.size())];
    clock.advance(earliest - clock.mono());
    return nullptr;
}

bool World::tick() {
    Task* task = pick_due();
    if (task == nullptr) return !dead_;
    const milliseconds wait = task->step();
    task->due = std::max(task->due, clock.mono() + wait);
    if (wait == milliseconds(0)) task->due = clock.mono();
    if (!dead_ && controls_ != controls_seen_) add_new_tasks();
    controls_seen_ = controls_;
    return !dead_;
}

void World::run_for(milliseconds time) {
    const MonoTime until = clock.mono() + time;
    while (clock.mono() < until && tick()) {
    }
}

bool World::run_until_copied(milliseconds limit) {
    const MonoTime until = clock.mono() + limit;
    core->set_mode(LinkMode::Draining);
    while (clock.mono() < until) {
        const auto before = controls_;
        if (!tick()) return false;
        if (controls_ != before && core->status().drained) {
            core->set_mode(LinkMode::Running);
            return true;
        }
    }
    core->set_mode(LinkMode::Running);
    return false;
}

void World::wake_shard(ShardId shard) {
    const auto found = tasks_.find("shard " + std::to_string(shard.value()));
    if (found != tasks_.end()) found->second.due = clock.mono();
}

void World::wake_lane(ShardId shard, std::uint32_t lane) {
    const auto found =
        tasks_.find("shard " + std::to_string(shard.value()) + " lane " + std::to_string(lane));
    if (found != tasks_.end()) found->second.due = clock.mono();
}

void World::wake_control() {
    const auto found = tasks_.find("control");
    if (found != tasks_.end()) found->second.due = clock.mono();
}

void World::produce(std::uint32_t agent, std::uint32_t logs, const std::string& level) {
    LogGroup group;
    group.topic = "topic-" + std::to_string(agent % 2);
    group.source = "agent-" + std::to_string(agent);
    group.tags.push_back({"__hostname__", "host-" + std::to_string(agent)});
    for (std::uint32_t at = 0; at < logs; ++at) {
        auto& ids = produced_[agent];
        ids.push_back(std::to_string(agent) + "-" + std::to_string(ids.size()));
        group.logs.push_back({static_cast<std::uint32_t>(unix_seconds(clock.wall())),
                              std::nullopt,
                              {{"id", ids.back()}, {"level", level}}});
    }
    const std::string key = to_hex(md5(group.source));
    for (const Shard& shard : writable_) {
        const bool last = shard.end_key == std::string(32, 'f');
        if (shard.begin_key <= key && (last || key < shard.end_key)) {
            source.append(source_ref, shard.id, group);
            return;
        }
    }
}

void World::split_source() {
    const std::size_t which = dice.roll(writable_.size());
    const Shard parent = writable_[which];
    source.split(source_ref, parent.id);
    Shard left = parent;
    Shard right = parent;
    left.id = ShardId(source_shards_made_++);
    right.id = ShardId(source_shards_made_++);
    // The region halves ranges at the leading 16 digits.
    const std::uint64_t low = std::stoull(parent.begin_key.substr(0, 16), nullptr, 16);
    const std::uint64_t high = std::stoull(parent.end_key.substr(0, 16), nullptr, 16);
    left.end_key = right.begin_key = fmt::format("{:016x}{:016x}", low + (high - low) / 2, 0);
    writable_.erase(writable_.begin() + static_cast<std::ptrdiff_t>(which));
    writable_.push_back(left);
    writable_.push_back(right);
}

void World::split_target() {
    const std::size_t which = dice.roll(target_writable_.size());
    target.split(target_ref, target_writable_[which]);
    target_writable_.erase(target_writable_.begin() + static_cast<std::ptrdiff_t>(which));
    target_writable_.emplace_back(target_shards_made_++);
    target_writable_.emplace_back(target_shards_made_++);
}

std::vector<std::string> World::arrived(std::uint32_t agent) const {
    std::vector<std::string> ids;
    const std::string name = "agent-" + std::to_string(agent);
    for (const LogGroup& group : network.arrived()) {
        if (group.source != name) continue;
        for (const Log& log : group.logs) ids.push_back(id_of(log));
    }
    return ids;
}

std::string id_of(const Log& log) {
    for (const LogContent& content : log.contents) {
        if (content.key == "id") return content.value;
    }
    return {};
}

namespace {

std::string level_of(const Log& log) {
    for (const LogContent& content : log.contents) {
        if (content.key == "level") return content.value;
    }
    return {};
}

Result<transform::PageResult> edit(std::string_view list, const transform::RunContext&) {
    transform::PageResult result;
    std::uint32_t index = 0;
    auto walked = wire::for_each_group(list, [&](std::string_view bytes) {
        LogGroup group = wire::LogGroupView::parse(bytes).value().to_owned().value();
        result.logs_read += group.logs.size();
        std::vector<Log> kept;
        for (std::uint32_t at = 0; at < group.logs.size(); ++at) {
            const std::string level = level_of(group.logs[at]);
            if (level == "POISON") {
                result.failed.push_back({index, at, "poison"});
            } else if (level == "DEBUG") {
                ++result.logs_dropped;
            } else {
                kept.push_back(group.logs[at]);
            }
        }
        group.logs = std::move(kept);
        if (!group.logs.empty()) {
            result.logs_written += group.logs.size();
            transform::OutputGroup out;
            out.bytes = wire::encode(group);
            out.log_count = static_cast<std::uint32_t>(group.logs.size());
            out.source_group = index;
            result.groups.push_back(std::move(out));
        }
        ++index;
        return true;
    });
    if (!walked) return std::move(walked).error();
    return result;
}

}  // namespace

Rule drop_debug() {
    return Rule::from_function("drop DEBUG", &edit);
}

}  // namespace spillway::replicator::test
