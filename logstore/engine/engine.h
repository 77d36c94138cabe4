// The door of the embedded Logstore: a region on local disk, behind the same ports as a real one.
// Acknowledged means on the disk (SyncMode::Commit). One process a folder: a lock file says so.
//
//   PATH/lock           held while the region runs
//   PATH/format         version of the layout
//   PATH/catalog.db     everything but logs
//   PATH/logs/ID/       the segments of one Logstore
//
// Threads: every call from any thread; puts may block while the disk is behind.
#pragma once

#include "base/clock.h"
#include "base/event_log.h"
#include "base/metrics.h"
#include "base/storage/durable_file.h"
#include "logstore/engine/catalog.h"
#include "logstore/engine/committer.h"
#include "logstore/engine/consumer_group.h"
#include "logstore/engine/file_system.h"
#include "logstore/engine/logstore_log.h"
#include "logstore/engine/traffic.h"
#include "logstore/model/logstore_api.h"

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

namespace spillway::engine {

struct EngineOptions {
    std::string path;
    RegionName region{"local"};
    LogSettings log;
    int commit_threads = 16;  ///< as many logs may be syncing at once
    std::size_t waiting_bytes_max = 64 * 1024 * 1024;
    std::size_t open_files_max = 256;              ///< segments and indexes open for reading
    std::size_t open_writers_max = 256;            ///< segments open for writing, one a Logstore
    std::chrono::milliseconds sync_interval{200};  ///< of SyncMode::Interval
    std::chrono::seconds retention_every{60};
    QuotaSettings quotas;
    SizeLimits keep;  ///< looked at every second where there are any
};

/// What a put brings beside its batches.
struct PutContext {
    std::string client_ip;  ///< for Logstores with appendMeta
};

/// What an engine holds now.
struct EngineCounts {
    std::size_t logstores = 0;
    std::size_t shards_writable = 0;
    std::size_t shards_readonly = 0;
    std::size_t writing_bytes = 0;  ///< accepted, and not yet on the disk
    std::size_t files_reading = 0;
    std::size_t files_writing = 0;
};

using PutDone = std::function<void(Status)>;

class Engine final : public RegionApi {
  public:
    /// `metrics` may be null; `files` null: the real ones.
    /// Errors: Conflict (another process has it; the message names its pid), Refused, Corrupt,
    /// Unsupported (a later version's folder), Exhausted.
    static Result<std::unique_ptr<Engine>> open(EngineOptions options, const Clock& clock,
                                                EventLog& events, MetricsRegistry* metrics,
                                                std::unique_ptr<FileSystem> files = nullptr);
    /// Finishes what waits and notes that the logs end cleanly.
    ~Engine() override;

    std::int64_t now_unix_s() const { return now_s(); }
    const RegionName& region() const { return options_.region; }
    const Clock& clock() const { return clock_; }

    // LogSource
    Result<std::vector<Shard>> shards(const LogstoreRef& ref) override;
    Result<Cursor> cursor(const LogstoreRef& ref, ShardId shard, const CursorSeek& seek) override;
    Result<std::int64_t> cursor_time(const LogstoreRef& ref, ShardId shard,
                                     const Cursor& cursor) override;
    Result<Page> pull(const LogstoreRef& ref, ShardId shard, const PullRequest& request) override;

    /// Stored blocks as they are, for searches: no quota, no metric. Errors as of pull.
    Result<StoredRange> read_blocks(const LogstoreRef& ref, ShardId shard, const Cursor& from,
                                    std::uint32_t groups_max, std::uint64_t raw_bytes_max);

    // LogSink
    Result<Receipt> put(const LogstoreRef& ref, const Batch& batch) override;
    /// All batches or none; they share the first one's key and sequence id. `done` is called once,
    /// here (when refused at once) or from a committer thread; it must not block.
    void put_async(const LogstoreRef& ref, const std::vector<Batch>& batches,
                   const PutContext& context, PutDone done);

