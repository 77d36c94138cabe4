// The door of logstore/agent: a small reference collector that follows its collector configs from a
// list of regions and writes what it reads to the region each config came from. It stands in for
// Logtail and LoongCollector, and keeps their rules where a switchover meets them: which config
// wins a file, where reading begins without a checkpoint, what is retried and what is dropped.
//
// Threads: `run` belongs to one caller; inside, each region has its own threads for its control
// plane and for writing, so that a region that does not answer holds up nobody else. `step` does
// the same work in the caller's thread, for tests; never both.
#pragma once

#include "logstore/agent/agent_options.h"
#include "logstore/agent/collector.h"
#include "logstore/agent/config_follower.h"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace spillway::agent {

/// What the status file says of a region.
struct RegionStatus {
    RegionName name;
    std::string endpoint;
    ProjectName project;
    bool answers = false;              ///< the last poll of its control plane
    std::int64_t answered_unix_s = 0;  ///< 0: never since the start
    std::string last_error;
    std::size_t configs = 0;  ///< in force
};

class Agent {
  public:
    /// Locks the data folder and reads checkpoints and the configs last known.
    /// Errors: Conflict (another agent works in the folder; names its pid), InvalidArgument (two
    /// regions with one name or one project), Exhausted, Refused.
    static Result<std::unique_ptr<Agent>> open(AgentOptions options, EventLog& log,
                                               const Clock& clock);
    ~Agent();
    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;

    /// Works until asked to stop; then sends what was read, for `stop_grace` at most, and saves.
    void run(std::stop_token stop);

    /// Asks every region for its configs, once.
    void poll_configs();
    /// Scans, reads and sends until nothing more can be done at this time. Without polling.
    void step();
    /// What `run` does at its end.
    void shut_down();

    std::string status_json() const;
    const AlarmBook& alarms() const { return alarms_; }
    std::vector<TailStatus> files() const { return collector_.status(); }
    std::vector<QueueStatus> queues() const { return queues_.status(); }

  private:
    Agent(AgentOptions options, FileLock lock, EventLog& log, const Clock& clock);

    Status load();
    Status load_machine_id();
    void load_cached_configs(const AgentRegion& region);
    void poll_region(const AgentRegion& region);
    void take_answer(const AgentRegion& region, Result<RegionConfigs> answer);
    void apply_new_configs();
    void apply(const RegionConfigs& configs);
    void save_configs(const RegionConfigs& configs);

    bool send_one(const AgentRegion& region);
    void loop_pass(bool scan);
    void write_status();
    bool worth_waiting() const;
    void drain();

    const AgentOptions options_;
    const FileLock lock_;
    EventLog& log_;
    const Clock& clock_;
    std::string machine_id_;
    AlarmBook alarms_;
    SendQueues queues_;
    Collector collector_;
    MonoTime status_written_{};

    mutable std::mutex mutex_;  // guards everything below
    std::condition_variable_any woken_;
    bool wake_ = false;
    std::map<RegionName, RegionConfigs> answers_;  // not yet applied
    std::map<RegionName, RegionStatus> regions_;
};

}  // namespace spillway::agent
