#include "switchover/steps.h"

#include "base/text.h"
#include "switchover/codec.h"
#include "switchover/twin.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::switchover {

namespace {

constexpr milliseconds kLookAgain{1'000};
/// Looks at who was active; a bound, so that a busy Logstore does not hold up the cut.
constexpr int kActivityLooksMax = 20;

bool contains(const std::vector<ConfigName>& names, const ConfigName& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

// ---- S3 ----

Status ensure_project(StepContext& context) {
    const auto& project = context.to().logstore.project;
    auto have = context.target().project(project);
    if (have) return {};
    if (have.error().code != ErrorCode::NotFound) return std::move(have).error();
    ProjectInfo info;
    info.name = project;
    info.description = "standby of " + context.from().logstore.project.str();
    auto made = context.target().create_project(info);
    if (!made && made.error().code == ErrorCode::AlreadyExists) return {};
    return made;
}

/// A Logstore that is missing gets the settings its counterpart had at the last backup.
Status ensure_logstore(StepContext& context, const BackupSnapshot& backup) {
    const auto& ref = context.to().logstore;
    auto have = context.target().logstore(ref);
    if (have) return {};
    if (have.error().code != ErrorCode::NotFound) return std::move(have).error();
    LogstoreSettings settings;
    for (const auto& info : backup.logstores) {
        if (info.ref == context.from().logstore) settings = info.settings;
    }
    auto made = context.target().create_logstore(ref, settings);
    if (!made && made.error().code == ErrorCode::AlreadyExists) return {};
    return made;
}

/// A group that exists stays as it is: who belongs to it in the target is the operator's choice.
Status ensure_group(StepContext& context, const BackupSnapshot& backup, const ConfigMove& move) {
    const auto& project = context.to().logstore.project;
    auto have = context.target().machine_group(project, move.target_group);
    if (have) return {};
    if (have.error().code != ErrorCode::NotFound) return std::move(have).error();
    MachineGroup group;
    for (const auto& known : backup.groups) {
        if (known.name == move.source_group) group = known;
    }
    for (const auto& set : context.pair.collectors) {
        const auto named = set.groups.find(context.plan().to);
        if (named == set.groups.end() || named->second != move.target_group) continue;
        if (!set.identities.empty()) {
            group.identify_type = set.identify_type;
            group.machines = set.identities;
        }
    }
    group.name = move.target_group;
    return context.target().put_machine_group(project, group);
}

StepOutcome prepare_target(StepContext& context) {
    auto backup = context.backups.find(context.plan().backup);
    if (!backup) return StepOutcome::failed(backup.error());
    Status ready = ensure_project(context);
    if (ready) ready = ensure_logstore(context, backup->snapshot);
    for (const auto& move : context.plan().moves) {
        if (ready) ready = ensure_group(context, backup->snapshot, move);
    }
    if (!ready) return StepOutcome::failed(ready.error());
    return StepOutcome::done(context.plan().to.str() + " has project, Logstore and machine groups");
}

// ---- S4 ----

Result<CollectorConfig> twin_of(StepContext& context, const BackupSnapshot& backup,
                                const ConfigMove& move) {
    const auto origin =
        std::find_if(backup.configs.begin(), backup.configs.end(),
                     [&](const auto& config) { return config.name == move.config; });
    if (origin == backup.configs.end()) {
        return make_error(ErrorCode::NotFound,
                          "config " + move.config.str() + " is not in the plan's backup");
    }
    TwinTarget target;
    target.logstore = context.to().logstore;
    target.tail_size_kb = move.tail_size_kb;
    target.epoch = context.plan().epoch;
    for (const auto& region : context.options.regions) {
        if (region.name != context.plan().to) continue;
        target.endpoint = region.endpoint;
        target.sls_region = region.sls_region;
    }
    return make_twin(*origin, target);
}

Status import_one(StepContext& context, const CollectorConfig& twin) {
    const auto& project = context.to().logstore.project;
    auto have = context.target().config(project, twin.name, twin.form);
    if (!have && have.error().code != ErrorCode::NotFound) return std::move(have).error();
    if (have && epoch_of(*have).value_or(0) > context.plan().epoch) {
        return make_error(ErrorCode::Refused,
                          fmt::format("R5: config {} carries epoch {}: another controller is ahead",
                                      twin.name.str(), *epoch_of(*have)));
    }
    if (have && holds(have->body, twin.body)) return {};
    if (auto put = context.target().put_config(project, twin); !put) return put;
    auto back = context.target().config(project, twin.name, twin.form);
    if (!back) return std::move(back).error();
    if (!holds(back->body, twin.body)) {
        return make_error(ErrorCode::Conflict, "config " + twin.name.str() +
                                                   " reads back otherwise "
                                                   "than it was written");
    }
    return {};
}

StepOutcome import_twins(StepContext& context) {
    auto backup = context.backups.find(context.plan().backup);
    if (!backup) return StepOutcome::failed(backup.error());
    for (const auto& move : context.plan().moves) {
        auto twin = twin_of(context, backup->snapshot, move);
        if (!twin) return StepOutcome::failed(twin.error());
        if (auto put = import_one(context, *twin); !put) return StepOutcome::failed(put.error());
    }
    return StepOutcome::done(fmt::format("{} twin config(s) in {}, not bound",
                                         context.plan().moves.size(), context.plan().to.str()));
}

// ---- S5 ----

json::object encode_progress(const LinkProgress& progress) {
    json::array shards;
    for (const auto& shard : progress.shards) {
        json::object entry{{"shard", shard.shard.value()},
                           {"replicated_to", shard.replicated_to.str()}};
        if (shard.source_end) entry["source_end"] = shard.source_end->str();
        if (shard.proved_at_end) put_time(entry, "proved_at_end", *shard.proved_at_end);
        if (shard.replicated_until) put_time(entry, "replicated_until", *shard.replicated_until);
        shards.push_back(std::move(entry));
    }
    json::object object{{"link", progress.link},
                        {"exactly_once", progress.exactly_once},
                        {"shards", std::move(shards)}};
    if (progress.peak_logs_per_second) {
        object["peak_logs_per_second"] = *progress.peak_logs_per_second;
    }
    return object;
}

std::vector<LinkShard> decode_shards(const json::object& object) {
    std::vector<LinkShard> shards;
    const auto* array = find_array(object, "shards");
    if (array == nullptr) return shards;
    for (const auto& value : *array) {
        const auto* entry = value.if_object();
        if (entry == nullptr) continue;
        LinkShard shard;
        shard.shard = ShardId(static_cast<std::uint32_t>(find_int(*entry, "shard").value_or(0)));
        shard.replicated_to = Cursor(find_string(*entry, "replicated_to").value_or(""));
        if (const auto end = find_string(*entry, "source_end")) shard.source_end = Cursor(*end);
        shard.proved_at_end = time_of(*entry, "proved_at_end");
        shard.replicated_until = time_of(*entry, "replicated_until");
        shards.push_back(std::move(shard));
    }
    return shards;
}

/// Who wrote within the window, as `side` remembers it; `replicated` takes what a link brought.
Result<std::set<std::string>> active_in(StepContext& context, const PairMember& side,
                                        RegionApi& region, bool replicated, WallTime until) {
    const auto since_s = unix_seconds(until - context.pair.activity_window);
    auto shards = region.shards(side.logstore);
    if (!shards) return std::move(shards).error();
    std::map<ShardId, Cursor> from;
    for (const auto& shard : *shards) {
        auto cursor = region.cursor(side.logstore, shard.id, CursorSeek::at(since_s));
        if (!cursor) return std::move(cursor).error();
        from[shard.id] = std::move(*cursor);
    }
    std::set<std::string> active;
    for (int look = 0; look < kActivityLooksMax; ++look) {
        auto seen = context.ports.arrivals.arrivals(side.region, side.logstore, from);
        if (!seen) return std::move(seen).error();
        const auto& names = replicated ? seen->replicated_sources : seen->direct_sources;
        active.insert(names.begin(), names.end());
        from = std::move(seen->next);
        if (seen->at_end) break;
    }
    return active;
}

/// When the link last saw the source alive: a person may think for an hour before a failover.
WallTime last_alive(const LinkProgress& progress, WallTime now) {
    std::optional<WallTime> latest;
    for (const auto& shard : progress.shards) {
        for (const auto& at : {shard.proved_at_end, shard.replicated_until}) {
            if (at && (!latest || *at > *latest)) latest = at;
        }
    }
    return std::min(latest.value_or(now), now);
}

/// Planned: the source knows who writes. Forced, or when it does not answer: what reached the
/// target before the source fell silent.
Result<std::set<std::string>> who_is_active(StepContext& context, const LinkProgress& progress) {
    const auto now = context.ports.clock.wall();
    if (context.plan().kind != OperationKind::Failover) {
        auto direct = active_in(context, context.from(), context.source(), false, now);
        if (direct) return direct;
    }
    return active_in(context, context.to(), context.target(), true, last_alive(progress, now));
}

/// A planned switchover is cut by cursors that are known; only a forced one leaves a late tail.
Status mark_tail(StepContext& context, const std::string& link) {
    if (context.plan().kind != OperationKind::Failover || link.empty()) return {};
    return context.ports.replication.mark_late(link, context.plan().epoch);
}

StepOutcome cut(StepContext& context) {
    const auto& plan = context.plan();
    const auto link = link_between(context.pair, plan.from, plan.to);
    LinkProgress progress;
    if (!link.empty()) {
        auto seen = context.ports.replication.progress(link);
        if (!seen) return StepOutcome::failed(seen.error());
        progress = std::move(*seen);
    }
    auto object = encode_progress(progress);
    object["link"] = link;
    put_time(object, "at", context.ports.clock.wall());
    auto source = context.records.write_once(plan.pair, plan.epoch, "source", object);
    if (!source) return StepOutcome::failed(source.error());

    auto ends = end_cursors(context.target(), context.to().logstore);
    if (!ends) return StepOutcome::failed(ends.error());
    auto target = context.records.write_once(plan.pair, plan.epoch, "target", encode(*ends));
    if (!target) return StepOutcome::failed(target.error());

    auto active = who_is_active(context, progress);
    if (!active) return StepOutcome::failed(active.error());
    json::array names;
    for (const auto& name : *active) names.emplace_back(name);
    auto kept = context.records.write_once(plan.pair, plan.epoch, "active",
                                           {{"sources", std::move(names)}});
    if (!kept) return StepOutcome::failed(kept.error());
    if (auto marked = mark_tail(context, link); !marked) return StepOutcome::failed(marked.error());
    return StepOutcome::done(fmt::format("{} shard(s) cut, {} source(s) were active",
                                         progress.shards.size(), active->size()));
}

// ---- S7 ----

StepOutcome apply(StepContext& context) {
    const auto bound = bind_moves(context.target(), context.to().logstore.project,
                                  context.plan().moves, &ConfigMove::target_group);
    if (!bound) return StepOutcome::failed(bound.error());
    return StepOutcome::done(fmt::format("{} config(s) bound in {}", context.plan().moves.size(),
                                         context.plan().to.str()));
}

// ---- S8 ----

Result<std::set<std::string>> expected_sources(StepContext& context) {
    auto kept = context.records.cut(context.plan().pair, context.plan().epoch, "active");
    if (!kept) return std::move(kept).error();
    std::set<std::string> expected;
    if (!kept->has_value()) return expected;
    if (const auto* names = find_array(**kept, "sources")) {
        for (const auto& name : *names) expected.insert(std::string(name.as_string()));
    }
    return expected;
}

Status look_for_arrivals(StepContext& context) {
    auto& memory = context.memory;
    if (memory.looked_to.empty()) {
        auto kept = context.records.cut(context.plan().pair, context.plan().epoch, "target");
        if (!kept) return std::move(kept).error();
        if (kept->has_value()) memory.looked_to = decode_cursors(**kept);
    }
    auto seen = context.ports.arrivals.arrivals(context.to().region, context.to().logstore,
                                                memory.looked_to);
    if (!seen) return std::move(seen).error();
    memory.arrived.insert(seen->direct_sources.begin(), seen->direct_sources.end());
    memory.looked_to = std::move(seen->next);
    return {};
}

/// Takes the twins' bindings away again, where the source still has its own.
StepOutcome nobody_arrived(StepContext& context, std::string what) {
    const auto& plan = context.plan();
    if (plan.kind == OperationKind::Failover) {
        return StepOutcome::give_up(
            what + ". The twins stay bound in " + plan.to.str() +
            ": taking them away would leave the agents with nothing. Look at the agents: do they "
            "reach " +
            plan.to.str() + ", do they list it as a config server?");
    }
    auto undone = unbind_moves(context.target(), context.to().logstore.project, plan.moves,
                               &ConfigMove::target_group);
    if (!undone) {
        return StepOutcome::give_up(
            what + ", and the twins could not be unbound again: " + undone.error().to_string() +
            ". " + plan.from.str() + " still collects; nothing is lost, lines may be doubled");
    }
    auto outcome = StepOutcome::give_up(what + ". The twins are unbound again; " + plan.from.str() +
                                        " collects as before, nothing was lost");
    outcome.rewind_to = context.index - 1;
    return outcome;
}

StepOutcome verify(StepContext& context) {
    auto expected = expected_sources(context);
    if (!expected) return StepOutcome::failed(expected.error());
    if (auto looked = look_for_arrivals(context); !looked) {
        return StepOutcome::failed(looked.error());
    }
    const auto& arrived = context.memory.arrived;
    if (expected->empty()) {
        return StepOutcome::done(arrived.empty()
                                     ? "nobody wrote before the cut: nothing to wait for"
                                     : "data arrives; nobody wrote before the cut");
    }
    const auto came = static_cast<std::size_t>(
        std::count_if(expected->begin(), expected->end(),
                      [&](const auto& name) { return arrived.contains(name); }));
    const double share = static_cast<double>(came) / static_cast<double>(expected->size());
    const auto text = fmt::format("{} of {} active source(s) arrive in {}", came, expected->size(),
                                  context.plan().to.str());
    if (came > 0 && share >= context.pair.verify_share) {
        json::object detail{{"sources_expected", expected->size()}, {"sources_arrived", came}};
        put_time(detail, "seen_at", context.ports.clock.wall());
        return StepOutcome::done(text, std::move(detail));
    }
    if (context.in_step_for() < context.pair.verify_timeout) {
        return StepOutcome::waiting(text, kLookAgain);
    }
    return nobody_arrived(context, text + " after " + human_duration(context.pair.verify_timeout));
}

// ---- S9 ----

/// A source that does not answer never blocks: the fence obligation will do it.
StepOutcome detach_source(StepContext& context) {
    const auto unbound = unbind_moves(context.source(), context.from().logstore.project,
                                      context.plan().moves, &ConfigMove::source_group);
    if (unbound) {
        return StepOutcome::done("configs unbound in " + context.plan().from.str(),
                                 {{"detached", true}});
    }
    if (unbound.error().code != ErrorCode::Unavailable) {
        return StepOutcome::failed(unbound.error());
    }
    return StepOutcome::done(
        "not detached, left to the fence obligation: " + unbound.error().to_string(),
        {{"detached", false}});
}

// ---- drain ----

std::string drain_trouble(StepContext& context, const std::string& link) {
    const auto progress = context.ports.replication.progress(link);
    return progress && !progress->trouble.empty() ? ": " + progress->trouble : std::string();
}

/// What is left to copy, where it is within what the operator accepted; it is late, not lost: the
/// source is alive and the link goes on.
std::optional<milliseconds> small_rest(StepContext& context, const std::string& link) {
    const auto accepted = context.operation.accept_loss.value_or(milliseconds{0});
    const auto progress = context.ports.replication.progress(link);
    if (accepted.count() == 0 || !progress) return std::nullopt;
    const auto loss = loss_estimate_seconds(*progress, context.ports.clock.wall());
    if (!loss.value) return std::nullopt;
    const milliseconds rest{static_cast<std::int64_t>(*loss.value * 1000.0)};
    return rest <= accepted ? std::optional(rest) : std::nullopt;
}

/// The source's end as it was when the drain began. A moving end would never be reached: agents
/// notice the detach late, and a link the other way writes here too. What comes later is copied by
/// the running link and counted in the final report.
Result<std::map<ShardId, Cursor>> ends_to_reach(StepContext& context) {
    const auto& plan = context.plan();
    auto kept = context.records.cut(plan.pair, plan.epoch, "drain_ends");
    if (!kept) return std::move(kept).error();
    if (kept->has_value()) return decode_cursors(**kept);
    auto ends = end_cursors(context.source(), context.from().logstore);
    if (!ends) return ends;
    auto written = context.records.write_once(plan.pair, plan.epoch, "drain_ends", encode(*ends));
    if (!written) return std::move(written).error();
    return decode_cursors(*written);
}

StepOutcome drain(StepContext& context) {
    const auto& plan = context.plan();
    const auto link = link_between(context.pair, plan.from, plan.to);
    if (link.empty()) return StepOutcome::done("no link to drain");
    auto ends = ends_to_reach(context);
    if (!ends) return StepOutcome::failed(ends.error());
    auto drained = context.ports.replication.drained(link, *ends);
    if (!drained) return StepOutcome::failed(drained.error());
    if (*drained) {
        auto kept = context.records.write_once(plan.pair, plan.epoch, "drained", encode(*ends));
        if (!kept) return StepOutcome::failed(kept.error());
        return StepOutcome::done("link " + link + " has acknowledged everything " +
                                 plan.from.str() + " had received");
    }
    if (context.in_step_for() < context.pair.drain_timeout) {
        return StepOutcome::waiting("link " + link + " is not at the end of " + plan.from.str() +
                                        " yet" + drain_trouble(context, link),
                                    milliseconds{200});
    }
    if (const auto rest = small_rest(context, link)) {
        return StepOutcome::done("the rest, at most " + human_duration(*rest) +
                                 " of logs, is accepted and follows later");
    }
    return StepOutcome::give_up("link " + link + " did not reach the end of " + plan.from.str() +
                                " within " + human_duration(context.pair.drain_timeout) +
                                drain_trouble(context, link) +
                                ". Nothing was lost: agents write to " + plan.to.str() +
                                " already, the rest is in " + plan.from.str());
}

// ---- S10 .. S12 ----

StepOutcome commit(StepContext& context) {
    const auto& plan = context.plan();
    auto& record = context.record;
    const auto text = fmt::format("{} is active at epoch {}", plan.to.str(), plan.epoch);
    if (record.value.active == plan.to && record.value.phase != PairPhase::Switching) {
        return StepOutcome::done(text);
    }
    PairRecord next = record.value;
    next.active = plan.to;
    next.phase = PairPhase::Dirty;
    next.changed_at = context.ports.clock.wall();
    auto moved = context.records.move_pair(plan.pair, record, next);
    if (!moved) return StepOutcome::failed(moved.error());
    record = {next, *moved};
    return StepOutcome::done(text);
}

StepOutcome windows(StepContext& context) {
    auto evidence = evidence_at_cut(context.records, context.pair, context.operation);
    if (!evidence) return StepOutcome::failed(evidence.error());
    evidence->committed_at = time_of_commit(context.operation);
    evidence->duplicates_why_not.clear();
    if (context.plan().kind != OperationKind::Failover) {
        evidence->notes.push_back("agents may still send what they had queued for " +
                                  context.plan().from.str() +
                                  "; it is copied, and counted in the final report");
    }
    auto saved = context.records.save_first(make_report(*evidence, context.ports.clock.wall()));
    if (!saved) return StepOutcome::failed(saved.error());
    return StepOutcome::done("first report written");
}

StepOutcome oblige(StepContext& context) {
    const auto& plan = context.plan();
    for (const auto kind : {ObligationKind::FenceSource, ObligationKind::DrainSourceTail}) {
        Obligation obligation;
        obligation.pair = plan.pair;
        obligation.epoch = plan.epoch;
        obligation.kind = kind;
        obligation.region = plan.from;
        obligation.operation = context.operation.id;
        obligation.opened_at = context.ports.clock.wall();
        obligation.sentence = kind == ObligationKind::FenceSource
                                  ? "configs are to be unbound in " + plan.from.str()
                                  : "what is only in " + plan.from.str() + " is to be copied";
        if (auto opened = context.records.open(obligation); !opened) {
            return StepOutcome::failed(opened.error());
        }
    }
    return StepOutcome::done("owed: fence " + plan.from.str() + ", drain its tail");
}

/// First data in the target after the twins were bound, as the Verify step saw it.
std::optional<milliseconds> write_gap_of(const Operation& operation) {
    for (const auto& record : operation.journal) {
        if (record.kind != JournalKind::Done) continue;
        const auto seen = time_of(record.detail, "seen_at");
        if (!seen) continue;
        return std::chrono::duration_cast<milliseconds>(*seen - operation.started_at);
    }
    return std::nullopt;
}

}  // namespace

const PairMember& StepContext::from() const {
    return *member_in(pair, plan().from);
}
const PairMember& StepContext::to() const {
    return *member_in(pair, plan().to);
}

milliseconds StepContext::in_step_for() const {
    if (!memory.entered) return milliseconds{0};
    return std::chrono::duration_cast<milliseconds>(ports.clock.mono() - *memory.entered);
}

StepOutcome run_step(StepContext& context) {
    switch (context.step().kind) {
        case StepKind::PrepareTarget:
            return prepare_target(context);
        case StepKind::ImportTwins:
            return import_twins(context);
        case StepKind::Cut:
            return cut(context);
        case StepKind::Apply:
            return apply(context);
        case StepKind::Verify:
            return verify(context);
        case StepKind::DetachSource:
            return detach_source(context);
        case StepKind::Drain:
            return drain(context);
        case StepKind::Commit:
            return commit(context);
        case StepKind::Windows:
            return windows(context);
        case StepKind::Oblige:
            return oblige(context);
    }
    return StepOutcome::give_up("a step of a kind nobody knows");
}

Status bind_moves(RegionApi& region, const ProjectName& project,
                  const std::vector<ConfigMove>& moves, MachineGroupName ConfigMove::*group) {
    for (const auto& move : moves) {
        auto bound = region.bound_configs(project, move.*group);
        if (!bound) return std::move(bound).error();
        if (contains(*bound, move.config)) continue;
        if (auto did = region.bind(project, move.*group, move.config); !did) return did;
        bound = region.bound_configs(project, move.*group);
        if (!bound) return std::move(bound).error();
        if (!contains(*bound, move.config)) {
            return make_error(ErrorCode::Conflict, "config " + move.config.str() +
                                                       " was bound but is not listed as bound to " +
                                                       (move.*group).str());
        }
    }
    return {};
}

Status unbind_moves(RegionApi& region, const ProjectName& project,
                    const std::vector<ConfigMove>& moves, MachineGroupName ConfigMove::*group) {
    for (const auto& move : moves) {
        auto bound = region.bound_configs(project, move.*group);
        // Without the group nobody follows it.
        if (!bound && bound.error().code == ErrorCode::NotFound) continue;
        if (!bound) return std::move(bound).error();
        if (!contains(*bound, move.config)) continue;
        if (auto did = region.unbind(project, move.*group, move.config); !did) return did;
        bound = region.bound_configs(project, move.*group);
        if (!bound) return std::move(bound).error();
        if (contains(*bound, move.config)) {
            return make_error(ErrorCode::Conflict, "config " + move.config.str() +
                                                       " was unbound but is still listed in " +
                                                       (move.*group).str());
        }
    }
    return {};
}

Result<std::map<ShardId, Cursor>> end_cursors(LogSource& region, const LogstoreRef& logstore) {
    auto shards = region.shards(logstore);
    if (!shards) return std::move(shards).error();
    std::map<ShardId, Cursor> ends;
    for (const auto& shard : *shards) {
        auto end = region.cursor(logstore, shard.id, CursorSeek::end());
        if (!end) return std::move(end).error();
        ends[shard.id] = std::move(*end);
    }
    return ends;
}

WallTime time_of_commit(const Operation& operation) {
    for (const auto& record : operation.journal) {
        if (record.kind != JournalKind::Done || record.step < 0) continue;
        const auto& step = operation.plan.steps.at(static_cast<std::size_t>(record.step));
        if (step.kind == StepKind::Commit) return record.at;
    }
    return operation.started_at;
}

Result<WindowEvidence> evidence_at_cut(Records& records, const PairOptions& pair,
                                       const Operation& operation) {
    const auto& plan = operation.plan;
    auto source = records.cut(plan.pair, plan.epoch, "source");
    if (!source) return std::move(source).error();
    auto drained = records.cut(plan.pair, plan.epoch, "drained");
    if (!drained) return std::move(drained).error();
    WindowEvidence evidence;
    evidence.operation = operation;
    if (source->has_value()) {
        evidence.link = find_string(**source, "link").value_or("");
        evidence.exactly_once = find_bool(**source, "exactly_once").value_or(false);
        evidence.cut_at = time_of(**source, "at").value_or(operation.started_at);
        evidence.at_cut = decode_shards(**source);
        const auto* peak = (*source)->if_contains("peak_logs_per_second");
        if (peak != nullptr && peak->is_number()) {
            evidence.peak_logs_per_second = peak->to_number<double>();
        }
    }
    if (drained->has_value()) evidence.drained_to = decode_cursors(**drained);
    evidence.write_gap = write_gap_of(operation);
    evidence.peak_kb_per_second = pair.peak_kb_per_second;
    for (const auto& move : plan.moves) {
        evidence.tail_size_kb = std::max(evidence.tail_size_kb, move.tail_size_kb);
    }
    return evidence;
}

}  // namespace spillway::switchover
