// What the StateStore keeps, as JSON text and back. Members are only ever added; a reader of an
// older version ignores what it does not know. Values; any thread.
#pragma once

#include "base/json.h"
#include "switchover/types.h"

namespace spillway::switchover {

json::object encode(const PairRecord& record);
Result<PairRecord> decode_pair(const json::object& object);

json::object encode(const Plan& plan);
Result<Plan> decode_plan(const json::object& object);

/// Without the journal, which has keys of its own.
json::object encode(const Operation& operation);
Result<Operation> decode_operation(const json::object& object);

/// Without the hash.
json::object encode(const JournalRecord& record);
Result<JournalRecord> decode_journal(const json::object& object);

json::object encode(const Obligation& obligation);
Result<Obligation> decode_obligation(const json::object& object);

json::object encode(const Report& report);
Result<Report> decode_report(const json::object& object);

json::object encode(const Measure& measure);
json::object encode(const BackupSnapshot& snapshot);
Result<BackupSnapshot> decode_snapshot(const json::object& object);
json::object encode(const BackupVersion& version);
Result<BackupVersion> decode_version(const json::object& object);
json::object encode(const BackupHead& head);
Result<BackupHead> decode_head(const json::object& object);

/// {"0":"MTIz"}: cursors by shard.
json::object encode(const std::map<ShardId, Cursor>& cursors);
std::map<ShardId, Cursor> decode_cursors(const json::object& object);

/// `key` for people and `key`_ms for machines.
void put_time(json::object& object, std::string_view key, WallTime at);
std::optional<WallTime> time_of(const json::object& object, std::string_view key);

std::string_view name_of(RuleVerdict verdict);  ///< "pass"
std::string_view name_of(ConfigForm form);      ///< "pipeline"

}  // namespace spillway::switchover
