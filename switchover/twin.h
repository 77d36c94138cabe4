// A config's twin: what the other region must hold so that its agents go on where they were.
// Pure functions over the service's JSON, both forms. Values; any thread.
//
// A twin differs from its origin in exactly this, and says so in the plan:
// - the flusher's project, Logstore, region and endpoint;
// - AllowingIncludedByMultiConfigs: an agent that still holds the origin (the older config) would
//   otherwise let the older one win, and the twin would collect nothing;
// - TailSizeKB: a new config has no checkpoint and starts so far before the end of each file; the
//   default of 1 MiB loses whatever was written beyond it since the last acknowledged write;
// - the epoch of the operation that wrote it, so that a controller that slept sees it came too
// late. Source: docs/sources.md#agent-facts
#pragma once

#include "switchover/types.h"

#include <string>

namespace spillway::switchover {

struct TwinTarget {
    LogstoreRef logstore;
    std::string endpoint;  ///< a scheme is left out: agents want one host name
    std::string sls_region;
    std::uint32_t tail_size_kb = 0;
    Epoch epoch = 0;
};

/// Errors: InvalidArgument (no flusher to re-point: the agents would go on writing to the source).
Result<CollectorConfig> make_twin(const CollectorConfig& origin, const TwinTarget& target);

/// clamp(ceil(1.5 x peak x span), 1 MiB, 10 GiB); 100 MiB where the peak is unknown.
std::uint32_t tail_size_kb(std::optional<double> peak_kb_per_second, seconds span);

/// The epoch mark; nothing: the config was never written by a controller.
std::optional<Epoch> epoch_of(const CollectorConfig& config);

/// Hex SHA-256 of what the config says: creation and modification times left out.
std::string digest_of(const CollectorConfig& config);

/// Members in which a twin says something else than its origin: "processors[0].SourceKey".
std::vector<std::string> drift_between(const CollectorConfig& origin, const CollectorConfig& twin);

/// Paths at which two values differ.
std::vector<std::string> differing_paths(const json::value& before, const json::value& after);

/// True when `actual` holds all that `wanted` says; a service may add members of its own.
bool holds(const json::value& actual, const json::value& wanted);

}  // namespace spillway::switchover
