// Fault switches for drills: a region that misbehaves on purpose. A fault matches an operation (or
// all) and strikes at a rate; the first one that strikes decides. Set over GET/PUT/DELETE
// /admin/faults. Thread-safe.
#pragma once

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace spillway::server {

enum class FaultKind {
    Refuse,     ///< close the connection without a word
    Delay,      ///< answer later
    Freeze,     ///< answer when the set of faults changes
    Throttle,   ///< 403 WriteQuotaExceed or ReadQuotaExceed
    Error,      ///< a service code of choice
    DropReply,  ///< do it, then close the connection without a word
    ReadOnly,   ///< refuse what changes anything, ServerBusy
    DiskFull,   ///< refuse PutLogs as a full disk does
    ClockSkew,  ///< the server's clock is off
};

struct Fault {
    FaultKind kind = FaultKind::Refuse;
    std::string operation = "*";         ///< "PutLogs"; "*": every operation
    double rate = 1.0;                   ///< share of requests it strikes
    std::chrono::milliseconds delay{0};  ///< of Delay
    std::string service_code;            ///< of Error
    std::chrono::seconds skew{0};        ///< of ClockSkew
    bool operator==(const Fault&) const = default;
};

std::string_view name_of(FaultKind kind);

/// {"faults": [{"kind": "delay", "op": "PutLogs", "rate": 0.5, "delay_ms": 200}, ...]}
json::object faults_json(const std::vector<Fault>& faults);
/// Errors: InvalidArgument, naming the member. An operation that does not exist is refused, and so
/// is what no request could ever meet: a fault that is on is one that can strike.
Result<std::vector<Fault>> parse_faults(const json::object& object);

/// The first fault that strikes a request; `draw` gives numbers in [0, 1).
std::optional<Fault> strike(const std::vector<Fault>& faults, std::string_view operation,
                            bool is_write, const std::function<double()>& draw);

/// The set that is switched on now.
class FaultSwitches {
  public:
    std::vector<Fault> all() const;
    void set(std::vector<Fault> faults);
    std::optional<Fault> strike(std::string_view operation, bool is_write);
    std::chrono::seconds skew() const;

  private:
    mutable std::mutex mutex_;  // guards faults_ and draws_
    std::vector<Fault> faults_;
    std::uint64_t draws_ = 0;
};

/// The server's clock: the true one, off by what a fault says.
class SkewedClock final : public Clock {
  public:
    SkewedClock(const Clock& clock, const FaultSwitches& faults) : clock_(clock), faults_(faults) {}
    WallTime wall() const override { return clock_.wall() + faults_.skew(); }
    MonoTime mono() const override { return clock_.mono(); }

  private:
    const Clock& clock_;
    const FaultSwitches& faults_;
};

/// Runs work later, on a thread of its own.
class LateWork {
  public:
    LateWork();
    ~LateWork();
    void after(std::chrono::milliseconds delay, std::function<void()> work);
    /// Until thaw().
    void freeze(std::function<void()> work);
    void thaw();
    /// Drops what waits, and whatever comes later.
    void close();

  private:
    void run(const std::stop_token& stop);

    std::mutex mutex_;  // guards due_, frozen_ and closed_
    std::condition_variable_any changed_;
    std::multimap<MonoTime, std::function<void()>> due_;
    std::vector<std::function<void()>> frozen_;
    bool closed_ = false;
    std::jthread thread_;
};

}  // namespace spillway::server
