#include "replicator/link_core.h"

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"

#include <algorithm>
#include <utility>

namespace spillway::replicator {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kControlPeriod{500};
constexpr milliseconds kWhileDraining{50};
/// A shard list without the shard, this often in a row: it is gone.
constexpr int kGoneAfter = 2;
constexpr std::chrono::seconds kUpWindow{10};

Error bad_option(const std::string& what) {
    return make_error(ErrorCode::InvalidArgument, what);
}

bool is_name(const std::string& name) {
    constexpr std::string_view kAllowed =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    return !name.empty() && name.size() <= 128 &&
           name.find_first_not_of(kAllowed) == std::string::npos;
}

std::string digest_settings(const LinkOptions& options, const LinkPorts& ports) {
    std::string text =
        std::to_string(options.hops_max) + "\n" + std::to_string(static_cast<int>(options.order));
    for (const std::string& link : options.refuse_links) text += "\nrefuse " + link;
    for (const LinkTarget& target : ports.targets) {
        text += "\ntarget " + target.name + " " + target.ref.to_string();
    }
    return to_hex(sha256(text)).substr(0, 16);
}

/// Why the link cannot promise exactly once; empty when it can.
std::string why_at_least_once(const LinkOptions& options, const LinkPorts& ports) {
    if (options.delivery == Delivery::AtLeastOnce) return "the topology asks for at_least_once";
    for (const LinkTarget& target : ports.targets) {
        if (target.reader == nullptr) {
            return "target " + target.ref.to_string() +
                   " cannot be read back, so a refusal of its fence cannot be checked";
        }
    }
    return {};
}

MetricLabels labels_of(const LinkOptions& options) {
    MetricLabels labels = options.labels;
    labels.emplace("link", options.name);
    return labels;
}

}  // namespace

Status check_options(const LinkOptions& options, const LinkPorts& ports) {
    const std::string of = "link \"" + options.name + "\": ";
    if (!is_name(options.name)) {
        return bad_option(of + "the name must be 1 to 128 of a-z A-Z 0-9 - _ .");
    }
    if (ports.targets.empty()) return bad_option(of + "it has no target");
    std::set<std::string> names;
    for (const LinkTarget& target : ports.targets) {
        if (target.sink == nullptr) return bad_option(of + "a target has no sink");
        if (!names.insert(target.name).second) {
            return bad_option(of + "two targets are called \"" + target.name + "\"");
        }
    }
    if (!ports.targets.front().name.empty()) {
        return bad_option(of + "the first target is the default one and has no name");
    }
    const BatchLimits& batch = options.batch;
    if (batch.logs_max == 0) return bad_option(of + "batch.logs_max must be at least 1");
    if (batch.bytes_max < kBatchBytesMin || batch.bytes_max > kBatchBytesMax) {
        return bad_option(of + "batch.bytes_max must be 1 KiB to 8 MiB");
    }
    if (options.lanes == 0 || options.lanes > kLanesMax) {
        return bad_option(of + "lanes must be 1 to 64");
    }
    if (options.hops_max == 0) return bad_option(of + "hops_max must be at least 1");
    if (options.limits.bytes_per_second == 0) {
        return bad_option(of + "limits.bytes_per_second must be above 0; pause the link instead");
    }
    return {};
}

LinkCore::LinkCore(const LinkOptions& options, const LinkPorts& ports, Rule rule,
                   RuleBook::Compile compile, Waker& waker)
    : state_(ports.state),
      checkpoints_(ports.state, options.name),
      rules_(ports.state, LinkKeys(options.name), std::move(rule), compile),
      compile_(std::move(compile)),
      metrics_(ports.metrics, labels_of(options)),
      budget_(options.limits.bytes_per_second),
      context_{.options = options,
               .ports = ports,
               .rules = rules_,
               .checkpoints = checkpoints_,
               .metrics = metrics_,
               .budget = budget_,
               .waker = waker,
               .settings_digest = digest_settings(options, ports),
               .epoch = options.epoch},
      delivery_reason_(why_at_least_once(options, ports)),
      backoff_(options.retry, hash64(options.name)) {
    context_.delivery = delivery_reason_.empty() ? Delivery::ExactlyOnce : Delivery::AtLeastOnce;
}

