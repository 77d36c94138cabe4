// The metrics of one link. Thread-safe. Names and meanings: docs/metrics.md
#pragma once

#include "base/error.h"
#include "base/metrics.h"
#include "replicator/replicator.h"

#include <chrono>
#include <string_view>

namespace spillway::replicator {

enum class Side { Source, Target };

class LinkMetrics {
  public:
    LinkMetrics(MetricsRegistry& registry, MetricLabels labels);

    /// `op`: shards, cursor, pull, put, look. Null error: it went well.
    void request(Side side, std::string_view op, const Error* error, Nanoseconds took);
    void retry(Side side, const Error& error);
    void throttled(Side side, bool by_us, std::chrono::milliseconds wait);
    void checkpoint_write(bool ok);
    void dead_letter(std::string_view reason, std::uint64_t logs);
    /// Everything that follows from the status; called each time it was taken. `up`: both sides
    /// answered lately. `read`, `written` and so on become counters, so totals must never fall.
    void publish(const LinkStatus& status, bool up);

  private:
    Counter& counter(std::string_view name, std::string_view help, MetricLabels extra = {});
    Gauge& gauge(std::string_view name, std::string_view help, MetricLabels extra = {});
    void publish_totals(const LinkTotals& totals);

    MetricsRegistry& registry_;
    MetricLabels labels_;
    LinkTotals published_;
};

}  // namespace spillway::replicator
