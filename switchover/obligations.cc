#include "switchover/obligations.h"

#include "base/text.h"
#include "switchover/codec.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::switchover {

namespace {

std::string key_of(const Obligation& obligation) {
    return fmt::format("{}/{}/{}", obligation.pair.str(), obligation.epoch,
                       name_of(obligation.kind));
}

bool is_fenced(const std::vector<Stored<Obligation>>& all, Epoch epoch) {
    return std::all_of(all.begin(), all.end(), [&](const auto& entry) {
        return entry.value.epoch != epoch || entry.value.kind != ObligationKind::FenceSource ||
               entry.value.closed_at.has_value();
    });
}

}  // namespace

void ObligationKeeper::say(const Obligation& obligation, std::string sentence) {
    std::lock_guard lock(mutex_);
    said_[key_of(obligation)] = std::move(sentence);
}

std::string ObligationKeeper::sentence(const Obligation& obligation) {
    if (obligation.closed_at) return obligation.sentence;
    std::lock_guard lock(mutex_);
    const auto found = said_.find(key_of(obligation));
    return found == said_.end() ? obligation.sentence : found->second;
}

/// The old side is asked as often as its canary: the sooner it is fenced, the fewer doubles.
milliseconds ObligationKeeper::interval(const PairOptions& pair) const {
    const auto quiet = std::max(milliseconds{200}, pair.quiet_period / 5);
    return std::min({pair.obligation_interval, options_.detector.interval, quiet});
}

std::optional<milliseconds> ObligationKeeper::advance(const PairOptions& pair) {
    auto all = records_.obligations(pair.name);
    auto record = records_.pair(pair.name, pair.active_first);
    if (!all || !record) return interval(pair);
    bool open = false;
    for (auto& entry : *all) {
        if (entry.value.closed_at) continue;
        open = true;
        if (record->value.phase == PairPhase::Switching) continue;
        Status worked;
        if (entry.value.epoch != record->value.epoch) {
            worked = close(
                entry, fmt::format("superseded: the pair is at epoch {} now", record->value.epoch));
        } else {
            auto operation = records_.operation(pair.name, entry.value.operation);
            if (!operation) {
                worked = operation.error();
            } else if (operation->value.phase != OperationPhase::Done) {
                continue;
            } else if (entry.value.kind == ObligationKind::FenceSource) {
                worked = fence(pair, entry, operation->value);
            } else if (is_fenced(*all, entry.value.epoch)) {
                worked = drain(pair, entry, operation->value);
            }
        }
        if (!worked) say(entry.value, worked.error().to_string());
    }
    if (!open) return std::nullopt;
    return interval(pair);
}

Status ObligationKeeper::close(Stored<Obligation>& obligation, std::string sentence) {
    obligation.value.closed_at = ports_.clock.wall();
    obligation.value.sentence = std::move(sentence);
    if (auto saved = records_.save(obligation); !saved) return saved;
    ports_.events.info("obligation.met", obligation.value.sentence,
                       {{"pair", obligation.value.pair.str()},
                        {"kind", name_of(obligation.value.kind)},
                        {"epoch", obligation.value.epoch}});
    return {};
}

Status ObligationKeeper::fence(const PairOptions& pair, Stored<Obligation>& obligation,
                               const Operation& operation) {
    const auto& plan = operation.plan;
    auto unbound =
        unbind_moves(*ports_.regions.at(plan.from), member_in(pair, plan.from)->logstore.project,
                     plan.moves, &ConfigMove::source_group);
    if (!unbound) {
        return Error(unbound.error()).while_doing(plan.from.str() + " cannot be fenced yet");
    }
    return close(obligation, "configs are unbound in " + plan.from.str());
}

Result<std::optional<std::map<ShardId, Cursor>>> ObligationKeeper::quiet_ends(
    const PairOptions& pair, const Obligation& obligation) {
    const auto& member = *member_in(pair, obligation.region);
    Tail* tail = nullptr;
    {
        std::lock_guard lock(mutex_);
        tail = &tails_[pair.name];
    }
    if (tail->epoch != obligation.epoch) *tail = Tail{obligation.epoch, {}, std::nullopt};
    if (tail->looked_to.empty()) {
        auto ends = end_cursors(*ports_.regions.at(member.region), member.logstore);
        if (!ends) return std::move(ends).error();
        tail->looked_to = std::move(*ends);
        tail->quiet_since = ports_.clock.mono();
    }
    auto seen = ports_.arrivals.arrivals(member.region, member.logstore, tail->looked_to);
    if (!seen) return std::move(seen).error();
    tail->looked_to = std::move(seen->next);
    const auto now = ports_.clock.mono();
    if (seen->direct_logs > 0 || !seen->at_end) tail->quiet_since = now;
    const auto quiet = std::chrono::duration_cast<milliseconds>(now - *tail->quiet_since);
    if (quiet < pair.quiet_period) {
        say(obligation, fmt::format("{} has been quiet for {} of {}", member.region.str(),
                                    human_duration(quiet), human_duration(pair.quiet_period)));
        return std::optional<std::map<ShardId, Cursor>>{};
    }
    return std::optional{tail->looked_to};
}

