#include "logstore/wire/metadata_json.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace spillway::wire {

namespace {

Error bad_member(std::string_view object, std::string_view member, std::string_view wanted) {
    return make_error(ErrorCode::InvalidArgument, std::string(object) + ": member \"" +
                                                      std::string(member) + "\" is not " +
                                                      std::string(wanted));
}

/// A number, or a number in text: the service uses both for the same member.
std::optional<std::int64_t> loose_int(const json::object& object, std::string_view key) {
    if (const auto number = find_int(object, key)) return number;
    const auto text = find_string(object, key);
    return text ? parse_int(*text) : std::nullopt;
}

Result<std::uint32_t> required_uint32(const json::object& object, std::string_view what,
                                      std::string_view key) {
    const auto number = loose_int(object, key);
    if (!number || *number < 0 || *number > UINT32_MAX) {
        return bad_member(what, key, "a whole number");
    }
    return static_cast<std::uint32_t>(*number);
}

Result<std::string> required_string(const json::object& object, std::string_view what,
                                    std::string_view key) {
    auto text = find_string(object, key);
    if (!text) return bad_member(what, key, "a string");
    return *std::move(text);
}

Result<const json::object*> item_object(const json::value& item, std::string_view what) {
    const auto* object = item.if_object();
    if (object == nullptr) {
        return make_error(ErrorCode::InvalidArgument, std::string(what) + " is not an object");
    }
    return object;
}

Result<const json::array*> whole_array(const json::value& value, std::string_view what) {
    const auto* array = value.if_array();
    if (array == nullptr) {
        return make_error(ErrorCode::InvalidArgument, std::string(what) + " is not an array");
    }
    return array;
}

/// Reads each item of an array with `parse`.
template <class Item, class Parse>
Result<std::vector<Item>> parse_each(const json::value& value, std::string_view what, Parse parse) {
    const auto array = whole_array(value, what);
    if (!array) return array.error();
    std::vector<Item> out;
    out.reserve((*array)->size());
    for (const auto& item : **array) {
        const auto object = item_object(item, what);
        if (!object) return object.error();
        Result<Item> parsed = parse(**object);
        if (!parsed) return std::move(parsed).error();
        out.push_back(*std::move(parsed));
    }
    return out;
}

/// "2021-07-07 14:08:09", UTC.
std::string date_text(std::int64_t unix_s) {
    const auto date = rfc3339(from_unix_seconds(unix_s));
    return date.substr(0, 10) + " " + date.substr(11, 8);
}

std::optional<std::int64_t> parse_date_text(std::string_view text) {
    if (text.size() != 19 || text[4] != '-' || text[7] != '-' || text[10] != ' ' ||
        text[13] != ':' || text[16] != ':') {
        return std::nullopt;
    }
    std::array<std::uint64_t, 6> numbers{};
    constexpr std::array<std::pair<std::size_t, std::size_t>, 6> kParts = {
        {{0, 4}, {5, 2}, {8, 2}, {11, 2}, {14, 2}, {17, 2}}};
    for (std::size_t i = 0; i < kParts.size(); ++i) {
        const auto number = parse_uint(text.substr(kParts[i].first, kParts[i].second));
        if (!number) return std::nullopt;
        numbers[i] = *number;
    }
    const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(numbers[0])),
                                           std::chrono::month(static_cast<unsigned>(numbers[1])),
                                           std::chrono::day(static_cast<unsigned>(numbers[2])));
    if (!date.ok()) return std::nullopt;
    const auto days = std::chrono::sys_days(date).time_since_epoch().count();
    return days * std::int64_t{86'400} + static_cast<std::int64_t>(numbers[3] * 3600) +
           static_cast<std::int64_t>(numbers[4] * 60 + numbers[5]);
}

/// Times are a convenience: 0 where the service writes them in a way we do not know.
std::int64_t loose_time(const json::object& object, std::string_view key) {
    if (const auto number = loose_int(object, key)) return *number;
    const auto text = find_string(object, key);
    return text ? parse_date_text(*text).value_or(0) : 0;
}

void set_times(json::object& object, std::int64_t created_unix_s, std::int64_t modified_unix_s) {
    object["createTime"] = created_unix_s;
    object["lastModifyTime"] = modified_unix_s;
}

}  // namespace

json::object project_json(const ProjectInfo& project, ProjectTimes times) {
    const auto time = [times](std::int64_t unix_s) {
        return times == ProjectTimes::DateText ? date_text(unix_s) : std::to_string(unix_s);
    };
    return {{"projectName", project.name.str()},
            {"description", project.description},
            {"status", "Normal"},
            {"owner", ""},
            {"region", project.region},
            {"resourceGroupId", ""},
            {"dataRedundancyType", "LRS"},
            {"createTime", time(project.created_unix_s)},
            {"lastModifyTime", time(project.modified_unix_s)}};
}

