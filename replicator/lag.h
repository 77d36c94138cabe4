// How far a shard's copy is behind, judged from what was seen. Unknown is a value of its own, and
// zero is given out only where a pull proved it. Pure; any thread.
#pragma once

#include "base/clock.h"
#include "replicator/replicator.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace spillway::replicator {

struct LagEvidence {
    /// When a pull proved that nothing lies behind the checkpoint, and nothing is in flight since.
    bool proved_at_end = false;
    std::optional<std::int64_t> checkpoint_position;
    std::optional<std::int64_t> end_position;
    /// Receive time, at the source, of the oldest group that is not acknowledged.
    std::optional<std::int64_t> oldest_received_unix_s;
    std::uint64_t logs_in_flight = 0;
    std::uint64_t bytes_in_flight = 0;
    double logs_per_group = 1;   ///< mean of what was read so far
    double bytes_per_group = 0;  ///< raw
    std::optional<MonoTime> source_seen;
    /// The newest question went unanswered: what was proved before says nothing of now.
    bool source_silent = false;
    std::optional<MonoTime> last_progress;
};

struct LagLimits {
    std::chrono::milliseconds unknown_after{10'000};
    std::chrono::milliseconds stalled_after{60'000};
};

Lag judge_lag(const LagEvidence& evidence, const LagLimits& limits, WallTime wall, MonoTime mono);

/// Sums logs and bytes, takes the greatest age; unknown as soon as one part is.
Lag combine(const std::vector<Lag>& parts);

/// What we may lose if the source died now. `last_known_lag_seconds` may be older than the silence.
std::optional<double> judge_rpo(std::optional<double> last_known_lag_seconds,
                                std::optional<MonoTime> source_seen, MonoTime mono);

}  // namespace spillway::replicator
