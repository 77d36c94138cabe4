// The service's JSON for everything that is not logs, both ways: one place, so that client and
// server cannot disagree. Reading is tolerant (unknown members are passed over or kept, numbers may
// be text where the service itself varies); writing has every member that an official client asks
// for. Parse errors: InvalidArgument, naming the member. Values; any thread. Source:
// docs/sources.md#operations
#pragma once

#include "base/json.h"
#include "logstore/model/logstore.h"

#include <string_view>
#include <vector>

namespace spillway::wire {

// Projects. GetProject writes times as "2021-07-07 14:08:09", ListProject as Unix seconds in text.
enum class ProjectTimes { DateText, UnixText };
json::object project_json(const ProjectInfo& project, ProjectTimes times = ProjectTimes::DateText);
Result<ProjectInfo> parse_project(const json::object& object);

// Logstores. Members we do not know travel in settings.other.
json::object logstore_json(const LogstoreInfo& info);
json::object logstore_settings_json(const LogstoreName& name, const LogstoreSettings& settings);
Result<LogstoreInfo> parse_logstore(const ProjectName& project, const json::object& object);

// Shards: a bare array.
json::array shards_json(const std::vector<Shard>& shards);
Result<std::vector<Shard>> parse_shards(const json::value& value);

// Cursors: {"cursor": "..."} and {"cursor_time": 1554260243}.
json::object cursor_json(const Cursor& cursor);
Result<Cursor> parse_cursor(const json::object& object);
json::object cursor_time_json(std::int64_t unix_s);
Result<std::int64_t> parse_cursor_time(const json::object& object);

// Consumer groups: create and update send "consumerGroup", the list (a bare array) has "name".
json::object consumer_group_body(const ConsumerGroupInfo& group);
/// Reads either spelling. An update may leave members out: they keep their value in `group`.
Status read_consumer_group(const json::object& object, ConsumerGroupInfo& group);
json::array consumer_groups_json(const std::vector<ConsumerGroupInfo>& groups);
Result<std::vector<ConsumerGroupInfo>> parse_consumer_groups(const json::value& value);
json::array shard_ids_json(const std::vector<ShardId>& shards);
/// A bare array, or {"shards": [...]} as the documents have it.
Result<std::vector<ShardId>> parse_shard_ids(const json::value& value);
json::array checkpoints_json(const std::vector<ShardCheckpoint>& checkpoints);
Result<std::vector<ShardCheckpoint>> parse_checkpoints(const json::value& value);
/// {"shard": 1, "checkpoint": "..."}: what a consumer saves.
json::object save_checkpoint_body(ShardId shard, const Cursor& cursor);
Result<ShardCheckpoint> parse_save_checkpoint(const json::object& object);

// Collector configs: the body stays whole; createTime and lastModifyTime are the server's.
Result<CollectorConfig> parse_collector_config(ConfigForm form, const json::object& object);
json::object collector_config_json(const CollectorConfig& config, std::int64_t created_unix_s,
                                   std::int64_t modified_unix_s);
/// The body to send: without the members only a server sets.
json::object collector_config_body(const CollectorConfig& config);

// Machine groups and machines.
json::object machine_group_body(const MachineGroup& group);
json::object machine_group_json(const MachineGroup& group, std::int64_t created_unix_s,
                                std::int64_t modified_unix_s);
Result<MachineGroup> parse_machine_group(const json::object& object);
json::object machine_json(const Machine& machine);
Result<Machine> parse_machine(const json::object& object);

// Lists: {"count": n, "total": m, "<member>": [...]}.
struct ListPage {
    std::vector<json::value> items;
    std::uint64_t total = 0;
};
json::object list_json(std::string_view member, json::array items, std::uint64_t total);
json::array names_json(const std::vector<std::string>& names);
/// `count` must be the number of items: less of them than that is a cut-off list. Without "total"
/// (lists of bindings) the total is the count.
Result<ListPage> parse_list(const json::object& object, std::string_view member);

}  // namespace spillway::wire
