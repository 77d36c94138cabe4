// How fast an input is replayed: pure arithmetic. Values; one owner at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace spillway::daemon::quickstart {

/// The feeding period as its own clock. It stops at `hold_at` until released, so that some input is
/// always left for the region that takes over, however long the failover takes.
class FeedClock {
  public:
    FeedClock(std::chrono::milliseconds period, double hold_at);

    void advance(std::chrono::milliseconds by);
    void release() { released_ = true; }

    double fraction() const;  ///< 0 .. 1
    std::chrono::milliseconds left() const { return period_ - gone_; }
    bool holding() const { return !released_ && gone_ >= hold_at_; }
    bool over() const { return gone_ >= period_; }

  private:
    std::chrono::milliseconds period_;
    std::chrono::milliseconds hold_at_;
    std::chrono::milliseconds gone_{0};
    bool released_ = false;
};

/// Earns bytes as time passes, so that what is pending now would be written just when the period
/// ends. An input that grows meanwhile makes it earn faster; an idle one saves nothing up.
class FeedPace {
  public:
    /// `step` of feeding time passed, `left` remains after it.
    void earn(std::uint64_t pending_bytes, std::chrono::milliseconds step,
              std::chrono::milliseconds left);
    /// How many of the pending bytes to write now: whole lines, or a piece of a line that is longer
    /// than `piece_bytes_max`. `is_end`: nothing will follow, so a last line without newline counts
    /// as whole.
    std::size_t take(std::string_view pending, std::size_t piece_bytes_max, bool is_end);

  private:
    double earned_ = 0;
};

}  // namespace spillway::daemon::quickstart
