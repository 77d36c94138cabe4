#include "switchover/windows.h"

#include "base/text.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace spillway::switchover {

namespace {

double seconds_between(WallTime from, WallTime to) {
    return std::max(0.0, std::chrono::duration<double>(to - from).count());
}

Measure exact(double value, std::string reason) {
    return {value, Bound::Exact, std::move(reason)};
}
Measure at_most(double value, std::string reason) {
    return {value, Bound::UpperBound, std::move(reason)};
}
Measure unknown(std::string reason) {
    return {std::nullopt, Bound::Unknown, std::move(reason)};
}

/// The latest moment up to which everything the source had received is known to be in the target.
std::optional<WallTime> covered_until(const LinkShard& shard) {
    if (shard.proved_at_end && shard.replicated_until) {
        return std::max(*shard.proved_at_end, *shard.replicated_until);
    }
    return shard.proved_at_end ? shard.proved_at_end : shard.replicated_until;
}

Measure shard_seconds_bound(const LinkShard& shard, WallTime cut_at) {
    const auto covered = covered_until(shard);
    if (!covered) return unknown("replication never proved to be at the source's end");
    return at_most(
        seconds_between(*covered, cut_at),
        "the source's end beyond it is unknown; replication last covered the source at " +
            rfc3339(*covered));
}

Measure logs_bound(const Measure& seconds, std::optional<double> peak) {
    if (!seconds.value) return unknown(seconds.reason);
    if (*seconds.value == 0) return at_most(0, seconds.reason);
    if (!peak) return unknown("the rate before the cut was not measured");
    return at_most(std::ceil(*seconds.value * *peak),
                   fmt::format("{:.1f} s at {:.1f} logs/s, the busiest minute before the cut",
                               *seconds.value, *peak));
}

Cursor window_begin(const WindowEvidence& evidence, const LinkShard& shard) {
    if (evidence.drained_to) {
        const auto found = evidence.drained_to->find(shard.shard);
        if (found != evidence.drained_to->end()) return found->second;
    }
    return shard.replicated_to;
}

ShardWindow final_window(const WindowEvidence& evidence, const LinkShard& shard) {
    ShardWindow window;
    const auto end = evidence.final_ends->find(shard.shard);
    if (end != evidence.final_ends->end()) window.source_end = end->second;
    const auto counted = evidence.counted.find(shard.shard);
    if (counted == evidence.counted.end()) {
        window.loss_logs = unknown("the range was not counted");
        window.loss_seconds = window.loss_logs;
        return window;
    }
    const auto& range = counted->second;
    window.loss_logs = exact(static_cast<double>(range.logs),
                             "received before the switch, counted between the two cursors");
    const double span =
        range.first && range.last ? seconds_between(*range.first, *range.last) : 0.0;
    window.loss_seconds = exact(span, "from the first to the last of them, by receive time");
    return window;
}

ShardWindow first_window(const WindowEvidence& evidence, const LinkShard& shard) {
    ShardWindow window;
    window.source_end = shard.source_end;
    if (evidence.drained_to) {
        window.source_end = window_begin(evidence, shard);
        window.loss_logs =
            exact(0, "the link had acknowledged the source's end when the target took over");
        window.loss_seconds = window.loss_logs;
        return window;
    }
    window.loss_seconds = shard_seconds_bound(shard, evidence.cut_at);
    window.loss_logs = logs_bound(window.loss_seconds, evidence.peak_logs_per_second);
    return window;
}

ShardWindow window_of(const WindowEvidence& evidence, const LinkShard& shard) {
    auto window =
        evidence.final_ends ? final_window(evidence, shard) : first_window(evidence, shard);
    window.link = evidence.link;
    window.shard = shard.shard;
    window.replicated_at_cut = window_begin(evidence, shard);
    window.proved_at_end = shard.proved_at_end;
    return window;
}

/// Sum of logs, widest of seconds; the weakest bound speaks for the whole.
Measure join(const std::vector<ShardWindow>& shards, Measure ShardWindow::*member, bool widest) {
    Measure all = exact(0, "over all shards");
    for (const auto& shard : shards) {
        const auto& one = shard.*member;
        if (!one.value) return one;
        all.value = widest ? std::max(*all.value, *one.value) : *all.value + *one.value;
        if (one.bound != Bound::Exact) {
            all.bound = one.bound;
            all.reason = one.reason;
        }
    }
    return all;
}

/// Shards share one peak rate: adding a bound per shard would count it several times.
Measure loss_logs_of(const WindowEvidence& evidence, const std::vector<ShardWindow>& shards) {
    if (evidence.final_ends || evidence.drained_to) {
        return join(shards, &ShardWindow::loss_logs, false);
    }
    return logs_bound(join(shards, &ShardWindow::loss_seconds, true),
                      evidence.peak_logs_per_second);
}

Measure still_missing(const WindowEvidence& evidence, const Measure& loss) {
    if (evidence.final_ends) {
        return exact(0, "the link acknowledged everything up to the source's end");
    }
    return loss;
}

void judge_duplicates(const WindowEvidence& evidence, Report& report) {
    if (evidence.duplicates && evidence.final_ends) {
        const auto& found = *evidence.duplicates;
        report.duplicate_logs =
            exact(static_cast<double>(found.logs), "counted by content in the target");
        const double span =
            found.first && found.last ? seconds_between(*found.first, *found.last) : 0.0;
        report.duplicate_seconds = exact(span, "from the first to the last of them");
        return;
    }
    std::string why = evidence.duplicates_why_not.empty()
                          ? fmt::format(
                                "twins read the last {} KiB of each file again; counted "
                                "once the old side is drained",
                                evidence.tail_size_kb)
                          : evidence.duplicates_why_not;
    report.duplicate_logs = unknown(why);
    report.duplicate_seconds = unknown(std::move(why));
}

Measure late_at_agent(const WindowEvidence& evidence) {
    if (evidence.final_ends) {
        double late = 0;
        for (const auto& [shard, range] : evidence.counted_late) {
            late += static_cast<double>(range.logs);
        }
        return exact(late,
                     "came to the old side after the switch and were copied; the twin read "
                     "them too as far as its tail reaches");
    }
    if (!evidence.peak_kb_per_second) {
        return unknown(fmt::format(
            "agents' own offsets are not reported; a file that grew by more than {} KiB since its "
            "last acknowledged write has a gap",
            evidence.tail_size_kb));
    }
    return at_most(0, fmt::format("{} KiB are read again of each file: more than {:.0f} KB/s can "
                                  "write in the time allowed for a switch",
                                  evidence.tail_size_kb, *evidence.peak_kb_per_second));
}

std::vector<WindowClass> classes_of(const WindowEvidence& evidence, const Report& report) {
    return {
        {"L1",
         "acknowledged by the old side and not replicated at the cut; comes with the old side",
         report.loss_logs},
        {"L2", "still with the agent: read again by the twin", late_at_agent(evidence)},
        {"L3", "rotated away or discarded by the agent", unknown("only the agent can tell")},
        {"D1",
         "read again by the twin, or drained from a queue after the cut (D2), or repeated "
         "after a lost acknowledgement (D3)",
         report.duplicate_logs},
        {"D4", "replication repeated",
         evidence.exactly_once
             ? exact(0, "writes carry key and sequence id, and the target refuses repeats")
             : unknown("the target has no write fence: at least once")},
        {"D5", "agents that crashed and replayed", unknown("not caused by the operation")},
    };
}

}  // namespace

