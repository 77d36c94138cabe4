// What happens next in a quickstart: the drill as a state machine. Pure: facts in, act out.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace spillway::daemon::quickstart {

enum class Phase {
    Feeding,      ///< both regions up, the source region collects
    SourceDown,   ///< killed; waiting for the daemon to see it
    FailingOver,  ///< the failover command runs
    OnTarget,     ///< agents write to the target region; the source is still down
    Returned,     ///< the source is back; its tail is being copied
    Settled,      ///< nothing is under way any more
    Stuck,        ///< a limit passed; `waiting_for` says what did not come
};
std::string_view name_of(Phase phase);

/// What the driver saw.
struct StoryFacts {
    std::chrono::milliseconds in_phase{0};
    double fed = 0;  ///< fraction of the feeding period
    bool feed_done = false;
    bool source_seen_down = false;  ///< by the daemon
    bool failover_ended = false;    ///< the command returned, however
    bool target_active = false;     ///< by the daemon
    bool target_receives = false;   ///< agents' own records are in the target region
    bool source_seen_up = false;    ///< by the daemon, after its return
    bool all_arrived = false;       ///< every produced byte is in the target region
    bool link_caught_up = false;    ///< the link copied the source's end
    bool obligations_open = true;   ///< by the daemon: fencing and draining the source
};

struct StoryLimits {
    double kill_at = 0.35;    ///< of the feeding period
    double return_at = 0.88;  ///< the rest is fed after the source came back
    std::chrono::milliseconds detect{20'000};
    std::chrono::milliseconds fail_over{60'000};
    std::chrono::milliseconds move_agents{30'000};
    std::chrono::milliseconds settle{60'000};
};

enum class Act {
    None,
    KillSource,
    StartFailover,
    RetryFailover,  ///< the command ended but the daemon says it did not happen
    ReleaseFeed,    ///< the held-back input may flow: it goes to the target
    ReturnSource,
};

struct StoryStep {
    Phase phase = Phase::Feeding;  ///< from now on
    Act act = Act::None;
    std::string waiting_for;  ///< for people
};

StoryStep decide(Phase phase, const StoryFacts& facts, const StoryLimits& limits);

}  // namespace spillway::daemon::quickstart
