// Two regions, agents that follow their configs, a link that copies, and a controller that can be
// killed at any moment: the fixture language of the switchover tests. One thread, a fake clock.
#pragma once

#include "base/clock.h"
#include "switchover/switchover.h"
#include "tests/support/fake_region.h"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace spillway::switchover {

/// Thrown at a chosen point to stand for kill -9; nothing of the controller survives it.
struct Killed {};

/// Counts the moments at which a controller can die, and kills it at one of them.
class KillSwitch {
  public:
    void arm(int at) { at_ = at; }
    void disarm() { at_ = -1; }
    /// Called before every region call, and before and after every commit.
    void point() {
        if (counting_) ++count_;
        if (at_ >= 0 && at_-- == 0) throw Killed{};
    }
    void count_from_here() { counting_ = true, count_ = 0; }
    int count() const { return count_; }

  private:
    int at_ = -1;
    int count_ = 0;
    bool counting_ = false;
};

class KillableStore final : public StateStore {
  public:
    KillableStore(StateStore& below, KillSwitch& kill) : below_(below), kill_(kill) {}
    Result<std::optional<StoredValue>> get(std::string_view key) override {
        return below_.get(key);
    }
    Result<std::vector<StoredValue>> list(std::string_view prefix) override {
        return below_.list(prefix);
    }
    Result<Revision> commit(const std::vector<StateCompare>& compares,
                            const std::vector<StateWrite>& writes) override;
    /// The next commits fail with this; nothing: they work.
    std::optional<Error> refuse;

  private:
    StateStore& below_;
    KillSwitch& kill_;
};

class World final : public CanaryPort, public ReplicationView, public ArrivalView {
  public:
    World();

    // ---- the scene ----
    test_support::FakeRegion& region(const std::string& name) { return *regions_.at(name); }
    FakeClock clock;
    KillSwitch kill;
    ControllerOptions options;
    bool link_moves = true;
    bool agents_follow = true;  ///< false: agents never look at the other region
    std::set<std::string> agents{"agent-1", "agent-2", "agent-3"};
    std::map<std::string, Error> canary_errors;

    /// Agents write where their group has the config bound, the link copies, the clock moves.
    void tick(milliseconds by = milliseconds{500});
    /// Ticks and runs what is due, `for_at_most`, until `done`. False when it never was.
    bool run_until(const std::function<bool()>& done,
                   milliseconds for_at_most = milliseconds{600'000});

    // ---- the controller ----
    Controller& controller() { return *controller_; }
    /// As after kill -9 and a new start.
    void restart();
    void run_canaries();
    void run_backups();
    void run_readiness();
    /// Runs the pair's task once.
    void step_pair();
    StateStore& store() { return *memory_; }
    KillableStore& killable() { return *store_; }

    // ---- looking ----
    bool is_bound(const std::string& region, const std::string& config = "nginx-access");
    PairStatus pair();
    OperationRequest request(OperationKind kind);
    /// Every distinct log any agent ever had acknowledged is in this region.
    std::set<std::string> lines_in(const std::string& region);
    std::set<std::string> acknowledged;

    static LogstoreRef ref(const std::string& region);

    // ---- ports ----
    CanaryReply write_canary(const RegionName& region, milliseconds timeout) override;
    Result<LinkProgress> progress(const std::string& link) override;
    Status mark_late(const std::string& link, std::uint64_t epoch) override;
    Result<bool> drained(const std::string& link, const std::map<ShardId, Cursor>& ends) override;
    Result<Arrivals> arrivals(const RegionName& region, const LogstoreRef& logstore,
                              const std::map<ShardId, Cursor>& since) override;
    Result<RangeCount> count(const RegionName& region, const LogstoreRef& logstore, ShardId shard,
                             const Cursor& from, const Cursor& to) override;
    Result<DuplicateCount> duplicates(const RegionName& region, const LogstoreRef& logstore,
                                      const std::map<ShardId, Cursor>& since) override;

    std::set<std::string> dark;

  private:
    void make_region(const std::string& name);
    void write_as_agent(const std::string& agent);
    void copy(const std::string& source, const std::string& target);

    std::map<std::string, std::unique_ptr<test_support::FakeRegion>> regions_;
    std::unique_ptr<StateStore> memory_;
    std::unique_ptr<KillableStore> store_;
    MetricsRegistry metrics_;
    std::unique_ptr<Controller> controller_;
    std::vector<ControllerTask> tasks_;
    std::map<std::string, std::size_t> copied_;  ///< groups of the source that the link has seen
    std::map<std::string, WallTime> proved_;
    std::map<std::string, int> lines_of_;
};

}  // namespace spillway::switchover