Result<ProjectInfo> parse_project(const json::object& object) {
    auto name = required_string(object, "project", "projectName");
    if (!name) return std::move(name).error();
    ProjectInfo project;
    project.name = ProjectName(*std::move(name));
    project.description = find_string(object, "description").value_or("");
    project.region = find_string(object, "region").value_or("");
    project.created_unix_s = loose_time(object, "createTime");
    project.modified_unix_s = loose_time(object, "lastModifyTime");
    return project;
}

json::object logstore_settings_json(const LogstoreName& name, const LogstoreSettings& settings) {
    json::object out = settings.other;
    out["logstoreName"] = name.str();
    out["ttl"] = settings.ttl_days;
    out["shardCount"] = settings.shard_count;
    out["autoSplit"] = settings.auto_split;
    out["maxSplitShard"] = settings.max_split_shard;
    out["enable_tracking"] = settings.enable_tracking;
    out["appendMeta"] = settings.append_meta;
    return out;
}

json::object logstore_json(const LogstoreInfo& info) {
    json::object out = logstore_settings_json(info.ref.logstore, info.settings);
    set_times(out, info.created_unix_s, info.modified_unix_s);
    return out;
}

Result<LogstoreInfo> parse_logstore(const ProjectName& project, const json::object& object) {
    auto name = required_string(object, "Logstore", "logstoreName");
    if (!name) return std::move(name).error();
    LogstoreInfo info;
    info.ref = {project, LogstoreName(*std::move(name))};
    LogstoreSettings& settings = info.settings;
    for (const auto& [key, number] :
         {std::pair("ttl", &settings.ttl_days), std::pair("shardCount", &settings.shard_count),
          std::pair("maxSplitShard", &settings.max_split_shard)}) {
        if (!object.contains(key)) continue;
        // The official Java client says -1 for what was not set.
        if (number == &settings.max_split_shard && find_int(object, key) == -1) continue;
        const auto value = required_uint32(object, "Logstore", key);
        if (!value) return value.error();
        *number = *value;
    }
    for (const auto& [key, flag] : {std::pair("autoSplit", &settings.auto_split),
                                    std::pair("enable_tracking", &settings.enable_tracking),
                                    std::pair("appendMeta", &settings.append_meta)}) {
        if (!object.contains(key)) continue;
        const auto value = find_bool(object, key);
        if (!value) return bad_member("Logstore", key, "true or false");
        *flag = *value;
    }
    info.created_unix_s = loose_time(object, "createTime");
    info.modified_unix_s = loose_time(object, "lastModifyTime");
    settings.other = object;
    for (const auto key : {"logstoreName", "ttl", "shardCount", "autoSplit", "maxSplitShard",
                           "enable_tracking", "appendMeta", "createTime", "lastModifyTime"}) {
        settings.other.erase(key);
    }
    return info;
}

json::array shards_json(const std::vector<Shard>& shards) {
    json::array out;
    for (const Shard& shard : shards) {
        out.push_back(json::object{
            {"shardID", shard.id.value()},
            {"status", shard.status == ShardStatus::ReadWrite ? "readwrite" : "readonly"},
            {"inclusiveBeginKey", shard.begin_key},
            {"exclusiveEndKey", shard.end_key},
            {"createTime", shard.created_unix_s}});
    }
    return out;
}

Result<std::vector<Shard>> parse_shards(const json::value& value) {
    const auto parse = [](const json::object& object) -> Result<Shard> {
        const auto id = required_uint32(object, "shard", "shardID");
        if (!id) return id.error();
        const auto status = to_lower(find_string(object, "status").value_or(""));
        if (status != "readwrite" && status != "readonly") {
            return bad_member("shard", "status", "readwrite or readonly");
        }
        Shard shard;
        shard.id = ShardId(*id);
        shard.status = status == "readwrite" ? ShardStatus::ReadWrite : ShardStatus::ReadOnly;
        shard.begin_key = to_lower(find_string(object, "inclusiveBeginKey").value_or(""));
        shard.end_key = to_lower(find_string(object, "exclusiveEndKey").value_or(""));
        shard.created_unix_s = loose_time(object, "createTime");
        return shard;
    };
    auto shards = parse_each<Shard>(value, "the list of shards", parse);
    if (!shards) return shards;
    std::sort(shards->begin(), shards->end(),
              [](const Shard& left, const Shard& right) { return left.id < right.id; });
    return shards;
}

json::object cursor_json(const Cursor& cursor) {
    return {{"cursor", cursor.str()}};
}