Measure loss_estimate_seconds(const LinkProgress& progress, WallTime now) {
    if (progress.shards.empty()) return unknown("the link has no shard yet");
    Measure all = at_most(0, "");
    for (const auto& shard : progress.shards) {
        const auto one = shard_seconds_bound(shard, now);
        if (!one.value) return one;
        if (*one.value >= *all.value) all = one;
    }
    return all;
}

Measure loss_estimate_logs(const LinkProgress& progress, WallTime now) {
    return logs_bound(loss_estimate_seconds(progress, now), progress.peak_logs_per_second);
}

Report make_report(const WindowEvidence& evidence, WallTime now) {
    const auto& plan = evidence.operation.plan;
    Report report;
    report.operation = evidence.operation.id;
    report.pair = plan.pair;
    report.kind = plan.kind;
    report.from = plan.from;
    report.to = plan.to;
    report.epoch = plan.epoch;
    report.final = evidence.final_ends.has_value();
    report.made_at = now;
    report.started_at = evidence.operation.started_at;
    report.committed_at = evidence.committed_at;
    report.write_gap = evidence.write_gap;
    for (const auto& shard : evidence.at_cut) report.shards.push_back(window_of(evidence, shard));
    report.loss_logs = loss_logs_of(evidence, report.shards);
    report.loss_seconds = join(report.shards, &ShardWindow::loss_seconds, true);
    if (report.shards.empty()) {
        report.loss_logs = unknown("the pair has no link from " + plan.from.str());
        report.loss_seconds = report.loss_logs;
    }
    report.missing_logs = still_missing(evidence, report.loss_logs);
    judge_duplicates(evidence, report);
    report.classes = classes_of(evidence, report);
    report.notes = evidence.notes;
    return report;
}

}  // namespace spillway::switchover
