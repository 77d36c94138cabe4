// A bounded search of stored logs: no index, every LogGroup that may hold a match is read.
//
// Logs lie in the order of their arrival, queries ask by the logs' own time. A log cannot be from
// the future by more than clocks differ (kClockSkew), so the search begins at what arrived that
// long before the range, and goes on to the end of each shard: late logs are found too. Shards take
// turns. When the work or the answer is over a bound the search stops and says that it is
// incomplete.
#pragma once

#include "base/clock.h"
#include "logstore/engine/engine.h"
#include "logstore/server/log_query.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace spillway::server {

inline constexpr std::chrono::seconds kClockSkew{15 * 60};

struct ScanLimits {
    std::uint64_t raw_bytes_max = 256ULL * 1024 * 1024;
    /// Of the logs in one answer, after the first: a log may be as large as a put. Who gets fewer
    /// than asked for reads on with the offset.
    std::uint64_t answer_bytes_max = 10ULL * 1024 * 1024;
    std::chrono::milliseconds time_max{3000};
};

struct ScanFacts {
    bool is_complete = true;
    std::uint64_t logs_read = 0;
    std::uint64_t raw_bytes_read = 0;
};

/// One log as a query answers it: name and text; topic, source, tags and time among them.
using FoundLog = std::vector<std::pair<std::string, std::string>>;

struct FoundLogs {
    std::vector<FoundLog> logs;  ///< by time, then as stored
    ScanFacts facts;
};

struct FoundCounts {
    std::vector<std::uint64_t> counts;  ///< one a bucket
    std::uint64_t total = 0;
    ScanFacts facts;
};

/// Errors of both: those of the engine's reads.
Result<FoundLogs> find_logs(engine::Engine& engine, const LogstoreRef& ref,
                            const LogsRequest& request, const ScanLimits& limits,
                            const Clock& clock);
/// `bounds` as histogram_bounds gives them.
Result<FoundCounts> count_logs(engine::Engine& engine, const LogstoreRef& ref,
                               const HistogramRequest& request,
                               const std::vector<std::int64_t>& bounds, const ScanLimits& limits,
                               const Clock& clock);

}  // namespace spillway::server
