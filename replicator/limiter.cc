#include "replicator/limiter.h"

#include <algorithm>
#include <cmath>

namespace spillway::replicator {
namespace {

using std::chrono::milliseconds;

constexpr double kFloorBytesPerSecond = 64 * 1024;
constexpr double kRaiseFactor = 1.1;
constexpr double kLowerFactor = 0.8;
constexpr auto kRaiseEvery = std::chrono::seconds(1);
constexpr auto kWindow = std::chrono::seconds(1);
constexpr milliseconds kFirstQuiet{250};
constexpr milliseconds kLongestQuiet{8'000};

double seconds(Nanoseconds duration) {
    return std::chrono::duration<double>(duration).count();
}

milliseconds time_for(double bytes, double bytes_per_second) {
    return milliseconds(static_cast<std::int64_t>(std::ceil(bytes / bytes_per_second * 1000)));
}

}  // namespace

RateBudget::RateBudget(std::optional<std::uint64_t> bytes_per_second)
    : bytes_per_second_(bytes_per_second) {}

milliseconds RateBudget::take(std::uint64_t bytes, MonoTime now) {
    if (!bytes_per_second_) return milliseconds(0);
    const std::lock_guard lock(mutex_);
    const auto rate = static_cast<double>(*bytes_per_second_);
    if (refilled_) available_ += rate * seconds(now - *refilled_);
    available_ = std::min(available_, rate);  // at most one second is saved up
    refilled_ = now;
    if (available_ < 0) return time_for(-available_, rate);
    available_ -= static_cast<double>(bytes);
    return milliseconds(0);
}

void QuotaLimiter::roll(MonoTime now) {
    if (!window_open_) {
        window_open_ = true;
        window_begin_ = now;
        return;
    }
    if (now - window_begin_ < kWindow) return;
    recent_rate_ = static_cast<double>(window_bytes_) / seconds(now - window_begin_);
    window_begin_ = now;
    window_bytes_ = 0;
}

milliseconds QuotaLimiter::wait_before(std::uint64_t bytes, MonoTime now) {
    roll(now);
    if (!cap_) return milliseconds(0);
    if (now - raised_ >= kRaiseEvery) {
        *cap_ *= kRaiseFactor;
        raised_ = now;
        if (*cap_ > 2 * std::max(best_rate_, kFloorBytesPerSecond)) {
            cap_.reset();
            return milliseconds(0);
        }
    }
    available_ = std::min(available_ + *cap_ * seconds(now - refilled_), *cap_);
    refilled_ = now;
    if (available_ < 0) return time_for(-available_, *cap_);
    available_ -= static_cast<double>(bytes);
    return milliseconds(0);
}

void QuotaLimiter::on_written(std::uint64_t bytes, MonoTime now) {
    roll(now);
    window_bytes_ += bytes;
    refusals_ = 0;
}

milliseconds QuotaLimiter::on_throttled(MonoTime now) {
    roll(now);
    if (!cap_) best_rate_ = recent_rate_;
    const double lowered = cap_ ? *cap_ * kLowerFactor : recent_rate_ / 2;
    cap_ = std::max(kFloorBytesPerSecond, lowered);
    available_ = 0;
    refilled_ = raised_ = now;
    const auto quiet = kFirstQuiet * (1 << std::min(refusals_, 5U));
    ++refusals_;
    return std::min<milliseconds>(quiet, kLongestQuiet);
}

}  // namespace spillway::replicator
