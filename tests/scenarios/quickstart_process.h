// A `spillway quickstart` as a real process whose output a test reads while it runs, with a
// temporary folder of its own that shows what was left behind. One owner.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/types.h>

namespace spillway::scenarios {

class QuickstartProcess {
  public:
    using LineHandler = std::function<void(const std::string& line)>;

    /// `on_line` runs on the reading thread.
    QuickstartProcess(const std::string& scratch, const std::vector<std::string>& arguments,
                      LineHandler on_line = {});
    ~QuickstartProcess();
    QuickstartProcess(const QuickstartProcess&) = delete;
    QuickstartProcess& operator=(const QuickstartProcess&) = delete;

    /// The first line that contains `text`; nothing when the process ends or the limit passes
    /// first.
    std::optional<std::string> wait_for(const std::string& text, std::chrono::seconds limit);
    void send(int signal) const;
    /// Exit status, or 128 + signal; kills it when the limit passes.
    int finish(std::chrono::seconds limit);
    /// Everything it said.
    std::string output() const;
    /// Pids it named as started and that still live.
    std::vector<pid_t> living_children() const;
    /// The pid in "NAME runs (pid N)", the last one said.
    pid_t pid_of(const std::string& name) const;

  private:
    void read_output(int descriptor);

    pid_t pid_ = -1;
    LineHandler on_line_;
    mutable std::mutex mutex_;  // guards lines_ and ended_
    std::condition_variable changed_;
    std::vector<std::string> lines_;
    bool ended_ = false;
    std::optional<int> wait_status_;
    std::jthread reader_;
};

}  // namespace spillway::scenarios
