#include "daemon/signals.h"

#include <cerrno>

namespace spillway::daemon {

SignalWaiter::SignalWaiter(std::initializer_list<int> signals) {
    ::sigemptyset(&signals_);
    for (const int signal : signals) ::sigaddset(&signals_, signal);
    ::pthread_sigmask(SIG_BLOCK, &signals_, &before_);
}

SignalWaiter::~SignalWaiter() {
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

int SignalWaiter::wait() const {
    while (true) {
        const int signal = ::sigwaitinfo(&signals_, nullptr);
        if (signal > 0) return signal;
    }
}

std::optional<int> SignalWaiter::wait_for(std::chrono::milliseconds timeout) const {
    timespec limit{};
    limit.tv_sec = timeout.count() / 1000;
    limit.tv_nsec = timeout.count() % 1000 * 1'000'000;
    const int signal = ::sigtimedwait(&signals_, nullptr, &limit);
    return signal > 0 ? std::optional(signal) : std::nullopt;
}

}  // namespace spillway::daemon
