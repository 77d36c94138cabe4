#include "bench/contest.h"

#include "base/json.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include <fmt/format.h>

namespace spillway::bench {

namespace {

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// Processor time of all our threads, kernel time included: what others do on the machine meanwhile
/// does not count.
double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

double wall_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

double mb_per_second(const Program& program, std::chrono::milliseconds window,
                     double (*now_seconds)()) {
    const double limit = std::chrono::duration<double>(window).count();
    const double start = now_seconds();
    std::uint64_t bytes = 0;
    double spent = 0;
    do {
        bytes += program.once();
        spent = now_seconds() - start;
    } while (spent < limit);
    return static_cast<double>(bytes) / 1e6 / spent;
}

struct Rates {
    std::vector<double> product;
    std::vector<double> limit;
    std::vector<double> ratio;
};

void run_round(const Contest& contest, const ContestOptions& options, bool product_first,
               Rates& rates) {
    const auto& first = product_first ? contest.product : contest.limit;
    const auto& second = product_first ? contest.limit : contest.product;
    const auto now_seconds = contest.by_wall_clock ? wall_seconds : cpu_seconds;
    double product = mb_per_second(first, options.window, now_seconds);
    double limit = mb_per_second(second, options.window, now_seconds);
    if (!product_first) std::swap(product, limit);
    rates.product.push_back(product);
    rates.limit.push_back(limit);
    rates.ratio.push_back(product / limit);
}

}  // namespace

std::vector<Outcome> run_contests(const std::vector<Contest>& contests,
                                  const ContestOptions& options) {
    std::vector<Rates> rates(contests.size());
    for (const auto& contest : contests) {  // warm: first use allocates and connects
        (void)contest.product.once();
        (void)contest.limit.once();
    }
    for (int round = 0; round < options.rounds; ++round) {
        for (std::size_t i = 0; i < contests.size(); ++i) {
            run_round(contests[i], options, round % 2 == 0, rates[i]);
        }
    }
    std::vector<Outcome> outcomes;
    for (std::size_t i = 0; i < contests.size(); ++i) {
        const auto [low, high] = std::minmax_element(rates[i].ratio.begin(), rates[i].ratio.end());
        outcomes.push_back({contests[i].name, contests[i].limit.name, median(rates[i].product),
                            median(rates[i].limit), median(rates[i].ratio), *low, *high,
                            contests[i].goal});
    }
    return outcomes;
}

std::string as_table(const std::vector<Outcome>& outcomes) {
    std::string out = fmt::format("{:<38} {:>9} {:>9}  {:<34} {:>6} {:>13} {:>6}\n", "work",
                                  "MB/cpu s", "limit", "limit program", "ratio", "spread", "goal");
    for (const auto& outcome : outcomes) {
        const std::string spread =
            fmt::format("{:.2f}-{:.2f}", outcome.ratio_min, outcome.ratio_max);
        const std::string goal = outcome.goal ? fmt::format("{:.2f}", *outcome.goal) : "";
        const char* verdict = outcome.goal && outcome.ratio < *outcome.goal ? "  below" : "";
        out += fmt::format("{:<38} {:>9.0f} {:>9.0f}  {:<34} {:>6.2f} {:>13} {:>6}{}\n",
                           outcome.name, outcome.product_mb_s, outcome.limit_mb_s,
                           outcome.limit_name, outcome.ratio, spread, goal, verdict);
    }
    return out;
}

std::string as_table(const std::vector<Fact>& facts) {
    std::string out;
    for (const auto& fact : facts) {
        const std::string goal = fact.at_most ? fmt::format("at most {:g}", *fact.at_most) : "";
        const char* verdict = fact.at_most && fact.value > *fact.at_most ? "  above" : "";
        out += fmt::format("{:<56} {:>9.3g} {:<4} {}{}\n", fact.name, fact.value, fact.unit, goal,
                           verdict);
    }
    return out;
}

std::string as_json(const std::vector<Outcome>& outcomes, const ContestOptions& options) {
    json::array rows;
    for (const auto& outcome : outcomes) {
        json::object row{{"work", outcome.name},
                         {"limit_program", outcome.limit_name},
                         {"product_mb_per_cpu_second", outcome.product_mb_s},
                         {"limit_mb_per_cpu_second", outcome.limit_mb_s},
                         {"ratio", outcome.ratio},
                         {"ratio_min", outcome.ratio_min},
                         {"ratio_max", outcome.ratio_max}};
        if (outcome.goal) row["goal"] = *outcome.goal;
        rows.push_back(std::move(row));
    }
    return pretty_json(json::object{{"rounds", options.rounds},
                                    {"window_ms", options.window.count()},
                                    {"results", std::move(rows)}}) +
           "\n";
}

}  // namespace spillway::bench
