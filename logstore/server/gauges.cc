#include "logstore/server/gauges.h"

#include <algorithm>

namespace spillway::server {

namespace {

constexpr FaultKind kKinds[] = {FaultKind::Refuse,   FaultKind::Delay,    FaultKind::Freeze,
                                FaultKind::Throttle, FaultKind::Error,    FaultKind::DropReply,
                                FaultKind::ReadOnly, FaultKind::DiskFull, FaultKind::ClockSkew};

}  // namespace

void set_gauges(MetricsRegistry& metrics, const engine::Engine& engine, const FaultSwitches& faults,
                const HttpServer* http) {
    const auto set = [&](std::string_view name, std::string_view help, std::size_t value,
                         const MetricLabels& labels = {}) {
        metrics.gauge(name, help, labels).set(static_cast<double>(value));
    };
    set("spillway_region_connections", "Open connections", http ? http->connections() : 0);
    set("spillway_region_body_bytes", "Bytes that bodies of requests hold in memory",
        http ? http->body_bytes() : 0);
    const auto counts = engine.counts();
    set("spillway_region_logstores", "Logstores", counts.logstores);
    set("spillway_region_shards", "Shards", counts.shards_writable, {{"status", "readwrite"}});
    set("spillway_region_shards", "Shards", counts.shards_readonly, {{"status", "readonly"}});
    set("spillway_region_writing_bytes", "Bytes accepted and not yet on the disk",
        counts.writing_bytes);
    constexpr auto kOpenHelp = "Segment files open, by what for";
    set("spillway_region_open_segment_files", kOpenHelp, counts.files_reading, {{"for", "read"}});
    set("spillway_region_open_segment_files", kOpenHelp, counts.files_writing, {{"for", "write"}});
    const auto switched_on = faults.all();
    for (const auto kind : kKinds) {
        const auto count = std::count_if(switched_on.begin(), switched_on.end(),
                                         [&](const Fault& fault) { return fault.kind == kind; });
        set("spillway_region_faults_on", "Fault switches that are on, by kind",
            static_cast<std::size_t>(count), {{"kind", std::string(name_of(kind))}});
    }
}

}  // namespace spillway::server
