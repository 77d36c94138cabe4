// How fast a shard may write: a rate that is learnt from the target's refusals, and a budget that
// the link's shards share. Waiting is for the caller: both only say how long.
#pragma once

#include "base/clock.h"

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>

namespace spillway::replicator {

/// Bytes per second shared by all who ask; one request may overdraw, the next then waits.
/// Thread-safe.
class RateBudget {
  public:
    explicit RateBudget(std::optional<std::uint64_t> bytes_per_second);
    /// Zero when `bytes` may go now (they are then taken), else the wait until asking makes sense.
    std::chrono::milliseconds take(std::uint64_t bytes, MonoTime now);

  private:
    const std::optional<std::uint64_t> bytes_per_second_;
    std::mutex mutex_;  // guards what follows
    double available_ = 0;
    std::optional<MonoTime> refilled_;
};

/// Learns a target's quota from its 403s: a refusal halves the rate seen lately, quiet raises it by
/// steps until it is out of the way. One owner.
class QuotaLimiter {
  public:
    std::chrono::milliseconds wait_before(std::uint64_t bytes, MonoTime now);
    void on_written(std::uint64_t bytes, MonoTime now);
    /// Returns how long to keep quiet.
    std::chrono::milliseconds on_throttled(MonoTime now);
    /// Nothing while the limiter is out of the way.
    std::optional<double> bytes_per_second() const { return cap_; }

  private:
    void roll(MonoTime now);

    std::optional<double> cap_;  // bytes per second
    double available_ = 0;
    MonoTime refilled_{};
    MonoTime raised_{};
    MonoTime window_begin_{};
    bool window_open_ = false;
    std::uint64_t window_bytes_ = 0;
    double recent_rate_ = 0;
    double best_rate_ = 0;        // before the first refusal of this episode
    std::uint32_t refusals_ = 0;  // in a row
};

}  // namespace spillway::replicator