    // Shards. Each answers as the service does: split [parent, left, right], merge [merged, left,
    // right].
    Result<std::vector<Shard>> split_shard(const LogstoreRef& ref, ShardId shard,
                                           std::optional<HashKey> middle);
    /// In `count` even parts: [parent, children...].
    Result<std::vector<Shard>> split_shard_evenly(const LogstoreRef& ref, ShardId shard,
                                                  std::uint32_t count);
    Result<std::vector<Shard>> merge_shard(const LogstoreRef& ref, ShardId shard);
    /// Read-only shards only.
    Status delete_shard(const LogstoreRef& ref, ShardId shard);

    // ConsumerGroups
    Status create_consumer_group(const LogstoreRef& ref, const ConsumerGroupInfo& group) override;
    Status update_consumer_group(const LogstoreRef& ref, const ConsumerGroupInfo& group) override;
    Status delete_consumer_group(const LogstoreRef& ref, const ConsumerGroupName& group) override;
    Result<std::vector<ConsumerGroupInfo>> consumer_groups(const LogstoreRef& ref) override;
    Result<std::vector<ShardId>> heartbeat(const LogstoreRef& ref, const ConsumerGroupName& group,
                                           const ConsumerName& consumer,
                                           const std::vector<ShardId>& held) override;
    Result<std::vector<ShardCheckpoint>> checkpoints(const LogstoreRef& ref,
                                                     const ConsumerGroupName& group) override;
    Status save_checkpoint(const LogstoreRef& ref, const ConsumerGroupName& group,
                           const ConsumerName& consumer, ShardId shard, const Cursor& cursor,
                           bool force) override;

    // CollectorConfigs
    Result<std::vector<ConfigName>> configs(const ProjectName& project, ConfigForm form) override;
    Result<CollectorConfig> config(const ProjectName& project, const ConfigName& name,
                                   ConfigForm form) override;
    Status put_config(const ProjectName& project, const CollectorConfig& config) override;
    Status delete_config(const ProjectName& project, const ConfigName& name,
                         ConfigForm form) override;
    Result<std::vector<MachineGroupName>> machine_groups(const ProjectName& project) override;
    Result<MachineGroup> machine_group(const ProjectName& project,
                                       const MachineGroupName& name) override;
    Status put_machine_group(const ProjectName& project, const MachineGroup& group) override;
    Status delete_machine_group(const ProjectName& project, const MachineGroupName& name) override;
    Result<std::vector<Machine>> machines(const ProjectName& project,
                                          const MachineGroupName& name) override;
    Status bind(const ProjectName& project, const MachineGroupName& group,
                const ConfigName& config) override;
    Status unbind(const ProjectName& project, const MachineGroupName& group,
                  const ConfigName& config) override;
    Result<std::vector<ConfigName>> bound_configs(const ProjectName& project,
                                                  const MachineGroupName& group) override;
    Result<std::vector<MachineGroupName>> bound_groups(const ProjectName& project,
                                                       const ConfigName& config) override;
    /// Create, replace or either, as the HTTP operations tell apart.
    Status write_config(const ProjectName& project, const CollectorConfig& config, WriteRule rule);
    Status write_machine_group(const ProjectName& project, const MachineGroup& group,
                               WriteRule rule);
    Result<StoredConfig> stored_config(const ProjectName& project, const ConfigName& name,
                                       ConfigForm form);
    Result<StoredMachineGroup> stored_machine_group(const ProjectName& project,
                                                    const MachineGroupName& name);
    /// A machine says it is alive; last_heartbeat_unix_s is set here. NotFound: no such project.
    Status machine_heartbeat(const ProjectName& project, Machine machine);