Result<std::unique_ptr<LinkCore>> LinkCore::open(const LinkOptions& options, const LinkPorts& ports,
                                                 Rule rule, RuleBook::Compile compile,
                                                 Waker& waker) {
    if (auto checked = check_options(options, ports); !checked) return std::move(checked).error();
    const std::string doing = "open link " + options.name;
    std::unique_ptr<LinkCore> core(
        new LinkCore(options, ports, std::move(rule), std::move(compile), waker));
    if (auto identity = core->check_identity(); !identity) {
        return Error(identity.error()).while_doing(doing);
    }
    auto stored = core->checkpoints_.load_all();
    if (!stored) return std::move(stored).error().while_doing(doing);
    for (const auto& [id, saved] : *stored) core->idle_.emplace(id, saved.record);
    core->stored_ = std::move(*stored);
    if (auto known = core->check_rule_targets(); !known) {
        return Error(known.error()).while_doing(doing);
    }
    auto dead = core->state_.list(core->checkpoints_.keys().dead());
    if (!dead) return std::move(dead).error().while_doing(doing);
    core->context_.dead_letters_held = dead->size();
    if (auto kept = core->rules_.keep_current(); !kept) {
        return Error(kept.error()).while_doing(doing);
    }
    return core;
}

// --- the first look ---------------------------------------------------------------------------

/// A link name stands for one source and one target for ever: else old checkpoints would be taken
/// for positions in another store.
Status LinkCore::check_identity() {
    auto stored = state_.get(checkpoints_.keys().link());
    if (!stored) return std::move(stored).error();
    if (!*stored) return {};
    auto object = parse_json_object((*stored)->value);
    if (!object) {
        return make_error(ErrorCode::Corrupt, "state key " + checkpoints_.keys().link() + ": " +
                                                  object.error().message);
    }
    const std::string source = find_string(*object, "source").value_or("");
    if (source != context_.options.source.to_string()) {
        return make_error(ErrorCode::Refused, "it copied from " + source + " until now and " +
                                                  context_.options.source.to_string() +
                                                  " is another Logstore: give the link a new name");
    }
    begun_ = true;
    return {};
}

/// A target that the rule names and the link lacks would send its logs to quarantine one by one.
Status LinkCore::check_rule_targets() const {
    for (const std::string& wanted : rules_.current()->targets()) {
        const auto& targets = context_.ports.targets;
        const bool known = std::any_of(targets.begin(), targets.end(),
                                       [&](const LinkTarget& each) { return each.name == wanted; });
        if (known) continue;
        return bad_option("the rule sends to \"" + wanted +
                          "\", and the link has no target of that name");
    }
    return {};
}

Result<ShardRecord> LinkCore::first_record(const Shard& shard, const CursorSeek& seek) {
    auto cursor = context_.ports.source.cursor(context_.options.source, shard.id, seek);
    if (!cursor) return std::move(cursor).error();
    ShardRecord record;
    record.shard = shard.id;
    record.checkpoint = std::move(*cursor);
    record.created_unix_s = shard.created_unix_s;
    record.begin_key = shard.begin_key;
    record.end_key = shard.end_key;
    return record;
}

/// Where the link starts is decided once, for all shards in one commit: what appears later is
/// copied from its first record.
Status LinkCore::keep_first_record(const std::vector<Shard>& shards) {
    const LinkKeys& keys = checkpoints_.keys();
    const json::object link{{"source", context_.options.source.to_string()},
                            {"begun", rfc3339(context_.ports.clock.wall())}};
    std::vector<StateCompare> compares{{keys.link(), 0}};
    std::vector<StateWrite> writes{{keys.link(), json::serialize(link)}};
    for (const Shard& shard : shards) {
        auto record = first_record(shard, context_.options.start_from);
        if (!record) return std::move(record).error();
        compares.push_back({keys.shard(shard.id), 0});
        writes.push_back({keys.shard(shard.id), encode_record(*record)});
    }
    auto saved = state_.commit(compares, writes);
    if (!saved) return std::move(saved).error();
    auto stored = checkpoints_.load_all();
    if (!stored) return std::move(stored).error();
    stored_ = std::move(*stored);
    begun_ = true;
    return {};
}

// --- the shard list ---------------------------------------------------------------------------

