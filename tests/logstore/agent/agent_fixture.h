// Two regions in memory, a folder with log files, and an agent between them whose time stands
// still.
#pragma once

#include "logstore/agent/agent.h"
#include "tests/support/fake_region.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace spillway::agent {

/// Keeps what was logged, so that tests can look for an event.
class KeptLog final : public EventLog {
  public:
    void write(LogLevel level, std::string_view event, std::string_view sentence,
               LogFields fields) override;
    bool has(std::string_view event) const;
    std::string text() const;

  private:
    mutable std::mutex mutex_;  // guards lines_
    std::vector<std::string> lines_;
};

struct ConfigSpec {
    std::string name = "app";
    std::string paths = "*.log";  ///< below the log folder
    bool allows_others = false;
    int tail_size_kb = 1024;
    std::string logstore = "app";
};

class AgentFixture : public testing::Test {
  protected:
    AgentFixture();
    ~AgentFixture() override;

    /// Config, machine group and binding in one go.
    void serve_config(test_support::FakeRegion& region, const ConfigSpec& spec = {});
    void bind(test_support::FakeRegion& region, const std::string& config);
    void unbind(test_support::FakeRegion& region, const std::string& config);

    /// A new agent over the same folder; polls and steps once.
    void start();
    /// The process dies: nothing is saved, nothing is sent.
    void crash();
    void stop();
    /// Lets time pass in steps of 200 ms, working in each.
    void pass(std::chrono::milliseconds duration);
    void poll();

    std::string log_path(const std::string& name) const { return logs_ + "/" + name; }
    void append(const std::string& name, std::string_view bytes);
    void rename(const std::string& from, const std::string& to);
    std::string content_of(const std::string& name) const;

    LogstoreRef ref(const test_support::FakeRegion& region,
                    const std::string& logstore = "app") const;
    /// Every log as it was stored, in order.
    std::vector<std::string> lines(test_support::FakeRegion& region,
                                   const std::string& logstore = "app");
    /// The bytes of each inode put together again from offsets; "!" in front where bytes are
    /// missing.
    std::string rebuilt(test_support::FakeRegion& region, std::uint64_t inode);
    std::uint64_t inode_of(const std::string& name) const;
    std::optional<TailStatus> tail(const std::string& config) const;

    std::string root_;
    std::string logs_;
    FakeClock clock_;
    test_support::FakeRegion hz_{clock_};
    test_support::FakeRegion sh_{clock_};
    KeptLog log_;
    AgentOptions options_;
    std::unique_ptr<Agent> agent_;
};

}  // namespace spillway::agent
