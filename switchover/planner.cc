#include "switchover/planner.h"

#include "base/hash.h"
#include "base/text.h"
#include "switchover/codec.h"
#include "switchover/twin.h"
#include "switchover/windows.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::switchover {

namespace {

bool is_planned(OperationKind kind) {
    return kind != OperationKind::Failover;
}

const CollectorConfig* config_in(const BackupSnapshot& snapshot, const ConfigName& name) {
    const auto found = std::find_if(snapshot.configs.begin(), snapshot.configs.end(),
                                    [&](const auto& config) { return config.name == name; });
    return found == snapshot.configs.end() ? nullptr : &*found;
}

/// Nothing listed in the topology means: all that is bound to the source's group.
std::vector<ConfigName> configs_of(const CollectorSet& set, const BackupSnapshot& snapshot,
                                   const MachineGroupName& group) {
    if (!set.configs.empty()) return set.configs;
    for (const auto& binding : snapshot.bindings) {
        if (binding.group == group) return binding.configs;
    }
    return {};
}

std::optional<ConfigMove> make_move(const Situation& situation, const CollectorConfig& config,
                                    std::vector<std::string>& problems) {
    const auto tail = tail_size_kb(situation.pair.peak_kb_per_second, situation.pair.tail_span);
    TwinTarget target{situation.to.logstore, situation.target_region.endpoint,
                      situation.target_region.sls_region, tail, situation.record.epoch + 1};
    auto twin = make_twin(config, target);
    if (!twin) {
        problems.push_back(twin.error().message);
        return std::nullopt;
    }
    ConfigMove move;
    move.config = config.name;
    move.form = config.form;
    move.source_digest = digest_of(config);
    move.twin_digest = digest_of(*twin);
    move.tail_size_kb = tail;
    return move;
}

void find_moves_of(const Situation& situation, const CollectorSet& set, Moves& found) {
    const auto source = set.groups.find(situation.from.region);
    const auto target = set.groups.find(situation.to.region);
    if (source == set.groups.end() || target == set.groups.end()) {
        found.problems.push_back(
            "collector " + set.name + " has no machine group in " +
            (source == set.groups.end() ? situation.from.region.str() : situation.to.region.str()));
        return;
    }
    const auto& snapshot = situation.backup->snapshot;
    for (const auto& name : configs_of(set, snapshot, source->second)) {
        const auto* config = config_in(snapshot, name);
        if (config == nullptr) {
            found.problems.push_back("config " + name.str() + " is not in the backup of " +
                                     snapshot.region.str());
            continue;
        }
        auto move = make_move(situation, *config, found.problems);
        if (!move) continue;
        move->source_group = source->second;
        move->target_group = target->second;
        found.moves.push_back(std::move(*move));
    }
}

// ---- the rules ----

class Judge {
  public:
    Judge(const Situation& situation, const OperationRequest& request,
          const std::vector<ConfigMove>& moves)
        : situation_(situation), request_(request), moves_(moves) {}

    std::vector<RuleResult> all() {
        r1_something_moves();
        r2_target_writes();
        r3_not_common_mode();
        pass("R4", "this controller holds the state store's lock");
        r5_epoch();
        r6_backup();
        is_planned(request_.kind) ? r12_planned() : r7_loss();
        not_applicable("R8", "a manual operation; one pair");
        r9_nothing_open();
        not_applicable("R10", "pauses and maintenance windows bind automation only");
        pass("R11", "the plan deletes and disables nothing in " + situation_.from.region.str());
        not_applicable("R13", "a manual operation");
        r14_not_poisoned();
        not_applicable("R15", "one pair");
        not_applicable("R16", "the target's quota is not known to this controller");
        return std::move(results_);
    }

  private:
    void add(std::string rule, RuleVerdict verdict, std::string sentence, std::string flag = {}) {
        results_.push_back({std::move(rule), verdict, std::move(sentence), std::move(flag)});
    }
    void pass(std::string rule, std::string sentence) {
        add(std::move(rule), RuleVerdict::Pass, std::move(sentence));
    }
    void not_applicable(std::string rule, std::string sentence) {
        add(std::move(rule), RuleVerdict::NotApplicable, std::move(sentence));
    }
    void refuse(std::string rule, std::string sentence, std::string flag = {},
                bool overridden = false) {
        add(std::move(rule), overridden ? RuleVerdict::Overridden : RuleVerdict::Refused,
            std::move(sentence), std::move(flag));
    }