std::map<ShardId, ShardRecord> LinkCore::records() const {
    std::map<ShardId, ShardRecord> records;
    for (const auto& [id, saved] : stored_) records.emplace(id, saved.record);
    const std::lock_guard lock(mutex_);
    for (const auto& [id, pipeline] : pipelines_) {
        ShardRecord record = pipeline->record();
        record.drained = pipeline->is_drained();
        records.insert_or_assign(id, std::move(record));
    }
    return records;
}

Status LinkCore::refresh_shards() {
    const MonoTime asked = context_.ports.clock.mono();
    const WallTime asked_wall = context_.ports.clock.wall();
    auto listed = context_.ports.source.shards(context_.options.source);
    const Error* failed = listed ? nullptr : &listed.error();
    metrics_.request(Side::Source, "shards", failed, context_.ports.clock.mono() - asked);
    if (!listed) return std::move(listed).error();
    if (!begun_) {
        if (auto kept = keep_first_record(*listed); !kept) return kept;
    }
    auto plans = plan_shards(*listed, records());
    if (auto started = start_pipelines(plans); !started) return started;
    tell_gone(*listed);
    const std::lock_guard lock(mutex_);
    plans_ = std::move(plans);
    list_seen_ = context_.ports.clock.wall();
    refreshed_wall_ = asked_wall;
    return {};
}

Status LinkCore::start_pipelines(const std::vector<ShardPlan>& plans) {
    for (const ShardPlan& plan : plans) {
        std::unique_lock lock(mutex_);
        const auto running = pipelines_.find(plan.shard.id);
        if (running != pipelines_.end()) {
            running->second->set_read_only(plan.shard.status == ShardStatus::ReadOnly);
            if (plan.duty == ShardDuty::Recreated && !running->second->state({}, {}).faulted) {
                running->second->fault(make_error(
                    ErrorCode::Refused,
                    "the source made this shard anew; its checkpoint is of the old one. Reset the "
                    "link to copy the new one from its begin"));
            }
            continue;
        }
        lock.unlock();
        if (plan.duty == ShardDuty::Wait || plan.duty == ShardDuty::Done) continue;
        SavedRecord saved;
        if (const auto found = stored_.find(plan.shard.id); found != stored_.end()) {
            saved = found->second;
        } else {
            auto record = first_record(plan.shard, CursorSeek::begin());
            if (!record) return std::move(record).error();
            auto revision = checkpoints_.save(*record, 0);
            if (!revision) return std::move(revision).error();
            saved = {std::move(*record), *revision};
            stored_.emplace(plan.shard.id, saved);
        }
        auto pipeline = std::make_unique<ShardPipeline>(context_, plan.shard, std::move(saved));
        if (plan.duty == ShardDuty::Recreated) {
            pipeline->fault(make_error(
                ErrorCode::Refused,
                "the source made this shard anew; its checkpoint is of the old one. Reset the link "
                "to copy the new one from its begin"));
        }
        lock.lock();
        pipelines_.emplace(plan.shard.id, std::move(pipeline));
        idle_.erase(plan.shard.id);
    }
    return {};
}

void LinkCore::tell_gone(const std::vector<Shard>& listed) {
    std::map<ShardId, int> missing;
    for (const ShardId id : lost_shards(listed, records())) missing[id] = missing_[id] + 1;
    missing_ = std::move(missing);
    const std::lock_guard lock(mutex_);
    for (const auto& [id, pipeline] : pipelines_) {
        const auto found = missing_.find(id);
        pipeline->set_gone(found != missing_.end() && found->second >= kGoneAfter);
    }
}

