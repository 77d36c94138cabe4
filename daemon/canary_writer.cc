#include "daemon/canary_writer.h"

#include "base/text.h"
#include "logstore/wire/log_group_writer.h"

#include <utility>

namespace spillway::daemon {

namespace {

const LogstoreName kCanaryLogstore{"spillway-canary"};

LogstoreSettings canary_settings() {
    LogstoreSettings settings;
    settings.ttl_days = 1;
    settings.shard_count = 1;
    return settings;
}

/// Trouble of this host, not of the region: no descriptor, memory or disk, and nobody answered.
bool is_self_trouble(const Error& error) {
    return error.code == ErrorCode::Exhausted && error.http_status == 0;
}

std::string outcome_of(const switchover::CanaryReply& reply) {
    return reply.error ? std::string(name_of(reply.error->code)) : "ok";
}

}  // namespace

CanaryWriter::CanaryWriter(const Topology& topology, RegionSet& regions, const Clock& clock,
                           MetricsRegistry& metrics)
    : regions_(regions), clock_(clock), metrics_(metrics) {
    for (const auto& [name, logstore] : topology.logstores) {
        projects_.try_emplace(logstore.region, logstore.ref.project);
    }
}

Batch CanaryWriter::next_record() {
    std::uint64_t sequence = 0;
    {
        const std::lock_guard lock(mutex_);
        sequence = ++sequence_;
    }
    wire::LogGroupWriter writer;
    writer.begin_log(static_cast<std::uint32_t>(unix_seconds(clock_.wall())));
    writer.content("sequence", std::to_string(sequence));
    writer.content("written_at", rfc3339(clock_.wall()));
    writer.end_log();
    writer.topic("spillway-canary");
    Batch batch;
    batch.body = writer.take();
    batch.raw_bytes = batch.body.size();
    return batch;
}

Status CanaryWriter::write(const RegionName& region, const LogstoreRef& canary) {
    auto& api = regions_.brisk(region);
    auto put = api.put(canary, next_record());
    if (!put && put.error().code == ErrorCode::NotFound) {
        // An existing project is not made anew; a missing one is the operator's to know about.
        auto made = api.create_logstore(canary, canary_settings());
        if (!made && made.error().code != ErrorCode::AlreadyExists) return std::move(made).error();
        put = api.put(canary, next_record());
    }
    if (!put) return std::move(put).error();
    return {};
}

switchover::CanaryReply CanaryWriter::write_canary(const RegionName& region,
                                                   std::chrono::milliseconds timeout) {
    const auto began = clock_.mono();
    switchover::CanaryReply reply;
    const auto project = projects_.find(region);
    if (project == projects_.end()) {
        reply.error = make_error(ErrorCode::NotFound,
                                 "the topology names no Logstore in region " + region.str());
    } else if (auto written = write(region, {project->second, kCanaryLogstore}); !written) {
        reply.error = std::move(written).error();
        reply.self_trouble = is_self_trouble(*reply.error);
    }
    reply.latency = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.mono() - began);
    if (!reply.error && reply.latency > timeout) {
        reply.error = make_error(ErrorCode::Unavailable,
                                 "the canary write took " + human_duration(reply.latency));
    }
    metrics_
        .counter("spillway_probe_runs_total", "Canary writes by outcome",
                 {{"region", region.str()}, {"outcome", outcome_of(reply)}})
        .add();
    metrics_
        .gauge("spillway_probe_success", "1 when the last canary write was acknowledged",
               {{"region", region.str()}})
        .set(reply.error ? 0 : 1);
    metrics_
        .histogram("spillway_probe_duration_seconds", "Time of a canary write",
                   duration_bounds_seconds(), {{"region", region.str()}})
        .observe(std::chrono::duration<double>(reply.latency).count());
    return reply;
}

}  // namespace spillway::daemon
