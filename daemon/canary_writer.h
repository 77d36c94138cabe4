// One tiny record into a region, every few seconds: the evidence the detector judges by. Any
// thread.
#pragma once

#include "base/clock.h"
#include "base/metrics.h"
#include "daemon/region_set.h"
#include "switchover/ports.h"

#include <cstdint>
#include <map>
#include <mutex>

namespace spillway::daemon {

/// Writes into the Logstore `spillway-canary` of one project of each region, made where it is
/// missing.
class CanaryWriter final : public switchover::CanaryPort {
  public:
    CanaryWriter(const Topology& topology, RegionSet& regions, const Clock& clock,
                 MetricsRegistry& metrics);
    switchover::CanaryReply write_canary(const RegionName& region,
                                         std::chrono::milliseconds timeout) override;

  private:
    Status write(const RegionName& region, const LogstoreRef& canary);
    Batch next_record();

    RegionSet& regions_;
    const Clock& clock_;
    MetricsRegistry& metrics_;
    std::map<RegionName, ProjectName> projects_;
    std::mutex mutex_;  // guards sequence_
    std::uint64_t sequence_ = 0;
};

}  // namespace spillway::daemon
