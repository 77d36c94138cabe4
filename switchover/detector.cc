#include "switchover/detector.h"

#include "base/text.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::switchover {

std::string_view name_of(Evidence evidence) {
    switch (evidence) {
        case Evidence::Ok:
            return "ok";
        case Evidence::Slow:
            return "slow";
        case Evidence::Throttled:
            return "throttled";
        case Evidence::Auth:
            return "auth";
        case Evidence::Clock:
            return "clock";
        case Evidence::Config:
            return "config";
        case Evidence::Unavailable:
            return "unavailable";
        case Evidence::Dns:
            return "dns";
        case Evidence::Self:
            return "self";
    }
    return "unavailable";
}

namespace {

bool is_ok(Evidence evidence) {
    return evidence == Evidence::Ok || evidence == Evidence::Slow;
}
bool is_fail(Evidence evidence) {
    return evidence == Evidence::Unavailable || evidence == Evidence::Dns;
}

bool is_dns(const Error& error) {
    const std::string text = to_lower(error.message);
    return text.find("resolve") != std::string::npos || text.find("dns") != std::string::npos;
}

Evidence classify_error(const Error& error) {
    switch (error.code) {
        case ErrorCode::Throttled:
            return Evidence::Throttled;
        case ErrorCode::Unauthenticated:
            return Evidence::Auth;
        case ErrorCode::ClockSkew:
            return Evidence::Clock;
        case ErrorCode::NotFound:
        case ErrorCode::InvalidArgument:
        case ErrorCode::Refused:
        case ErrorCode::Unsupported:
        case ErrorCode::AlreadyExists:
        case ErrorCode::Conflict:
        case ErrorCode::OutOfRange:
            return Evidence::Config;
        // Exhausted is the region's own disk here; what this host lacks comes as `self_trouble`.
        case ErrorCode::Exhausted:
            return Evidence::Unavailable;
        case ErrorCode::Cancelled:
        case ErrorCode::Internal:
        case ErrorCode::Corrupt:
        case ErrorCode::Unavailable:
            break;
    }
    if (error.http_status >= 400 && error.http_status < 500) return Evidence::Config;
    return is_dns(error) ? Evidence::Dns : Evidence::Unavailable;
}

void enter(DetectorState& state, RegionState next, const Observation& seen) {
    if (state.state == next) return;
    state.state = next;
    state.since = seen.at;
    state.since_wall = seen.wall;
}

void remember(DetectorState& state, const Observation& seen, const DetectorOptions& options) {
    state.same_in_row =
        state.last && state.newest.evidence == seen.evidence ? state.same_in_row + 1 : 1;
    state.ok_in_row = is_ok(seen.evidence) ? state.ok_in_row + 1 : 0;
    if (is_ok(seen.evidence)) {
        state.last_ok = seen.at;
        state.last_ok_wall = seen.wall;
    }
    state.window.push_back(seen.evidence);
    while (state.window.size() > static_cast<std::size_t>(options.window)) {
        state.window.pop_front();
    }
    if (!state.first) state.first = seen.at;
    state.last = seen.at;
    state.newest = seen;
}

bool fails_now(const DetectorState& state, MonoTime now, const DetectorOptions& options) {
    const MonoTime reference = state.last_ok.value_or(*state.first);
    const auto failed = std::count_if(state.window.begin(), state.window.end(), is_fail);
    return now - reference >= options.no_success && failed >= options.fail_in_window;
}

/// Late by our own clock, or short of our own resources: silence instead of a guess.
void doubt_ourselves(DetectorState& state, const Observation& seen,
                     const DetectorOptions& options) {
    const auto abstain = [&](std::string why) {
        state.abstain_until = seen.at + options.abstain_for;
        state.abstain_why = std::move(why);
        state.failing_since.reset();
        state.window.clear();
    };
    if (state.last) {
        const auto gap = std::chrono::duration_cast<milliseconds>(seen.at - *state.last);
        const auto late = gap - options.interval - options.timeout;
        if (late > options.late_tick) {
            abstain("this process stood still for " + human_duration(gap) +
                    " between two canaries");
        }
    }
    if (seen.evidence == Evidence::Self) abstain("this host is in trouble: " + seen.detail);
}

RegionState state_of_cause(Evidence evidence) {
    if (evidence == Evidence::Throttled) return RegionState::Throttled;
    if (evidence == Evidence::Auth) return RegionState::Credential;
    return RegionState::Misconfigured;
}

bool is_cause(Evidence evidence) {
    return evidence == Evidence::Throttled || evidence == Evidence::Auth ||
           evidence == Evidence::Config;
}

RegionState next_state(const DetectorState& state, const Observation& seen,
                       const DetectorOptions& options) {
    const bool failing = state.failing_since.has_value();
    const bool held = failing && seen.at - *state.failing_since >= options.hold;
    if (is_cause(seen.evidence) && state.same_in_row >= options.cause_in_row) {
        return state_of_cause(seen.evidence);
    }
    switch (state.state) {
        case RegionState::Failed:
            return state.ok_in_row >= options.recovering_after_ok ? RegionState::Recovering
                                                                  : RegionState::Failed;
        case RegionState::Recovering:
            if (held) return RegionState::Failed;
            return state.ok_in_row >= options.recovered_after_ok ? RegionState::Healthy
                                                                 : RegionState::Recovering;
        case RegionState::Suspect:
            if (held) return RegionState::Failed;
            if (!failing && state.not_failing_since &&
                seen.at - *state.not_failing_since >= options.no_success) {
                return RegionState::Healthy;
            }
            return RegionState::Suspect;
        case RegionState::Throttled:
        case RegionState::Credential:
        case RegionState::Misconfigured:
            if (failing) return RegionState::Suspect;
            return state.ok_in_row >= options.recovering_after_ok ? RegionState::Healthy
                                                                  : state.state;
        default:
            if (failing) return RegionState::Suspect;
            if (state.state == RegionState::Healthy) return RegionState::Healthy;
            return state.ok_in_row >= options.healthy_after_ok ? RegionState::Healthy
                                                               : RegionState::Unknown;
    }
}

}  // namespace