    // Projects
    Status create_project(const ProjectInfo& project) override;
    Status update_project(const ProjectName& name, const std::string& description);
    Result<ProjectInfo> project(const ProjectName& name) override;
    Result<std::vector<ProjectInfo>> projects() override;
    Status delete_project(const ProjectName& name) override;
    Status create_logstore(const LogstoreRef& ref, const LogstoreSettings& settings) override;
    Status update_logstore(const LogstoreRef& ref, const LogstoreSettings& settings) override;
    Result<LogstoreInfo> logstore(const LogstoreRef& ref) override;
    Result<std::vector<LogstoreName>> logstores(const ProjectName& project) override;
    Status delete_logstore(const LogstoreRef& ref) override;
    Result<json::object> logstore_index(const LogstoreRef& ref);
    Status write_logstore_index(const LogstoreRef& ref, const json::object& index, WriteRule rule);
    Status delete_logstore_index(const LogstoreRef& ref);

    /// Splits each Logstore's hottest shard, where autoSplit is on and its load asks for it. Runs
    /// by itself every few seconds.
    void split_hot_shards();
    /// Deletes what is older than its Logstore's ttl. Runs by itself every `retention_every`.
    void expire();
    /// Deletes the oldest segments where there is more than `keep` allows. Runs by itself, too.
    void keep_size();
    Result<LogStats> stats(const LogstoreRef& ref);
    EngineCounts counts() const;
    std::size_t open_files() const { return cache_.open_count() + writers_.open_count(); }

  private:
    /// A Logstore in memory.
    struct Store {
        std::shared_ptr<LogstoreLog> log;
        std::mutex settings_mutex;  // guards settings
        LogstoreSettings settings;
        std::mutex groups_mutex;  // guards groups
        std::map<ConsumerGroupName, ConsumerGroup> groups;
    };

    Engine(EngineOptions options, const Clock& clock, EventLog& events, MetricsRegistry* metrics,
           std::unique_ptr<FileSystem> files);

    Status open_folder();
    /// The caller holds structure_mutex_.
    Status remove_logstore(const LogstoreRef& ref);
    Status open_stores();
    Status open_store(const StoredLogstore& stored);
    Status restore_groups(Store& store);
    Status remove_orphans(const std::vector<StoredLogstore>& known);
    Result<std::shared_ptr<Store>> find_store(const LogstoreRef& ref);
    std::string log_directory(std::uint64_t id) const;
    std::int64_t now_s() const;
    std::int64_t next_birth_ns();
    Result<PutRequest> make_request(const Store& store, const std::vector<Batch>& batches,
                                    const std::string& tags);
    Status admit(const LogstoreRef& ref, Store& store, const PutRequest& request);
    std::string meta_tags(Store& store, const PutContext& context) const;
    ShardFacts facts_of(const LogstoreLog& log) const;
    Status change_group(Store& store, const ConsumerGroupName& name,
                        const std::function<Status(ConsumerGroup&, const ShardFacts&)>& change);
    std::vector<std::shared_ptr<Store>> all_stores();
    void note_retention(Store& store, const Result<std::size_t>& dropped);
    void keep_house(const std::stop_token& stop);
    void close_logs();

    const EngineOptions options_;
    const Clock& clock_;
    EventLog& events_;
    std::unique_ptr<MetricsRegistry> own_metrics_;
    EngineMetrics metrics_;
    std::unique_ptr<Traffic> traffic_;
    Counter* auto_splits_;
    std::unique_ptr<FileSystem> files_;
    FileCache cache_;
    OpenWriters writers_;
    std::optional<FileLock> lock_;
    std::unique_ptr<Catalog> catalog_;

    std::mutex structure_mutex_;  // one creation or deletion of a Logstore or project at a time
    std::atomic<std::int64_t> last_birth_ns_ = 0;
    mutable std::shared_mutex stores_mutex_;  // guards stores_
    std::map<LogstoreRef, std::shared_ptr<Store>> stores_;

    struct SeenMachine {
        Machine machine;
        std::int64_t saved_unix_s = 0;
    };
    std::mutex machines_mutex_;  // guards machines_
    std::map<ProjectName, std::map<std::string, SeenMachine>> machines_;

    std::mutex house_mutex_;
    std::condition_variable_any house_wakes_;
    std::unique_ptr<Committer> committer_;  // before the housekeeper: it stops first
    std::jthread housekeeper_;
};

}  // namespace spillway::engine
