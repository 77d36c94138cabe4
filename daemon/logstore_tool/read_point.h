// Where a person wants to read from or up to. Values; any thread.
#pragma once

#include "base/clock.h"
#include "logstore/model/logstore_api.h"

#include <string_view>
#include <variant>

namespace spillway::daemon {

using ReadPoint = std::variant<CursorSeek, Cursor>;

/// "begin", "end", Unix seconds, "2025-10-10T08:00:00Z" (or with an offset), "15m" (that long
/// before `now`), "cursor:MTIz". Times are the service's receive times. Errors: InvalidArgument,
/// listing these forms.
Result<ReadPoint> parse_read_point(std::string_view text, WallTime now);

/// The cursor of a point in a shard.
Result<Cursor> find_cursor(LogSource& source, const LogstoreRef& ref, ShardId shard,
                           const ReadPoint& point);

}  // namespace spillway::daemon
