#include "daemon/region_set.h"

#include <utility>

namespace spillway::daemon {

namespace {

constexpr std::chrono::seconds kPatientTimeout{30};
constexpr std::chrono::seconds kBriskTimeout{4};

}  // namespace

const RegionSet::Clients& RegionSet::at(const RegionName& region) const {
    const auto found = regions_.find(region);
    SPILLWAY_INVARIANT(found != regions_.end(), "a region that the topology does not name");
    return found->second;
}

std::map<RegionName, RegionApi*> RegionSet::brisk_all() {
    std::map<RegionName, RegionApi*> all;
    for (const auto& [name, clients] : regions_) all[name] = clients.brisk.get();
    return all;
}

}  // namespace spillway::daemon
