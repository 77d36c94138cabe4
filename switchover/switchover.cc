#include "switchover/switchover.h"

#include "base/text.h"
#include "switchover/backup.h"
#include "switchover/obligations.h"
#include "switchover/planner.h"
#include "switchover/readiness.h"
#include "switchover/records.h"
#include "switchover/region_watch.h"
#include "switchover/saga.h"

#include <algorithm>
#include <mutex>
#include <set>

#include <fmt/format.h>

namespace spillway::switchover {

namespace {

constexpr milliseconds kIdle{1'000};
constexpr milliseconds kReadinessEvery{60'000};
/// Below this a backup is fresh, however short the interval.
constexpr milliseconds kBackupAgeMin{60'000};

Error not_found(std::string what) {
    return make_error(ErrorCode::NotFound, std::move(what));
}

}  // namespace

struct Controller::Parts {
    Parts(ControllerOptions options_in, Ports ports_in)
        : options(std::move(options_in)),
          ports(std::move(ports_in)),
          records(ports.store),
          backups(ports.store, ports.clock, ports.events, options.shrink_max),
          watch(options.detector, options.regions, ports.clock, ports.canary, ports.events,
                ports.metrics),
          saga(options, ports, records, backups),
          obligations(options, ports, records) {}

    const PairOptions* find_pair(const PairName& name) const;
    /// Errors: NotFound.
    Result<Stored<Operation>> find_operation(const OperationId& id);

    Result<Situation> look(const PairOptions& pair, const OperationRequest& request);
    void look_at_backup(Situation& situation, const OperationRequest& request);
    void look_at_target(Situation& situation);
    void look_at_link(Situation& situation);
    Status look_at_records(Situation& situation, const Stored<PairRecord>& record);
    RegionHealth health(const RegionName& region, const RegionName& other) const;

    Result<OperationId> claim(const Situation& situation, const Plan& plan,
                              const OperationRequest& request);

    milliseconds step_pair(const PairOptions& pair);
    milliseconds step_backups();
    void say_backup_failed(const RegionName& region, const ProjectName& project,
                           const std::string& why);
    milliseconds step_readiness(const PairOptions& pair);
    std::vector<std::pair<RegionName, ProjectName>> projects() const;

    PairStatus pair_status(const PairOptions& pair);
    void judge_ready(PairStatus& status, const PairOptions& pair);
    void measure(const PairStatus& status, const PairOptions& pair);

    const ControllerOptions options;
    Ports ports;
    Records records;
    BackupKeeper backups;
    RegionWatch watch;
    Saga saga;
    ObligationKeeper obligations;
    /// What was said last of a project whose backup failed; the backup task's alone.
    std::map<std::pair<RegionName, ProjectName>, std::string> backup_trouble;
    std::mutex facts_mutex;  // guards facts
    std::map<PairName, StandbyFacts> facts;
};

Controller::Controller(ControllerOptions options, Ports ports)
    : parts_(std::make_unique<Parts>(std::move(options), std::move(ports))) {
    if (const auto usable = check(parts_->options.detector); !usable) {
        parts_->ports.events.error("detector.options",
                                   "the detector cannot judge well: " + usable.error().message);
    }
}

Controller::~Controller() = default;

// ---- timers ----

std::vector<ControllerTask> Controller::tasks() {
    auto* parts = parts_.get();
    std::vector<ControllerTask> tasks;
    for (const auto& region : parts->options.regions) {
        tasks.push_back({"canary " + region.name.str(),
                         [parts, name = region.name] { return parts->watch.observe(name); }});
    }
    tasks.push_back({"backup", [parts] { return parts->step_backups(); }});
    for (const auto& pair : parts->options.pairs) {
        tasks.push_back(
            {"pair " + pair.name.str(), [parts, &pair] { return parts->step_pair(pair); }});
        tasks.push_back({"readiness of " + pair.name.str(),
                         [parts, &pair] { return parts->step_readiness(pair); }});
    }
    return tasks;
}

milliseconds Controller::Parts::step_pair(const PairOptions& pair) {
    const auto moved = saga.advance(pair);
    const auto again = moved ? std::nullopt : obligations.advance(pair);
    measure(pair_status(pair), pair);
    if (moved) return *moved;
    return std::min(again.value_or(kIdle), kIdle);
}

std::vector<std::pair<RegionName, ProjectName>> Controller::Parts::projects() const {
    std::set<std::pair<RegionName, ProjectName>> all;
    for (const auto& pair : options.pairs) {
        for (const auto& member : pair.members) {
            all.insert({member.region, member.logstore.project});
        }
    }
    return {all.begin(), all.end()};
}

/// Once per trouble, not once per round: a standby without its project is asked every few seconds.
void Controller::Parts::say_backup_failed(const RegionName& region, const ProjectName& project,
                                          const std::string& why) {
    auto& said = backup_trouble[{region, project}];
    if (said == why) return;
    said = why;
    if (why.empty()) return;
    ports.events.warn("backup.failed", why, {{"region", region.str()}, {"project", project.str()}});
}

milliseconds Controller::Parts::step_backups() {
    bool all_answered = true;
    for (const auto& [region, project] : projects()) {
        auto head = backups.run(*ports.regions.at(region), region, project, false);
        if (!head) all_answered = false;
        say_backup_failed(region, project, head ? std::string() : head.error().message);
        auto known = backups.head(region, project);
        if (!known || known->number == 0) continue;
        const auto age = ports.clock.wall() - known->checked_at;
        ports.metrics
            .gauge("spillway_backup_age_seconds", "Since the backup last agreed with the region.",
                   {{"region", region.str()}, {"project", project.str()}})
            .set(std::chrono::duration<double>(age).count());
    }
    // A region that did not answer is asked again soon: its backup is what a failover goes by.
    return all_answered ? options.backup_interval
                        : std::min(options.backup_interval, options.detector.interval);
}

// ---- looking ----

const PairOptions* Controller::Parts::find_pair(const PairName& name) const {
    const auto found = std::find_if(options.pairs.begin(), options.pairs.end(),
                                    [&](const auto& pair) { return pair.name == name; });
    return found == options.pairs.end() ? nullptr : &*found;
}

Result<Stored<Operation>> Controller::Parts::find_operation(const OperationId& id) {
    for (const auto& pair : options.pairs) {
        auto operation = records.operation(pair.name, id);
        if (operation || operation.error().code != ErrorCode::NotFound) return operation;
    }
    return not_found("there is no operation " + id.str());
}

RegionHealth Controller::Parts::health(const RegionName& region, const RegionName& other) const {
    auto one = watch.health(region);
    const auto two = watch.health(other);
    if (is_common_mode(one.state, two.state)) {
        one.why.insert(one.why.begin(), "both " + region.str() + " and " + other.str() +
                                            " look bad at once (" +
                                            std::string(name_of(one.state)) + ")");
        one.state = RegionState::CommonMode;
    }
    return one;
}

void Controller::Parts::look_at_backup(Situation& situation, const OperationRequest& request) {
    const auto& region = situation.from.region;
    const auto& project = situation.from.logstore.project;
    if (request.kind != OperationKind::Failover) {
        // Planned: the source answers, so its newest state is what moves.
        auto fresh = backups.run(*ports.regions.at(region), region, project, request.accept_shrink);
        if (!fresh) situation.source_error = fresh.error();
    }
    if (auto head = backups.head(region, project)) situation.backup_head = *head;
    if (auto backup = backups.latest(region, project)) situation.backup = std::move(*backup);
}

void Controller::Parts::look_at_target(Situation& situation) {
    auto& api = *ports.regions.at(situation.to.region);
    const auto moves = find_moves(situation).moves;
    for (const auto& move : moves) {
        auto have = api.config(situation.to.logstore.project, move.config, move.form);
        if (have) {
            situation.target_configs[move.config] = std::move(*have);
        } else if (have.error().code != ErrorCode::NotFound) {
            situation.target_error = have.error();
            return;
        }
    }
}

void Controller::Parts::look_at_link(Situation& situation) {
    situation.link = link_between(situation.pair, situation.from.region, situation.to.region);
    if (situation.link.empty()) return;
    if (auto progress = ports.replication.progress(situation.link)) {
        situation.progress = std::move(*progress);
    }
}

Status Controller::Parts::look_at_records(Situation& situation, const Stored<PairRecord>& record) {
    situation.record = record.value;
    if (!record.value.operation.empty()) {
        auto operation = records.operation(situation.pair.name, record.value.operation);
        if (!operation) return std::move(operation).error();
        const auto phase = operation->value.phase;
        if (phase != OperationPhase::Done && phase != OperationPhase::Aborted) {
            situation.open_operation = operation->value.id;
        }
    }
    auto owed = records.obligations(situation.pair.name);
    if (!owed) return std::move(owed).error();
    for (auto& entry : *owed) {
        if (entry.value.closed_at) continue;
        entry.value.sentence = obligations.sentence(entry.value);
        situation.open_obligations.push_back(entry.value);
    }
    return {};
}

Result<Situation> Controller::Parts::look(const PairOptions& pair,
                                          const OperationRequest& request) {
    auto record = records.pair(pair.name, pair.active_first);
    if (!record) return std::move(record).error();
    const auto* to = member_in(pair, request.to);
    if (to == nullptr) {
        return not_found("region " + request.to.str() + " is no member of pair " + pair.name.str());
    }
    if (record->value.active == request.to && record->value.phase != PairPhase::Switching) {
        return make_error(ErrorCode::InvalidArgument,
                          request.to.str() + " is active for pair " + pair.name.str() + " already");
    }
    Situation situation;
    situation.now = ports.clock.wall();
    situation.pair = pair;
    for (const auto& member : pair.members) {
        if (member.region != request.to) situation.from = member;
    }
    situation.to = *to;
    for (const auto& region : options.regions) {
        if (region.name == request.to) situation.target_region = region;
    }
    situation.source_health = health(situation.from.region, situation.to.region);
    situation.target_health = health(situation.to.region, situation.from.region);
    situation.target_ok_age = watch.ok_age(situation.to.region);
    situation.canary_interval = options.detector.interval;
    if (auto looked = look_at_records(situation, *record); !looked) return looked.error();
    look_at_backup(situation, request);
    look_at_target(situation);
    look_at_link(situation);
    return situation;
}

// ---- planning and starting ----

Result<Plan> Controller::plan(const OperationRequest& request) {
    const auto* pair = parts_->find_pair(request.pair);
    if (pair == nullptr) return not_found("there is no pair " + request.pair.str());
    auto situation = parts_->look(*pair, request);
    if (!situation) return std::move(situation).error();
    return make_plan(*situation, request);
}

Result<OperationId> Controller::Parts::claim(const Situation& situation, const Plan& plan,
                                             const OperationRequest& request) {
    auto seen = records.pair(plan.pair, situation.pair.active_first);
    if (!seen) return std::move(seen).error();
    if (seen->value.epoch + 1 != plan.epoch) {
        return make_error(ErrorCode::Conflict, "another operation was faster: pair " +
                                                   plan.pair.str() + " is at epoch " +
                                                   std::to_string(seen->value.epoch));
    }
    Operation operation;
    operation.id = OperationId(fmt::format("{}-e{}", plan.pair.str(), plan.epoch));
    operation.plan = plan;
    operation.reason = request.reason;
    operation.requested_by = request.requested_by;
    operation.accept_loss = request.kind == OperationKind::Failover
                                ? request.accept_loss
                                : request.max_loss.value_or(situation.pair.max_loss);
    operation.started_at = ports.clock.wall();
    PairRecord next = seen->value;
    next.epoch = plan.epoch;
    next.phase = PairPhase::Switching;
    next.operation = operation.id;
    next.changed_at = operation.started_at;
    JournalRecord first;
    first.kind = JournalKind::Note;
    first.at = operation.started_at;
    first.by = options.identity;
    first.sentence =
        fmt::format("{} of {} from {} to {} claimed by {}: {}", name_of(plan.kind), plan.pair.str(),
                    plan.from.str(), plan.to.str(), request.requested_by, request.reason);
    first.detail = {{"plan", plan.digest}, {"epoch", plan.epoch}};
    auto claimed = records.claim(*seen, plan.pair, next, operation, first);
    if (!claimed) {
        if (claimed.error().code != ErrorCode::Conflict) return claimed.error();
        auto now = records.pair(plan.pair, situation.pair.active_first);
        return make_error(ErrorCode::Conflict,
                          "another operation was faster" +
                              (now ? ": " + now->value.operation.str() : std::string()));
    }
    ports.events.info(
        "switchover.claimed", first.sentence,
        {{"pair", plan.pair.str()}, {"operation", operation.id.str()}, {"epoch", plan.epoch}});
    return operation.id;
}

Result<OperationId> Controller::start(const OperationRequest& request) {
    const auto* pair = parts_->find_pair(request.pair);
    if (pair == nullptr) return not_found("there is no pair " + request.pair.str());
    auto situation = parts_->look(*pair, request);
    if (!situation) return std::move(situation).error();
    if (situation->open_operation) {
        return make_error(ErrorCode::Conflict, "R9: operation " + situation->open_operation->str() +
                                                   " is open on pair " + request.pair.str());
    }
    const auto plan = make_plan(*situation, request);
    if (request.plan_digest && *request.plan_digest != plan.digest) {
        auto stale = make_error(ErrorCode::Conflict,
                                "the plan is stale: what it was made from has changed (it was " +
                                    *request.plan_digest + ", it would be " + plan.digest + ")");
        stale.service_code = "StalePlan";
        return stale;
    }
    if (const auto blockers = plan.blockers(); !blockers.empty()) {
        return make_error(ErrorCode::Refused, refusal_text(blockers));
    }
    return parts_->claim(*situation, plan, request);
}

// ---- operations ----

Status Controller::resume(const OperationId& id, const std::string& who) {
    auto operation = parts_->find_operation(id);
    if (!operation) return std::move(operation).error();
    if (operation->value.phase == OperationPhase::Running) return {};
    if (operation->value.phase != OperationPhase::Stuck) {
        return make_error(ErrorCode::Refused, "operation " + id.str() + " is " +
                                                  std::string(name_of(operation->value.phase)) +
                                                  ": there is nothing to resume");
    }
    const auto* pair = parts_->find_pair(operation->value.plan.pair);
    auto record = parts_->records.pair(pair->name, pair->active_first);
    if (!record) return std::move(record).error();
    auto journal = parts_->records.journal(pair->name, id);
    if (!journal) return std::move(journal).error();
    JournalRecord note;
    note.at = parts_->ports.clock.wall();
    note.by = parts_->options.identity;
    note.sentence = "resumed by " + (who.empty() ? std::string("an operator") : who);
    auto noted = parts_->records.append(operation->value, *journal, note, record->revision);
    if (!noted) return noted;
    operation->value.phase = OperationPhase::Running;
    operation->value.advice.clear();
    auto saved = parts_->records.save(*operation, record->revision);
    if (!saved) return std::move(saved).error();
    return {};
}

Status Controller::abort(const OperationId& id, const std::string& who) {
    auto operation = parts_->find_operation(id);
    if (!operation) return std::move(operation).error();
    const auto& plan = operation->value.plan;
    const auto phase = operation->value.phase;
    if (phase == OperationPhase::Aborting) return {};
    if (phase != OperationPhase::Running && phase != OperationPhase::Stuck) {
        return make_error(ErrorCode::Refused,
                          "operation " + id.str() + " has ended: " + std::string(name_of(phase)));
    }
    const auto* pair = parts_->find_pair(plan.pair);
    auto record = parts_->records.pair(pair->name, pair->active_first);
    if (!record) return std::move(record).error();
    auto journal = parts_->records.journal(plan.pair, id);
    if (!journal) return std::move(journal).error();
    if (record->value.active == plan.to) {
        return make_error(ErrorCode::Refused, plan.to.str() +
                                                  " is active already: it goes on to the end; "
                                                  "`spillway failback start` is the way back");
    }
    const auto health = parts_->watch.health(plan.from);
    if (was_begun(operation->value, *journal, StepKind::Apply) &&
        health.state != RegionState::Healthy) {
        return make_error(
            ErrorCode::Refused,
            "agents are on their way to " + plan.to.str() + " and " + plan.from.str() + " is " +
                std::string(name_of(health.state)) +
                ": going back loses more than going on; `spillway switchover resume " + id.str() +
                "` goes on");
    }
    operation->value.phase = OperationPhase::Aborting;
    operation->value.advice = "abort asked for by " + (who.empty() ? "an operator" : who);
    return parts_->records.finish(*operation, *record, record->value);
}

Result<Operation> Controller::operation(const OperationId& id) {
    auto found = parts_->find_operation(id);
    if (!found) return std::move(found).error();
    auto operation = std::move(found->value);
    auto journal = parts_->records.journal(operation.plan.pair, id);
    if (!journal) return std::move(journal).error();
    operation.journal = std::move(*journal);
    operation.next_step = next_step(operation.journal);
    const bool moving =
        operation.phase == OperationPhase::Running || operation.phase == OperationPhase::Aborting;
    operation.now_doing = moving ? parts_->saga.now_doing(id) : operation.advice;
    return operation;
}

Result<std::vector<Operation>> Controller::operations(const PairName& pair) {
    if (parts_->find_pair(pair) == nullptr) return not_found("there is no pair " + pair.str());
    return parts_->records.operations(pair);
}

Result<Report> Controller::report(const OperationId& id) {
    auto operation = parts_->find_operation(id);
    if (!operation) return std::move(operation).error();
    return parts_->records.report(operation->value.plan.pair, operation->value.plan.epoch);
}

// ---- status ----

void Controller::Parts::judge_ready(PairStatus& status, const PairOptions& pair) {
    const auto* active = member_in(pair, status.record.active);
    ReadinessInputs inputs;
    inputs.now = ports.clock.wall();
    inputs.active = status.record.active;
    inputs.standby = status.standby;
    inputs.standby_state = health(status.standby, status.record.active).state;
    if (auto head = backups.head(active->region, active->logstore.project)) inputs.backup = *head;
    inputs.backup_age_max = std::max<milliseconds>(3 * options.backup_interval, kBackupAgeMin);
    inputs.link = link_between(pair, status.record.active, status.standby);
    inputs.rpo = status.rpo;
    inputs.obligations = status.obligations;
    {
        std::lock_guard lock(facts_mutex);
        const auto found = facts.find(pair.name);
        // Facts of before a switch speak of the other side.
        if (found != facts.end() && found->second.standby == status.standby) {
            inputs.standby_facts = found->second;
        }
    }
    status.readiness = judge_readiness(inputs);
    for (const auto& item : status.readiness) {
        if (item.blocks && !item.ok) status.not_ready.push_back(item.sentence);
    }
    status.ready = status.not_ready.empty() && status.record.phase == PairPhase::Steady;
}

milliseconds Controller::Parts::step_readiness(const PairOptions& pair) {
    auto record = records.pair(pair.name, pair.active_first);
    if (!record || record->value.phase == PairPhase::Switching) return kIdle;
    const auto* active = member_in(pair, record->value.active);
    auto backup = backups.latest(active->region, active->logstore.project);
    if (!backup) return kIdle;
    for (const auto& member : pair.members) {
        if (member.region == active->region) continue;
        auto looked =
            look_at_standby(*ports.regions.at(active->region), *ports.regions.at(member.region),
                            pair, active->region, backup->snapshot, ports.clock.wall());
        std::lock_guard lock(facts_mutex);
        facts[pair.name] = std::move(looked);
    }
    return kReadinessEvery;
}

PairStatus Controller::Parts::pair_status(const PairOptions& pair) {
    PairStatus status;
    status.name = pair.name;
    auto record = records.pair(pair.name, pair.active_first);
    if (!record) {
        status.record.active = pair.active_first;
        status.state = "unknown";
        status.sentence = "the state store does not answer: " + record.error().to_string();
        status.not_ready.push_back(status.sentence);
        return status;
    }
    status.record = record->value;
    for (const auto& member : pair.members) {
        if (member.region != status.record.active) status.standby = member.region;
    }
    status.state = std::string(name_of(status.record.phase));
    if (auto owed = records.obligations(pair.name)) {
        for (auto& entry : *owed) {
            if (entry.value.closed_at) continue;
            entry.value.sentence = obligations.sentence(entry.value);
            status.obligations.push_back(std::move(entry.value));
        }
    }
    const auto link = link_between(pair, status.record.active, status.standby);
    if (auto progress = ports.replication.progress(link); !link.empty() && progress) {
        const auto loss = loss_estimate_seconds(*progress, ports.clock.wall());
        if (loss.value) status.rpo = milliseconds{static_cast<std::int64_t>(*loss.value * 1000)};
        for (const auto& shard : progress->shards) {
            if (shard.lag) status.lag = std::max(status.lag.value_or(*shard.lag), *shard.lag);
        }
    }
    judge_ready(status, pair);
    status.sentence = pair.name.str() + " is collected in " + status.record.active.str();
    if (!status.record.operation.empty()) {
        auto operation = records.operation(pair.name, status.record.operation);
        if (operation && operation->value.phase == OperationPhase::Stuck) {
            status.state = "stuck";
            status.sentence = operation->value.advice;
        } else if (operation && operation->value.phase != OperationPhase::Done &&
                   operation->value.phase != OperationPhase::Aborted) {
            status.sentence = saga.now_doing(operation->value.id);
        }
    }
    return status;
}

void Controller::Parts::measure(const PairStatus& status, const PairOptions& pair) {
    for (const auto& member : pair.members) {
        ports.metrics
            .gauge("spillway_pair_active", "1 for the region that collects for the pair.",
                   {{"pair", pair.name.str()}, {"region", member.region.str()}})
            .set(member.region == status.record.active ? 1 : 0);
    }
    const MetricLabels labels{{"pair", pair.name.str()}};
    ports.metrics.gauge("spillway_pair_epoch", "Switches of the pair, and one.", labels)
        .set(static_cast<double>(status.record.epoch));
    ports.metrics.gauge("spillway_failover_ready", "1 when a switch could start now.", labels)
        .set(status.ready ? 1 : 0);
    for (const auto* state : {"steady", "switching", "dirty", "stuck"}) {
        ports.metrics
            .gauge("spillway_switchover_state", "1 for the state the pair is in.",
                   {{"pair", pair.name.str()}, {"state", state}})
            .set(status.state == state ? 1 : 0);
    }
    for (const auto kind : {ObligationKind::FenceSource, ObligationKind::DrainSourceTail}) {
        const auto open = std::count_if(status.obligations.begin(), status.obligations.end(),
                                        [kind](const auto& owed) { return owed.kind == kind; });
        ports.metrics
            .gauge("spillway_obligations_open", "What is still owed after an operation.",
                   {{"pair", pair.name.str()}, {"kind", std::string(name_of(kind))}})
            .set(static_cast<double>(open));
    }
}

Snapshot Controller::status() {
    Snapshot snapshot;
    snapshot.at = parts_->ports.clock.wall();
    for (const auto& region : parts_->options.regions) {
        snapshot.regions.push_back(parts_->watch.health(region.name));
    }
    for (const auto& pair : parts_->options.pairs) {
        snapshot.pairs.push_back(parts_->pair_status(pair));
    }
    for (const auto& [region, project] : parts_->projects()) {
        if (auto head = parts_->backups.head(region, project)) {
            snapshot.backups.push_back(std::move(*head));
        }
    }
    return snapshot;
}

Result<RegionHealth> Controller::explain(const RegionName& region) {
    for (const auto& known : parts_->options.regions) {
        if (known.name == region) return parts_->watch.health(region);
    }
    return not_found("there is no region " + region.str());
}

Result<std::vector<AuditResult>> Controller::audit(const std::optional<PairName>& pair) {
    std::vector<AuditResult> results;
    for (const auto& known : parts_->options.pairs) {
        if (pair && known.name != *pair) continue;
        auto record = parts_->records.pair(known.name, known.active_first);
        if (!record) return std::move(record).error();
        auto result = parts_->records.audit(known.name, record->value);
        if (!result) return std::move(result).error();
        results.push_back(std::move(*result));
    }
    if (pair && results.empty()) return not_found("there is no pair " + pair->str());
    return results;
}

// ---- backups ----

Result<std::vector<BackupHead>> Controller::backup_now(const std::optional<RegionName>& region,
                                                       bool accept_shrink) {
    std::vector<BackupHead> heads;
    bool known = false;
    for (const auto& [name, project] : parts_->projects()) {
        if (region && name != *region) continue;
        known = true;
        auto head =
            parts_->backups.run(*parts_->ports.regions.at(name), name, project, accept_shrink);
        if (!head && region) return std::move(head).error();
        if (!head) {
            // One region that is dark must not hide what the others said.
            auto last = parts_->backups.head(name, project);
            if (!last) return std::move(last).error();
            last->refused = head.error().to_string();
            head = std::move(*last);
        }
        heads.push_back(std::move(*head));
    }
    if (!known) return not_found("no pair has a project in region " + region->str());
    return heads;
}

Result<std::vector<BackupVersion>> Controller::backups(const std::optional<RegionName>& region,
                                                       const std::optional<ProjectName>& project) {
    auto versions = parts_->backups.versions(region, project);
    if (!versions) return versions;
    for (auto& version : *versions) {
        for (auto& config : version.snapshot.configs) config.body.clear();
    }
    return versions;
}

Result<BackupVersion> Controller::backup(const std::string& id) {
    return parts_->backups.find(id);
}

Result<std::vector<std::string>> Controller::restore(const std::string& id) {
    auto version = parts_->backups.find(id);
    if (!version) return std::move(version).error();
    const auto region = parts_->ports.regions.find(version->snapshot.region);
    if (region == parts_->ports.regions.end()) {
        return not_found("region " + version->snapshot.region.str() +
                         " is no longer in the topology");
    }
    return parts_->backups.restore(*version, *region->second);
}

}  // namespace spillway::switchover
