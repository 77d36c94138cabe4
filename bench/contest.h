// How the benchmark compares: what Spillway does against the best simple program for the same work,
// run in turn on the same data in the same minute. Rates on a shared machine swing by a third from
// one minute to the next; the ratio of two neighbours does not.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace spillway::bench {

struct Program {
    std::string name;
    /// Does the work once and returns the raw bytes it covered.
    std::function<std::uint64_t()> once;
};

struct Contest {
    std::string name;
    Program product;
    Program limit;
    std::optional<double> goal;  ///< the ratio we want at least
    bool by_wall_clock = false;  ///< where waiting is what is measured
};

struct Outcome {
    std::string name;
    std::string limit_name;
    double product_mb_s = 0;  ///< medians over the rounds
    double limit_mb_s = 0;
    double ratio = 0;      ///< median of the ratios of each round
    double ratio_min = 0;  ///< the spread tells how far to trust it
    double ratio_max = 0;
    std::optional<double> goal;
};

struct ContestOptions {
    int rounds = 5;
    std::chrono::milliseconds window{300};  ///< of one program in one round
};

/// Every contest once a round, product and limit back to back, the first of the two changing each
/// round.
std::vector<Outcome> run_contests(const std::vector<Contest>& contests,
                                  const ContestOptions& options);

/// A figure that is no rate.
struct Fact {
    std::string name;
    double value = 0;
    std::string unit;
    std::optional<double> at_most;
};

std::string as_table(const std::vector<Outcome>& outcomes);
std::string as_table(const std::vector<Fact>& facts);
std::string as_json(const std::vector<Outcome>& outcomes, const ContestOptions& options);

}  // namespace spillway::bench
