#include "daemon/quickstart/feed_pace.h"

#include <algorithm>

namespace spillway::daemon::quickstart {

FeedClock::FeedClock(std::chrono::milliseconds period, double hold_at)
    : period_(period),
      hold_at_(static_cast<std::int64_t>(static_cast<double>(period.count()) * hold_at)) {}

void FeedClock::advance(std::chrono::milliseconds by) {
    const auto limit = released_ ? period_ : std::max(gone_, hold_at_);
    gone_ = std::min(gone_ + by, limit);
}

double FeedClock::fraction() const {
    return period_.count() == 0
               ? 1.0
               : static_cast<double>(gone_.count()) / static_cast<double>(period_.count());
}

void FeedPace::earn(std::uint64_t pending_bytes, std::chrono::milliseconds step,
                    std::chrono::milliseconds left) {
    const auto pending = static_cast<double>(pending_bytes);
    const auto whole = static_cast<double>((left + step).count());
    const double fresh = std::max(0.0, pending - earned_);
    if (whole > 0) earned_ += fresh * static_cast<double>(step.count()) / whole;
    earned_ = std::min(earned_, pending);
}

std::size_t FeedPace::take(std::string_view pending, std::size_t piece_bytes_max, bool is_end) {
    const auto budget = static_cast<std::size_t>(earned_);
    const std::size_t reach = std::min(budget, pending.size());
    std::size_t taken = 0;
    if (reach > 0) {
        const std::size_t newline = pending.rfind('\n', reach - 1);
        if (newline != std::string_view::npos) taken = newline + 1;
        if (taken == 0 && reach >= piece_bytes_max) taken = piece_bytes_max;
        if (is_end && reach == pending.size()) taken = reach;
    }
    earned_ -= static_cast<double>(taken);
    return taken;
}

}  // namespace spillway::daemon::quickstart
