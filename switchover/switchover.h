// The door of switchover/: keeps backups, watches regions, plans and runs operations, meets
// obligations. One Controller a daemon; everything it must remember is in the StateStore, so that
// it may be killed at any point and a new one goes on from the journal.
//
//     Controller controller(options, ports);
//     for (auto& task : controller.tasks()) handles.push_back(runner.add(task.name, task.step));
//
// Thread rule: the public calls may come from any thread at any time and may block on regions;
// steps of one task never overlap (TaskRunner's promise), and tasks of different names may.
#pragma once

#include "base/event_log.h"
#include "base/metrics.h"
#include "base/storage/state_store.h"
#include "base/task_runner.h"
#include "switchover/ports.h"
#include "switchover/types.h"

#include <functional>
#include <memory>
#include <stop_token>

namespace spillway::switchover {

/// Everything outside; borrowed, must outlive the Controller. `regions` has one entry for each
/// region of the options. A call on a region that is down gives up within five seconds.
struct Ports {
    StateStore& store;
    const Clock& clock;
    EventLog& events;
    MetricsRegistry& metrics;
    std::map<RegionName, RegionApi*> regions;
    CanaryPort& canary;
    ReplicationView& replication;
    ArrivalView& arrivals;
};

struct ControllerTask {
    std::string name;
    TaskStep step;
};

class Controller {
  public:
    Controller(ControllerOptions options, Ports ports);
    ~Controller();
    Controller(const Controller&) = delete;
    Controller& operator=(const Controller&) = delete;

    /// One per region (canary), one for the backups, one per pair (operation and obligations).
    /// An operation that was under way when the last controller died goes on by itself.
    std::vector<ControllerTask> tasks();

    /// Reads the situation and says what an operation would do, with every rule's verdict. Changes
    /// nothing. Errors: NotFound (pair, region), InvalidArgument (the request makes no sense).
    Result<Plan> plan(const OperationRequest& request);
    /// Plans again, asks the rules, claims the pair. The pair's task does the rest.
    /// Errors: Refused (names the rules and the flags that override them), Conflict (an operation
    /// is open: the message has its id; or the plan is no longer `plan_digest`: service_code
    /// "StalePlan").
    Result<OperationId> start(const OperationRequest& request);
    /// A stuck operation tries again from the step it stopped at.
    Status resume(const OperationId& id, const std::string& who = {});
    /// Before the first wave: puts back and ends. Afterwards: reverses the waves if the source is
    /// healthy, else Refused (going back into a dead region loses more).
    Status abort(const OperationId& id, const std::string& who = {});

    Result<Operation> operation(const OperationId& id);
    /// Newest first, without journals.
    Result<std::vector<Operation>> operations(const PairName& pair);
    /// The newest version. Errors: NotFound until the operation has committed.
    Result<Report> report(const OperationId& id);

    Snapshot status();
    /// Why we think so. Errors: NotFound.
    Result<RegionHealth> explain(const RegionName& region);
    /// Are the journals what was written? Nothing named means every pair. Errors: NotFound.
    Result<std::vector<AuditResult>> audit(const std::optional<PairName>& pair = {});

    /// Now, whatever the timer says; nothing named means every project of every pair.
    Result<std::vector<BackupHead>> backup_now(const std::optional<RegionName>& region = {},
                                               bool accept_shrink = false);
    /// Newest first, without the bodies of configs.
    Result<std::vector<BackupVersion>> backups(const std::optional<RegionName>& region,
                                               const std::optional<ProjectName>& project);
    /// With the bodies. `id`: a prefix of the id, if it is the only one.
    Result<BackupVersion> backup(const std::string& id);
    /// Puts configs, groups and bindings back where they came from; takes nothing away.
    /// Returns what was written, as sentences.
    Result<std::vector<std::string>> restore(const std::string& id);

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace spillway::switchover
