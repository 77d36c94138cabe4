#include "switchover/region_watch.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::switchover {

namespace {

constexpr int kRegionStates = 10;

MetricLabels label(const RegionName& region) {
    return {{"region", region.str()}};
}

}  // namespace

RegionWatch::RegionWatch(DetectorOptions options, const std::vector<RegionOptions>& regions,
                         const Clock& clock, CanaryPort& canary, EventLog& events,
                         MetricsRegistry& metrics)
    : options_(options), clock_(clock), canary_(canary), events_(events), metrics_(metrics) {
    for (const auto& region : regions) states_[region.name] = DetectorState{};
}

milliseconds RegionWatch::observe(const RegionName& region) {
    const auto began = clock_.mono();
    const auto reply = canary_.write_canary(region, options_.timeout);
    Observation seen;
    seen.at = clock_.mono();
    seen.wall = clock_.wall();
    seen.evidence = classify(reply, options_);
    seen.latency = reply.latency;
    if (reply.error) seen.detail = reply.error->to_string();

    DetectorState before;
    DetectorState after;
    {
        std::lock_guard lock(mutex_);
        auto& state = states_[region];
        before = state;
        state = advance(std::move(state), seen, options_);
        after = state;
    }
    report(region, before, after);
    const auto used = std::chrono::duration_cast<milliseconds>(clock_.mono() - began);
    return std::max(milliseconds{0}, options_.interval - used);
}

void RegionWatch::report(const RegionName& region, const DetectorState& before,
                         const DetectorState& after) {
    metrics_
        .counter("spillway_probe_total", "Canaries written, by what each came to.",
                 {{"region", region.str()},
                  {"kind", "write"},
                  {"class", std::string(name_of(after.newest.evidence))}})
        .add();
    metrics_
        .histogram("spillway_probe_duration_seconds", "Time a canary took.",
                   duration_bounds_seconds(), label(region))
        .observe(std::chrono::duration<double>(after.newest.latency).count());
    for (int i = 0; i < kRegionStates; ++i) {
        const auto state = static_cast<RegionState>(i);
        metrics_
            .gauge("spillway_region_state", "1 for the state the region is in.",
                   {{"region", region.str()}, {"state", std::string(name_of(state))}})
            .set(state == after.state ? 1 : 0);
    }
    if (before.state == after.state) return;
    const auto sentence = fmt::format("region {} is {} (was {})", region.str(),
                                      name_of(after.state), name_of(before.state));
    const bool bad = after.state != RegionState::Healthy && after.state != RegionState::Recovering;
    events_.write(bad && before.last ? LogLevel::Warn : LogLevel::Info, "region.state", sentence,
                  {{"region", region.str()},
                   {"state", name_of(after.state)},
                   {"evidence", after.newest.detail}});
}

RegionHealth RegionWatch::health(const RegionName& region) const {
    std::lock_guard lock(mutex_);
    RegionHealth health;
    health.region = region;
    const auto found = states_.find(region);
    if (found == states_.end()) return health;
    const auto& state = found->second;
    health.state = state.state;
    if (state.last) health.since = state.since_wall;
    health.last_ok = state.last_ok_wall;
    health.why = explain(state, clock_.mono(), options_);
    return health;
}

std::optional<milliseconds> RegionWatch::ok_age(const RegionName& region) const {
    std::lock_guard lock(mutex_);
    const auto found = states_.find(region);
    if (found == states_.end() || !found->second.last_ok) return std::nullopt;
    return std::chrono::duration_cast<milliseconds>(clock_.mono() - *found->second.last_ok);
}

}  // namespace spillway::switchover
