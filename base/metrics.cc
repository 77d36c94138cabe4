#include "base/metrics.h"

#include "base/result.h"
#include "base/text.h"

#include <mutex>
#include <sstream>
#include <type_traits>
#include <utility>
#include <variant>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace spillway {

namespace {

class PromCounter final : public Counter {
  public:
    explicit PromCounter(prometheus::Counter& metric) : metric_(metric) {}
    void add(double by) override { metric_.Increment(by); }
    double value() const override { return metric_.Value(); }
    prometheus::Counter* metric() { return &metric_; }

  private:
    prometheus::Counter& metric_;
};

class PromGauge final : public Gauge {
  public:
    explicit PromGauge(prometheus::Gauge& metric) : metric_(metric) {}
    void set(double value) override { metric_.Set(value); }
    double value() const override { return metric_.Value(); }
    prometheus::Gauge* metric() { return &metric_; }

  private:
    prometheus::Gauge& metric_;
};

class PromHistogram final : public Histogram {
  public:
    explicit PromHistogram(prometheus::Histogram& metric) : metric_(metric) {}
    void observe(double value) override { metric_.Observe(value); }
    prometheus::Histogram* metric() { return &metric_; }

  private:
    prometheus::Histogram& metric_;
};

/// All series of one name; `Handle` is what we gave away for each.
template <class Metric, class Handle>
struct FamilyOf {
    prometheus::Family<Metric>* family = nullptr;
    std::map<MetricLabels, std::unique_ptr<Handle>> handles;

    template <class... Arguments>
    Handle& series(const MetricLabels& labels, const Arguments&... arguments) {
        auto& handle = handles[labels];
        if (!handle) handle = std::make_unique<Handle>(family->Add(labels, arguments...));
        return *handle;
    }

    void remove(const MetricLabels& labels) {
        const auto found = handles.find(labels);
        if (found == handles.end()) return;
        family->Remove(found->second->metric());
        handles.erase(found);
    }
};

using Counters = FamilyOf<prometheus::Counter, PromCounter>;
using Gauges = FamilyOf<prometheus::Gauge, PromGauge>;
using Histograms = FamilyOf<prometheus::Histogram, PromHistogram>;

/// The library writes help as it stands, so a line break would cut the page in two.
std::string one_line(std::string_view help) {
    std::string out;
    for (const char c : to_valid_utf8(help)) {
        const bool blank = c == '\n' || c == '\r' || c == '\t' || c == ' ' || c == '\\';
        if (!blank) {
            out += c;
        } else if (!out.empty() && out.back() != ' ') {
            out += ' ';
        }
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

/// Label values come from people and peers; the text format is UTF-8.
MetricLabels valid_labels(const MetricLabels& labels) {
    MetricLabels out;
    for (const auto& [name, value] : labels) out.emplace(name, to_valid_utf8(value));
    return out;
}

}  // namespace

struct MetricsRegistry::Impl {
    prometheus::Registry registry;
    mutable std::mutex mutex;  // guards families
    std::map<std::string, std::variant<Counters, Gauges, Histograms>, std::less<>> families;

    /// The family of that name, made by `build` the first time. A name that is used for two kinds,
    /// or that Prometheus does not allow, is a mistake in our own source.
    template <class Family, class Build>
    Family& family(std::string_view name, std::string_view help, Build build) {
        const auto found = families.find(name);
        if (found != families.end()) {
            auto* family = std::get_if<Family>(&found->second);
            SPILLWAY_INVARIANT(family != nullptr, "one metric name, two kinds");
            return *family;
        }
        Family made;
        try {
            made.family = &build().Name(std::string(name)).Help(one_line(help)).Register(registry);
        } catch (const std::exception& failure) {
            invariant_failed(__FILE__, __LINE__, failure.what());
        }
        auto& slot = families.emplace(name, std::move(made)).first->second;
        return *std::get_if<Family>(&slot);
    }
};

MetricsRegistry::MetricsRegistry() : impl_(std::make_unique<Impl>()) {}
MetricsRegistry::~MetricsRegistry() = default;

Counter& MetricsRegistry::counter(std::string_view name, std::string_view help,
                                  const MetricLabels& labels) {
    const std::lock_guard lock(impl_->mutex);
    return impl_->family<Counters>(name, help, prometheus::BuildCounter)
        .series(valid_labels(labels));
}

Gauge& MetricsRegistry::gauge(std::string_view name, std::string_view help,
                              const MetricLabels& labels) {
    const std::lock_guard lock(impl_->mutex);
    return impl_->family<Gauges>(name, help, prometheus::BuildGauge).series(valid_labels(labels));
}

Histogram& MetricsRegistry::histogram(std::string_view name, std::string_view help,
                                      const std::vector<double>& bounds,
                                      const MetricLabels& labels) {
    const std::lock_guard lock(impl_->mutex);
    return impl_->family<Histograms>(name, help, prometheus::BuildHistogram)
        .series(valid_labels(labels), bounds);
}

void MetricsRegistry::remove(std::string_view name, const MetricLabels& labels) {
    const std::lock_guard lock(impl_->mutex);
    const auto found = impl_->families.find(name);
    if (found == impl_->families.end()) return;
    std::visit([&](auto& family) { family.remove(valid_labels(labels)); }, found->second);
}

std::string MetricsRegistry::expose() const {
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, impl_->registry.Collect());
    return std::move(out).str();
}

const std::vector<double>& duration_bounds_seconds() {
    static const std::vector<double> kBounds{0.005, 0.01, 0.025, 0.1, 0.25, 0.5,
                                             1,     2.5,  10,    30,  60,   300};
    return kBounds;
}

}  // namespace spillway
