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
constexpr std::array kRoles{"copying", "drained", "waiting", "faulted"};
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

/// Series that are there from the start, so that a dashboard never misses one.
struct LinkMetrics::Handles {
    Gauge* up;
    std::array<Gauge*, kStates.size()> states;
    Gauge* lag_seconds;
    Gauge* lag_logs;
    Gauge* lag_bytes;
    Gauge* stalled;
    Gauge* rpo;
    Gauge* source_seen;
    Gauge* last_ack;
    Gauge* in_flight;
    Gauge* dead_letters;
    std::array<Gauge*, kRoles.size()> shards;
    Counter* logs_read;
    Counter* logs_written;
    Counter* logs_filtered;
    Counter* read_raw;
    Counter* read_wire;
    Counter* written_raw;
    Counter* written_wire;
    Counter* batches;
    Counter* suppressed;
    Counter* gaps;
    Counter* checkpoints_ok;
    Counter* checkpoints_failed;
};

LinkMetrics::LinkMetrics(MetricsRegistry& registry, MetricLabels labels)
    : registry_(registry), labels_(std::move(labels)), handles_(std::make_unique<Handles>()) {
    const auto gauge = [&](std::string_view name, std::string_view help, MetricLabels extra = {}) {
        return &registry_.gauge(name, help, with(std::move(extra)));
    };
    const auto counter = [&](std::string_view name, std::string_view help,
                             MetricLabels extra = {}) {
        return &registry_.counter(name, help, with(std::move(extra)));
    };
    Handles& to = *handles_;
    to.up = gauge("spillway_link_up", "1 while both sides answered lately.");
    for (std::size_t state = 0; state < kStates.size(); ++state) {
        to.states[state] = gauge("spillway_link_state", "1 for the state the link is in.",
                                 {{"state", std::string(name_of(kStates[state]))}});
    }
    to.lag_seconds = gauge("spillway_link_lag_seconds",
                           "Age of the oldest source data not acknowledged; NaN unknown.");
    to.lag_logs = gauge("spillway_link_lag_logs", "Logs behind, estimated; NaN unknown.");
    to.lag_bytes = gauge("spillway_link_lag_bytes", "Raw bytes behind, estimated; NaN unknown.");
    to.stalled = gauge("spillway_link_stalled", "1 while there is backlog and no progress.");
    to.rpo = gauge("spillway_link_rpo_seconds", "Loss window if the source died now; NaN unknown.");
    to.source_seen = gauge("spillway_link_source_last_seen_timestamp_seconds",
                           "Last usable answer of the source; NaN never.");
    to.last_ack = gauge("spillway_link_last_ack_timestamp_seconds",
                        "Last acknowledgement of the target; NaN never.");
    to.in_flight = gauge("spillway_link_inflight_logs", "Logs read and not yet acknowledged.");
    to.dead_letters = gauge("spillway_link_dead_letters", "Records in quarantine.");
    for (std::size_t role = 0; role < kRoles.size(); ++role) {
        to.shards[role] = gauge("spillway_link_shards", "Source shards by what is done with them.",
                                {{"role", kRoles[role]}});
    }
    to.logs_read = counter("spillway_link_logs_read_total", "Logs read from the source.");
    to.logs_written = counter("spillway_link_logs_written_total", "Logs the target acknowledged.");
    to.logs_filtered =
        counter("spillway_link_logs_filtered_total", "Logs the rule dropped, and loops.");
    to.read_raw = counter("spillway_link_bytes_read_total", "Bytes read.", {{"encoding", "raw"}});
    to.read_wire = counter("spillway_link_bytes_read_total", "Bytes read.", {{"encoding", "wire"}});
    to.written_raw =
        counter("spillway_link_bytes_written_total", "Bytes written.", {{"encoding", "raw"}});
    to.written_wire =
        counter("spillway_link_bytes_written_total", "Bytes written.", {{"encoding", "wire"}});
    to.batches = counter("spillway_link_batches_written_total", "Writes the target acknowledged.");
    to.suppressed = counter("spillway_link_duplicates_suppressed_total",
                            "Writes that were repeated and that the target's fence kept out.");
    to.gaps =
        counter("spillway_link_gaps_total", "Ranges of the source that were gone before copied.");
    to.checkpoints_ok = counter("spillway_link_checkpoint_writes_total",
                                "Commits of checkpoints and intents.", {{"outcome", "ok"}});
    to.checkpoints_failed = counter("spillway_link_checkpoint_writes_total",
                                    "Commits of checkpoints and intents.", {{"outcome", "failed"}});
}

LinkMetrics::~LinkMetrics() = default;

