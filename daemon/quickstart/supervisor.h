// Keeps a set of child processes running: one that ends without being asked to is started again at
// once with the same arguments. Children cannot outlive us (child_process.h).
// Thread rule: any thread may call; children are started by a thread of the supervisor's own, which
// lives until stop_all. Event handlers run on that thread, or in the caller of the acting function.
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/types.h>

namespace spillway::daemon::quickstart {

struct ChildSpec {
    std::string name;                    ///< "region hz": what people read
    std::vector<std::string> arguments;  ///< of the supervisor's program
    std::string log_path;                ///< stdout and stderr, appended
};

struct ChildEvent {
    enum class Kind { Started, Died, Restarted, Failed } kind = Kind::Started;
    std::string name;
    pid_t pid = 0;
    std::string reason;  ///< of Died and Failed
};

/// How soon a child that died is started again. Pure.
struct RestartPolicy {
    std::chrono::milliseconds short_life{2'000};  ///< a child that lived less was not running yet
    std::chrono::milliseconds pause{300};         ///< before starting such a child again
    int short_lives_max = 10;                     ///< in a row; then the supervisor gives up on it

    /// Nothing: give up.
    std::optional<std::chrono::milliseconds> wait_before_restart(std::chrono::milliseconds lived,
                                                                 int short_lives_so_far) const;
};

class Supervisor {
  public:
    using Handler = std::function<void(const ChildEvent&)>;

    Supervisor(std::string program, RestartPolicy policy, const Clock& clock, Handler on_event);
    ~Supervisor();
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;

    /// Starts and keeps running. Errors: those of spawn_child; Exhausted or Refused for the log
    /// file.
    Status start(ChildSpec spec);
    /// SIGKILL, and it stays down until release(). Errors: NotFound.
    Status kill_and_hold(const std::string& name);
    /// Starts a held child again. Errors: NotFound; those of start.
    Status release(const std::string& name);
    /// Pid by name, 0 while down.
    std::map<std::string, pid_t> pids() const;
    /// How often children were started again without being asked for.
    int restarts() const;
    /// Why a child could not be kept running, once that is so.
    std::optional<Error> failure() const;
    /// SIGTERM to all, last started first; SIGKILL to what is left after `grace`. Returns when none
    /// is left.
    void stop_all(std::chrono::milliseconds grace);

  private:
    struct Child;

    void watch(const std::stop_token& stop);
    Status spawn_locked(Child& child);
    void reap_locked(Child& child, std::vector<ChildEvent>& events);
    void restart_due_locked(Child& child, std::vector<ChildEvent>& events);
    void run_on_watcher(std::function<void()> work);
    Child* find_locked(const std::string& name);

    const std::string program_;
    const RestartPolicy policy_;
    const Clock& clock_;
    const Handler on_event_;
    mutable std::mutex mutex_;  // guards all below
    std::condition_variable_any changed_;
    std::vector<std::unique_ptr<Child>> children_;  // in order of start
    std::vector<std::function<void()>> work_;       // for the watcher, done under the mutex
    std::optional<Error> failure_;
    int restarts_ = 0;
    bool stopping_ = false;
    std::jthread watcher_;
};

}  // namespace spillway::daemon::quickstart
