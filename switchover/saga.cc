#include "switchover/saga.h"

#include "base/text.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::switchover {

namespace {

constexpr milliseconds kAtOnce{0};
constexpr milliseconds kStoreAgain{1'000};
constexpr milliseconds kRetryMax{5'000};

milliseconds retry_after(int attempts) {
    return std::min(kRetryMax, milliseconds{500} * (1 << std::min(attempts, 4)));
}

bool will_pass_by_itself(const StepOutcome& outcome, milliseconds failing_for,
                         const PairOptions& pair, int attempts) {
    return outcome.kind == StepOutcome::Kind::Failed &&
           (attempts < pair.attempts_max || failing_for < pair.stuck_after);
}

std::string what_now(const Operation& operation) {
    return fmt::format(
        "continue: spillway switchover resume {}   undo: spillway switchover abort {}",
        operation.id.str(), operation.id.str());
}

}  // namespace

bool was_begun(const Operation& operation, const std::vector<JournalRecord>& journal,
               StepKind kind) {
    return std::any_of(journal.begin(), journal.end(), [&](const auto& record) {
        return record.kind == JournalKind::Intent && record.step >= 0 &&
               record.step < static_cast<int>(operation.plan.steps.size()) &&
               operation.plan.steps[static_cast<std::size_t>(record.step)].kind == kind;
    });
}

std::string Saga::now_doing(const OperationId& operation) {
    std::lock_guard lock(mutex_);
    const auto found = doing_.find(operation);
    return found == doing_.end() ? std::string() : found->second;
}

void Saga::say(const OperationId& operation, std::string sentence) {
    std::lock_guard lock(mutex_);
    doing_[operation] = std::move(sentence);
}

StepMemory& Saga::memory_for(const PairName& pair, const OperationId& operation, int step) {
    std::lock_guard lock(mutex_);
    auto& memory = memory_[pair];
    if (memory.operation != operation || memory.step != step) {
        memory = StepMemory{};
        memory.operation = operation;
        memory.step = step;
        memory.entered = ports_.clock.mono();
    }
    return memory;
}

JournalRecord Saga::line(JournalKind kind, int step, std::string sentence, json::object detail) {
    JournalRecord record;
    record.kind = kind;
    record.step = step;
    record.at = ports_.clock.wall();
    record.by = options_.identity;
    record.sentence = std::move(sentence);
    record.detail = std::move(detail);
    return record;
}

milliseconds Saga::store_failed(const PairOptions& pair, const Error& error) {
    // Conflict: somebody else moved the pair on. Read again and see who is in charge now.
    ports_.events.warn("switchover.store", "the state store did not take it: " + error.to_string(),
                       {{"pair", pair.name.str()}, {"code", name_of(error.code)}});
    return error.code == ErrorCode::Conflict ? milliseconds{50} : kStoreAgain;
}

std::optional<milliseconds> Saga::advance(const PairOptions& pair) {
    auto record = records_.pair(pair.name, pair.active_first);
    if (!record) return store_failed(pair, record.error());
    if (record->value.operation.empty()) return std::nullopt;
    auto operation = records_.operation(pair.name, record->value.operation);
    if (!operation) return store_failed(pair, operation.error());
    switch (operation->value.phase) {
        case OperationPhase::Running:
            return run_next(pair, *record, *operation);
        case OperationPhase::Aborting:
            return roll_back(pair, *record, *operation);
        case OperationPhase::Stuck:
        case OperationPhase::Done:
        case OperationPhase::Aborted:
            break;
    }
    return std::nullopt;
}

milliseconds Saga::run_next(const PairOptions& pair, Stored<PairRecord>& record,
                            Stored<Operation>& operation) {
    auto journal = records_.journal(pair.name, operation.value.id);
    if (!journal) return store_failed(pair, journal.error());
    operation.value.journal = *journal;
    const int index = next_step(*journal);
    const auto& steps = operation.value.plan.steps;
    if (index >= static_cast<int>(steps.size())) return finish(pair, record, operation);

    auto& memory = memory_for(pair.name, operation.value.id, index);
    const auto& step = steps[static_cast<std::size_t>(index)];
    const bool begun = !journal->empty() && journal->back().step == index &&
                       journal->back().kind == JournalKind::Intent;
    if (!begun) {
        auto noted =
            records_.append(operation.value, *journal,
                            line(JournalKind::Intent, index, step.sentence), record.revision);
        if (!noted) return store_failed(pair, noted.error());
    }
    say(operation.value.id, step.sentence);
    StepContext context{options_,        pair,     ports_, records_, backups_,
                        operation.value, *journal, index,  record,   memory};
    return settle(context, operation, run_step(context));
}

milliseconds Saga::settle(StepContext& context, Stored<Operation>& operation, StepOutcome outcome) {
    switch (outcome.kind) {
        case StepOutcome::Kind::Done:
            return step_done(context, operation, outcome);
        case StepOutcome::Kind::Waiting:
            say(context.operation.id, outcome.sentence);
            return outcome.again;
        case StepOutcome::Kind::Failed:
            return step_failed(context, operation, outcome);
        case StepOutcome::Kind::GiveUp:
            return stop(context, operation, outcome);
    }
    return kStoreAgain;
}

milliseconds Saga::step_done(StepContext& context, Stored<Operation>& operation,
                             const StepOutcome& outcome) {
    auto journal = context.journal;
    auto noted =
        records_.append(operation.value, journal,
                        line(JournalKind::Done, context.index, outcome.sentence, outcome.detail),
                        context.record.revision);
    if (!noted) return store_failed(context.pair, noted.error());
    say(context.operation.id, outcome.sentence);
    ports_.events.info("switchover.step", outcome.sentence,
                       {{"pair", context.pair.name.str()},
                        {"operation", operation.value.id.str()},
                        {"step", name_of(context.step().kind)}});
    ports_.metrics
        .histogram("spillway_switchover_step_duration_seconds", "Time one step took.",
                   duration_bounds_seconds(), {{"step", std::string(name_of(context.step().kind))}})
        .observe(std::chrono::duration<double>(context.in_step_for()).count());
    return kAtOnce;
}

milliseconds Saga::step_failed(StepContext& context, Stored<Operation>& operation,
                               const StepOutcome& outcome) {
    const int attempts = ++context.memory.attempts;
    const std::string text = std::string(name_of(context.step().kind)) + ": " + outcome.sentence;
    if (will_pass_by_itself(outcome, context.in_step_for(), context.pair, attempts)) {
        say(context.operation.id, text + " (trying again)");
        ports_.events.warn("switchover.retry", text,
                           {{"pair", context.pair.name.str()},
                            {"operation", operation.value.id.str()},
                            {"attempt", attempts}});
        return retry_after(attempts);
    }
    return stop(context, operation, outcome);
}

milliseconds Saga::stop(StepContext& context, Stored<Operation>& operation,
                        const StepOutcome& outcome) {
    auto journal = context.journal;
    json::object detail;
    if (outcome.rewind_to) detail["rewind_to"] = *outcome.rewind_to;
    auto noted = records_.append(
        operation.value, journal,
        line(JournalKind::Failed, context.index, outcome.sentence, std::move(detail)),
        context.record.revision);
    if (!noted) return store_failed(context.pair, noted.error());
    operation.value.phase = OperationPhase::Stuck;
    operation.value.advice = std::string(name_of(context.step().kind)) +
                             " stopped: " + outcome.sentence + ". " + what_now(operation.value);
    auto saved = records_.save(operation, context.record.revision);
    if (!saved) return store_failed(context.pair, saved.error());
    say(context.operation.id, operation.value.advice);
    context.memory = StepMemory{};
    ports_.events.error(
        "switchover.stuck", operation.value.advice,
        {{"pair", context.pair.name.str()}, {"operation", operation.value.id.str()}});
    return kAtOnce;
}

milliseconds Saga::finish(const PairOptions& pair, const Stored<PairRecord>& record,
                          Stored<Operation>& operation) {
    operation.value.phase = OperationPhase::Done;
    operation.value.ended_at = ports_.clock.wall();
    auto saved = records_.save(operation, record.revision);
    if (!saved) return store_failed(pair, saved.error());
    const auto& plan = operation.value.plan;
    const auto took = std::chrono::duration_cast<milliseconds>(*operation.value.ended_at -
                                                               operation.value.started_at);
    const auto text = fmt::format("{} of {} to {} done in {}", name_of(plan.kind), pair.name.str(),
                                  plan.to.str(), human_duration(took));
    say(operation.value.id, text);
    ports_.events.info("switchover.done", text,
                       {{"pair", pair.name.str()}, {"operation", operation.value.id.str()}});
    ports_.metrics
        .counter("spillway_switchovers_total", "Operations that ended, by outcome.",
                 {{"pair", pair.name.str()},
                  {"kind", std::string(name_of(plan.kind))},
                  {"outcome", "done"}})
        .add();
    return kAtOnce;
}

/// Source first, then target: at every moment each config is bound somewhere (R1).
milliseconds Saga::roll_back(const PairOptions& pair, Stored<PairRecord>& record,
                             Stored<Operation>& operation) {
    auto journal = records_.journal(pair.name, operation.value.id);
    if (!journal) return store_failed(pair, journal.error());
    const auto& plan = operation.value.plan;
    auto& memory = memory_for(pair.name, operation.value.id, -2);
    Status undone;
    if (was_begun(operation.value, *journal, StepKind::DetachSource)) {
        undone =
            bind_moves(*ports_.regions.at(plan.from), member_in(pair, plan.from)->logstore.project,
                       plan.moves, &ConfigMove::source_group);
    }
    if (undone && was_begun(operation.value, *journal, StepKind::Apply)) {
        undone =
            unbind_moves(*ports_.regions.at(plan.to), member_in(pair, plan.to)->logstore.project,
                         plan.moves, &ConfigMove::target_group);
    }
    if (!undone) {
        say(operation.value.id, "putting back: " + undone.error().to_string() + " (trying again)");
        return retry_after(++memory.attempts);
    }
    auto noted = records_.append(operation.value, *journal,
                                 line(JournalKind::Note, -1, "put back; " + operation.value.advice),
                                 record.revision);
    if (!noted) return store_failed(pair, noted.error());
    PairRecord next = record.value;
    next.phase = PairPhase::Steady;
    next.changed_at = ports_.clock.wall();
    operation.value.phase = OperationPhase::Aborted;
    operation.value.ended_at = next.changed_at;
    operation.value.advice = "put back: " + plan.from.str() + " collects as before";
    if (auto ended = records_.finish(operation, record, next); !ended) {
        return store_failed(pair, ended.error());
    }
    say(operation.value.id, operation.value.advice);
    ports_.events.warn("switchover.aborted", operation.value.advice,
                       {{"pair", pair.name.str()}, {"operation", operation.value.id.str()}});
    return kAtOnce;
}

}  // namespace spillway::switchover
