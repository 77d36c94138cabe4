// Project, Logstore, shard, page, batch: what the ports carry. Values; any thread.
#pragma once

#include "base/clock.h"
#include "base/json.h"
#include "logstore/model/names.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace spillway {

struct ProjectInfo {
    ProjectName name;
    std::string description;
    std::string region;
    std::int64_t created_unix_s = 0;
    std::int64_t modified_unix_s = 0;
};

struct LogstoreSettings {
    std::uint32_t ttl_days = 30;  ///< 3650 = for ever
    std::uint32_t shard_count = 2;
    bool auto_split = false;
    std::uint32_t max_split_shard = 64;
    bool enable_tracking = false;
    bool append_meta = false;
    /// Members of the service's JSON that we store and give back without reading.
    json::object other;
};

struct LogstoreInfo {
    LogstoreRef ref;
    LogstoreSettings settings;
    std::int64_t created_unix_s = 0;
    std::int64_t modified_unix_s = 0;
};

enum class ShardStatus { ReadWrite, ReadOnly };

/// A range of the MD5 space; both keys 32 lower-case hex digits, [begin, end).
struct Shard {
    ShardId id;
    ShardStatus status = ShardStatus::ReadWrite;
    std::string begin_key;
    std::string end_key;
    std::int64_t created_unix_s = 0;
    bool operator==(const Shard&) const = default;
};

enum class Codec { None, Lz4, Zstd, Deflate };

/// The largest body the service accepts, compressed and raw.
inline constexpr std::size_t kPutBytesMax = 10 * 1024 * 1024;
/// What one pull may return at most.
inline constexpr std::uint32_t kPullGroupsMax = 1000;

struct PullRequest {
    Cursor from;
    std::optional<Cursor> end;  ///< exclusive
    std::uint32_t groups_max = kPullGroupsMax;
    Codec codec = Codec::Lz4;  ///< wanted; the page says which it is
    /// SPL that the region runs on what it reads ("* | where ..."); empty: everything comes.
    /// Regions over HTTP take it; the one in process refuses (NotSupported).
    std::string query = {};
};

/// What a region read to answer a pull with a query.
struct ScannedFacts {
    std::uint64_t raw_bytes = 0;
    std::uint32_t groups = 0;
    std::uint64_t logs = 0;
    bool operator==(const ScannedFacts&) const = default;
};

/// One answer of a pull: bytes as they came.
struct Page {
    Cursor from;
    Cursor next;  ///< equals `from` when there is nothing new
    Codec codec = Codec::None;
    std::uint64_t raw_bytes = 0;  ///< uncompressed size of `body`
    std::uint32_t group_count = 0;
    std::string body;     ///< a LogGroupList, in `codec`
    bool at_end = false;  ///< nothing was stored behind `next` when the page was read
    /// Position of each group where consecutive groups are consecutive: last = next - 1.
    std::optional<std::int64_t> last_position;
    /// Of a pull with a query: the body holds what was left, `next` lies behind what was read.
    std::optional<ScannedFacts> scanned = {};
};

/// One write: one LogGroup, encoded. With key and sequence id it is idempotent.
struct Batch {
    std::string body;
    Codec codec = Codec::None;
    std::uint64_t raw_bytes = 0;
    std::optional<RouteKey> route_key;
    std::optional<SequenceId> sequence_id;
};

/// The target's word that a batch is stored durably.
struct Receipt {
    std::string request_id;
};

enum class SeekKind { Begin, End, Time };

struct CursorSeek {
    SeekKind kind = SeekKind::Begin;
    std::int64_t unix_s = 0;  ///< of Time: server receive time, not log time
    static CursorSeek begin() { return {SeekKind::Begin, 0}; }
    static CursorSeek end() { return {SeekKind::End, 0}; }
    static CursorSeek at(std::int64_t seconds) { return {SeekKind::Time, seconds}; }
};

struct ConsumerGroupInfo {
    ConsumerGroupName name;
    std::chrono::seconds timeout{60};
    bool order = false;
};

struct ShardCheckpoint {
    ShardId shard;
    Cursor cursor;  ///< empty: never saved
    std::string consumer;
    std::int64_t updated_unix_us = 0;
};

/// Form of a collector config: `Pipeline` is /pipelineconfigs, `Classic` is /configs.
enum class ConfigForm { Pipeline, Classic };

/// A collector config as the service has it: the JSON stays whole, so that a backup restores
/// exactly.
struct CollectorConfig {
    ConfigName name;
    ConfigForm form = ConfigForm::Pipeline;
    json::object body;  ///< includes configName; createTime and lastModifyTime when it was read
};

struct MachineGroup {
    MachineGroupName name;
    std::string identify_type = "userdefined";  ///< or "ip"
    std::vector<std::string> machines;          ///< identifiers: user-defined ids or addresses
    json::object attribute;                     ///< groupAttribute
    std::string type;                           ///< groupType
};

/// A machine as its heartbeats describe it.
struct Machine {
    std::string ip;
    std::string unique_id;
    std::string userdefined_id;
    std::int64_t last_heartbeat_unix_s = 0;
};

}  // namespace spillway