Result<Cursor> parse_cursor(const json::object& object) {
    auto text = required_string(object, "the cursor's answer", "cursor");
    if (!text) return std::move(text).error();
    return Cursor(*std::move(text));
}

json::object cursor_time_json(std::int64_t unix_s) {
    return {{"cursor_time", unix_s}};
}

Result<std::int64_t> parse_cursor_time(const json::object& object) {
    const auto time = loose_int(object, "cursor_time");
    if (!time) return bad_member("the cursor's answer", "cursor_time", "a whole number");
    return *time;
}

json::object consumer_group_body(const ConsumerGroupInfo& group) {
    return {{"consumerGroup", group.name.str()},
            {"timeout", group.timeout.count()},
            {"order", group.order}};
}

Status read_consumer_group(const json::object& object, ConsumerGroupInfo& group) {
    constexpr std::string_view kWhat = "consumer group";
    for (const auto* key : {"consumerGroup", "name"}) {
        if (!object.contains(key)) continue;
        auto name = required_string(object, kWhat, key);
        if (!name) return std::move(name).error();
        group.name = ConsumerGroupName(*std::move(name));
        break;
    }
    if (object.contains("timeout")) {
        const auto seconds = loose_int(object, "timeout");
        if (!seconds || *seconds <= 0) return bad_member(kWhat, "timeout", "seconds above 0");
        group.timeout = std::chrono::seconds(*seconds);
    }
    if (object.contains("order")) {
        const auto order = find_bool(object, "order");
        if (!order) return bad_member(kWhat, "order", "true or false");
        group.order = *order;
    }
    return {};
}

json::array consumer_groups_json(const std::vector<ConsumerGroupInfo>& groups) {
    json::array out;
    for (const auto& group : groups) {
        out.push_back(json::object{{"name", group.name.str()},
                                   {"timeout", group.timeout.count()},
                                   {"order", group.order}});
    }
    return out;
}

Result<std::vector<ConsumerGroupInfo>> parse_consumer_groups(const json::value& value) {
    const auto parse = [](const json::object& object) -> Result<ConsumerGroupInfo> {
        ConsumerGroupInfo group;
        if (auto read = read_consumer_group(object, group); !read) return std::move(read).error();
        if (group.name.empty()) return bad_member("consumer group", "name", "a name");
        return group;
    };
    return parse_each<ConsumerGroupInfo>(value, "the list of consumer groups", parse);
}

json::array shard_ids_json(const std::vector<ShardId>& shards) {
    json::array out;
    for (const ShardId shard : shards) out.push_back(shard.value());
    return out;
}

Result<std::vector<ShardId>> parse_shard_ids(const json::value& value) {
    const json::value* list = &value;
    if (const auto* object = value.if_object(); object && object->contains("shards")) {
        list = object->if_contains("shards");
    }
    const auto array = whole_array(*list, "the list of shard ids");
    if (!array) return array.error();
    std::vector<ShardId> out;
    for (const auto& item : **array) {
        json::error_code failure;
        const auto number = item.to_number<std::uint32_t>(failure);
        if (failure) {
            return make_error(ErrorCode::InvalidArgument,
                              "the list of shard ids holds " + json::serialize(item));
        }
        out.emplace_back(number);
    }
    return out;
}

json::array checkpoints_json(const std::vector<ShardCheckpoint>& checkpoints) {
    json::array out;
    for (const auto& checkpoint : checkpoints) {
        out.push_back(json::object{{"shard", checkpoint.shard.value()},
                                   {"checkpoint", checkpoint.cursor.str()},
                                   {"updateTime", checkpoint.updated_unix_us},
                                   {"consumer", checkpoint.consumer}});
    }
    return out;
}

Result<ShardCheckpoint> parse_save_checkpoint(const json::object& object) {
    const auto shard = required_uint32(object, "checkpoint", "shard");
    if (!shard) return shard.error();
    auto cursor = required_string(object, "checkpoint", "checkpoint");
    if (!cursor) return std::move(cursor).error();
    ShardCheckpoint checkpoint;
    checkpoint.shard = ShardId(*shard);
    checkpoint.cursor = Cursor(*std::move(cursor));
    checkpoint.consumer = find_string(object, "consumer").value_or("");
    checkpoint.updated_unix_us = loose_int(object, "updateTime").value_or(0);
    return checkpoint;
}

Result<std::vector<ShardCheckpoint>> parse_checkpoints(const json::value& value) {
    return parse_each<ShardCheckpoint>(value, "the list of checkpoints", parse_save_checkpoint);
}

json::object save_checkpoint_body(ShardId shard, const Cursor& cursor) {
    return {{"shard", shard.value()}, {"checkpoint", cursor.str()}};
}

