#include "switchover/types.h"

namespace spillway::switchover {

std::string_view name_of(RegionState state) {
    switch (state) {
        case RegionState::Unknown:
            return "unknown";
        case RegionState::Healthy:
            return "healthy";
        case RegionState::Suspect:
            return "suspect";
        case RegionState::Failed:
            return "failed";
        case RegionState::Recovering:
            return "recovering";
        case RegionState::Degraded:
            return "degraded";
        case RegionState::Throttled:
            return "throttled";
        case RegionState::Credential:
            return "credential";
        case RegionState::Misconfigured:
            return "misconfigured";
        case RegionState::CommonMode:
            return "common_mode";
    }
    return "unknown";
}

std::string_view name_of(OperationKind kind) {
    switch (kind) {
        case OperationKind::Switchover:
            return "switchover";
        case OperationKind::Failover:
            return "failover";
        case OperationKind::Failback:
            return "failback";
    }
    return "switchover";
}

std::optional<OperationKind> parse_operation_kind(std::string_view name) {
    for (const auto kind :
         {OperationKind::Switchover, OperationKind::Failover, OperationKind::Failback}) {
        if (name == name_of(kind)) return kind;
    }
    return std::nullopt;
}

std::string_view name_of(PairPhase phase) {
    switch (phase) {
        case PairPhase::Steady:
            return "steady";
        case PairPhase::Switching:
            return "switching";
        case PairPhase::Dirty:
            return "dirty";
    }
    return "steady";
}

std::string_view name_of(OperationPhase phase) {
    switch (phase) {
        case OperationPhase::Running:
            return "running";
        case OperationPhase::Stuck:
            return "stuck";
        case OperationPhase::Aborting:
            return "aborting";
        case OperationPhase::Done:
            return "done";
        case OperationPhase::Aborted:
            return "aborted";
    }
    return "running";
}

std::string_view name_of(StepKind step) {
    switch (step) {
        case StepKind::PrepareTarget:
            return "prepare_target";
        case StepKind::ImportTwins:
            return "import_twins";
        case StepKind::Cut:
            return "cut";
        case StepKind::Apply:
            return "apply";
        case StepKind::Verify:
            return "verify";
        case StepKind::DetachSource:
            return "detach_source";
        case StepKind::Drain:
            return "drain";
        case StepKind::Commit:
            return "commit";
        case StepKind::Windows:
            return "windows";
        case StepKind::Oblige:
            return "oblige";
    }
    return "cut";
}

std::string_view name_of(ObligationKind kind) {
    switch (kind) {
        case ObligationKind::FenceSource:
            return "fence_source";
        case ObligationKind::DrainSourceTail:
            return "drain_source_tail";
    }
    return "fence_source";
}

std::string_view name_of(Bound bound) {
    switch (bound) {
        case Bound::Exact:
            return "exact";
        case Bound::UpperBound:
            return "upper_bound";
        case Bound::Unknown:
            return "unknown";
    }
    return "unknown";
}

std::string_view name_of(JournalKind kind) {
    switch (kind) {
        case JournalKind::Intent:
            return "intent";
        case JournalKind::Done:
            return "done";
        case JournalKind::Failed:
            return "failed";
        case JournalKind::Note:
            return "note";
    }
    return "note";
}

std::vector<RuleResult> Plan::blockers() const {
    std::vector<RuleResult> refused;
    for (const auto& rule : rules) {
        if (rule.verdict == RuleVerdict::Refused) refused.push_back(rule);
    }
    return refused;
}

}  // namespace spillway::switchover