milliseconds LinkCore::control_step() {
    const MonoTime now = context_.ports.clock.mono();
    milliseconds wait = kControlPeriod;
    bool parent_drained = false;
    {
        const std::lock_guard lock(mutex_);
        for (const ShardPlan& plan : plans_) {
            const auto found = pipelines_.find(plan.shard.id);
            parent_drained =
                parent_drained || (plan.duty == ShardDuty::Copy && found != pipelines_.end() &&
                                   found->second->is_drained());
        }
    }
    const bool due = !ever_refreshed_ || now - refreshed_ >= context_.options.shard_refresh ||
                     parent_drained || (context_.mode == LinkMode::Draining && !status().drained);
    if (due) {
        auto refreshed = refresh_shards();
        if (refreshed) {
            refreshed_ = now;
            ever_refreshed_ = true;
            backoff_.reset();
        } else {
            metrics_.retry(Side::Source, refreshed.error());
            wait = std::min(backoff_.next().value_or(kSlowRetry), kSlowRetry);
        }
        if (refreshed) wake_after_outage();
        const std::lock_guard lock(mutex_);
        if (!refreshed && (!list_error_ || list_error_->code != refreshed.error().code)) {
            context_.ports.events.warn(
                "link.trouble",
                "link " + context_.options.name + ": " + refreshed.error().to_string(),
                {{"link", context_.options.name}, {"code", name_of(refreshed.error().code)}});
        }
        list_error_ = refreshed ? std::nullopt : std::optional(refreshed.error());
    }
    const LinkStatus seen = status();
    const WallTime wall = context_.ports.clock.wall();
    const bool source_up = seen.source_seen && wall - *seen.source_seen < kUpWindow;
    metrics_.publish(seen, source_up && !seen.last_error);
    const bool draining = context_.mode == LinkMode::Draining && !seen.drained;
    return draining ? std::min(wait, kWhileDraining) : wait;
}

/// The source answers again: nobody has to sit out the rest of a long wait.
void LinkCore::wake_after_outage() {
    {
        const std::lock_guard lock(mutex_);
        if (!list_error_) return;
    }
    for (ShardPipeline* pipeline : pipelines()) {
        context_.waker.wake_shard(pipeline->record().shard);
    }
}

std::vector<ShardPipeline*> LinkCore::pipelines() const {
    const std::lock_guard lock(mutex_);
    std::vector<ShardPipeline*> all;
    for (const auto& [id, pipeline] : pipelines_) all.push_back(pipeline.get());
    return all;
}

void LinkCore::set_mode(LinkMode mode) {
    {
        const std::lock_guard lock(mutex_);
        if (mode == LinkMode::Draining) {
            if (!drain_begun_) drain_begun_ = context_.ports.clock.wall();
        } else {
            drain_begun_.reset();
        }
    }
    context_.mode = mode;
    for (ShardPipeline* pipeline : pipelines()) {
        context_.waker.wake_shard(pipeline->record().shard);
    }
    context_.waker.wake_control();
}

// --- telling ----------------------------------------------------------------------------------

namespace {

void add_totals(LinkTotals& sum, const LinkTotals& part) {
    sum.logs_read += part.logs_read;
    sum.logs_written += part.logs_written;
    sum.logs_filtered += part.logs_filtered;
    sum.logs_looped += part.logs_looped;
    sum.logs_dead += part.logs_dead;
    sum.logs_in_flight += part.logs_in_flight;
    sum.bytes_read_raw += part.bytes_read_raw;
    sum.bytes_read_wire += part.bytes_read_wire;
    sum.bytes_written_raw += part.bytes_written_raw;
    sum.bytes_written_wire += part.bytes_written_wire;
    sum.batches_written += part.batches_written;
    sum.duplicates_suppressed += part.duplicates_suppressed;
    sum.gaps += part.gaps;
}

template <class Time>
void take_later(std::optional<Time>& into, const std::optional<Time>& other) {
    if (other && (!into || *into < *other)) into = other;
}

/// Greatest RPO of the shards; nothing as soon as one cannot be told.
std::optional<double> worst_rpo(const std::vector<std::optional<double>>& parts) {
    std::optional<double> worst;
    for (const auto& part : parts) {
        if (!part) return std::nullopt;
        worst = std::max(worst.value_or(0), *part);
    }
    return worst;
}

bool is_drained(const std::vector<ShardState>& shards, std::optional<WallTime> begun,
                std::optional<WallTime> refreshed) {
    if (!begun || !refreshed || *refreshed <= *begun) return false;
    return std::all_of(shards.begin(), shards.end(), [&](const ShardState& shard) {
        if (shard.drained) return true;
        return !shard.waiting && shard.totals.logs_in_flight == 0 && shard.at_end_time &&
               *shard.at_end_time > *begun;
    });
}

}  // namespace

