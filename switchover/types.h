// The values of the switchover controller: pairs, plans, operations, obligations, reports.
// Plain data; any thread. What they mean: docs/concepts and docs/runbook.md.
#pragma once

#include "base/clock.h"
#include "base/json.h"
#include "logstore/model/logstore.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::switchover {

using std::chrono::milliseconds;
using std::chrono::seconds;

using PairName = StrongString<struct PairNameTag>;
using OperationId = StrongString<struct OperationIdTag>;  ///< "<pair>-e<epoch>"
using Epoch = std::uint64_t;                              ///< of a pair; each switch adds one

enum class RegionState {
    Unknown,
    Healthy,
    Suspect,
    Failed,
    Recovering,
    Degraded,
    Throttled,
    Credential,
    Misconfigured,
    CommonMode,
};

enum class OperationKind { Switchover, Failover, Failback };

/// Steady: `active` collects alone. Dirty: it does, but obligations towards the other side are
/// open.
enum class PairPhase { Steady, Switching, Dirty };

enum class OperationPhase { Running, Stuck, Aborting, Done, Aborted };

enum class StepKind {
    PrepareTarget,  ///< S3: project, Logstore, machine groups
    ImportTwins,    ///< S4: twin configs, not bound
    Cut,            ///< S5: how far replication had come, written once
    Apply,          ///< S7: bind the wave's configs in the target
    Verify,         ///< S8: data of the wave arrives in the target
    DetachSource,   ///< S9: unbind the wave's configs in the source
    Drain,          ///< planned only: the link has acknowledged the source's end
    Commit,         ///< S10: the target is active
    Windows,        ///< S11: first report
    Oblige,         ///< S12: what is left to do later
};

enum class ObligationKind { FenceSource, DrainSourceTail };

std::string_view name_of(RegionState state);     ///< "healthy"
std::string_view name_of(OperationKind kind);    ///< "switchover"
std::string_view name_of(PairPhase phase);       ///< "steady"
std::string_view name_of(OperationPhase phase);  ///< "running"
std::string_view name_of(StepKind step);         ///< "import_twins"
std::string_view name_of(ObligationKind kind);   ///< "fence_source"
std::optional<OperationKind> parse_operation_kind(std::string_view name);

// ---- what the topology says ----

/// One side of a pair.
struct PairMember {
    RegionName region;
    LogstoreRef logstore;
    bool operator==(const PairMember&) const = default;
};

/// Configs that follow the pair, and the machine group that carries them in each region.
struct CollectorSet {
    std::string name;
    std::vector<ConfigName> configs;
    std::map<RegionName, MachineGroupName> groups;
    std::string identify_type = "userdefined";
    std::vector<std::string> identities;
};

struct PairLink {
    std::string name;
    RegionName source;
    RegionName target;
};

struct PairOptions {
    PairName name;
    std::vector<PairMember> members;  ///< two
    RegionName active_first;  ///< holds until the first operation; afterwards the store knows
    std::vector<PairLink> links;
    std::vector<CollectorSet> collectors;

