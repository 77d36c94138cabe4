// The metrics door: counters, gauges and histograms behind prometheus-cpp, which is named only in
// metrics.cc. Thread-safe. Handles stay valid as long as the registry lives.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace spillway {

using MetricLabels = std::map<std::string, std::string>;

class Counter {
  public:
    virtual ~Counter() = default;
    virtual void add(double by = 1) = 0;
    virtual double value() const = 0;
};

class Gauge {
  public:
    virtual ~Gauge() = default;
    virtual void set(double value) = 0;
    virtual double value() const = 0;
};

class Histogram {
  public:
    virtual ~Histogram() = default;
    virtual void observe(double value) = 0;
};

class MetricsRegistry {
  public:
    MetricsRegistry();
    ~MetricsRegistry();
    MetricsRegistry(const MetricsRegistry&) = delete;
    MetricsRegistry& operator=(const MetricsRegistry&) = delete;

    /// The same name and labels give the same handle; help is one line. Counters end in _total.
    Counter& counter(std::string_view name, std::string_view help, const MetricLabels& labels = {});
    Gauge& gauge(std::string_view name, std::string_view help, const MetricLabels& labels = {});
    /// `bounds`: rising upper bounds, in the unit the name ends in.
    Histogram& histogram(std::string_view name, std::string_view help,
                         const std::vector<double>& bounds, const MetricLabels& labels = {});
    /// Takes the series away (a link that is no longer configured); its handle dies with it.
    void remove(std::string_view name, const MetricLabels& labels);

    /// Prometheus text format 0.0.4.
    std::string expose() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Twelve bounds from 5 ms to 300 s: fits every duration Spillway measures.
const std::vector<double>& duration_bounds_seconds();

}  // namespace spillway
