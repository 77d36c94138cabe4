// Loss window and duplicate window of one operation, as honest numbers: pure functions.
//
// Loss, by class: L1 acknowledged by the source and not replicated (comes with the source), L2
// still with the agent, L3 gone. Duplicates, by cause: D1 re-read by the twin, D2 queue drained to
// the old side, D3 acknowledgement lost, D4 replication repeated. A window is cut by cursors; times
// are for display. While the source is dark its end is unknown and everything about L1 is a bound.
// Source: docs/sources.md#windows. Values; any thread.
#pragma once

#include "switchover/ports.h"
#include "switchover/types.h"

namespace spillway::switchover {

/// What would be lost if the source were gone from `now` on: time since the source was last proved
/// to hold nothing more. Nothing known of a shard makes the whole unknown.
Measure loss_estimate_seconds(const LinkProgress& progress, WallTime now);
/// The same in logs, from the busiest minute of the last hour.
Measure loss_estimate_logs(const LinkProgress& progress, WallTime now);

/// What is known when a report is written.
struct WindowEvidence {
    Operation operation;
    std::string link;
    bool exactly_once = false;
    WallTime cut_at{};
    WallTime committed_at{};
    std::vector<LinkShard> at_cut;  ///< the last look at the link before the switch
    std::optional<double> peak_logs_per_second;
    /// Planned only: where the link had come when the drain ended.
    std::optional<std::map<ShardId, Cursor>> drained_to;
    /// The source's end once nothing wrote there any more; nothing: not known yet.
    std::optional<std::map<ShardId, Cursor>> final_ends;
    /// Written by agents themselves into the source behind the cut: what it had received before the
    /// switch, and what came later out of agents' queues.
    std::map<ShardId, RangeCount> counted;
    std::map<ShardId, RangeCount> counted_late;
    std::optional<DuplicateCount> duplicates;
    std::string duplicates_why_not;
    std::optional<milliseconds> write_gap;
    std::uint32_t tail_size_kb = 0;
    std::optional<double> peak_kb_per_second;
    std::vector<std::string> notes;
};

Report make_report(const WindowEvidence& evidence, WallTime now);

}  // namespace spillway::switchover