MetricLabels LinkMetrics::with(MetricLabels extra) const {
    extra.insert(labels_.begin(), labels_.end());
    return extra;
}

void LinkMetrics::request(Side side, std::string_view op, const Error* error, Nanoseconds took) {
    const std::string_view code = error == nullptr ? "ok" : request_code(*error);
    const std::lock_guard lock(mutex_);
    Calls& calls = calls_[{side, std::string(op)}];
    const MetricLabels labels{{"side", side_name(side)}, {"op", std::string(op)}};
    if (calls.seconds == nullptr) {
        calls.seconds = &registry_.histogram("spillway_link_request_seconds",
                                             "Duration of calls to source and target.",
                                             duration_bounds_seconds(), with(labels));
    }
    Counter*& counter = calls.by_code[code];
    if (counter == nullptr) {
        MetricLabels labelled = with(labels);
        labelled["code"] = std::string(code);
        counter = &registry_.counter("spillway_link_requests_total",
                                     "Calls to source and target by outcome.", labelled);
    }
    counter->add();
    calls.seconds->observe(seconds(took));
}

void LinkMetrics::retry(Side side, const Error& error) {
    registry_
        .counter("spillway_link_retries_total", "Calls that have to be made again, by reason.",
                 with({{"side", side_name(side)}, {"reason", std::string(name_of(error.code))}}))
        .add();
}

void LinkMetrics::throttled(Side side, bool by_us, std::chrono::milliseconds wait) {
    registry_
        .counter("spillway_link_throttled_seconds_total", "Time spent waiting for a quota.",
                 with({{"side", side_name(side)}, {"by", by_us ? "local" : "remote"}}))
        .add(seconds(wait));
}

void LinkMetrics::checkpoint_write(bool ok) {
    (ok ? handles_->checkpoints_ok : handles_->checkpoints_failed)->add();
}

void LinkMetrics::dead_letter(std::string_view reason, std::uint64_t logs) {
    registry_
        .counter("spillway_link_dead_letters_total",
                 "Logs that could not be copied, by who refused them.",
                 with({{"reason", std::string(reason)}}))
        .add(static_cast<double>(logs));
}

void LinkMetrics::publish_totals(const LinkTotals& totals) {
    const auto raise = [](Counter* metric, std::uint64_t now, std::uint64_t& before) {
        if (now > before) metric->add(static_cast<double>(now - before));
        before = std::max(before, now);
    };
    const Handles& to = *handles_;
    const std::lock_guard lock(mutex_);
    raise(to.logs_read, totals.logs_read, published_.logs_read);
    raise(to.logs_written, totals.logs_written, published_.logs_written);
    raise(to.logs_filtered, totals.logs_filtered, published_.logs_filtered);
    raise(to.read_raw, totals.bytes_read_raw, published_.bytes_read_raw);
    raise(to.read_wire, totals.bytes_read_wire, published_.bytes_read_wire);
    raise(to.written_raw, totals.bytes_written_raw, published_.bytes_written_raw);
    raise(to.written_wire, totals.bytes_written_wire, published_.bytes_written_wire);
    raise(to.batches, totals.batches_written, published_.batches_written);
    raise(to.suppressed, totals.duplicates_suppressed, published_.duplicates_suppressed);
    raise(to.gaps, totals.gaps, published_.gaps);
}

void LinkMetrics::publish(const LinkStatus& status, bool up) {
    const Handles& to = *handles_;
    to.up->set(up ? 1 : 0);
    for (std::size_t state = 0; state < kStates.size(); ++state) {
        to.states[state]->set(kStates[state] == status.state ? 1 : 0);
    }
    to.lag_seconds->set(or_unknown(status.lag.seconds));
    to.lag_logs->set(or_unknown(status.lag.logs));
    to.lag_bytes->set(or_unknown(status.lag.bytes));
    to.stalled->set(status.lag.stalled ? 1 : 0);
    to.rpo->set(or_unknown(status.rpo_seconds));
    to.source_seen->set(timestamp(status.source_seen));
    to.last_ack->set(timestamp(status.last_ack));
    to.in_flight->set(static_cast<double>(status.totals.logs_in_flight));
    to.dead_letters->set(static_cast<double>(status.dead_letters_held));
    std::array<int, kRoles.size()> roles{};
    for (const ShardState& shard : status.shards) {
        ++roles[shard.drained ? 1U : shard.waiting ? 2U : shard.faulted ? 3U : 0U];
    }
    for (std::size_t role = 0; role < roles.size(); ++role) to.shards[role]->set(roles[role]);
    publish_totals(status.totals);
}

}  // namespace spillway::replicator
