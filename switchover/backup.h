// Backups of who collects what: configs of both forms, machine groups, bindings, Logstore settings.
// A version is made only by a change; versions are chained by hash, so that a flipped bit shows.
// Thread-safe: rounds of one project are serialised by the store's compare-and-swap.
//
// A round that would shrink the configs by more than `shrink_max`, or to none, is refused and the
// last good version kept: an empty answer with status 200 must not become the plan of a failover.
#pragma once

#include "base/event_log.h"
#include "base/storage/state_store.h"
#include "logstore/model/logstore_api.h"
#include "switchover/types.h"

namespace spillway::switchover {

/// Reads everything; all or nothing. Errors: the region's, naming what was read.
Result<BackupSnapshot> take_snapshot(RegionApi& region, const RegionName& name,
                                     const ProjectName& project);

/// Hex SHA-256 of the content; times of the service left out.
std::string digest_of(const BackupSnapshot& snapshot);

/// Why a snapshot must not replace the last good one; nothing: it may.
std::optional<std::string> why_poisoned(const BackupSnapshot& last_good,
                                        const BackupSnapshot& taken, double shrink_max);

/// One line a difference: "config nginx-access changed: inputs[0].FilePaths".
std::vector<std::string> diff(const BackupSnapshot& before, const BackupSnapshot& after);

class BackupKeeper {
  public:
    BackupKeeper(StateStore& store, const Clock& clock, EventLog& events, double shrink_max)
        : store_(store), clock_(clock), events_(events), shrink_max_(shrink_max) {}

    /// One round. A refused round is no error: the head says why. Errors: the region's; the
    /// store's.
    Result<BackupHead> run(RegionApi& api, const RegionName& region, const ProjectName& project,
                           bool accept_shrink);

    Result<BackupHead> head(const RegionName& region, const ProjectName& project);
    /// The newest good version. Errors: NotFound; Corrupt (digest or chain broken) when no version
    /// is left that can be trusted.
    Result<BackupVersion> latest(const RegionName& region, const ProjectName& project);
    /// Newest first; versions that cannot be trusted are left out and said in the event log.
    Result<std::vector<BackupVersion>> versions(const std::optional<RegionName>& region,
                                                const std::optional<ProjectName>& project);
    /// `id`: any prefix that names one. Errors: NotFound, InvalidArgument (names several).
    Result<BackupVersion> find(const std::string& id);
    /// Configs, then groups, then bindings; writes only what differs, takes nothing away.
    Result<std::vector<std::string>> restore(const BackupVersion& version, RegionApi& api);

  private:
    Status save(const BackupSnapshot& snapshot, const std::string& digest, BackupHead& head,
                Revision head_seen);
    Status save_head(const BackupHead& head, Revision seen);

    StateStore& store_;
    const Clock& clock_;
    EventLog& events_;
    double shrink_max_;
};

}  // namespace spillway::switchover
