// A link between two in-memory regions on a fake clock, run step by step in a seeded order: the
// fixture language of the replicator's scenario tests.
#pragma once

#include "base/storage/state_store.h"
#include "replicator/link_core.h"
#include "tests/support/fake_region.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace spillway::replicator::test {

/// A small generator that gives the same numbers everywhere.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL + 1) {}
    std::uint64_t next();
    /// 0 .. sides - 1
    std::uint64_t roll(std::uint64_t sides) { return next() % sides; }
    bool one_in(std::uint64_t sides) { return roll(sides) == 0; }

  private:
    std::uint64_t state_;
};

/// Passes writes on, notes what arrived in which order, and behaves like a bad network.
class Network final : public LogSink {
  public:
    Network(test_support::FakeRegion& region, Dice& dice) : region_(region), dice_(dice) {}
    Result<Receipt> put(const LogstoreRef& ref, const Batch& batch) override;
    /// One write in `sides` is delayed: the sender sees no answer, the write arrives later.
    void delay_one_in(std::uint64_t sides) { delay_sides_ = sides; }
    /// Delivers what was delayed, if anything.
    void deliver_late();
    const std::vector<LogGroup>& arrived() const { return arrived_; }

  private:
    Result<Receipt> deliver(const LogstoreRef& ref, const Batch& batch);
    bool was_stored(const Result<Receipt>& put, const Batch& batch) const;
    test_support::FakeRegion& region_;
    Dice& dice_;
    std::uint64_t delay_sides_ = 0;
    std::deque<std::pair<LogstoreRef, Batch>> late_;
    std::vector<LogGroup> arrived_;
    std::map<std::string, std::uint64_t> fence_;
};

/// A state store that can fail, and lose its answer after committing.
class ShakyState final : public StateStore {
  public:
    explicit ShakyState(StateStore& inner) : inner_(inner) {}
    Result<std::optional<StoredValue>> get(std::string_view key) override;
    Result<std::vector<StoredValue>> list(std::string_view prefix) override;
    Result<Revision> commit(const std::vector<StateCompare>& compares,
                            const std::vector<StateWrite>& writes) override;
    int fail_next = 0;         ///< commits that change nothing
    int lose_answer_next = 0;  ///< commits that happen and say they did not
    std::function<bool()> dead = [] { return false; };
    std::function<void()> before = [] {};

  private:
    StateStore& inner_;
};

class World : public Waker {
  public:
    explicit World(std::uint64_t seed, LinkOptions options = {}, std::uint32_t source_shards = 2,
                   std::uint32_t target_shards = 2);
    ~World() override;

    /// Opens the link (again): what a started process does.
    void start();
    /// The process is gone; nothing of it runs any more.
    void crash();
    /// After so many more calls to ports the process dies in the middle of whatever it does.
    void crash_after_calls(std::uint64_t calls) { calls_to_death_ = calls; }
    bool is_dead() const { return dead_; }

    /// Runs steps until the clock has moved on by `time`, or the process died.
    void run_for(std::chrono::milliseconds time);
    /// Until everything is copied and saved; false after `limit` of fake time.
    bool run_until_copied(std::chrono::milliseconds limit = std::chrono::minutes(30));
    /// Runs tasks that are due, in any order, or moves the clock. False when the process died.
    bool tick();

    /// Writes a group of `agent` with that many new logs to the source, past its faults.
    void produce(std::uint32_t agent, std::uint32_t logs = 1, const std::string& level = "INFO");
    /// Splits a shard of the source that takes writes.
    void split_source();
    void split_target();

    LinkStatus status() const { return core->status(); }
    /// Ids of an agent's logs in the order they arrived at the target.
    std::vector<std::string> arrived(std::uint32_t agent) const;
    const std::vector<std::string>& produced(std::uint32_t agent) { return produced_[agent]; }
    std::uint32_t agents() const { return static_cast<std::uint32_t>(produced_.size()); }
    std::size_t target_log_count() { return target.log_count(target_ref); }

    void wake_shard(ShardId shard) override;
    void wake_lane(ShardId shard, std::uint32_t lane) override;
    void wake_control() override;

    Dice dice;
    FakeClock clock;
    test_support::FakeRegion source;
    test_support::FakeRegion target;
    Network network;
    std::unique_ptr<StateStore> disk = make_memory_state_store();
    ShakyState state;
    MetricsRegistry metrics;
    LinkOptions options;
    Rule rule;
    std::map<std::string, std::string> earlier_rules;
    LogstoreRef source_ref{ProjectName("pay-hz"), LogstoreName("app")};
    LogstoreRef target_ref{ProjectName("pay-sh"), LogstoreName("app")};
    std::unique_ptr<LinkCore> core;
    bool target_readable = true;
    RuleBook::Compile compile;

  private:
    struct Task {
        std::string name;
        MonoTime due{};
        std::function<std::chrono::milliseconds()> step;
    };
    void add_new_tasks();
    void note_call();
    Task* pick_due();

    std::map<std::string, Task> tasks_;
    std::vector<Shard> writable_;  // of the source
    std::vector<ShardId> target_writable_;
    std::uint32_t source_shards_made_ = 0;
    std::uint32_t target_shards_made_ = 0;
    std::map<std::uint32_t, std::vector<std::string>> produced_;
    std::optional<std::uint64_t> calls_to_death_;
    bool dead_ = false;
    std::uint64_t controls_ = 0;
    std::uint64_t controls_seen_ = 0;
};

/// Drops logs whose `level` is DEBUG, fails on those whose `level` is POISON.
Rule drop_debug();
std::string id_of(const Log& log);

}  // namespace spillway::replicator::test
