// What each step of an operation does, one function a step. Every one looks first, acts only on a
// difference, looks again; so it may be cut off anywhere and simply be called again. Actions are
// set-to-state. None waits: a step that must wait says so and is called again.
// Thread rule: called by the pair's task only.
#pragma once

#include "switchover/backup.h"
#include "switchover/planner.h"
#include "switchover/records.h"
#include "switchover/switchover.h"
#include "switchover/windows.h"

#include <set>

namespace spillway::switchover {

struct StepOutcome {
    enum class Kind { Done, Waiting, Failed, GiveUp };
    Kind kind = Kind::Done;
    std::string sentence;
    json::object detail;           ///< goes into the journal with Done
    milliseconds again{1'000};     ///< Waiting: when to look again
    std::optional<int> rewind_to;  ///< GiveUp: what was put back; resume starts there

    static StepOutcome done(std::string sentence, json::object detail = {}) {
        return {Kind::Done, std::move(sentence), std::move(detail), {}, {}};
    }
    static StepOutcome waiting(std::string sentence, milliseconds again) {
        return {Kind::Waiting, std::move(sentence), {}, again, {}};
    }
    static StepOutcome failed(const Error& error) {
        return {Kind::Failed, error.to_string(), {}, {}, {}};
    }
    /// A person must look. The sentence says in what state things are and what can be done.
    static StepOutcome give_up(std::string sentence) {
        return {Kind::GiveUp, std::move(sentence), {}, {}, {}};
    }
};

/// What a step remembers between two calls; lost in a crash, which only makes it look again.
struct StepMemory {
    OperationId operation;
    int step = -1;
    std::optional<MonoTime> entered;
    int attempts = 0;
    std::map<ShardId, Cursor> looked_to;
    std::set<std::string> arrived;
};

struct StepContext {
    const ControllerOptions& options;
    const PairOptions& pair;
    Ports& ports;
    Records& records;
    BackupKeeper& backups;
    const Operation& operation;
    const std::vector<JournalRecord>& journal;
    int index;
    Stored<PairRecord>& record;  ///< Commit moves it on
    StepMemory& memory;

    const Plan& plan() const { return operation.plan; }
    const Step& step() const { return plan().steps[static_cast<std::size_t>(index)]; }
    const PairMember& from() const;
    const PairMember& to() const;
    RegionApi& source() const { return *ports.regions.at(plan().from); }
    RegionApi& target() const { return *ports.regions.at(plan().to); }
    milliseconds in_step_for() const;
};

StepOutcome run_step(StepContext& context);

/// Binds every moved config in one region, or unbinds it; looks before and after. Both are used by
/// obligations and by abort too.
Status bind_moves(RegionApi& region, const ProjectName& project,
                  const std::vector<ConfigMove>& moves, MachineGroupName ConfigMove::*group);
Status unbind_moves(RegionApi& region, const ProjectName& project,
                    const std::vector<ConfigMove>& moves, MachineGroupName ConfigMove::*group);

/// End cursors of every shard. Errors: the region's.
Result<std::map<ShardId, Cursor>> end_cursors(LogSource& region, const LogstoreRef& logstore);

/// When the Commit step was done; the operation's start while it is not. Needs the journal.
WallTime time_of_commit(const Operation& operation);

/// What the Cut step wrote down, as the report needs it.
Result<WindowEvidence> evidence_at_cut(Records& records, const PairOptions& pair,
                                       const Operation& operation);

}  // namespace spillway::switchover
