// Looking what the target holds of a page, by provenance tags: the only thing that answers a
// refusal of the fence. Reads the target's shards from a receive time on. May block; any thread.
#pragma once

#include "base/clock.h"
#include "logstore/model/logstore_api.h"
#include "replicator/page_encoder.h"

#include <functional>
#include <optional>
#include <string_view>

namespace spillway::replicator {

struct LookRequest {
    std::string link;
    ShardId shard;
    std::int64_t first = 0;  ///< positions of the page, [first, past)
    std::int64_t past = 0;
    /// When the page was first sent, by our clock.
    WallTime sent;
    /// Only the shards that writes with this key may have gone to; nothing: all.
    std::optional<RouteKey> route_key;
};

/// Clocks that differ by more than this are refused by the service itself, so nothing of ours can
/// have a receive time further off.
inline constexpr std::chrono::minutes kClockSkewMax{15};

/// Calls `visit(group, position)` for every LogGroup of the shard from the cursor on, up to the end
/// as it was when asked, until it returns false.
Status for_each_group_at(
    LogSource& target, const LogstoreRef& ref, ShardId shard, const Cursor& from,
    const std::function<bool(std::string_view group, std::int64_t position)>& visit);

/// The same from a receive time on.
Status for_each_group_since(LogSource& target, const LogstoreRef& ref, ShardId shard,
                            std::int64_t since_unix_s,
                            const std::function<void(std::string_view group)>& visit);

/// What the target holds of the page among the groups received since `sent` minus `margin`.
/// Errors: those of the port; then nothing is known.
Result<LandedSet> look_for_page(LogSource& target, const LogstoreRef& ref,
                                const LookRequest& request, std::chrono::seconds margin);

}  // namespace spillway::replicator
