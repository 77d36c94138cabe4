// A whole region in memory, for tests: stores what is put, serves it back, and fails on demand.
// Any thread; `before_each` and `hold` let a test stand inside a call without sleeping.
#pragma once

#include "base/clock.h"
#include "logstore/model/log_group.h"
#include "logstore/model/logstore_api.h"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace spillway::test_support {

/// What a switch applies to. `Any` is all of them.
enum class FakeCall { Put, Pull, Cursor, Shards, Consumer, Config, Project, Any };

struct StoredGroup {
    std::int64_t position = 0;  ///< its cursor's number
    std::int64_t received_unix_s = 0;
    std::string bytes;  ///< one encoded LogGroup
    std::optional<RouteKey> route_key;
    std::optional<SequenceId> sequence_id;
};

class FakeRegion final : public RegionApi {
  public:
    explicit FakeRegion(const Clock& clock) : clock_(clock) {}

    // --- switches ---------------------------------------------------------------------------
    /// The next `count` such calls fail with `error` and change nothing.
    void refuse_next(FakeCall call, Error error, int count = 1);
    /// Every such call fails until `heal`.
    void refuse(FakeCall call, Error error);
    /// Every call is Unavailable until `heal`.
    void go_dark();
    void heal();
    /// The next `count` such calls are carried out, and then answered Unavailable.
    void drop_reply(FakeCall call, int count = 1);
    /// Such calls wait, before doing anything, until `release`.
    void hold(FakeCall call);
    void release();
    /// Waits until `count` calls stand in `hold`.
    void wait_until_held(int count);
    /// Runs at the start of each call, without any lock: advance a fake clock here to make a slow
    /// region.
    void before_each(std::function<void(FakeCall)> hook);

    // --- looking and preparing --------------------------------------------------------------
    /// Project and Logstore in one go.
    void create(const LogstoreRef& ref, std::uint32_t shard_count = 1);
    void append(const LogstoreRef& ref, ShardId shard, const LogGroup& group);
    void append_bytes(const LogstoreRef& ref, ShardId shard, std::string group);
    std::vector<StoredGroup> stored(const LogstoreRef& ref, ShardId shard);
    /// All shards one after the other, decoded.
    std::vector<LogGroup> groups(const LogstoreRef& ref);
    std::uint64_t log_count(const LogstoreRef& ref);
    /// Calls that reached the region, refused ones too.
    int calls(FakeCall call) const;
    /// Waits until `done` is true; looks again after every call. False after `limit`.
    bool wait_for(const std::function<bool()>& done,
                  std::chrono::milliseconds limit = std::chrono::seconds(20));
    /// The parent becomes read-only, two children share its range.
    void split(const LogstoreRef& ref, ShardId shard);
    /// Retention: the oldest `count` groups are gone.
    void expire(const LogstoreRef& ref, ShardId shard, std::size_t count);
    /// What an agent's heartbeat does.
    Status heartbeat(const ProjectName& project, const MachineGroupName& group,
                     const Machine& machine);

    // --- RegionApi --------------------------------------------------------------------------
    Result<std::vector<Shard>> shards(const LogstoreRef& ref) override;
    Result<Cursor> cursor(const LogstoreRef& ref, ShardId shard, const CursorSeek& seek) override;
    Result<std::int64_t> cursor_time(const LogstoreRef& ref, ShardId shard,
                                     const Cursor& cursor) override;
    Result<Page> pull(const LogstoreRef& ref, ShardId shard, const PullRequest& request) override;
    Result<Receipt> put(const LogstoreRef& ref, const Batch& batch) override;

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
    struct ShardState {
        Shard shard;
        std::int64_t base = 0;  // position of the first group ever; differs in each life of a store
        std::size_t expired = 0;          // groups that are gone from the front
        std::vector<StoredGroup> groups;  // what is left
        std::int64_t begin() const { return base + static_cast<std::int64_t>(expired); }
        std::int64_t end() const { return begin() + static_cast<std::int64_t>(groups.size()); }
    };
    struct GroupState {
        ConsumerGroupInfo info;
        std::map<ShardId, ShardCheckpoint> checkpoints;
        std::set<std::string> consumers;
    };
    struct StoreState {
        LogstoreInfo info;
        std::vector<ShardState> shards;              // by id
        std::map<std::string, std::uint64_t> fence;  // route key -> last sequence id
        std::map<ConsumerGroupName, GroupState> consumer_groups;
        std::size_t next_shard = 0;  // round robin of writes without a key
    };
    struct ProjectState {
        ProjectInfo info;
        std::map<LogstoreName, StoreState> stores;
        std::map<ConfigName, CollectorConfig> configs;
        std::map<MachineGroupName, MachineGroup> groups;
        std::map<MachineGroupName, std::vector<Machine>> machines;
        std::set<std::pair<MachineGroupName, ConfigName>> bindings;
    };
    struct Refusal {
        FakeCall call;
        Error error;
        int left;  // below 0: until healed
    };

    /// Runs `body` under the mutex, between the switches of `call`.
    template <class Body>
    auto run(FakeCall call, Body body) -> decltype(body());
    Status enter(FakeCall call);
    Status leave(FakeCall call);

    Result<ProjectState*> find_project(const ProjectName& name);
    Result<StoreState*> find_store(const LogstoreRef& ref);
    Result<ShardState*> find_shard(const LogstoreRef& ref, ShardId id);
    Result<GroupState*> find_consumer_group(const LogstoreRef& ref, const ConsumerGroupName& name);
    Result<ShardState*> route(StoreState& store, const Batch& batch);
    Result<std::int64_t> position_in(const ShardState& shard, const Cursor& cursor) const;
    void store_group(ShardState& shard, std::string bytes, const Batch& batch);

    const Clock& clock_;
    mutable std::mutex mutex_;  // guards everything below
    std::condition_variable changed_;
    std::function<void(FakeCall)> hook_;
    std::vector<Refusal> refusals_;
    std::map<FakeCall, int> dropped_replies_;
    std::set<FakeCall> held_;
    int standing_ = 0;  // calls inside `hold`
    std::map<FakeCall, int> calls_;
    std::map<ProjectName, ProjectState> projects_;
    std::int64_t lives_ = 0;  // stores made so far
};

}  // namespace spillway::test_support
