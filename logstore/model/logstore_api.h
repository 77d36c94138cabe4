// The door of the Logstore world: the ports through which everything reads and writes a region.
// Two implementations: logstore/client (HTTP) and logstore/engine (in process).
// Thread rule: every call may come from any thread and may block; none throws.
//
// Errors of all calls: Throttled (back off), Unavailable (look, then repeat), Unauthenticated,
// ClockSkew, NotFound (service_code says project, Logstore, shard ...), InvalidArgument, Internal.
#pragma once

#include "logstore/model/logstore.h"

#include <vector>

namespace spillway {

class LogSource {
  public:
    virtual ~LogSource() = default;
    /// All shards that still hold data, read-only parents included, sorted by id.
    virtual Result<std::vector<Shard>> shards(const LogstoreRef& ref) = 0;
    virtual Result<Cursor> cursor(const LogstoreRef& ref, ShardId shard,
                                  const CursorSeek& seek) = 0;
    /// Receive time of the LogGroup at the cursor. Errors: OutOfRange past the last group or
    /// expired.
    virtual Result<std::int64_t> cursor_time(const LogstoreRef& ref, ShardId shard,
                                             const Cursor& cursor) = 0;
    /// Errors: OutOfRange when the cursor is malformed, expired or from another life of the store.
    virtual Result<Page> pull(const LogstoreRef& ref, ShardId shard,
                              const PullRequest& request) = 0;
};

class LogSink {
  public:
    virtual ~LogSink() = default;
    /// Returns when the target has acknowledged. Errors: Conflict with service_code
    /// InvalidSequenceId when the fence refused; Throttled; Exhausted (target's disk);
    /// InvalidArgument (body).
    virtual Result<Receipt> put(const LogstoreRef& ref, const Batch& batch) = 0;
};

class ConsumerGroups {
  public:
    virtual ~ConsumerGroups() = default;
    virtual Status create_consumer_group(const LogstoreRef& ref,
                                         const ConsumerGroupInfo& group) = 0;
    virtual Status update_consumer_group(const LogstoreRef& ref,
                                         const ConsumerGroupInfo& group) = 0;
    virtual Status delete_consumer_group(const LogstoreRef& ref,
                                         const ConsumerGroupName& group) = 0;
    virtual Result<std::vector<ConsumerGroupInfo>> consumer_groups(const LogstoreRef& ref) = 0;
    /// `held`: shards the consumer still works on. Returns the shards it should hold.
    virtual Result<std::vector<ShardId>> heartbeat(const LogstoreRef& ref,
                                                   const ConsumerGroupName& group,
                                                   const ConsumerName& consumer,
                                                   const std::vector<ShardId>& held) = 0;
    /// One entry a shard; an empty cursor where nothing was saved.
    virtual Result<std::vector<ShardCheckpoint>> checkpoints(const LogstoreRef& ref,
                                                             const ConsumerGroupName& group) = 0;
    virtual Status save_checkpoint(const LogstoreRef& ref, const ConsumerGroupName& group,
                                   const ConsumerName& consumer, ShardId shard,
                                   const Cursor& cursor, bool force) = 0;
};

class CollectorConfigs {
  public:
    virtual ~CollectorConfigs() = default;
    virtual Result<std::vector<ConfigName>> configs(const ProjectName& project,
                                                    ConfigForm form) = 0;
    virtual Result<CollectorConfig> config(const ProjectName& project, const ConfigName& name,
                                           ConfigForm form) = 0;
    /// Creates or replaces: a set-to-state, safe to repeat.
    virtual Status put_config(const ProjectName& project, const CollectorConfig& config) = 0;
    virtual Status delete_config(const ProjectName& project, const ConfigName& name,
                                 ConfigForm form) = 0;

    virtual Result<std::vector<MachineGroupName>> machine_groups(const ProjectName& project) = 0;
    virtual Result<MachineGroup> machine_group(const ProjectName& project,
                                               const MachineGroupName& name) = 0;
    /// Creates or replaces.
    virtual Status put_machine_group(const ProjectName& project, const MachineGroup& group) = 0;
    virtual Status delete_machine_group(const ProjectName& project,
                                        const MachineGroupName& name) = 0;
    /// The group's machines as their heartbeats describe them.
    virtual Result<std::vector<Machine>> machines(const ProjectName& project,
                                                  const MachineGroupName& name) = 0;

    /// Bindings: which configs a machine group's agents follow. Both are set-to-state.
    virtual Status bind(const ProjectName& project, const MachineGroupName& group,
                        const ConfigName& config) = 0;
    virtual Status unbind(const ProjectName& project, const MachineGroupName& group,
                          const ConfigName& config) = 0;
    virtual Result<std::vector<ConfigName>> bound_configs(const ProjectName& project,
                                                          const MachineGroupName& group) = 0;
    virtual Result<std::vector<MachineGroupName>> bound_groups(const ProjectName& project,
                                                               const ConfigName& config) = 0;
};

class Projects {
  public:
    virtual ~Projects() = default;
    virtual Status create_project(const ProjectInfo& project) = 0;
    virtual Result<ProjectInfo> project(const ProjectName& name) = 0;
    virtual Result<std::vector<ProjectInfo>> projects() = 0;
    virtual Status delete_project(const ProjectName& name) = 0;
    virtual Status create_logstore(const LogstoreRef& ref, const LogstoreSettings& settings) = 0;
    virtual Status update_logstore(const LogstoreRef& ref, const LogstoreSettings& settings) = 0;
    virtual Result<LogstoreInfo> logstore(const LogstoreRef& ref) = 0;
    virtual Result<std::vector<LogstoreName>> logstores(const ProjectName& project) = 0;
    virtual Status delete_logstore(const LogstoreRef& ref) = 0;
};

/// Everything a region offers.
class RegionApi : public LogSource,
                  public LogSink,
                  public ConsumerGroups,
                  public CollectorConfigs,
                  public Projects {};

}  // namespace spillway
