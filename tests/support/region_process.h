// A real `spillway region serve` as a process that can be killed at any moment. One owner; what it
// says is read by a thread of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/types.h>

namespace spillway::support {

class RegionProcess {
  public:
    RegionProcess(const std::string& binary, const std::vector<std::string>& arguments);
    ~RegionProcess();  // kills it
    RegionProcess(const RegionProcess&) = delete;
    RegionProcess& operator=(const RegionProcess&) = delete;

    /// "http://127.0.0.1:40123" once it serves; nothing when it ended or the limit passed.
    std::optional<std::string> wait_until_ready(std::chrono::seconds limit);
    void kill();
    pid_t pid() const { return pid_; }
    /// SIGTERM, then waits. Exit status, or 128 + signal.
    int stop();
    /// How often a line held `text`.
    int said(const std::string& text) const;
    std::string last_words() const;

  private:
    void read_lines(int descriptor);
    int reap();

    pid_t pid_ = -1;
    mutable std::mutex mutex_;  // guards the rest but reader_
    std::condition_variable changed_;
    std::vector<std::string> lines_;
    bool ended_ = false;
    std::thread reader_;
};

/// Runs to the end; its exit status.
int run_to_end(const std::string& binary, const std::vector<std::string>& arguments);

}  // namespace spillway::support