    void r1_something_moves() {
        if (!situation_.backup) return refuse("R1", "nothing to move: there is no backup");
        const auto found = find_moves(situation_);
        if (!found.problems.empty()) {
            return refuse("R1", "some agents would be left without a config: " +
                                    fmt::format("{}", fmt::join(found.problems, "; ")));
        }
        if (moves_.empty()) return refuse("R1", "the plan is empty: no config follows this pair");
        pass("R1",
             fmt::format("{} config(s), each bound in {} or {} after every step", moves_.size(),
                         situation_.from.region.str(), situation_.to.region.str()));
    }

    void r2_target_writes() {
        const auto limit = 3 * situation_.canary_interval;
        const auto target = situation_.to.region.str();
        if (situation_.target_ok_age && *situation_.target_ok_age <= limit &&
            !situation_.target_error) {
            return pass("R2", "the write canary of " + target + " succeeded " +
                                  human_duration(*situation_.target_ok_age) + " ago");
        }
        std::string why = situation_.target_ok_age
                              ? "the last write canary of " + target + " that succeeded was " +
                                    human_duration(*situation_.target_ok_age) + " ago"
                              : "no write canary of " + target + " has succeeded yet";
        if (situation_.target_error) {
            why = target + " does not answer: " + situation_.target_error->to_string();
        }
        refuse("R2", std::move(why), "--break-glass", request_.break_glass);
    }

    void r3_not_common_mode() {
        const bool common = situation_.target_health.state == RegionState::CommonMode ||
                            situation_.source_health.state == RegionState::CommonMode;
        if (!common) return pass("R3", "the two regions do not fail together");
        refuse("R3", "both regions look bad at once: suspect this host's line or the keys first",
               "--break-glass", request_.break_glass);
    }

    void r5_epoch() {
        for (const auto& [name, config] : situation_.target_configs) {
            const auto mark = epoch_of(config);
            if (mark && *mark > situation_.record.epoch) {
                return refuse("R5", fmt::format("config {} in {} carries epoch {}, this pair is at "
                                                "{}: another controller is ahead",
                                                name.str(), situation_.to.region.str(), *mark,
                                                situation_.record.epoch));
            }
        }
        pass("R5",
             fmt::format("epoch {} -> {}", situation_.record.epoch, situation_.record.epoch + 1));
    }

    void r6_backup() {
        if (!situation_.backup) {
            return refuse("R6", "there is no backup of " + situation_.from.region.str() + "/" +
                                    situation_.from.logstore.project.str());
        }
        const auto age = std::chrono::duration_cast<milliseconds>(
            situation_.now - situation_.backup_head.checked_at);
        const auto text = "backup " + situation_.backup->id + " agreed with the region " +
                          human_duration(age) + " ago";
        if (age <= situation_.pair.backup_age_max) return pass("R6", text);
        refuse("R6", text, "--accept-stale-backup", request_.accept_stale_backup);
    }

    void r7_loss() {
        const Measure loss = situation_.progress
                                 ? loss_estimate_seconds(*situation_.progress, situation_.now)
                                 : Measure{std::nullopt, Bound::Unknown,
                                           "no link copies " + situation_.from.region.str() +
                                               " to " + situation_.to.region.str()};
        if (!loss.value) {
            return refuse("R7", "the loss cannot be bounded: " + loss.reason, "--break-glass",
                          request_.break_glass);
        }
        const milliseconds estimate{static_cast<std::int64_t>(*loss.value * 1000.0) + 1};
        std::string text = "up to " + human_duration(estimate) + " of logs are not replicated yet";
        if (request_.accept_loss && estimate <= *request_.accept_loss) {
            return pass("R7", text + "; " + human_duration(*request_.accept_loss) + " accepted");
        }
        text += request_.accept_loss
                    ? "; only " + human_duration(*request_.accept_loss) + " accepted"
                    : "; the loss must be accepted in figures";
        refuse("R7", std::move(text), "--accept-loss DURATION");
    }

