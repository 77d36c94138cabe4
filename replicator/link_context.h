// What the shards of one link share. Owned by the link, outlives its pipelines. Thread-safe.
#pragma once

#include "base/hash.h"
#include "replicator/checkpoint.h"
#include "replicator/limiter.h"
#include "replicator/link_metrics.h"
#include "replicator/replicator.h"
#include "replicator/rule.h"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace spillway::replicator {

enum class LinkMode { Running, Paused, Draining };

/// The rule of now, and those of pages that were begun under an earlier one.
class RuleBook {
  public:
    using Compile = std::function<Result<Rule>(std::string_view)>;
    RuleBook(StateStore& state, LinkKeys keys, Rule current, Compile compile);

    const std::shared_ptr<const Rule>& current() const { return current_; }
    /// Errors: NotFound when its text was not kept; InvalidArgument; those of the state store.
    Result<std::shared_ptr<const Rule>> find(const std::string& digest);
    /// Keeps the text of the current rule, for a later life.
    Status keep_current();

  private:
    StateStore& state_;
    const LinkKeys keys_;
    const std::shared_ptr<const Rule> current_;
    const Compile compile_;
    std::mutex mutex_;  // guards earlier_
    std::map<std::string, std::shared_ptr<const Rule>> earlier_;
};

/// Lets one part of a link have another run its next step at once. Calls come from any thread.
class Waker {
  public:
    virtual ~Waker() = default;
    virtual void wake_shard(ShardId shard) = 0;
    virtual void wake_lane(ShardId shard, std::uint32_t lane) = 0;
    virtual void wake_control() = 0;
};

struct LinkContext {
    LinkOptions options;
    LinkPorts ports;
    RuleBook& rules;
    CheckpointStore& checkpoints;
    LinkMetrics& metrics;
    RateBudget& budget;
    Waker& waker;
    Delivery delivery = Delivery::ExactlyOnce;  ///< what the targets allow
    std::string settings_digest;
    std::atomic<std::uint64_t> epoch{1};
    std::atomic<LinkMode> mode{LinkMode::Running};
    std::atomic<std::uint64_t> dead_letters_held{0};
    /// When a target last took a write: whoever failed before that need not wait any longer.
    std::atomic<MonoTime> target_took{MonoTime::min()};

    std::uint32_t lanes() const { return options.order == Order::PerShard ? 1 : options.lanes; }
    std::uint64_t backoff_seed(ShardId shard, std::uint32_t part) const {
        return hash64(options.name, (std::uint64_t{shard.value()} << 16) + part);
    }
};

/// Where quarantine stops growing and the link stops instead.
inline constexpr std::uint64_t kDeadLettersMax = 100'000;
/// Waits where a person has to act first; short enough that the repair is noticed at once.
inline constexpr std::chrono::milliseconds kSlowRetry{5'000};

}  // namespace spillway::replicator