Evidence classify(const CanaryReply& reply, const DetectorOptions& options) {
    if (reply.self_trouble) return Evidence::Self;
    if (reply.error) return classify_error(*reply.error);
    return reply.latency > options.slow_above ? Evidence::Slow : Evidence::Ok;
}

DetectorState advance(DetectorState state, const Observation& seen,
                      const DetectorOptions& options) {
    doubt_ourselves(state, seen, options);
    remember(state, seen, options);
    if (state.abstain_until && seen.at < *state.abstain_until) {
        enter(state, RegionState::Unknown, seen);
        return state;
    }
    state.abstain_until.reset();
    if (fails_now(state, seen.at, options)) {
        if (!state.failing_since) state.failing_since = seen.at;
        state.not_failing_since.reset();
    } else {
        state.failing_since.reset();
        if (!state.not_failing_since) state.not_failing_since = seen.at;
    }
    enter(state, next_state(state, seen, options), seen);
    return state;
}

namespace {

std::string ago(MonoTime now, MonoTime then) {
    return human_duration(std::chrono::duration_cast<milliseconds>(now - then)) + " ago";
}

std::string waits_for(const DetectorState& state, MonoTime now, const DetectorOptions& options) {
    switch (state.state) {
        case RegionState::Unknown:
            return fmt::format("healthy after {} canaries OK in a row ({} so far)",
                               options.healthy_after_ok, state.ok_in_row);
        case RegionState::Suspect: {
            if (!state.failing_since) return "healthy again once nothing failed for a while";
            const auto left = std::chrono::duration_cast<milliseconds>(
                options.hold - (now - *state.failing_since));
            return "failed in " + human_duration(std::max(left, milliseconds{0})) +
                   " unless a canary succeeds";
        }
        case RegionState::Failed:
            return fmt::format("recovering after {} canaries OK in a row",
                               options.recovering_after_ok);
        case RegionState::Recovering:
            return fmt::format("healthy after {} canaries OK in a row ({} so far)",
                               options.recovered_after_ok, state.ok_in_row);
        default:
            return {};
    }
}

}  // namespace

std::vector<std::string> explain(const DetectorState& state, MonoTime now,
                                 const DetectorOptions& options) {
    if (!state.last) return {"no canary was written yet"};
    std::vector<std::string> why;
    const auto failed = std::count_if(state.window.begin(), state.window.end(), is_fail);
    if (is_cause(state.newest.evidence)) {
        why.push_back(fmt::format("the last {} canaries were refused: {}", state.same_in_row,
                                  name_of(state.newest.evidence)));
    }
    why.push_back(fmt::format("{} of the last {} canaries failed", failed, state.window.size()));
    why.push_back(state.last_ok ? "the last canary that succeeded was " + ago(now, *state.last_ok)
                                : "no canary ever succeeded");
    std::string newest = fmt::format("the newest, {}, was {}", ago(now, *state.last),
                                     name_of(state.newest.evidence));
    newest += state.newest.detail.empty() ? " in " + human_duration(state.newest.latency)
                                          : ": " + state.newest.detail;
    why.push_back(std::move(newest));
    if (state.abstain_until) {
        why.push_back("no verdict for " +
                      human_duration(std::max(
                          milliseconds{0},
                          std::chrono::duration_cast<milliseconds>(*state.abstain_until - now))) +
                      ": " + state.abstain_why);
    } else if (auto next = waits_for(state, now, options); !next.empty()) {
        why.push_back(std::move(next));
    }
    return why;
}

bool is_common_mode(RegionState one, RegionState other) {
    const auto bad = [](RegionState state) {
        return state == RegionState::Failed || state == RegionState::Suspect;
    };
    return (bad(one) && bad(other)) ||
           (one == RegionState::Credential && other == RegionState::Credential);
}

Status check(const DetectorOptions& options) {
    const auto wrong = [](std::string what) -> Status {
        return make_error(ErrorCode::InvalidArgument, std::move(what));
    };
    if (options.interval.count() <= 0) return wrong("probe interval must be above zero");
    if (options.timeout >= options.interval) {
        return wrong("probe timeout (" + human_duration(options.timeout) +
                     ") must be below the interval (" + human_duration(options.interval) + ")");
    }
    if (options.window < 1 || options.fail_in_window < 1 ||
        options.fail_in_window > options.window) {
        return wrong("fail_in_window must be between 1 and window");
    }
    return {};
}

}  // namespace spillway::switchover
