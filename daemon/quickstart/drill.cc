#include "daemon/quickstart/drill.h"

#include "base/text.h"
#include "daemon/quickstart/child_process.h"

#include <condition_variable>
#include <fstream>

#include <fmt/format.h>

namespace spillway::daemon::quickstart {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTick{100};
constexpr milliseconds kLookEvery{300};
constexpr milliseconds kCommandLimit{90'000};
constexpr milliseconds kRetryAfter{1'500};
constexpr milliseconds kReadBackLimit{60'000};

std::string lag_text(const Observation& seen) {
    if (!seen.source_answers) return "unknown";
    if (!seen.daemon_answers || !seen.daemon.lag_seconds) return "unknown";
    return human_duration(milliseconds{static_cast<std::int64_t>(*seen.daemon.lag_seconds * 1000)});
}

}  // namespace

// "  ok   2026-11-21T04:07:38.985Z sh has project, Logstore and machine groups"
std::optional<std::string> finished_step(std::string_view line) {
    const std::string_view text = trim(line);
    if (!text.starts_with("ok ")) return std::nullopt;
    const std::string_view rest = trim(text.substr(3));
    const std::size_t stamp_end = rest.find("Z ");
    return std::string(stamp_end == std::string_view::npos ? rest : rest.substr(stamp_end + 2));
}

void Diary::say(const std::string& text, Tone tone) {
    const milliseconds at = elapsed();
    {
        const std::lock_guard lock(mutex_);
        events_.emplace_back(at, text);
    }
    screen_.say(at, text, tone);
}

milliseconds Diary::elapsed() const {
    return std::chrono::duration_cast<milliseconds>(clock_.mono() - begin_);
}

std::vector<std::pair<milliseconds, std::string>> Diary::events() const {
    const std::lock_guard lock(mutex_);
    return events_;
}

Drill::Drill(Stage& stage, Feeder& feeder, Diary& diary, StoryLimits limits)
    : stage_(stage),
      feeder_(feeder),
      diary_(diary),
      limits_(limits),
      observer_(
          stage.layout(), stage.source(), stage.target(),
          [&stage] { return stage.daemon("/api/v1/status"); }, kLookEvery),
      phase_since_(stage.ports().clock.mono()) {}

Drill::~Drill() {
    command_.request_stop();
    if (command_.joinable()) command_.join();
}

Status Drill::run() {
    const Clock& clock = stage_.ports().clock;
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    for (;;) {
        if (stage_.ports().stop.stop_requested()) {
            return make_error(ErrorCode::Cancelled, "interrupted");
        }
        if (auto failure = stage_.supervisor().failure()) return *failure;
        if (auto failure = feeder_.failure()) return *failure;
        const StoryStep step = decide(phase_, look(), limits_);
        if (step.phase == Phase::Stuck) {
            settled_ = step.waiting_for;
            if (phase_ == Phase::Returned) return {};
            return make_error(ErrorCode::Unavailable, "gave up waiting for " + step.waiting_for);
        }
        if (step.phase != phase_) phase_since_ = clock.mono();
        phase_ = step.phase;
        if (auto done = act(step.act); !done) return done;
        if (phase_ == Phase::Settled) return {};
        show(step.waiting_for);
        never.wait_for(lock, stage_.ports().stop, kTick, [] { return false; });
    }
}

std::vector<std::pair<FileId, std::uint64_t>> Drill::produced_files() const {
    std::vector<std::pair<FileId, std::uint64_t>> files;
    for (const auto& [agent, file] : feeder_.produced()) {
        files.emplace_back(FileId{Layout::agent_ip(agent), file.inode}, file.bytes);
    }
    return files;
}

StoryFacts Drill::look() {
    const Observation seen = observer_.last();
    const FeedProgress fed = feeder_.progress();
    StoryFacts facts;
    facts.in_phase =
        std::chrono::duration_cast<milliseconds>(stage_.ports().clock.mono() - phase_since_);
    facts.fed = fed.fraction;
    facts.feed_done = fed.done;
    facts.source_seen_down = seen.daemon_answers && seen.daemon.source_state == "failed";
    facts.failover_ended = !command_running_ && command_ended_.has_value();
    facts.target_active =
        seen.daemon_answers && seen.daemon.active == stage_.layout().target.name &&
        seen.daemon.pair_state != "switching" && seen.daemon.pair_state != "stuck";
    facts.target_receives = seen.direct_lines_in_target > 0;
    facts.source_seen_up = seen.source_answers && seen.daemon.source_state != "failed";
    facts.link_caught_up = seen.daemon_answers && seen.daemon.lag_logs == std::uint64_t{0};
    facts.obligations_open = !seen.daemon_answers || !seen.daemon.owed.empty();
    if (phase_ == Phase::Returned && fed.done) {
        facts.all_arrived = observer_.target_covers(produced_files());
    }
    if (facts.source_seen_down && killed_at_ && !seen_at_) seen_at_ = diary_.elapsed();
    if (facts.target_active && !active_at_) active_at_ = diary_.elapsed();
    return facts;
}

Status Drill::act(Act act) {
    const std::string& from = stage_.layout().source.name;
    const std::string& to = stage_.layout().target.name;
    switch (act) {
        case Act::None:
            return {};
        case Act::KillSource:
            killed_at_ = diary_.elapsed();
            killed_wall_ = stage_.ports().clock.wall();
            diary_.say("killing region " + from + " with SIGKILL, in mid-stream", Tone::Bad);
            return stage_.kill_source();
        case Act::StartFailover:
            diary_.say("the daemon says: region " + from + " failed", Tone::Bad);
            diary_.say(
                fmt::format("$ spillway failover start {} --to {} --accept-loss 10m", kPair, to),
                Tone::Strong);
            retry_failover();
            return {};
        case Act::RetryFailover:
            if (stage_.ports().clock.mono() - *command_ended_ >= kRetryAfter) retry_failover();
            return {};
        case Act::ReleaseFeed:
            diary_.say("region " + to + " is active; the agents go on there", Tone::Good);
            feeder_.release();
            return {};
        case Act::ReturnSource:
            return return_source();
    }
    return {};
}

// Also when the daemon died while it was asked: then the operation may be under way, or stuck, or
// not begun.
void Drill::retry_failover() {
    const Observation seen = observer_.last();
    const std::string server = stage_.layout().admin_url();
    if (seen.daemon.pair_state == "switching") return;
    if (seen.daemon.pair_state == "stuck" && !seen.daemon.operation.empty()) {
        return start_command({"switchover", "resume", seen.daemon.operation, "--server", server});
    }
    start_command({"failover", "start", kPair, "--to", stage_.layout().target.name, "--accept-loss",
                   "10m", "--reason", "quickstart drill", "--yes", "--server", server});
}

void Drill::start_command(std::vector<std::string> arguments) {
    if (command_running_) return;
    if (command_.joinable()) command_.join();
    command_running_ = true;
    command_ = std::jthread([this, arguments = std::move(arguments)](const std::stop_token& stop) {
        std::string last;
        const auto status = run_child(
            {stage_.ports().program, arguments}, kCommandLimit,
            [&](std::string_view line) { hear(line, last); }, stop);
        if (!status && status.error().code != ErrorCode::Cancelled) {
            diary_.say(status.error().message, Tone::Bad);
        } else if (status && *status != 0) {
            diary_.say(
                fmt::format("spillway {} ended with exit {}: {}", arguments.front(), *status, last),
                Tone::Bad);
        }
        command_ended_ = stage_.ports().clock.mono();
        command_running_ = false;
    });
}

// The plan and the report are long: they are in the log; the steps are what people follow.
void Drill::hear(std::string_view line, std::string& last) {
    std::ofstream(stage_.layout().child_log("failover"), std::ios::app) << line << "\n";
    if (!trim(line).empty()) last = trim(line);
    if (const auto step = finished_step(line)) diary_.say("  ✓ " + *step);
}

// What the target holds now is all it has without the source: the rest is the late tail.
Status Drill::return_source() {
    const auto marked =
        stage_.wait_until("reading the end of the target region", milliseconds{10'000}, [&] {
            auto ends = StoreReader::marks(stage_.target(), stage_.layout().target.logstore,
                                           CursorSeek::end());
            if (ends) marks_ = *ends;
            return ends.has_value();
        });
    if (!marked) return marked;
    diary_.say("starting region " + stage_.layout().source.name +
                   " again: what it still holds is copied now",
               Tone::Good);
    returned_at_ = diary_.elapsed();
    return stage_.return_source();
}

void Drill::show(const std::string& now) {
    const Observation seen = observer_.last();
    const FeedProgress fed = feeder_.progress();
    LiveState state;
    state.elapsed = diary_.elapsed();
    state.now = now;
    if (phase_ == Phase::Returned && fed.done && !seen.daemon.owed.empty()) {
        state.now += " (" + seen.daemon.owed + ")";
    }
    state.fed = fed.fraction;
    state.produced_lines = fed.lines;
    state.produced_bytes = fed.bytes;
    state.in_source = seen.lines_in_source;
    state.in_target = seen.lines_in_target;
    state.in_target_direct = seen.direct_lines_in_target;
    state.source_up = !killed_at_ || returned_at_;
    state.lag = lag_text(seen);
    state.active = seen.daemon.active.empty() ? "unknown" : seen.daemon.active;
    state.pair_state = seen.daemon.pair_state;
    diary_.screen().show(state);
}

Status Drill::read_back(VerdictBuilder& builder) {
    StoreReader target(stage_.target(), stage_.layout().target.logstore);
    if (marks_) target.set_marks(*marks_);
    StoreReader source(stage_.source(), stage_.layout().source.logstore);
    // While it was down it received nothing, so any second in between parts before from after.
    if (killed_wall_) {
        auto marks = StoreReader::marks(stage_.source(), stage_.layout().source.logstore,
                                        CursorSeek::at(unix_seconds(*killed_wall_) + 1));
        if (!marks) return std::move(marks).error();
        source.set_marks(*std::move(marks));
    }
    auto target_read = target.poll([&](const StoredRecord& record) { builder.add_target(record); });
    if (!target_read)
        return std::move(target_read).error().while_doing("read the target region back");
    auto source_read = source.poll([&](const StoredRecord& record) { builder.add_source(record); });
    if (!source_read)
        return std::move(source_read).error().while_doing("read the source region back");
    return {};
}

Result<Verdict> Drill::judge() {
    auto inputs = feeder_.account();
    if (!inputs) return std::move(inputs).error();
    Result<Verdict> verdict = make_error(ErrorCode::Unavailable, "nothing was read back");
    // Each try begins anew: half of a reading judges nothing.
    const auto waited = stage_.wait_until("reading both regions back", kReadBackLimit, [&] {
        auto builder = VerdictBuilder::open(*inputs);
        if (!builder) {
            verdict = builder.error();
            return true;
        }
        const Status read = read_back(*builder);
        verdict = read ? Result<Verdict>(builder->judge()) : Result<Verdict>(read.error());
        return read.has_value() || !is_transient(read.error().code);
    });
    if (!waited && verdict) return waited.error();
    return verdict;
}

RunFacts Drill::facts() {
    const auto since_kill = [&](const std::optional<milliseconds>& at) {
        return at && killed_at_ ? *at - *killed_at_ : milliseconds{0};
    };
    RunFacts facts;
    facts.settled = settled_;
    facts.restarts = stage_.supervisor().restarts();
    facts.took = diary_.elapsed();
    facts.source_down = since_kill(returned_at_);
    facts.detected_after = since_kill(seen_at_);
    facts.failed_over_after = since_kill(active_at_);
    facts.events = diary_.events();
    const std::string operation = observer_.last().daemon.operation;
    if (!operation.empty()) {
        auto report = stage_.daemon("/api/v1/operations/" + operation + "/report");
        if (report) facts.operation_report = *std::move(report);
    }
    return facts;
}

}  // namespace spillway::daemon::quickstart
