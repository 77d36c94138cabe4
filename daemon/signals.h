// Signals as something to wait for, instead of handlers. Make one before the first thread: threads
// inherit the mask. One per process at a time.
#pragma once

#include <chrono>
#include <initializer_list>
#include <optional>

#include <signal.h>

namespace spillway::daemon {

class SignalWaiter {
  public:
    /// Blocks these signals for this thread and those it will start; the old mask comes back at the
    /// end.
    explicit SignalWaiter(std::initializer_list<int> signals);
    ~SignalWaiter();
    SignalWaiter(const SignalWaiter&) = delete;
    SignalWaiter& operator=(const SignalWaiter&) = delete;

    int wait() const;
    std::optional<int> wait_for(std::chrono::milliseconds timeout) const;

  private:
    sigset_t signals_;
    sigset_t before_;
};

}  // namespace spillway::daemon
