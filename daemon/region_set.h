// The regions of a topology as clients. Any thread once open.
#pragma once

#include "daemon/topology.h"
#include "logstore/client/region_client.h"

#include <map>
#include <memory>

namespace spillway::daemon {

/// Each region twice: `patient` for data (a large page over a long line takes its time), `brisk`
/// for control, where a region that is down must not hold up a decision.
class RegionSet {
  public:
    /// Reads the secrets; asks no region anything. Errors: NotFound (secret), InvalidArgument.
    static Result<RegionSet> open(const Topology& topology);

    /// Aborts on a region the topology does not name.
    client::RegionClient& patient(const RegionName& region) { return *at(region).patient; }
    client::RegionClient& brisk(const RegionName& region) { return *at(region).brisk; }
    std::map<RegionName, RegionApi*> brisk_all();

  private:
    struct Clients {
        std::unique_ptr<client::RegionClient> patient;
        std::unique_ptr<client::RegionClient> brisk;
    };
    const Clients& at(const RegionName& region) const;

    std::unique_ptr<Clock> clock_ = std::make_unique<SystemClock>();
    std::map<RegionName, Clients> regions_;
};

}  // namespace spillway::daemon
