// Replays the inputs into the files the agents watch, line by line, at a rate that fits the story,
// on a thread of its own; follows inputs that grow or rotate meanwhile; rotates one watched file in
// mid-stream. Thread rule: any thread may call the public functions.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "daemon/quickstart/feed_pace.h"
#include "daemon/quickstart/source_follower.h"
#include "daemon/quickstart/watched_file.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace spillway::daemon::quickstart {

struct FeedPlan {
    struct Input {
        std::string source;   ///< what is read
        std::string watched;  ///< what is written
        int agent = 0;        ///< whose file it is
    };
    std::vector<Input> inputs;
    std::chrono::milliseconds period{30'000};
    double hold_at = 0.75;   ///< fraction of the period that waits for release()
    double rotate_at = 0.5;  ///< fraction at which the largest input's watched file is rotated
};

struct FeedProgress {
    std::uint64_t lines = 0;
    std::uint64_t bytes = 0;
    std::uint64_t backlog_bytes = 0;
    double fraction = 0;
    bool done = false;  ///< the period is over and everything was drained
};

/// What became of one input.
struct FedInput {
    std::string source;
    int agent = 0;
    std::vector<ProducedFile> files;
    SourceComparison comparison;  ///< input against the watched files, byte for byte
    int source_generations = 1;
};

class Feeder {
  public:
    /// Opens the inputs and creates the watched files; writes nothing yet.
    /// Errors: those of SourceFollower::open and WatchedFile::create, with the path.
    static Result<std::unique_ptr<Feeder>> open(const FeedPlan& plan, const Clock& clock);
    ~Feeder();
    Feeder(const Feeder&) = delete;
    Feeder& operator=(const Feeder&) = delete;

    void start();
    /// Lets the held-back rest of the period begin.
    void release();
    /// Returns when the thread has ended; what is not written by then stays unwritten.
    void stop();
    FeedProgress progress() const;
    std::optional<Error> failure() const;
    /// All watched files so far, with their agent: for looking while feeding goes on.
    std::vector<std::pair<int, ProducedFile>> produced() const;
    /// Reads inputs and watched files once more and compares. Only after progress().done or stop().
    Result<std::vector<FedInput>> account() const;

    /// One step of feeding: `step` of time has passed. For tests; the thread calls this.
    Status pump(std::chrono::milliseconds step);

  private:
    struct Channel;

    Feeder(const FeedPlan& plan, const Clock& clock);
    void run(const std::stop_token& stop);
    Status pump_channel(Channel& channel, std::chrono::milliseconds step);
    Status rotate_if_due();
    Status drain(Channel& channel);

    const FeedPlan plan_;
    const Clock& clock_;
    mutable std::mutex mutex_;  // guards all below
    std::condition_variable_any stopped_;
    std::vector<std::unique_ptr<Channel>> channels_;
    FeedClock feed_clock_;
    std::chrono::milliseconds elapsed_{0};
    bool rotated_ = false;
    bool done_ = false;
    std::optional<Error> failure_;
    std::jthread thread_;
};

}  // namespace spillway::daemon::quickstart
