// How long to wait before the next try: exponential, with jitter and a budget. Values; one owner.
// Source of "full range below the step" jitter: docs/sources.md#backoff
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace spillway {

struct BackoffPolicy {
    std::chrono::milliseconds initial{200};
    std::chrono::milliseconds max{30'000};
    double multiplier = 2.0;
    double jitter = 0.3;  ///< each wait is drawn from [step * (1 - jitter), step]
    /// No further try once the waits handed out add up to this; nothing = for ever.
    std::optional<std::chrono::milliseconds> budget;
};

class Backoff {
  public:
    explicit Backoff(BackoffPolicy policy, std::uint64_t seed = 1);

    /// The next wait, or nothing when the budget is used up.
    std::optional<std::chrono::milliseconds> next();
    /// After a success: the next failure starts from `initial` with a full budget.
    void reset();
    std::uint32_t tries() const { return tries_; }

  private:
    BackoffPolicy policy_;
    std::uint64_t random_;
    std::chrono::milliseconds spent_{0};
    std::uint32_t tries_ = 0;
};

}  // namespace spillway
