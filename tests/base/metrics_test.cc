#include "base/metrics.h"

#include <thread>

#include <gtest/gtest.h>

namespace spillway {
namespace {

TEST(Metrics, GiveTheSameHandleForTheSameSeries) {
    MetricsRegistry registry;
    Counter& a = registry.counter("spillway_logs_total", "Logs.", {{"link", "a"}});
    Counter& b = registry.counter("spillway_logs_total", "Logs.", {{"link", "b"}});
    EXPECT_EQ(&a, &registry.counter("spillway_logs_total", "Logs.", {{"link", "a"}}));
    EXPECT_NE(&a, &b);
    a.add();
    a.add(2);
    EXPECT_EQ(a.value(), 3);
    EXPECT_EQ(b.value(), 0);
}

TEST(Metrics, ExposeTextThatPrometheusReads) {
    MetricsRegistry registry;
    registry.counter("spillway_logs_total", "Logs read.", {{"link", "a\"b\\c\nd"}}).add(5);
    registry.gauge("spillway_lag_seconds", "Lag.").set(1.5);
    registry.histogram("spillway_put_seconds", "Put time.", {0.1, 1}).observe(0.5);
    const std::string text = registry.expose();
    for (const char* line :
         {"# HELP spillway_logs_total Logs read.\n", "# TYPE spillway_logs_total counter\n",
          "spillway_logs_total{link=\"a\\\"b\\\\c\\nd\"} 5\n",
          "# TYPE spillway_lag_seconds gauge\n", "spillway_lag_seconds 1.5\n",
          "spillway_put_seconds_bucket{le=\"0.1\"} 0\n",
          "spillway_put_seconds_bucket{le=\"1\"} 1\n",
          "spillway_put_seconds_bucket{le=\"+Inf\"} 1\n", "spillway_put_seconds_count 1\n",
          "spillway_put_seconds_sum 0.5\n"}) {
        EXPECT_NE(text.find(line), std::string::npos) << line << "---\n" << text;
    }
}

TEST(Metrics, FoldHelpIntoOneLineAndLabelsIntoUtf8) {
    MetricsRegistry registry;
    registry.gauge("spillway_x", "first\n  second\tthird ", {{"name", "bad \xff"}}).set(1);
    const std::string text = registry.expose();
    EXPECT_NE(text.find("# HELP spillway_x first second third\n"), std::string::npos) << text;
    EXPECT_NE(text.find("spillway_x{name=\"bad \xEF\xBF\xBD\"} 1\n"), std::string::npos) << text;
}

TEST(Metrics, TakeASeriesAway) {
    MetricsRegistry registry;
    registry.gauge("spillway_x", "X.", {{"link", "a"}}).set(1);
    registry.gauge("spillway_x", "X.", {{"link", "b"}}).set(2);
    registry.remove("spillway_x", {{"link", "a"}});
    registry.remove("spillway_x", {{"link", "never"}});
    registry.remove("spillway_never", {});
    const std::string text = registry.expose();
    EXPECT_EQ(text.find("link=\"a\""), std::string::npos);
    EXPECT_NE(text.find("link=\"b\""), std::string::npos);
    EXPECT_EQ(registry.gauge("spillway_x", "X.", {{"link", "a"}}).value(), 0);
}

TEST(MetricsDeathTest, StopAProgramThatUsesOneNameForTwoKinds) {
    MetricsRegistry registry;
    registry.gauge("spillway_x", "X.");
    EXPECT_DEATH(registry.counter("spillway_x", "X."), "one metric name, two kinds");
    EXPECT_DEATH(registry.counter("not a name", "X."), "broken invariant");
}

TEST(Metrics, CountFromManyThreads) {
    MetricsRegistry registry;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int k = 0; k < 1'000; ++k) registry.counter("spillway_n_total", "N.").add();
            (void)registry.expose();
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(registry.counter("spillway_n_total", "N.").value(), 4'000);
}

}  // namespace
}  // namespace spillway
