// Runs the operation that is open on a pair, one step a call, from its journal alone:
//
//     next := first step the journal does not call done
//     INTENT -> look, act on the difference, look -> DONE
//
// A controller that dies anywhere is followed by one that reads the same journal and calls the same
// step again. Thread rule: `advance` by the pair's task only; `now_doing` from any thread.
#pragma once

#include "switchover/steps.h"

#include <functional>
#include <map>
#include <mutex>

namespace spillway::switchover {

class Saga {
  public:
    Saga(const ControllerOptions& options, Ports& ports, Records& records, BackupKeeper& backups)
        : options_(options), ports_(ports), records_(records), backups_(backups) {}

    /// Nothing: no operation wants to be moved on. Else when to call again.
    std::optional<milliseconds> advance(const PairOptions& pair);
    /// One sentence; empty when nothing runs.
    std::string now_doing(const OperationId& operation);

  private:
    milliseconds run_next(const PairOptions& pair, Stored<PairRecord>& record,
                          Stored<Operation>& operation);
    milliseconds roll_back(const PairOptions& pair, Stored<PairRecord>& record,
                           Stored<Operation>& operation);
    milliseconds settle(StepContext& context, Stored<Operation>& operation, StepOutcome outcome);
    milliseconds step_done(StepContext& context, Stored<Operation>& operation,
                           const StepOutcome& outcome);
    milliseconds step_failed(StepContext& context, Stored<Operation>& operation,
                             const StepOutcome& outcome);
    milliseconds stop(StepContext& context, Stored<Operation>& operation,
                      const StepOutcome& outcome);
    milliseconds finish(const PairOptions& pair, const Stored<PairRecord>& record,
                        Stored<Operation>& operation);
    milliseconds store_failed(const PairOptions& pair, const Error& error);

    JournalRecord line(JournalKind kind, int step, std::string sentence, json::object detail = {});
    StepMemory& memory_for(const PairName& pair, const OperationId& operation, int step);
    void say(const OperationId& operation, std::string sentence);

    const ControllerOptions& options_;
    Ports& ports_;
    Records& records_;
    BackupKeeper& backups_;
    std::mutex mutex_;  // guards the maps; an entry of memory_ is the pair's task's alone
    std::map<PairName, StepMemory> memory_;
    std::map<OperationId, std::string> doing_;
};

/// True when the journal says that a step of this kind was begun.
bool was_begun(const Operation& operation, const std::vector<JournalRecord>& journal,
               StepKind kind);

}  // namespace spillway::switchover
