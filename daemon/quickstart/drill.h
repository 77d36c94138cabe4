// One run of the story: feeds, kills, fails over, brings back, and waits until all is quiet.
// Thread rule: one owner; run() blocks.
#pragma once

#include "daemon/quickstart/feeder.h"
#include "daemon/quickstart/observer.h"
#include "daemon/quickstart/screen.h"
#include "daemon/quickstart/stage.h"
#include "daemon/quickstart/store_reader.h"
#include "daemon/quickstart/story.h"
#include "daemon/quickstart/verdict.h"

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace spillway::daemon::quickstart {

/// Events on the screen, kept for the report. Any thread.
class Diary {
  public:
    Diary(Screen& screen, const Clock& clock)
        : screen_(screen), clock_(clock), begin_(clock.mono()) {}

    void say(const std::string& text, Tone tone = Tone::Plain);
    std::chrono::milliseconds elapsed() const;
    std::vector<std::pair<std::chrono::milliseconds, std::string>> events() const;
    Screen& screen() { return screen_; }

  private:
    Screen& screen_;
    const Clock& clock_;
    const MonoTime begin_;
    mutable std::mutex mutex_;  // guards events_
    std::vector<std::pair<std::chrono::milliseconds, std::string>> events_;
};

/// The sentence of a finished step in what `failover start` prints; nothing for its other lines.
std::optional<std::string> finished_step(std::string_view line);

class Drill {
  public:
    Drill(Stage& stage, Feeder& feeder, Diary& diary, StoryLimits limits);
    ~Drill();
    Drill(const Drill&) = delete;
    Drill& operator=(const Drill&) = delete;

    /// Until settled or stuck. Errors: Cancelled; what the feeder or the supervisor could not do;
    /// Unavailable when a part of the story before the return of the source did not happen.
    Status run();
    /// Reads everything back and judges. Errors: Cancelled, Unavailable, those of reading files.
    Result<Verdict> judge();
    /// With the daemon's own report of the operation.
    RunFacts facts();

  private:
    StoryFacts look();
    Status act(Act act);
    Status return_source();
    void start_command(std::vector<std::string> arguments);
    void retry_failover();
    void show(const std::string& now);
    void hear(std::string_view line, std::string& last);
    std::vector<std::pair<FileId, std::uint64_t>> produced_files() const;
    Status read_back(VerdictBuilder& builder);

    Stage& stage_;
    Feeder& feeder_;
    Diary& diary_;
    const StoryLimits limits_;
    Observer observer_;
    Phase phase_ = Phase::Feeding;
    MonoTime phase_since_;
    std::string settled_;  // what it still waits for
    std::atomic<bool> command_running_ = false;
    std::optional<MonoTime> command_ended_;
    std::optional<std::chrono::milliseconds> killed_at_;
    std::optional<std::chrono::milliseconds> seen_at_;
    std::optional<std::chrono::milliseconds> active_at_;
    std::optional<std::chrono::milliseconds> returned_at_;
    std::optional<WallTime> killed_wall_;
    std::optional<Marks> marks_;  // of the target, when the source came back
    std::jthread command_;        // last: ends before what it uses
};

}  // namespace spillway::daemon::quickstart
