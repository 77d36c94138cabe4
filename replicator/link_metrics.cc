#include "replicator/link_metrics.h"

#include "replicator/next_move.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace spillway::replicator {
namespace {

constexpr std::array kStates{LinkState::Starting, LinkState::Replicating, LinkState::Paused,
                             LinkState::Draining, LinkState::Faulted};
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

std::string side_name(Side side) {
    return side == Side::Source ? "source" : "target";
}

template <class T>
double or_unknown(const std::optional<T>& value) {
    return value ? static_cast<double>(*value) : kUnknown;
}

double timestamp(const std::optional<WallTime>& at) {
    if (!at) return kUnknown;
    return std::chrono::duration<double>(at->time_since_epoch()).count();
}

double seconds(Nanoseconds duration) {
    return std::chrono::duration<double>(duration).count();
}

}  // namespace

LinkMetrics::LinkMetrics(MetricsRegistry& registry, MetricLabels labels)
    : registry_(registry), labels_(std::move(labels)) {}

Counter& LinkMetrics::counter(std::string_view name, std::string_view help, MetricLabels extra) {
    extra.insert(labels_.begin(), labels_.end());
    return registry_.counter(name, help, extra);
}

Gauge& LinkMetrics::gauge(std::string_view name, std::string_view help, MetricLabels extra) {
    extra.insert(labels_.begin(), labels_.end());
    return registry_.gauge(name, help, extra);
}

void LinkMetrics::request(Side side, std::string_view op, const Error* error, Nanoseconds took) {
    const std::string code(error == nullptr ? "ok" : request_code(*error));
    counter("spillway_link_requests_total", "Calls to source and target by outcome.",
            {{"side", side_name(side)}, {"op", std::string(op)}, {"code", code}})
        .add();
    MetricLabels labels{{"side", side_name(side)}, {"op", std::string(op)}};
    labels.insert(labels_.begin(), labels_.end());
    registry_
        .histogram("spillway_link_request_seconds", "Duration of calls to source and target.",
                   duration_bounds_seconds(), labels)
        .observe(seconds(took));
}

void LinkMetrics::retry(Side side, const Error& error) {
    counter("spillway_link_retries_total", "Calls that have to be made again, by reason.",
            {{"side", side_name(side)}, {"reason", std::string(name_of(error.code))}})
        .add();
}

void LinkMetrics::throttled(Side side, bool by_us, std::chrono::milliseconds wait) {
    counter("spillway_link_throttled_seconds_total", "Time spent waiting for a quota.",
            {{"side", side_name(side)}, {"by", by_us ? "local" : "remote"}})
        .add(seconds(wait));
}

void LinkMetrics::checkpoint_write(bool ok) {
    counter("spillway_link_checkpoint_writes_total", "Commits of checkpoints and intents.",
            {{"outcome", ok ? "ok" : "failed"}})
        .add();
}

void LinkMetrics::dead_letter(std::string_view reason, std::uint64_t logs) {
    counter("spillway_link_dead_letters_total",
            "Logs that could not be copied, by who refused them.",
            {{"reason", std::string(reason)}})
        .add(static_cast<double>(logs));
}

void LinkMetrics::publish_totals(const LinkTotals& totals) {
    const auto raise = [](Counter& metric, std::uint64_t now, std::uint64_t& before) {
        if (now > before) metric.add(static_cast<double>(now - before));
        before = std::max(before, now);
    };
    raise(counter("spillway_link_logs_read_total", "Logs read from the source."), totals.logs_read,
          published_.logs_read);
    raise(counter("spillway_link_logs_written_total", "Logs the target acknowledged."),
          totals.logs_written, published_.logs_written);
    raise(counter("spillway_link_logs_filtered_total", "Logs the rule dropped, and loops."),
          totals.logs_filtered, published_.logs_filtered);
    raise(counter("spillway_link_bytes_read_total", "Bytes read.", {{"encoding", "raw"}}),
          totals.bytes_read_raw, published_.bytes_read_raw);
    raise(counter("spillway_link_bytes_read_total", "Bytes read.", {{"encoding", "wire"}}),
          totals.bytes_read_wire, published_.bytes_read_wire);
    raise(counter("spillway_link_bytes_written_total", "Bytes written.", {{"encoding", "raw"}}),
          totals.bytes_written_raw, published_.bytes_written_raw);
    raise(counter("spillway_link_bytes_written_total", "Bytes written.", {{"encoding", "wire"}}),
          totals.bytes_written_wire, published_.bytes_written_wire);
    raise(counter("spillway_link_batches_written_total", "Writes the target acknowledged."),
          totals.batches_written, published_.batches_written);
    raise(counter("spillway_link_duplicates_suppressed_total",
                  "Writes that were repeated and that the target's fence kept out."),
          totals.duplicates_suppressed, published_.duplicates_suppressed);
    raise(counter("spillway_link_gaps_total", "Ranges of the source that were gone before copied."),
          totals.gaps, published_.gaps);
}

void LinkMetrics::publish(const LinkStatus& status, bool up) {
    gauge("spillway_link_up", "1 while both sides answered lately.").set(up ? 1 : 0);
    for (const LinkState state : kStates) {
        gauge("spillway_link_state", "1 for the state the link is in.",
              {{"state", std::string(name_of(state))}})
            .set(state == status.state ? 1 : 0);
    }
    gauge("spillway_link_lag_seconds",
          "Age of the oldest source data not acknowledged; NaN unknown.")
        .set(or_unknown(status.lag.seconds));
    gauge("spillway_link_lag_logs", "Logs behind, estimated; NaN unknown.")
        .set(or_unknown(status.lag.logs));
    gauge("spillway_link_lag_bytes", "Raw bytes behind, estimated; NaN unknown.")
        .set(or_unknown(status.lag.bytes));
    gauge("spillway_link_stalled", "1 while there is backlog and no progress.")
        .set(status.lag.stalled ? 1 : 0);
    gauge("spillway_link_rpo_seconds", "Loss window if the source died now; NaN unknown.")
        .set(or_unknown(status.rpo_seconds));
    gauge("spillway_link_source_last_seen_timestamp_seconds", "Last usable answer of the source.")
        .set(timestamp(status.source_seen));
    gauge("spillway_link_last_ack_timestamp_seconds", "Last acknowledgement of the target.")
        .set(timestamp(status.last_ack));
    gauge("spillway_link_inflight_logs", "Logs read and not yet acknowledged.")
        .set(static_cast<double>(status.totals.logs_in_flight));
    gauge("spillway_link_dead_letters", "Records in quarantine.")
        .set(static_cast<double>(status.dead_letters_held));
    std::array<int, 4> roles{};
    for (const ShardState& shard : status.shards) {
        ++roles[shard.drained ? 1U : shard.waiting ? 2U : shard.faulted ? 3U : 0U];
    }
    constexpr std::array kRoles{"copying", "drained", "waiting", "faulted"};
    for (std::size_t role = 0; role < roles.size(); ++role) {
        gauge("spillway_link_shards", "Source shards by what is done with them.",
              {{"role", kRoles[role]}})
            .set(roles[role]);
    }
    publish_totals(status.totals);
}

}  // namespace spillway::replicator
