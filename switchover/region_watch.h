// Writes the canaries and keeps what the detector makes of them. Thread-safe.
#pragma once

#include "base/event_log.h"
#include "base/metrics.h"
#include "switchover/detector.h"

#include <map>
#include <mutex>

namespace spillway::switchover {

class RegionWatch {
  public:
    RegionWatch(DetectorOptions options, const std::vector<RegionOptions>& regions,
                const Clock& clock, CanaryPort& canary, EventLog& events, MetricsRegistry& metrics);

    /// One canary; returns how long to wait before the next.
    milliseconds observe(const RegionName& region);

    RegionHealth health(const RegionName& region) const;
    /// Since the last canary that succeeded; nothing: none ever did.
    std::optional<milliseconds> ok_age(const RegionName& region) const;

  private:
    void report(const RegionName& region, const DetectorState& before, const DetectorState& after);

    DetectorOptions options_;
    const Clock& clock_;
    CanaryPort& canary_;
    EventLog& events_;
    MetricsRegistry& metrics_;
    mutable std::mutex mutex_;  // guards states_
    std::map<RegionName, DetectorState> states_;
};

}  // namespace spillway::switchover
