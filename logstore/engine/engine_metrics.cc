#include "logstore/engine/engine_metrics.h"

namespace spillway::engine {

EngineMetrics::EngineMetrics(MetricsRegistry& registry)
    : stored_groups(registry.counter("spillway_region_stored_groups_total",
                                     "LogGroups acknowledged as stored")),
      stored_raw_bytes(registry.counter("spillway_region_stored_raw_bytes_total",
                                        "Uncompressed bytes of the LogGroups stored")),
      stored_wire_bytes(registry.counter("spillway_region_stored_wire_bytes_total",
                                         "Compressed bytes of the LogGroups stored")),
      refused_by_fence(
          registry.counter("spillway_region_refused_by_fence_total",
                           "Writes refused because their sequence id was not greater")),
      failed_puts(registry.counter("spillway_region_failed_puts_total",
                                   "Writes that could not be stored (disk full, I/O error)")),
      syncs(registry.counter("spillway_region_syncs_total", "Syncs of log files to the disk")),
      sync_seconds(registry.histogram(
          "spillway_region_sync_seconds", "How long one sync took",
          {0.0002, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.25, 1, 4})),
      round_groups(registry.histogram("spillway_region_round_groups",
                                      "LogGroups that one sync made durable",
                                      {1, 2, 4, 8, 16, 32, 64, 128, 256, 1024})),
      damaged_records(registry.counter("spillway_region_damaged_records_total",
                                       "Records found damaged and not served")),
      torn_bytes(registry.counter("spillway_region_torn_bytes_total",
                                  "Bytes of unfinished writes cut off at start")),
      pulled_groups(registry.counter("spillway_region_pulled_groups_total", "LogGroups served")),
      pulled_raw_bytes(registry.counter("spillway_region_pulled_raw_bytes_total",
                                        "Uncompressed bytes of the LogGroups served")),
      dropped_segments(registry.counter("spillway_region_dropped_segments_total",
                                        "Segments deleted by retention")),
      cache_found(registry.counter("spillway_region_file_cache_found_total",
                                   "Reads whose file was open already")),
      cache_opened(registry.counter("spillway_region_file_cache_opened_total",
                                    "Reads that had to open their file")) {}

}  // namespace spillway::engine
