// Judges one region from the write canaries of one vantage: pure functions, no clock, no I/O.
//
//   fail      := no OK for `no_success` AND `fail_in_window` of the last `window` canaries failed
//   suspect   := fail
//   failed    := fail without a break for `hold`
//   only Unavailable and Dns count as failing: throttling, keys, clocks and configuration have
//   states and runbooks of their own and never lead to a failover.
//
// A vantage that doubts itself (its own tick came late, its own host is short of something)
// abstains: the region is then unknown, and unknown is not failed. Values; any thread. Why these
// numbers: docs/sources.md#detector
#pragma once

#include "switchover/ports.h"
#include "switchover/types.h"

#include <deque>
#include <string>
#include <vector>

namespace spillway::switchover {

/// What one canary came to; each ends in exactly one.
enum class Evidence { Ok, Slow, Throttled, Auth, Clock, Config, Unavailable, Dns, Self };

std::string_view name_of(Evidence evidence);  ///< "unavailable"

/// Chosen by the error's code; an HTTP 4xx nobody named is Config, all else Unavailable.
Evidence classify(const CanaryReply& reply, const DetectorOptions& options);

struct Observation {
    MonoTime at;
    WallTime wall;
    Evidence evidence = Evidence::Ok;
    milliseconds latency{0};
    std::string detail;  ///< the error's sentence; empty when OK
};

struct DetectorState {
    RegionState state = RegionState::Unknown;
    MonoTime since{};  ///< of `state`
    WallTime since_wall{};
    std::optional<MonoTime> first;  ///< observation ever; nothing: none yet
    std::optional<MonoTime> last;
    std::optional<MonoTime> last_ok;
    std::optional<WallTime> last_ok_wall;
    std::optional<MonoTime> failing_since;  ///< `fail` holds without a break from here
    std::optional<MonoTime> not_failing_since;
    std::optional<MonoTime> abstain_until;
    std::string abstain_why;
    std::deque<Evidence> window;  ///< newest last
    int ok_in_row = 0;
    int same_in_row = 0;  ///< the newest evidence, so many times in a row
    Observation newest;
};

/// The state after one more canary.
DetectorState advance(DetectorState before, const Observation& seen,
                      const DetectorOptions& options);

/// Sentences for people: the evidence, and what the state waits for.
std::vector<std::string> explain(const DetectorState& state, MonoTime now,
                                 const DetectorOptions& options);

/// Both sides bad at once is rarely two regions failing: it is our line or our keys.
bool is_common_mode(RegionState one, RegionState other);

/// Errors: InvalidArgument, naming the knob that breaks a rule.
Status check(const DetectorOptions& options);

}  // namespace spillway::switchover
