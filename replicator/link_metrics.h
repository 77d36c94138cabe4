// The metrics of one link. Thread-safe. Names and meanings: docs/metrics.md
#pragma once

#include "base/error.h"
#include "base/metrics.h"
#include "replicator/replicator.h"

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace spillway::replicator {

enum class Side { Source, Target };

class LinkMetrics {
  public:
    LinkMetrics(MetricsRegistry& registry, MetricLabels labels);
    ~LinkMetrics();

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
    struct Handles;
    struct Calls {
        std::map<std::string_view, Counter*> by_code;  // keys live in next_move.cc
        Histogram* seconds = nullptr;
    };
    MetricLabels with(MetricLabels extra) const;
    void publish_totals(const LinkTotals& totals);

    MetricsRegistry& registry_;
    const MetricLabels labels_;
    std::unique_ptr<Handles> handles_;
    std::mutex mutex_;  // guards everything below
    std::map<std::pair<Side, std::string>, Calls> calls_;
    LinkTotals published_;
};

}  // namespace spillway::replicator