Status ObligationKeeper::drain(const PairOptions& pair, Stored<Obligation>& obligation,
                               const Operation& operation) {
    const auto& plan = operation.plan;
    auto kept = records_.cut(plan.pair, plan.epoch, "ends");
    if (!kept) return std::move(kept).error();
    std::map<ShardId, Cursor> ends;
    if (kept->has_value()) {
        ends = decode_cursors(**kept);
    } else {
        auto quiet = quiet_ends(pair, obligation.value);
        if (!quiet) return std::move(quiet).error();
        if (!quiet->has_value()) return {};
        auto written = records_.write_once(plan.pair, plan.epoch, "ends", encode(**quiet));
        if (!written) return std::move(written).error();
        ends = decode_cursors(*written);
    }
    const auto link = link_between(pair, plan.from, plan.to);
    if (!link.empty()) {
        auto drained = ports_.replication.drained(link, ends);
        if (!drained) return std::move(drained).error();
        if (!*drained) {
            const auto progress = ports_.replication.progress(link);
            const std::string trouble =
                progress && !progress->trouble.empty() ? ": " + progress->trouble : "";
            say(obligation.value,
                "link " + link + " copies the tail of " + plan.from.str() + trouble);
            return {};
        }
    }
    return settle(pair, obligation, operation, ends);
}

namespace {

/// Where the source began to receive after the switch: the old side was dark or detached around
/// that moment, so that a second of clock error moves nothing. Between the ends whatever happens.
Cursor first_late(LogSource& source, const LogstoreRef& logstore, ShardId shard, WallTime cut_at,
                  const Cursor& begin, const Cursor& end) {
    auto found = source.cursor(logstore, shard, CursorSeek::at(unix_seconds(cut_at) + 1));
    const auto low = begin.position();
    const auto high = end.position();
    const auto at = found ? found->position() : std::nullopt;
    if (!low || !high || !at) return end;
    return Cursor::from_position(std::clamp(*at, *low, std::max(*low, *high)));
}

}  // namespace

Status ObligationKeeper::count_shard(WindowEvidence& evidence, const PairMember& from,
                                     LinkShard& shard, const Cursor& end) {
    auto& source = *ports_.regions.at(from.region);
    Cursor begin = shard.replicated_to;
    bool planned = false;
    if (evidence.drained_to) {
        const auto drained = evidence.drained_to->find(shard.shard);
        planned = drained != evidence.drained_to->end();
        if (planned) begin = drained->second;
    }
    if (begin.empty()) {
        auto first = source.cursor(from.logstore, shard.shard, CursorSeek::begin());
        if (!first) return std::move(first).error();
        begin = *first;
        shard.replicated_to = begin;
    }
    // Behind a drain everything is late.
    const Cursor late =
        planned ? begin
                : first_late(source, from.logstore, shard.shard, evidence.cut_at, begin, end);
    auto counted = ports_.arrivals.count(from.region, from.logstore, shard.shard, begin, late);
    if (!counted) return std::move(counted).error();
    auto later = ports_.arrivals.count(from.region, from.logstore, shard.shard, late, end);
    if (!later) return std::move(later).error();
    evidence.counted[shard.shard] = *counted;
    evidence.counted_late[shard.shard] = *later;
    return {};
}

Result<WindowEvidence> ObligationKeeper::final_evidence(const PairOptions& pair,
                                                        const Operation& operation,
                                                        const std::map<ShardId, Cursor>& ends) {
    const auto& plan = operation.plan;
    const auto& from = *member_in(pair, plan.from);
    const auto& to = *member_in(pair, plan.to);
    auto evidence = evidence_at_cut(records_, pair, operation);
    if (!evidence) return evidence;
    // A shard the link had not heard of at the cut was not replicated at all then.
    for (const auto& [shard, end] : ends) {
        const auto known =
            std::any_of(evidence->at_cut.begin(), evidence->at_cut.end(),
                        [id = shard](const auto& entry) { return entry.shard == id; });
        if (known) continue;
        LinkShard fresh;
        fresh.shard = shard;
        evidence->at_cut.push_back(fresh);
    }
    for (auto& shard : evidence->at_cut) {
        const auto end = ends.find(shard.shard);
        if (end == ends.end()) continue;
        if (auto counted = count_shard(*evidence, from, shard, end->second); !counted) {
            return counted.error();
        }
    }
    evidence->final_ends = ends;
    // From the begin of the target: a twin reads again by bytes of a file, not by time.
    auto doubled = ports_.arrivals.duplicates(to.region, to.logstore, {});
    if (doubled) {
        evidence->duplicates = *doubled;
    } else if (doubled.error().code == ErrorCode::Unsupported) {
        evidence->duplicates_why_not = doubled.error().message;
    } else {
        return std::move(doubled).error();
    }
    return evidence;
}

Status ObligationKeeper::settle(const PairOptions& pair, Stored<Obligation>& obligation,
                                const Operation& operation, const std::map<ShardId, Cursor>& ends) {
    auto with_journal = operation;
    auto journal = records_.journal(pair.name, operation.id);
    if (!journal) return std::move(journal).error();
    with_journal.journal = std::move(*journal);
    auto evidence = final_evidence(pair, with_journal, ends);
    if (!evidence) return std::move(evidence).error();
    auto record = records_.pair(pair.name, pair.active_first);
    if (!record) return std::move(record).error();
    evidence->committed_at = time_of_commit(with_journal);
    const auto now = ports_.clock.wall();
    PairRecord next = record->value;
    next.phase = PairPhase::Steady;
    obligation.value.closed_at = now;
    obligation.value.sentence =
        "everything " + operation.plan.from.str() + " received is in " + operation.plan.to.str();
    const auto report = make_report(*evidence, now);
    if (auto done = records_.settle(obligation, report, *record, next); !done) return done;
    ports_.events.info("switchover.windows_closed", obligation.value.sentence,
                       {{"pair", pair.name.str()},
                        {"operation", operation.id.str()},
                        {"loss_logs", report.loss_logs.value.value_or(-1)},
                        {"duplicate_logs", report.duplicate_logs.value.value_or(-1)}});
    return {};
}

}  // namespace spillway::switchover
