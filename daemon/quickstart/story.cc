#include "daemon/quickstart/story.h"

namespace spillway::daemon::quickstart {
namespace {

StoryStep stay(Phase phase, std::string waiting_for) {
    return {phase, Act::None, std::move(waiting_for)};
}

StoryStep stuck(std::string waiting_for) {
    return {Phase::Stuck, Act::None, std::move(waiting_for)};
}

StoryStep decide_failing_over(const StoryFacts& facts, const StoryLimits& limits) {
    if (facts.target_active && facts.failover_ended) {
        return {Phase::OnTarget, Act::ReleaseFeed, "the agents to write to the target region"};
    }
    const std::string waiting = facts.failover_ended ? "the daemon to finish the failover"
                                                     : "the failover command to finish";
    if (facts.in_phase >= limits.fail_over) return stuck(waiting);
    // The daemon may have been killed while the command talked to it: the operation goes on by
    // itself when it had begun, and is asked for again when it had not.
    return {Phase::FailingOver, facts.failover_ended ? Act::RetryFailover : Act::None, waiting};
}

StoryStep decide_on_target(const StoryFacts& facts, const StoryLimits& limits) {
    if (!facts.target_receives) {
        const std::string waiting = "the agents to write to the target region";
        return facts.in_phase < limits.move_agents ? stay(Phase::OnTarget, waiting)
                                                   : stuck(waiting);
    }
    if (facts.fed >= limits.return_at) return {Phase::Returned, Act::ReturnSource, {}};
    return stay(Phase::OnTarget, "some more input to go to the target region");
}

std::string what_is_left(const StoryFacts& facts) {
    if (!facts.feed_done) return "the rest of the input to be fed";
    if (!facts.source_seen_up) return "the daemon to see the source region again";
    if (!facts.link_caught_up) return "the link to copy what the source region still holds";
    if (!facts.all_arrived) return "the last lines to arrive in the target region";
    return "the daemon to prove that the source region gets no more data";
}

}  // namespace

std::string_view name_of(Phase phase) {
    switch (phase) {
        case Phase::Feeding:
            return "feeding";
        case Phase::SourceDown:
            return "source_down";
        case Phase::FailingOver:
            return "failing_over";
        case Phase::OnTarget:
            return "on_target";
        case Phase::Returned:
            return "returned";
        case Phase::Settled:
            return "settled";
        case Phase::Stuck:
            return "stuck";
    }
    return "unknown";
}

StoryStep decide(Phase phase, const StoryFacts& facts, const StoryLimits& limits) {
    switch (phase) {
        case Phase::Feeding:
            if (facts.fed < limits.kill_at) return stay(phase, "input to flow for a while");
            return {Phase::SourceDown, Act::KillSource, "the daemon to see it"};
        case Phase::SourceDown:
            if (facts.source_seen_down) return {Phase::FailingOver, Act::StartFailover, {}};
            if (facts.in_phase >= limits.detect) {
                return stuck("the daemon to see that the source region is down");
            }
            return stay(phase, "the daemon to see it");
        case Phase::FailingOver:
            return decide_failing_over(facts, limits);
        case Phase::OnTarget:
            return decide_on_target(facts, limits);
        case Phase::Returned: {
            const bool over = facts.feed_done && facts.all_arrived && facts.link_caught_up &&
                              !facts.obligations_open;
            if (over) return {Phase::Settled, Act::None, {}};
            if (facts.feed_done && facts.in_phase >= limits.settle)
                return stuck(what_is_left(facts));
            return stay(phase, what_is_left(facts));
        }
        case Phase::Settled:
        case Phase::Stuck:
            break;
    }
    return stay(phase, {});
}

}  // namespace spillway::daemon::quickstart