    void r9_nothing_open() {
        if (situation_.open_operation) {
            return refuse("R9", "operation " + situation_.open_operation->str() + " is open");
        }
        if (!situation_.open_obligations.empty()) {
            const auto& first = situation_.open_obligations.front();
            return refuse("R9",
                          fmt::format("epoch {} still owes {}: {}", first.epoch,
                                      name_of(first.kind), first.sentence),
                          "--break-glass", request_.break_glass);
        }
        pass("R9", "no operation and no obligation is open");
    }

    void r12_planned() {
        const auto not_healthy = [](const RegionHealth& health) {
            return health.state != RegionState::Healthy;
        };
        std::vector<std::string> wrong;
        for (const auto* health : {&situation_.source_health, &situation_.target_health}) {
            if (not_healthy(*health)) {
                wrong.push_back(health->region.str() + " is " +
                                std::string(name_of(health->state)));
            }
        }
        if (situation_.source_error) {
            wrong.push_back(situation_.from.region.str() +
                            " does not answer: " + situation_.source_error->to_string());
        }
        if (auto lag = why_lagging(); !lag.empty()) wrong.push_back(std::move(lag));
        if (wrong.empty())
            return pass("R12", "both regions healthy, the backup is fresh, the lag small");
        refuse("R12", fmt::format("{}", fmt::join(wrong, "; ")), "--force", request_.force);
    }

    std::string why_lagging() const {
        if (situation_.link.empty()) {
            return "no link copies " + situation_.from.region.str() + " to " +
                   situation_.to.region.str();
        }
        if (!situation_.progress) return "link " + situation_.link + " tells nothing";
        const auto loss = loss_estimate_seconds(*situation_.progress, situation_.now);
        if (!loss.value) return loss.reason;
        const milliseconds lag{static_cast<std::int64_t>(*loss.value * 1000.0)};
        if (lag <= situation_.pair.max_lag_switchover) return {};
        return "replication is " + human_duration(lag) + " behind";
    }

    void r14_not_poisoned() {
        if (situation_.backup_head.refused.empty()) {
            return pass("R14", "the backup did not shrink");
        }
        // A failover goes by the last good backup: that is what the guard kept it for.
        const bool overridden = request_.accept_shrink || !is_planned(request_.kind);
        refuse("R14", situation_.backup_head.refused, "--accept-shrink", overridden);
    }