/// Shards that wait for a parent or are done, and those of a source that has not answered yet.
void LinkCore::add_idle_shards(LinkStatus& status, std::vector<Lag>& lags) const {
    std::map<ShardId, ShardState> idle;
    for (const auto& [id, record] : idle_) {
        idle[id].checkpoint = record.checkpoint;
        idle[id].drained = record.drained;
    }
    for (const ShardPlan& plan : plans_) {
        ShardState& shard = idle[plan.shard.id];
        shard.read_only = plan.shard.status == ShardStatus::ReadOnly;
        shard.waiting = plan.duty == ShardDuty::Wait;
    }
    for (auto& [id, shard] : idle) {
        if (pipelines_.contains(id)) continue;
        shard.shard = id;
        if (!shard.drained) lags.push_back(Lag{});  // how much waits there is not known yet
        status.shards.push_back(std::move(shard));
    }
}

LinkStatus LinkCore::status() const {
    const WallTime wall = context_.ports.clock.wall();
    const MonoTime mono = context_.ports.clock.mono();
    LinkStatus status;
    status.name = context_.options.name;
    status.delivery = context_.delivery;
    status.delivery_reason = delivery_reason_;
    status.dead_letters_held = context_.dead_letters_held;
    std::vector<Lag> lags;
    std::vector<std::optional<double>> rpos;
    bool faulted = false;
    const std::lock_guard lock(mutex_);
    for (const auto& [id, pipeline] : pipelines_) {
        ShardState shard = pipeline->state(wall, mono);
        lags.push_back(shard.lag);
        if (!shard.drained) {
            rpos.push_back(
                judge_rpo(pipeline->last_known_lag_seconds(), pipeline->source_seen(), mono));
        }
        take_later(status.last_ack, shard.last_ack);
        take_later(status.source_seen, shard.source_seen);
        if (shard.last_error && (!status.last_error || shard.faulted)) {
            status.last_error = shard.last_error;
        }
        faulted = faulted || shard.faulted;
        add_totals(status.totals, shard.totals);
        status.shards.push_back(std::move(shard));
    }
    add_idle_shards(status, lags);
    std::sort(
        status.shards.begin(), status.shards.end(),
        [](const ShardState& left, const ShardState& right) { return left.shard < right.shard; });
    take_later(status.source_seen, list_seen_);
    if (!status.last_error) status.last_error = list_error_;
    if (!list_seen_) lags.push_back(Lag{});  // shards we have not heard of yet
    status.lag = combine(lags);
    status.rpo_seconds = list_seen_ ? worst_rpo(rpos) : std::nullopt;
    status.drained = is_drained(status.shards, drain_begun_, refreshed_wall_);
    const LinkMode mode = context_.mode;
    status.state = faulted                      ? LinkState::Faulted
                   : mode == LinkMode::Paused   ? LinkState::Paused
                   : mode == LinkMode::Draining ? LinkState::Draining
                   : !list_seen_                ? LinkState::Starting
                                                : LinkState::Replicating;
    return status;
}

Status reset_link(StateStore& state, const std::string& name) {
    const LinkKeys keys(name);
    std::vector<StateCompare> compares;
    std::vector<StateWrite> writes;
    auto link = state.get(keys.link());
    if (!link) return std::move(link).error();
    if (!*link) return make_error(ErrorCode::NotFound, "no link " + name + " was ever begun");
    compares.push_back({keys.link(), (*link)->modified});
    writes.push_back({keys.link(), std::nullopt});
    for (const std::string& prefix : {keys.shards(), keys.ledger()}) {
        auto values = state.list(prefix);
        if (!values) return std::move(values).error();
        for (const StoredValue& value : *values) {
            compares.push_back({value.key, value.modified});
            writes.push_back({value.key, std::nullopt});
        }
    }
    auto removed = state.commit(compares, writes);
    if (!removed) return std::move(removed).error().while_doing("reset link " + name);
    return {};
}

Result<std::vector<GapRecord>> LinkCore::gaps() const {
    auto values = state_.list(checkpoints_.keys().gaps());
    if (!values) return std::move(values).error();
    std::vector<GapRecord> gaps;
    for (const StoredValue& value : *values) {
        auto gap = decode_gap(value.value);
        if (!gap) return std::move(gap).error().while_doing("read state key " + value.key);
        gaps.push_back(std::move(*gap));
    }
    return gaps;
}

}  // namespace spillway::replicator
