// Reads a Logstore's logs as JSON lines: once through, or following its shards as they grow.
// One call at a time.
#pragma once

#include "base/clock.h"
#include "daemon/logstore_tool/read_point.h"
#include "logstore/model/logstore_api.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <ostream>
#include <stop_token>
#include <string_view>
#include <vector>

namespace spillway::daemon {

struct ReadOptions {
    LogstoreRef ref;
    std::vector<ShardId> shards;  ///< empty: all of them
    ReadPoint from = CursorSeek::begin();
    ReadPoint to = CursorSeek::end();  ///< not of follow_logs(), which has no end
    std::uint64_t logs_max = 0;        ///< 0: no limit
};

struct ReadSummary {
    std::uint64_t logs = 0;  ///< written
    std::uint64_t groups = 0;
};

/// Writes what is stored between two points, shard after shard. The end is fixed when the read
/// begins, so it ends even while others write. Errors: also Cancelled when `out` takes no more.
Result<ReadSummary> read_logs(LogSource& source, const ReadOptions& options, std::ostream& out);

struct FollowOptions {
    ReadOptions read;
    std::chrono::milliseconds interval{500};          ///< between looks when nothing is new
    std::chrono::milliseconds shard_interval{5'000};  ///< between looks for new shards
};

/// Follows all shards, those that splits and merges make too, until `stop` or the limit. What may
/// pass by itself (throttling, an unreachable region) is told to `warn` once and waited out; the
/// same for logs that retention took away. Errors: everything else.
Result<ReadSummary> follow_logs(LogSource& source, const FollowOptions& options, std::ostream& out,
                                const std::function<void(std::string_view)>& warn,
                                const Clock& clock, std::stop_token stop);

/// What `stat` shows of a shard.
struct ShardStat {
    Shard shard;
    Cursor first;                              ///< of the oldest group stored
    Cursor end;                                ///< where the next group goes
    std::optional<std::int64_t> first_unix_s;  ///< receive times; nothing: the shard is empty
    std::optional<std::int64_t> last_unix_s;
    /// From the cursors' distance: exact on an embedded region, an upper bound where positions may
    /// skip.
    std::optional<std::uint64_t> groups_max;
};

Result<std::vector<ShardStat>> shard_stats(LogSource& source, const LogstoreRef& ref);

}  // namespace spillway::daemon
