#include "replicator/lag.h"

#include <algorithm>
#include <cmath>

namespace spillway::replicator {
namespace {

double seconds(Nanoseconds duration) {
    return std::chrono::duration<double>(duration).count();
}

std::uint64_t estimate(std::uint64_t groups, double per_group, std::uint64_t at_least) {
    const auto estimated = static_cast<std::uint64_t>(
        std::llround(static_cast<double>(groups) * std::max(per_group, 0.0)));
    // There is a backlog: rounding must not make it look like none.
    return std::max({estimated, at_least, groups > 0 ? std::uint64_t{1} : std::uint64_t{0}});
}

bool is_stalled(const LagEvidence& evidence, const LagLimits& limits, MonoTime mono) {
    return !evidence.proved_at_end && evidence.last_progress &&
           mono - *evidence.last_progress >= limits.stalled_after;
}

}  // namespace

Lag judge_lag(const LagEvidence& evidence, const LagLimits& limits, WallTime wall, MonoTime mono) {
    Lag lag;
    lag.stalled = is_stalled(evidence, limits, mono);
    if (evidence.source_silent) return lag;
    if (!evidence.source_seen || mono - *evidence.source_seen > limits.unknown_after) return lag;
    if (evidence.proved_at_end) {
        lag.logs = 0;
        lag.bytes = 0;
        lag.seconds = 0;
        return lag;
    }
    if (evidence.checkpoint_position && evidence.end_position) {
        const auto groups = static_cast<std::uint64_t>(
            std::max<std::int64_t>(0, *evidence.end_position - *evidence.checkpoint_position));
        lag.logs = estimate(groups, evidence.logs_per_group, evidence.logs_in_flight);
        lag.bytes = estimate(groups, evidence.bytes_per_group, evidence.bytes_in_flight);
    }
    if (evidence.oldest_received_unix_s) {
        // There is a backlog, so the age is never zero, even where our clock is behind the
        // source's.
        const auto age = wall - from_unix_seconds(*evidence.oldest_received_unix_s);
        lag.seconds = std::max(0.001, seconds(age));
    }
    return lag;
}

Lag combine(const std::vector<Lag>& parts) {
    Lag sum;
    sum.logs = 0;
    sum.bytes = 0;
    sum.seconds = 0;
    for (const Lag& part : parts) {
        sum.stalled = sum.stalled || part.stalled;
        if (sum.logs) sum.logs = part.logs ? std::optional(*sum.logs + *part.logs) : std::nullopt;
        if (sum.bytes) {
            sum.bytes = part.bytes ? std::optional(*sum.bytes + *part.bytes) : std::nullopt;
        }
        if (sum.seconds) {
            sum.seconds =
                part.seconds ? std::optional(std::max(*sum.seconds, *part.seconds)) : std::nullopt;
        }
    }
    return sum;
}

std::optional<double> judge_rpo(std::optional<double> last_known_lag_seconds,
                                std::optional<MonoTime> source_seen, MonoTime mono) {
    if (!last_known_lag_seconds || !source_seen) return std::nullopt;
    return *last_known_lag_seconds + std::max(0.0, seconds(mono - *source_seen));
}

}  // namespace spillway::replicator
