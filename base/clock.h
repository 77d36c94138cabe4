// The only way to learn the time. Nothing else reads a clock, so tests hold it still.
// SystemClock and FakeClock may be called from any thread.
#pragma once

#include <chrono>
#include <mutex>
#include <string>

namespace spillway {

/// For people and for the protocol; may jump.
using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;
/// For durations and deadlines; never jumps, means nothing outside this process.
using MonoTime = std::chrono::steady_clock::time_point;
using Nanoseconds = std::chrono::nanoseconds;

class Clock {
  public:
    virtual ~Clock() = default;
    virtual WallTime wall() const = 0;
    virtual MonoTime mono() const = 0;
};

class SystemClock final : public Clock {
  public:
    WallTime wall() const override;
    MonoTime mono() const override;
};

/// Stands still until told otherwise.
class FakeClock final : public Clock {
  public:
    explicit FakeClock(WallTime start = WallTime{std::chrono::seconds{1'700'000'000}});
    WallTime wall() const override;
    MonoTime mono() const override;

    /// Moves both clocks.
    void advance(Nanoseconds by);
    /// Moves the wall clock alone, as a person or NTP does.
    void jump_wall(Nanoseconds by);

  private:
    mutable std::mutex mutex_;  // guards wall_ and mono_
    WallTime wall_;
    MonoTime mono_{};
};

/// Whole seconds since 1970, as the Logstore protocol counts.
std::int64_t unix_seconds(WallTime at);
WallTime from_unix_seconds(std::int64_t seconds);

/// "2025-10-10T08:00:00.123Z"; milliseconds.
std::string rfc3339(WallTime at);

}  // namespace spillway
