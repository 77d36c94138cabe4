#include "daemon/quickstart/stage.h"

#include "base/storage/durable_file.h"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace spillway::daemon::quickstart {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStartLimit{20'000};
constexpr milliseconds kAskEvery{50};
constexpr std::uint32_t kShards = 2;

// Both regions are new, but a region that was killed while we set it up answers "exists" the second
// time.
Status ensured(Status outcome) {
    if (!outcome && outcome.error().code == ErrorCode::AlreadyExists) return {};
    return outcome;
}

}  // namespace

Stage::Stage(Layout layout, StagePorts ports, Supervisor::Handler on_event)
    : layout_(std::move(layout)),
      ports_(std::move(ports)),
      source_(ports_.connect(layout_.source.endpoint())),
      target_(ports_.connect(layout_.target.endpoint())),
      supervisor_(ports_.program, {}, ports_.clock, std::move(on_event)) {}

Status Stage::set_up() {
    if (auto done = write_files(); !done) return done;
    if (auto done = start_region(layout_.source, *source_); !done) return done;
    if (auto done = start_region(layout_.target, *target_); !done) return done;
    Status filled;
    auto waited = wait_until("making the projects", kStartLimit, [&] {
        filled = fill_regions();
        return filled.has_value() || !is_transient(filled.error().code);
    });
    if (!waited) return waited;
    if (!filled) return std::move(filled).error().while_doing("set up the regions");
    if (auto done = start_daemon(); !done) return done;
    return start_agents();
}

Status Stage::wait_until(const std::string& what, milliseconds limit,
                         const std::function<bool()>& is_so) {
    const MonoTime deadline = ports_.clock.mono() + limit;
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    while (!is_so()) {
        if (ports_.stop.stop_requested()) return make_error(ErrorCode::Cancelled, "interrupted");
        if (auto failure = supervisor_.failure()) return *failure;
        if (ports_.clock.mono() > deadline) {
            return make_error(ErrorCode::Unavailable, what + " did not happen within " +
                                                          std::to_string(limit.count() / 1000) +
                                                          " s; the output of every process is in " +
                                                          layout_.root + "/logs");
        }
        never.wait_for(lock, ports_.stop, kAskEvery, [] { return false; });
    }
    return {};
}

Status Stage::write_files() const {
    for (const std::string& folder : {layout_.root + "/logs", layout_.root + "/daemon"}) {
        if (auto made = make_directories(folder); !made) return made;
    }
    for (int agent = 1; agent <= kAgentCount; ++agent) {
        if (auto made = make_directories(layout_.agent_logs(agent)); !made) return made;
        auto written = write_file_durably(layout_.agent_config(agent), agent_text(layout_, agent));
        if (!written) return written;
    }
    return write_file_durably(layout_.topology(), topology_text(layout_));
}

Status Stage::start_region(const RegionPlace& region, RegionApi& api) {
    const std::string name = "region " + region.name;
    auto started = supervisor_.start({name,
                                      {"region", "serve", "--name", region.name, "--listen",
                                       region.address(), "--data", layout_.region_data(region)},
                                      layout_.child_log(name)});
    if (!started) return started;
    return wait_until("an answer of " + name, kStartLimit,
                      [&] { return api.projects().has_value(); });
}

Status Stage::fill_regions() {
    LogstoreSettings settings;
    settings.shard_count = kShards;
    for (const auto& [region, api] :
         {std::pair(&layout_.source, source_.get()), std::pair(&layout_.target, target_.get())}) {
        ProjectInfo project;
        project.name = region->logstore.project;
        project.description = "spillway quickstart";
        if (auto made = ensured(api->create_project(project)); !made) return made;
        if (auto made = ensured(api->create_logstore(region->logstore, settings)); !made) {
            return made;
        }
    }
    const ProjectName& project = layout_.source.logstore.project;
    for (int agent = 1; agent <= kAgentCount; ++agent) {
        const MachineGroup group = machine_group(agent);
        if (auto put = source_->put_machine_group(project, group); !put) return put;
        const CollectorConfig config = collector_config(layout_, agent);
        if (auto put = source_->put_config(project, config); !put) return put;
        if (auto bound = source_->bind(project, group.name, config.name); !bound) return bound;
    }
    return {};
}

Status Stage::start_daemon() {
    auto started = supervisor_.start(
        {"daemon", {"run", "-c", layout_.topology()}, layout_.child_log("daemon")});
    if (!started) return started;
    return wait_until("an answer of the daemon", kStartLimit,
                      [&] { return daemon("/api/v1/status").has_value(); });
}

Status Stage::start_agents() {
    for (int agent = 1; agent <= kAgentCount; ++agent) {
        const std::string name = "agent " + Layout::agent_name(agent);
        auto started = supervisor_.start({name,
                                          {"agent", "run", "--config", layout_.agent_config(agent)},
                                          layout_.child_log(name)});
        if (!started) return started;
    }
    return {};
}

}  // namespace spillway::daemon::quickstart
