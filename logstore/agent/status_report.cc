#include "logstore/agent/status_report.h"

#include "base/json.h"
#include "base/text.h"

namespace spillway::agent {
namespace {

json::object region_json(const RegionStatus& region) {
    json::object object;
    object["name"] = region.name.str();
    object["endpoint"] = region.endpoint;
    object["project"] = region.project.str();
    object["answers"] = region.answers;
    object["answered"] = region.answered_unix_s;
    object["configs"] = region.configs;
    object["last_error"] = to_valid_utf8(region.last_error);
    return object;
}

json::object rule_json(const CollectRule& rule) {
    json::object object;
    object["config"] = rule.effective_name;
    object["region"] = rule.target.region.str();
    object["logstore"] = rule.target.logstore.to_string();
    object["created"] = rule.created_unix_s;
    object["tail_size_kb"] = rule.tail_size_kb;
    object["allows_other_configs"] = rule.allows_other_configs;
    json::array paths;
    for (const PathPattern& path : rule.paths)
        paths.push_back(json::string(to_valid_utf8(path.text)));
    object["paths"] = std::move(paths);
    return object;
}

json::object file_json(const TailStatus& file) {
    json::object object;
    object["path"] = to_valid_utf8(file.path);
    object["device"] = file.file.device;
    object["inode"] = file.file.inode;
    object["config"] = file.config;
    object["region"] = file.target.region.str();
    object["logstore"] = file.target.logstore.to_string();
    object["state"] = file.state;
    object["size"] = file.size;
    object["start_offset"] = file.start_offset;
    object["read_offset"] = file.read_offset;
    object["acknowledged_offset"] = file.acknowledged_offset;
    object["restarts"] = file.restarts;
    object["logs_read"] = file.logs_read;
    return object;
}

json::object queue_json(const QueueStatus& queue) {
    json::object object;
    object["region"] = queue.target.region.str();
    object["logstore"] = queue.target.logstore.to_string();
    object["groups"] = queue.groups;
    object["bytes"] = queue.bytes;
    object["oldest_ms"] = queue.oldest.count();
    object["stored_groups"] = queue.stored_groups;
    object["stored_logs"] = queue.stored_logs;
    object["stored_bytes"] = queue.stored_bytes;
    object["dropped_groups"] = queue.dropped_groups;
    object["dropped_logs"] = queue.dropped_logs;
    object["failed_tries"] = queue.failed_tries;
    object["last_error"] = to_valid_utf8(queue.last_error);
    return object;
}

json::object alarm_json(const Alarm& alarm) {
    json::object object;
    object["alarm"] = alarm.kind;
    object["subject"] = to_valid_utf8(alarm.subject);
    object["sentence"] = to_valid_utf8(alarm.sentence);
    object["count"] = alarm.count;
    object["amount"] = alarm.amount;
    object["first"] = rfc3339(alarm.first);
    object["last"] = rfc3339(alarm.last);
    return object;
}

template <class Items, class Make>
json::array list_of(const Items& items, Make make) {
    json::array list;
    for (const auto& item : items) list.push_back(make(item));
    return list;
}

}  // namespace

std::string status_text(const StatusFacts& facts) {
    json::object identity;
    identity["user_defined_id"] = facts.identity.user_defined_id;
    identity["ip"] = facts.identity.ip;
    identity["hostname"] = facts.identity.hostname;
    identity["machine_id"] = facts.machine_id;
    json::object whole;
    whole["version"] = 1;
    whole["pid"] = facts.pid;
    whole["time"] = rfc3339(facts.now);
    whole["identity"] = std::move(identity);
    whole["regions"] = list_of(facts.regions, region_json);
    whole["configs"] =
        list_of(facts.rules, [](const CollectRule* rule) { return rule_json(*rule); });
    whole["files"] = list_of(facts.files, file_json);
    whole["queues"] = list_of(facts.queues, queue_json);
    whole["alarms"] = list_of(facts.alarms, alarm_json);
    return pretty_json(whole) + "\n";
}

}  // namespace spillway::agent