    const Situation& situation_;
    const OperationRequest& request_;
    const std::vector<ConfigMove>& moves_;
    std::vector<RuleResult> results_;
};

// ---- the plan ----

std::vector<Step> steps_of(const Situation& situation, OperationKind kind, std::size_t configs) {
    const auto from = situation.from.region.str();
    const auto to = situation.to.region.str();
    const bool planned = is_planned(kind);
    std::vector<Step> steps{
        {StepKind::PrepareTarget, 0, "see that project, Logstore and machine groups exist in " + to,
         "harmless"},
        {StepKind::ImportTwins, 0,
         fmt::format("put {} twin config(s) into {}, not bound", configs, to), "harmless"},
        {StepKind::Cut, 0, "note how far replication has come, shard by shard", "read only"}};
    // One wave today: the topology has one machine group a region. The loop is the structure of
    // waves.
    for (int wave = 0; wave < 1; ++wave) {
        steps.push_back(
            {StepKind::Apply, wave, "bind the twins to the machine groups in " + to, "reversible"});
        steps.push_back(
            {StepKind::Verify, wave, "wait until agents' data arrives in " + to, "read only"});
        if (planned) {
            steps.push_back(
                {StepKind::DetachSource, wave, "unbind the configs in " + from, "reversible"});
        }
    }
    if (planned) {
        steps.push_back({StepKind::Drain, 0,
                         "wait until " + to + " has everything " + from + " received",
                         "reversible"});
    }
    steps.push_back({StepKind::Commit, 0,
                     fmt::format("epoch {} -> {}, {} becomes active", situation.record.epoch,
                                 situation.record.epoch + 1, to),
                     "point of no return"});
    steps.push_back({StepKind::Windows, 0, "measure the windows, write the report", "read only"});
    steps.push_back({StepKind::Oblige, 0,
                     "note what is owed later: fence " + from + ", drain its tail", "read only"});
    return steps;
}

Forecast forecast_of(const Situation& situation, OperationKind kind,
                     const std::vector<ConfigMove>& moves) {
    Forecast forecast;
    if (is_planned(kind)) {
        const Measure none{0.0, Bound::Exact, "the source is drained before the commit"};
        forecast.loss_seconds = none;
        forecast.loss_logs = none;
        forecast.write_gap_seconds = {0.0, Bound::Exact,
                                      "the target is bound before the source is detached"};
    } else if (situation.progress) {
        forecast.loss_seconds = loss_estimate_seconds(*situation.progress, situation.now);
        forecast.loss_logs = loss_estimate_logs(*situation.progress, situation.now);
    }
    double tail = 0;
    for (const auto& move : moves) tail = std::max(tail, 1024.0 * move.tail_size_kb);
    forecast.duplicate_bytes_per_file = {tail, Bound::UpperBound,
                                         "a twin starts TailSizeKB before the end of each file"};
    return forecast;
}

std::vector<std::string> warnings_of(const Situation& situation, OperationKind kind,
                                     const std::vector<ConfigMove>& moves) {
    std::vector<std::string> warnings;
    if (!is_planned(kind) && situation.source_health.state == RegionState::Healthy) {
        warnings.push_back(situation.from.region.str() +
                           " looks healthy from here: `spillway switchover start` would lose "
                           "nothing");
    }
    if (!is_planned(kind)) {
        warnings.push_back("agents that still reach " + situation.from.region.str() +
                           " go on writing there until it is fenced");
    }
    if (situation.progress && !situation.progress->exactly_once) {
        warnings.push_back("link " + situation.link +
                           " is at-least-once: a repeat by replication is not excluded");
    }
    if (!moves.empty() && !situation.pair.peak_kb_per_second) {
        warnings.push_back(
            fmt::format("the agents' rate is unknown: twins read the last {} KiB of "
                        "each file",
                        moves.front().tail_size_kb));
    }
    return warnings;
}

std::string digest_of_plan(const Plan& plan, const Situation& situation) {
    json::array moves;
    for (const auto& move : plan.moves) {
        moves.push_back({move.config.str(), move.source_group.str(), move.target_group.str(),
                         move.source_digest, move.twin_digest});
    }
    const json::object inputs{
        {"pair", plan.pair.str()},
        {"kind", name_of(plan.kind)},
        {"from", plan.from.str()},
        {"to", plan.to.str()},
        {"epoch", plan.epoch},
        {"backup", situation.backup ? situation.backup->digest : std::string()},
        {"moves", std::move(moves)}};
    return to_hex(sha256(canonical_json(inputs))).substr(0, 16);
}

}  // namespace

Moves find_moves(const Situation& situation) {
    Moves found;
    if (!situation.backup) return found;
    for (const auto& set : situation.pair.collectors) find_moves_of(situation, set, found);
    return found;
}

std::vector<RuleResult> judge_rules(const Situation& situation, const OperationRequest& request,
                                    const std::vector<ConfigMove>& moves) {
    return Judge(situation, request, moves).all();
}

Plan make_plan(const Situation& situation, const OperationRequest& request) {
    Plan plan;
    plan.pair = situation.pair.name;
    plan.kind = request.kind;
    plan.from = situation.from.region;
    plan.to = situation.to.region;
    plan.epoch = situation.record.epoch + 1;
    plan.backup = situation.backup ? situation.backup->id : "";
    plan.moves = find_moves(situation).moves;
    plan.steps = steps_of(situation, request.kind, plan.moves.size());
    plan.rules = judge_rules(situation, request, plan.moves);
    plan.warnings = warnings_of(situation, request.kind, plan.moves);
    plan.forecast = forecast_of(situation, request.kind, plan.moves);
    plan.made_at = situation.now;
    plan.digest = digest_of_plan(plan, situation);
    return plan;
}

std::string link_between(const PairOptions& pair, const RegionName& source,
                         const RegionName& target) {
    for (const auto& link : pair.links) {
        if (link.source == source && link.target == target) return link.name;
    }
    return {};
}

const PairMember* member_in(const PairOptions& pair, const RegionName& region) {
    for (const auto& member : pair.members) {
        if (member.region == region) return &member;
    }
    return nullptr;
}

std::string refusal_text(const std::vector<RuleResult>& blockers) {
    std::string text;
    for (const auto& rule : blockers) {
        if (!text.empty()) text += "\n";
        text += rule.rule + ": " + rule.sentence;
        text += rule.override_flag.empty() ? " (no override)"
                                           : " (override: " + rule.override_flag + ")";
    }
    return text;
}

}  // namespace spillway::switchover