Result<CollectorConfig> parse_collector_config(ConfigForm form, const json::object& object) {
    auto name = required_string(object, "collector config", "configName");
    if (!name) return std::move(name).error();
    CollectorConfig config;
    config.name = ConfigName(*std::move(name));
    config.form = form;
    config.body = object;
    return config;
}

json::object collector_config_body(const CollectorConfig& config) {
    json::object out = config.body;
    out["configName"] = config.name.str();
    out.erase("createTime");
    out.erase("lastModifyTime");
    return out;
}

json::object collector_config_json(const CollectorConfig& config, std::int64_t created_unix_s,
                                   std::int64_t modified_unix_s) {
    json::object out = collector_config_body(config);
    set_times(out, created_unix_s, modified_unix_s);
    return out;
}

json::object machine_group_body(const MachineGroup& group) {
    json::object attribute = group.attribute;
    // An official client reads these two without looking whether they are there.
    for (const auto* key : {"groupTopic", "externalName"}) {
        if (!attribute.contains(key)) attribute[key] = "";
    }
    return {{"groupName", group.name.str()},
            {"groupType", group.type},
            {"machineIdentifyType", group.identify_type},
            {"groupAttribute", std::move(attribute)},
            {"machineList", names_json(group.machines)}};
}

json::object machine_group_json(const MachineGroup& group, std::int64_t created_unix_s,
                                std::int64_t modified_unix_s) {
    json::object out = machine_group_body(group);
    set_times(out, created_unix_s, modified_unix_s);
    return out;
}

Result<MachineGroup> parse_machine_group(const json::object& object) {
    auto name = required_string(object, "machine group", "groupName");
    if (!name) return std::move(name).error();
    MachineGroup group;
    group.name = MachineGroupName(*std::move(name));
    group.type = find_string(object, "groupType").value_or("");
    group.identify_type = find_string(object, "machineIdentifyType").value_or("ip");
    if (const auto* attribute = find_object(object, "groupAttribute")) group.attribute = *attribute;
    const auto* machines = object.if_contains("machineList");
    if (machines == nullptr || machines->is_null()) return group;
    const auto* list = machines->if_array();
    if (list == nullptr) return bad_member("machine group", "machineList", "an array");
    for (const auto& machine : *list) {
        const auto* text = machine.if_string();
        if (text == nullptr) return bad_member("machine group", "machineList", "of strings");
        group.machines.emplace_back(text->data(), text->size());
    }
    return group;
}

json::object machine_json(const Machine& machine) {
    return {{"ip", machine.ip},
            {"machine-uniqueid", machine.unique_id},
            {"userdefined-id", machine.userdefined_id},
            {"lastHeartbeatTime", machine.last_heartbeat_unix_s}};
}

Result<Machine> parse_machine(const json::object& object) {
    auto ip = required_string(object, "machine", "ip");
    if (!ip) return std::move(ip).error();
    // Left out for a machine that has not been heard of yet.
    const auto heartbeat = object.contains("lastHeartbeatTime")
                               ? loose_int(object, "lastHeartbeatTime")
                               : std::optional<std::int64_t>(0);
    if (!heartbeat) return bad_member("machine", "lastHeartbeatTime", "a whole number");
    Machine machine;
    machine.ip = *std::move(ip);
    machine.unique_id = find_string(object, "machine-uniqueid").value_or("");
    machine.userdefined_id = find_string(object, "userdefined-id").value_or("");
    machine.last_heartbeat_unix_s = *heartbeat;
    return machine;
}

json::object list_json(std::string_view member, json::array items, std::uint64_t total) {
    json::object out{{"count", items.size()}, {"total", total}};
    out[member] = std::move(items);
    return out;
}

json::array names_json(const std::vector<std::string>& names) {
    json::array out;
    for (const auto& name : names) out.emplace_back(name);
    return out;
}

Result<ListPage> parse_list(const json::object& object, std::string_view member) {
    const auto* items = object.if_contains(member);
    if (items == nullptr || !items->is_array()) return bad_member("the list", member, "an array");
    ListPage page;
    page.items.assign(items->get_array().begin(), items->get_array().end());
    const auto count = static_cast<std::int64_t>(page.items.size());
    if (const auto stated = loose_int(object, "count").value_or(count); stated != count) {
        return make_error(ErrorCode::InvalidArgument,
                          "the list \"" + std::string(member) + "\" says it has " +
                              std::to_string(stated) + " items but holds " + std::to_string(count));
    }
    const auto total = loose_int(object, "total").value_or(count);
    if (total < 0) return bad_member("the list", "total", "a count");
    page.total = static_cast<std::uint64_t>(total);
    return page;
}

}  // namespace spillway::wire
