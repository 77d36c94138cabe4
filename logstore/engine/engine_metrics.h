// What the engine counts. Handles only; the registry is the caller's. Any thread.
#pragma once

#include "base/metrics.h"

namespace spillway::engine {

struct EngineMetrics {
    explicit EngineMetrics(MetricsRegistry& registry);

    Counter& stored_groups;
    Counter& stored_raw_bytes;
    Counter& stored_wire_bytes;
    Counter& refused_by_fence;
    Counter& failed_puts;
    Counter& syncs;
    Histogram& sync_seconds;
    Histogram& round_groups;
    Counter& damaged_records;
    Counter& torn_bytes;
    Counter& pulled_groups;
    Counter& pulled_raw_bytes;
    Counter& dropped_segments;
    Counter& cache_found;
    Counter& cache_opened;
};

}  // namespace spillway::engine
