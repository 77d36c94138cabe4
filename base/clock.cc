#include "base/clock.h"

#include <fmt/format.h>

namespace spillway {

using std::chrono::duration_cast;
using std::chrono::floor;

WallTime SystemClock::wall() const {
    return std::chrono::time_point_cast<Nanoseconds>(std::chrono::system_clock::now());
}

MonoTime SystemClock::mono() const {
    return std::chrono::steady_clock::now();
}

FakeClock::FakeClock(WallTime start) : wall_(start) {}

WallTime FakeClock::wall() const {
    const std::lock_guard lock(mutex_);
    return wall_;
}

MonoTime FakeClock::mono() const {
    const std::lock_guard lock(mutex_);
    return mono_;
}

void FakeClock::advance(Nanoseconds by) {
    const std::lock_guard lock(mutex_);
    wall_ += by;
    mono_ += duration_cast<MonoTime::duration>(by);
}

void FakeClock::jump_wall(Nanoseconds by) {
    const std::lock_guard lock(mutex_);
    wall_ += by;
}

std::int64_t unix_seconds(WallTime at) {
    return floor<std::chrono::seconds>(at.time_since_epoch()).count();
}

WallTime from_unix_seconds(std::int64_t seconds) {
    return WallTime{std::chrono::seconds{seconds}};
}

std::string rfc3339(WallTime at) {
    const auto day = floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{floor<std::chrono::milliseconds>(at - day)};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time.hours().count(), time.minutes().count(), time.seconds().count(),
                       time.subseconds().count());
}

}  // namespace spillway
