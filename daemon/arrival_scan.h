// What a Logstore received, read back and counted: who wrote there directly, what came by a link,
// what is there twice. Reads whole ranges; memory grows with the number of logs compared. Any
// thread.
#pragma once

#include "daemon/region_set.h"
#include "switchover/ports.h"

namespace spillway::daemon {

class ArrivalScan final : public switchover::ArrivalView {
  public:
    explicit ArrivalScan(RegionSet& regions) : regions_(regions) {}

    Result<switchover::Arrivals> arrivals(const RegionName& region, const LogstoreRef& logstore,
                                          const std::map<ShardId, Cursor>& since) override;
    Result<switchover::RangeCount> count(const RegionName& region, const LogstoreRef& logstore,
                                         ShardId shard, const Cursor& from,
                                         const Cursor& to) override;
    Result<switchover::DuplicateCount> duplicates(const RegionName& region,
                                                  const LogstoreRef& logstore,
                                                  const std::map<ShardId, Cursor>& since) override;

  private:
    RegionSet& regions_;
};

}  // namespace spillway::daemon
