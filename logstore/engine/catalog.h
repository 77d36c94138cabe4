// Everything a region keeps besides logs: projects, Logstores, shards, fences of records that are
// gone, consumer groups, collector configs, machine groups, bindings, machines. One SQLite file;
// every call that changes something has made it durable when it returns.
//
// Thread-safe: one mutex around the database. Errors of all calls: NotFound and AlreadyExists with
// the service's code, Exhausted (disk full), Corrupt.
#pragma once

#include "base/storage/sqlite.h"
#include "logstore/engine/logstore_log.h"
#include "logstore/engine/shard_map.h"
#include "logstore/model/logstore.h"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace spillway::engine {

/// A row of the consumer_shards table: what a consumer group knows of one shard.
struct GroupShardRow {
    ShardId shard;
    int state = 0;
    std::string holder;
    std::string target;
    std::string checkpoint;
    std::string checkpoint_consumer;
    std::int64_t updated_unix_us = 0;
    bool operator==(const GroupShardRow&) const = default;
};

struct GroupRow {
    ConsumerGroupInfo info;
    std::vector<GroupShardRow> shards;
};

struct StoredLogstore {
    std::uint64_t id = 0;
    LogstoreRef ref;
};

struct StoredConfig {
    CollectorConfig config;
    std::int64_t created_unix_s = 0;
    std::int64_t modified_unix_s = 0;
};

struct StoredMachineGroup {
    MachineGroup group;
    std::int64_t created_unix_s = 0;
    std::int64_t modified_unix_s = 0;
};

/// How a write treats what is there already.
enum class WriteRule { CreateOnly, ReplaceOnly, Either };

class Catalog {
  public:
    static Result<std::unique_ptr<Catalog>> open(const std::string& path);

    // Projects.
    Status create_project(const ProjectInfo& project);
    Status update_project(const ProjectName& name, const std::string& description,
                          std::int64_t now_unix_s);
    Result<ProjectInfo> project(const ProjectName& name);
    Result<std::vector<ProjectInfo>> projects();
    /// Everything of the project but its Logstores, which must be gone (Refused).
    Status delete_project(const ProjectName& name);

    // Logstores.
    Result<std::uint64_t> create_logstore(const LogstoreInfo& info,
                                          const std::vector<ShardEntry>& shards);
    Status update_logstore(const LogstoreRef& ref, const LogstoreSettings& settings,
                           std::int64_t now_unix_s);
    Result<LogstoreInfo> logstore(const LogstoreRef& ref);
    /// Of the project; NotFound when there is no such project.
    Result<std::vector<LogstoreName>> logstores(const ProjectName& project);
    Result<std::vector<StoredLogstore>> all_logstores();
    Status delete_logstore(const LogstoreRef& ref);
    /// The index of a Logstore, as it was given. Errors: NotFound (IndexConfigNotExist).
    Result<json::object> logstore_index(const LogstoreRef& ref);
    /// Errors: AlreadyExists (IndexAlreadyExist), NotFound (IndexConfigNotExist).
    Status put_logstore_index(const LogstoreRef& ref, const json::object& index, WriteRule rule);
    Status delete_logstore_index(const LogstoreRef& ref);

    // What a log needs to be opened, and what outlives its segments.
    Result<LogStart> log_start(const StoredLogstore& logstore);
    Status save_shard_change(std::uint64_t log_id, const ShardChange& change);
    Status delete_shard(std::uint64_t log_id, ShardId shard);
    Status save_trim(std::uint64_t log_id, const Trim& trim);
    Status save_clean_tail(std::uint64_t log_id, const CleanTail& tail);
    /// At start: from now on only a scan can tell where a log ends.
    Status forget_clean_tails();

    // Consumer groups of a Logstore.
    Result<std::vector<GroupRow>> consumer_groups(std::uint64_t log_id);
    Status save_consumer_group(std::uint64_t log_id, const ConsumerGroupInfo& group);
    Status save_group_shards(std::uint64_t log_id, const ConsumerGroupName& group,
                             const std::vector<GroupShardRow>& changed);
    Status delete_consumer_group(std::uint64_t log_id, const ConsumerGroupName& group);

    // Collector configs: one name space for both forms.
    Result<std::vector<ConfigName>> configs(const ProjectName& project, ConfigForm form);
    Result<StoredConfig> config(const ProjectName& project, const ConfigName& name,
                                ConfigForm form);
    Status put_config(const ProjectName& project, const CollectorConfig& config, WriteRule rule,
                      std::int64_t now_unix_s);
    Status delete_config(const ProjectName& project, const ConfigName& name, ConfigForm form);

    // Machine groups, bindings, machines.
    Result<std::vector<MachineGroupName>> machine_groups(const ProjectName& project);
    Result<StoredMachineGroup> machine_group(const ProjectName& project,
                                             const MachineGroupName& name);
    Status put_machine_group(const ProjectName& project, const MachineGroup& group, WriteRule rule,
                             std::int64_t now_unix_s);
    Status delete_machine_group(const ProjectName& project, const MachineGroupName& name);
    Status bind(const ProjectName& project, const MachineGroupName& group,
                const ConfigName& config);
    Status unbind(const ProjectName& project, const MachineGroupName& group,
                  const ConfigName& config);
    Result<std::vector<ConfigName>> bound_configs(const ProjectName& project,
                                                  const MachineGroupName& group);
    Result<std::vector<MachineGroupName>> bound_groups(const ProjectName& project,
                                                       const ConfigName& config);
    Result<std::vector<Machine>> machines(const ProjectName& project);
    Status save_machine(const ProjectName& project, const Machine& machine);

  private:
    explicit Catalog(Database database) : database_(std::move(database)) {}

    Result<std::int64_t> project_id(const ProjectName& name);
    Result<std::int64_t> logstore_id(const LogstoreRef& ref);
    Status drop_shard(std::uint64_t log_id, ShardId shard);
    Status insert_shard(std::int64_t log_id, const ShardEntry& shard);
    Status check_config_exists(std::int64_t project, const ConfigName& name);
    Status check_group_exists(std::int64_t project, const MachineGroupName& name);

    std::mutex mutex_;  // guards database_
    Database database_;
};

}  // namespace spillway::engine
