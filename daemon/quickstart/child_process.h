// Starting one child process that cannot outlive us, and running one to its end. Linux.
// Thread rule: a child is killed by the kernel when the *thread* that started it ends, so start
// children only from threads that live as long as the children should.
#pragma once

#include "base/result.h"

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace spillway::daemon::quickstart {

struct ChildCommand {
    std::string program;
    std::vector<std::string> arguments;  ///< without the program
};

/// Forks and executes with stdin from /dev/null, stdout and stderr on `output_descriptor`, its own
/// process group (a Ctrl-C in our terminal is ours to pass on), no other descriptor of ours,
/// default signals, and SIGKILL from the kernel should we die first, even while it starts. Errors:
/// NotFound, Refused or Exhausted by what fork or exec said.
Result<pid_t> spawn_child(const ChildCommand& command, int output_descriptor);

/// "exit 78", "killed by signal 9 (Killed)".
std::string describe_wait_status(int wait_status);

/// Runs to the end, handing over each line it prints. Cancelled when stopped, Unavailable when
/// `limit` passes; the child is killed then. Returns the exit status (128 + signal when killed).
Result<int> run_child(const ChildCommand& command, std::chrono::milliseconds limit,
                      const std::function<void(std::string_view line)>& on_line,
                      std::stop_token stop);

/// The running binary itself: a path that shows its name in `ps`, or /proc/self/exe if that path is
/// gone.
std::string own_program();

}  // namespace spillway::daemon::quickstart
