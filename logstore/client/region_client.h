// The door of logstore/client: a region reached over HTTP, the real service or our own embedded
// one.
//
// Each call is one request (lists: one a page) and one try: whoever calls knows whether repeating
// is safe and how long to wait, so retries live there. Every answer other than 200 becomes an Error
// by the service's error table; an answer without a request id is not the service's and is
// Unavailable. Thread-safe; connections are kept and shared.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "logstore/model/logstore_api.h"
#include "logstore/wire/signature.h"

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace spillway::client {

struct RegionClientOptions {
    RegionName name;  ///< for error texts
    /// "http://127.0.0.1:7101" or "https://cn-hangzhou.log.aliyuncs.com"; without a scheme https,
    /// but http for an address of this machine. No path.
    std::string endpoint;
    std::optional<wire::Credentials> credentials;  ///< absent: requests go unsigned
    wire::SignOptions sign;
    std::chrono::milliseconds connect_timeout{3'000};
    std::chrono::milliseconds timeout{15'000};  ///< of one request, pulls too
    std::string tls_ca_file;                    ///< empty: the system's
    bool tls_verify = true;
    std::string user_agent = "spillway";
    /// Once requested, calls under way and later ones end as Cancelled.
    std::stop_token stop;
};

class RegionClient final : public RegionApi {
  public:
    /// Connects to nothing yet. `clock` dates the requests and must live as long as the client.
    /// Errors: InvalidArgument (endpoint).
    static Result<std::unique_ptr<RegionClient>> open(RegionClientOptions options,
                                                      const Clock& clock);
    ~RegionClient() override;

    const RegionName& name() const;
    /// As it is used: "http://127.0.0.1:7101".
    std::string endpoint() const;

    // LogSource, LogSink
    Result<std::vector<Shard>> shards(const LogstoreRef& ref) override;
    Result<Cursor> cursor(const LogstoreRef& ref, ShardId shard, const CursorSeek& seek) override;
    Result<std::int64_t> cursor_time(const LogstoreRef& ref, ShardId shard,
                                     const Cursor& cursor) override;
    /// Corrupt when the answer lacks x-log-cursor, x-log-count or x-log-bodyrawsize.
    Result<Page> pull(const LogstoreRef& ref, ShardId shard, const PullRequest& request) override;
    /// Unavailable does not tell whether the batch was stored: with a sequence id repeating is
    /// safe.
    Result<Receipt> put(const LogstoreRef& ref, const Batch& batch) override;

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
    /// Tells that a machine of the group is alive. An extension of our own server: where a region
    /// does not know it (NotFound, InvalidArgument), its agents have another way to report.
    Status machine_heartbeat(const ProjectName& project, const MachineGroupName& group,
                             const Machine& machine);
    Status bind(const ProjectName& project, const MachineGroupName& group,
                const ConfigName& config) override;
    /// Done, too, when config or group does not exist.
    Status unbind(const ProjectName& project, const MachineGroupName& group,
                  const ConfigName& config) override;
    Result<std::vector<ConfigName>> bound_configs(const ProjectName& project,
                                                  const MachineGroupName& group) override;
    Result<std::vector<MachineGroupName>> bound_groups(const ProjectName& project,
                                                       const ConfigName& config) override;

    // Projects
    Status create_project(const ProjectInfo& project) override;
    Result<ProjectInfo> project(const ProjectName& name) override;
    Result<std::vector<ProjectInfo>> projects() override;
    Status delete_project(const ProjectName& name) override;
    Status create_logstore(const LogstoreRef& ref, const LogstoreSettings& settings) override;
    Status update_logstore(const LogstoreRef& ref, const LogstoreSettings& settings) override;
    Result<LogstoreInfo> logstore(const LogstoreRef& ref) override;
    Result<std::vector<LogstoreName>> logstores(const ProjectName& project) override;
    Status delete_logstore(const LogstoreRef& ref) override;

  private:
    class Impl;
    explicit RegionClient(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace spillway::client
