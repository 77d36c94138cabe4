// Link: a LinkCore on a TaskRunner; one task for control, one a shard, one a lane.

#include "replicator/link_core.h"

#include <map>
#include <utility>
#include <vector>

namespace spillway::replicator {
namespace {

using std::chrono::milliseconds;

/// The tasks of a running link. wake() may come before a task's handle is here: every step has a
/// delay of a second at most, so nothing is lost by it.
class Tasks final : public Waker {
  public:
    void wake_shard(ShardId shard) override {
        const std::lock_guard lock(mutex_);
        if (const auto found = shards_.find(shard); found != shards_.end()) found->second.wake();
    }
    void wake_lane(ShardId shard, std::uint32_t lane) override {
        const std::lock_guard lock(mutex_);
        const auto found = lanes_.find({shard, lane});
        if (found != lanes_.end()) found->second.wake();
    }
    void wake_control() override {
        const std::lock_guard lock(mutex_);
        if (control_) control_->wake();
    }

    bool has_shard(ShardId shard) const {
        const std::lock_guard lock(mutex_);
        return shards_.contains(shard);
    }
    void add_shard(ShardId shard, TaskRunner::Handle handle) {
        const std::lock_guard lock(mutex_);
        shards_.emplace(shard, std::move(handle));
    }
    void add_lane(ShardId shard, std::uint32_t lane, TaskRunner::Handle handle) {
        const std::lock_guard lock(mutex_);
        lanes_.emplace(std::pair(shard, lane), std::move(handle));
    }
    void set_control(TaskRunner::Handle handle) {
        const std::lock_guard lock(mutex_);
        control_ = std::move(handle);
    }

    /// Waits for every step under way. The control task goes first: it is what adds the others.
    void finish() {
        std::optional<TaskRunner::Handle> control;
        {
            const std::lock_guard lock(mutex_);
            control = std::exchange(control_, std::nullopt);
        }
        control.reset();
        decltype(shards_) shards;
        decltype(lanes_) lanes;
        {
            const std::lock_guard lock(mutex_);
            shards.swap(shards_);
            lanes.swap(lanes_);
        }
    }

  private:
    mutable std::mutex mutex_;  // guards everything below
    std::map<ShardId, TaskRunner::Handle> shards_;
    std::map<std::pair<ShardId, std::uint32_t>, TaskRunner::Handle> lanes_;
    std::optional<TaskRunner::Handle> control_;
};

class RunningLink final : public Link {
  public:
    static Result<std::unique_ptr<Link>> open(const LinkOptions& options, const LinkPorts& ports) {
        auto rule = Rule::compile(options.rule);
        if (!rule) {
            return std::move(rule).error().while_doing("open link " + options.name);
        }
        auto link = std::make_unique<RunningLink>();
        auto core = LinkCore::open(options, ports, std::move(*rule), &Rule::compile, link->tasks_);
        if (!core) return std::move(core).error();
        link->core_ = std::move(*core);
        return std::unique_ptr<Link>(std::move(link));
    }
    ~RunningLink() override { RunningLink::stop(); }

    void start(TaskRunner& runner) override {
        runner_ = &runner;
        tasks_.set_control(
            runner.add("link " + core_->options().name, [this] { return control(); }));
    }
    void stop() override { tasks_.finish(); }

    void pause() override { core_->set_mode(LinkMode::Paused); }
    void resume() override { core_->set_mode(LinkMode::Running); }
    void drain() override { core_->set_mode(LinkMode::Draining); }
    void set_epoch(std::uint64_t epoch) override { core_->set_epoch(epoch); }
    LinkStatus status() const override { return core_->status(); }
    Result<std::vector<GapRecord>> gaps() const override { return core_->gaps(); }
    Result<VerifyReport> verify(std::int64_t from_unix_s, std::int64_t to_unix_s,
                                std::stop_token stop) const override {
        return core_->verify(from_unix_s, to_unix_s, std::move(stop));
    }
    Result<std::vector<TranslatedCursor>> translate_to_target(ShardId shard,
                                                              const Cursor& cursor) const override {
        return core_->translate_to_target(shard, cursor);
    }
    Result<std::vector<TranslatedCursor>> translate_to_source(
        const std::vector<TranslatedCursor>& places) const override {
        return core_->translate_to_source(places);
    }
    Result<std::vector<DeadLetter>> dead_letters() const override { return core_->dead_letters(); }
    Status replay_dead_letter(const std::string& id) override {
        return core_->replay_dead_letter(id);
    }
    Status drop_dead_letter(const std::string& id) override { return core_->drop_dead_letter(id); }

  private:
    milliseconds control() {
        const milliseconds wait = core_->control_step();
        for (ShardPipeline* pipeline : core_->pipelines()) add_tasks(*pipeline);
        return wait;
    }

    void add_tasks(ShardPipeline& pipeline) {
        const ShardId shard = pipeline.record().shard;
        if (tasks_.has_shard(shard)) return;
        const std::string name =
            "link " + core_->options().name + " shard " + std::to_string(shard.value());
        for (std::uint32_t lane = 0; lane < pipeline.lane_count(); ++lane) {
            tasks_.add_lane(shard, lane,
                            runner_->add(name + " lane " + std::to_string(lane),
                                         [&pipeline, lane] { return pipeline.lane_step(lane); }));
        }
        tasks_.add_shard(shard, runner_->add(name, [&pipeline] { return pipeline.step(); }));
    }

    TaskRunner* runner_ = nullptr;
    Tasks tasks_;  // before core_, which wakes through it; finished before core_ goes
    std::unique_ptr<LinkCore> core_;
};

}  // namespace

// NOLINTNEXTLINE(performance-unnecessary-value-param): callers may give theirs away
Result<std::unique_ptr<Link>> Link::open(LinkOptions options, LinkPorts ports) {
    return RunningLink::open(options, ports);
}

}  // namespace spillway::replicator