    milliseconds max_loss{0};                 ///< a planned switchover refuses above this
    milliseconds max_lag_switchover{10'000};  ///< R12
    milliseconds drain_timeout{45'000};
    milliseconds verify_timeout{300'000};
    double verify_share = 0.9;              ///< of the sources that were active
    milliseconds activity_window{120'000};  ///< who wrote within it counts as active
    milliseconds quiet_period{
        600'000};  ///< no direct arrival in the old side for so long: its tail is whole
    milliseconds obligation_interval{30'000};
    milliseconds stuck_after{60'000};  ///< a step that fails for so long stops the operation
    int attempts_max = 3;              ///< of a step whose failure will not pass by itself
    seconds tail_span{1'800};          ///< T_max of the TailSizeKB rule
    std::optional<double> peak_kb_per_second;  ///< per source; nothing: unknown
    seconds backup_age_max{86'400};            ///< R6 for manual operations
};

/// How a region is reached by agents; goes into the twin's flusher.
struct RegionOptions {
    RegionName name;
    std::string endpoint;    ///< host[:port] or URL as agents use it
    std::string sls_region;  ///< "cn-hangzhou"
};

struct DetectorOptions {
    milliseconds interval{5'000};
    milliseconds timeout{4'000};
    milliseconds slow_above{2'000};
    int window = 12;
    int fail_in_window = 10;
    milliseconds no_success{60'000};
    milliseconds hold{60'000};
    int healthy_after_ok = 12;    ///< OK in a row, from unknown
    int recovering_after_ok = 3;  ///< OK in a row, from failed
    int recovered_after_ok = 60;  ///< OK in a row, from recovering
    int cause_in_row = 3;         ///< throttled, auth or config answers in a row that make a state
    milliseconds late_tick{2'000};     ///< our own delay that makes us doubt ourselves
    milliseconds abstain_for{60'000};  ///< how long we then keep silent
};

struct ControllerOptions {
    std::vector<RegionOptions> regions;
    std::vector<PairOptions> pairs;
    DetectorOptions detector;
    milliseconds backup_interval{300'000};
    double shrink_max = 0.2;  ///< R14
    std::string identity;     ///< of this controller, for the journal: host name and pid
};

// ---- decisions ----

enum class RuleVerdict { Pass, Refused, Overridden, NotApplicable };

/// What one safety rule said. `rule`: "R7".
struct RuleResult {
    std::string rule;
    RuleVerdict verdict = RuleVerdict::Pass;
    std::string sentence;
    std::string override_flag;  ///< "--accept-loss DURATION"; empty: never
};

struct OperationRequest {
    PairName pair;
    OperationKind kind = OperationKind::Switchover;
    RegionName to;
    std::string reason;
    std::string requested_by;
    std::optional<milliseconds> accept_loss;
    std::optional<milliseconds> max_loss;
    std::optional<std::string> plan_digest;  ///< start only if the plan still is this one
    bool force = false;                      ///< R12
    bool break_glass = false;                ///< R2, R3
    bool accept_stale_backup = false;        ///< R6
    bool accept_shrink = false;              ///< R14
};

/// One config on its way: what is bound where, before and after.
struct ConfigMove {
    ConfigName config;
    ConfigForm form = ConfigForm::Pipeline;
    MachineGroupName source_group;
    MachineGroupName target_group;
    std::string source_digest;  ///< of the config as backed up
    std::string twin_digest;    ///< of what the target will hold
    std::uint32_t tail_size_kb = 0;
};

struct Step {
    StepKind kind = StepKind::Cut;
    int wave = 0;
    std::string sentence;  ///< what it does, for people
    std::string undo;      ///< "reversible", "point of no return", ...
    bool operator==(const Step&) const = default;
};

/// A number with its honesty.
enum class Bound { Exact, UpperBound, Unknown };
struct Measure {
    std::optional<double> value;
    Bound bound = Bound::Unknown;
    std::string reason;
};
std::string_view name_of(Bound bound);  ///< "exact", "upper_bound", "unknown"

struct Forecast {
    Measure loss_seconds;
    Measure loss_logs;
    Measure duplicate_bytes_per_file;
    Measure write_gap_seconds;
};

struct Plan {
    std::string digest;  ///< of everything that decides what will be done; 16 hex digits
    PairName pair;
    OperationKind kind = OperationKind::Switchover;
    RegionName from;
    RegionName to;
    Epoch epoch = 0;     ///< after the operation
    std::string backup;  ///< id of the backup the twins come from
    std::vector<ConfigMove> moves;
    std::vector<Step> steps;
    std::vector<RuleResult> rules;
    std::vector<std::string> warnings;
    Forecast forecast;
    WallTime made_at{};

    /// Rules that refuse; empty: the plan may start.
    std::vector<RuleResult> blockers() const;
};

// ---- what is kept ----

struct PairRecord {
    Epoch epoch = 1;
    RegionName active;
    PairPhase phase = PairPhase::Steady;
    OperationId operation;  ///< under way, or the last one; empty: never any
    WallTime changed_at{};
};

enum class JournalKind { Intent, Done, Failed, Note };
std::string_view name_of(JournalKind kind);

/// One line of an operation's journal. `hash` = SHA-256 over the line before and this one.
struct JournalRecord {
    std::uint32_t number = 0;
    JournalKind kind = JournalKind::Note;
    int step = -1;  ///< index into the plan's steps; -1: the operation as a whole
    WallTime at{};
    std::string by;
    std::string sentence;
    json::object detail;
    std::string hash;
};

struct Operation {
    OperationId id;
    Plan plan;
    OperationPhase phase = OperationPhase::Running;
    std::string reason;
    std::string requested_by;
    std::optional<milliseconds> accept_loss;
    WallTime started_at{};
    std::optional<WallTime> ended_at;
    int next_step = 0;      ///< index of the first step that is not done
    std::string now_doing;  ///< one sentence
    std::string advice;     ///< when stuck: what a person can do
    std::vector<JournalRecord> journal;
};

struct Obligation {
    PairName pair;
    Epoch epoch = 0;
    ObligationKind kind = ObligationKind::FenceSource;
    RegionName region;  ///< the side that owes
    OperationId operation;
    WallTime opened_at{};
    std::optional<WallTime> closed_at;
    std::string sentence;  ///< why it is still open, or how it was closed
};

/// What one shard of the source had and what of it had arrived.
struct ShardWindow {
    std::string link;
    ShardId shard;
    Cursor replicated_at_cut;
    std::optional<Cursor> source_end;  ///< nothing: the source did not tell yet
    std::optional<WallTime> proved_at_end;
    Measure loss_logs;
    Measure loss_seconds;
};

/// L1..L3 and D1..D6 of docs/concepts: which kind of record, how many.
struct WindowClass {
    std::string id;  ///< "L1"
    std::string sentence;
    Measure logs;
};

struct Report {
    OperationId operation;
    PairName pair;
    OperationKind kind = OperationKind::Switchover;
    RegionName from;
    RegionName to;
    Epoch epoch = 0;
    bool final = false;  ///< false: first version, made at commit
    WallTime made_at{};
    WallTime started_at{};
    WallTime committed_at{};
    std::optional<milliseconds> write_gap;  ///< from start to first data in the target
    std::vector<ShardWindow> shards;
    Measure loss_logs;
    Measure loss_seconds;
    Measure missing_logs;  ///< still missing in the target now; zero once healed
    Measure duplicate_logs;
    Measure duplicate_seconds;
    std::vector<WindowClass> classes;
    std::vector<std::string> notes;
};

/// What a check of a pair's journals found.
struct AuditResult {
    PairName pair;
    std::uint64_t operations = 0;
    std::uint64_t lines = 0;
    std::string head;    ///< hash of the newest line: write it down elsewhere to pin the history
    std::string broken;  ///< where the chain first fails; empty: intact
};

// ---- backups ----

struct GroupBinding {
    MachineGroupName group;
    std::vector<ConfigName> configs;  ///< sorted
};

/// Everything that decides who collects what into a project, at one moment.
struct BackupSnapshot {
    RegionName region;
    ProjectName project;
    std::vector<CollectorConfig> configs;
    std::vector<MachineGroup> groups;
    std::vector<GroupBinding> bindings;
    std::vector<LogstoreInfo> logstores;
};

struct BackupVersion {
    std::string id;  ///< first 12 hex digits of the content's SHA-256
    std::uint32_t number = 0;
    WallTime taken_at{};
    std::string digest;
    std::string chain;  ///< SHA-256 over the previous version's chain and this digest
    BackupSnapshot snapshot;
};

/// Freshness of a project's backup.
struct BackupHead {
    RegionName region;
    ProjectName project;
    std::uint32_t number = 0;  ///< 0: never
    std::string id;
    WallTime checked_at{};  ///< when the region last agreed with the newest version
    std::string refused;    ///< why the last round was not taken; empty: it was
    std::optional<WallTime> refused_at;
};

// ---- what status shows ----

struct RegionHealth {
    RegionName region;
    RegionState state = RegionState::Unknown;
    std::optional<WallTime> since;
    std::optional<WallTime> last_ok;
    std::vector<std::string> why;  ///< sentences with the evidence
};

/// One check of the standby. A check that blocks and fails makes the pair not ready.
struct ReadinessItem {
    std::string id;  ///< "replication"
    bool ok = false;
    bool blocks = false;
    std::string sentence;
};

struct PairStatus {
    PairName name;
    PairRecord record;
    RegionName standby;
    std::string state;                   ///< "steady", "switching", "dirty", "stuck"
    bool ready = false;                  ///< a switch to the standby could start now
    std::vector<std::string> not_ready;  ///< sentences of the checks that block and fail
    std::vector<ReadinessItem> readiness;
    std::optional<milliseconds> lag;
    std::optional<milliseconds> rpo;
    std::vector<Obligation> obligations;
    std::string sentence;
};

struct Snapshot {
    WallTime at{};
    std::vector<RegionHealth> regions;
    std::vector<PairStatus> pairs;
    std::vector<BackupHead> backups;
};

}  // namespace spillway::switchover
