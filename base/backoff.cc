#include "base/backoff.h"

#include <algorithm>

namespace spillway {

namespace {

/// SplitMix64: one addition and three mixes, good enough to spread retries. Source:
/// docs/sources.md#backoff
std::uint64_t next_random(std::uint64_t& state) {
    state += 0x9E3779B97F4A7C15ULL;
    std::uint64_t mixed = state;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
    return mixed ^ (mixed >> 31);
}

/// In [0, 1).
double next_fraction(std::uint64_t& state) {
    return static_cast<double>(next_random(state) >> 11) * 0x1.0p-53;
}

}  // namespace

Backoff::Backoff(BackoffPolicy policy, std::uint64_t seed) : policy_(policy), random_(seed) {}

std::optional<std::chrono::milliseconds> Backoff::next() {
    if (policy_.budget && spent_ >= *policy_.budget) return std::nullopt;
    const auto max_ms = static_cast<double>(policy_.max.count());
    double step_ms = std::min(static_cast<double>(policy_.initial.count()), max_ms);
    for (std::uint32_t i = 0; i < tries_ && step_ms < max_ms; ++i) {
        const double grown_ms = std::min(step_ms * policy_.multiplier, max_ms);
        if (grown_ms <= step_ms) break;  // a multiplier of 1 or less: the step stays
        step_ms = grown_ms;
    }
    const double jitter = std::clamp(policy_.jitter, 0.0, 1.0);
    step_ms *= 1.0 - jitter * next_fraction(random_);
    std::chrono::milliseconds wait{static_cast<std::int64_t>(step_ms)};
    if (policy_.budget) wait = std::min(wait, *policy_.budget - spent_);
    spent_ += wait;
    ++tries_;
    return wait;
}

void Backoff::reset() {
    spent_ = std::chrono::milliseconds{0};
    tries_ = 0;
}

}  // namespace spillway
