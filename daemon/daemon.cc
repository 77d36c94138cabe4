#include "daemon/daemon.h"

#include "base/metrics.h"
#include "base/storage/durable_file.h"
#include "base/storage/state_store.h"
#include "base/task_runner.h"
#include "base/text.h"
#include "daemon/admin_server.h"
#include "daemon/arrival_scan.h"
#include "daemon/canary_writer.h"
#include "daemon/link_api.h"
#include "daemon/link_json.h"
#include "daemon/link_view.h"
#include "daemon/region_set.h"
#include "daemon/version.h"
#include "switchover/api_json.h"
#include "switchover/switchover.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

namespace spillway::daemon {

using std::chrono::milliseconds;

namespace {

/// A shard whose region hangs holds one thread for the length of a timeout.
constexpr int kLinkThreads = 16;
constexpr milliseconds kSampleInterval{2'000};

std::string pair_of_link(const Topology& topology, const std::string& link) {
    for (const auto& pair : topology.pairs) {
        if (std::find(pair.links.begin(), pair.links.end(), link) != pair.links.end())
            return pair.name;
    }
    return "";
}

replicator::LinkOptions link_options(const Topology& topology, const LinkSpec& spec) {
    replicator::LinkOptions options;
    options.name = spec.name;
    options.source = topology.logstores.at(spec.source).ref;
    options.rule = spec.rule;
    options.start_from = spec.start_from;
    options.batch = {spec.batch_bytes_max, spec.batch_logs_max, spec.linger};
    if (spec.bytes_per_second > 0) options.limits.bytes_per_second = spec.bytes_per_second;
    options.on_bad_record = spec.on_bad_record;
    options.on_gap = spec.on_gap;
    options.delivery = spec.delivery;
    options.order = spec.order;
    options.lanes = spec.lanes;
    options.retry = spec.retry;
    options.labels = {{"link", spec.name},
                      {"pair", pair_of_link(topology, spec.name)},
                      {"source", spec.source},
                      {"target", spec.target}};
    for (const auto& other : topology.links) {
        if (other.source == spec.target) options.refuse_links.insert(other.name);
    }
    return options;
}

/// The Logstore a pair has in a region: the one its links touch there.
LogstoreRef logstore_in(const Topology& topology, const PairSpec& pair, const RegionName& region) {
    for (const auto& name : pair.links) {
        const auto* link = topology.find_link(name);
        for (const auto& end : {link->source, link->target}) {
            const auto& logstore = topology.logstores.at(end);
            if (logstore.region == region) return logstore.ref;
        }
    }
    return {};
}

switchover::CollectorSet collector_set(const CollectorSpec& spec) {
    switchover::CollectorSet set;
    set.name = spec.name;
    set.configs = spec.configs;
    set.groups = spec.groups;
    set.identify_type = spec.identity_type;
    set.identities = spec.identities;
    return set;
}

switchover::PairOptions pair_options(const Topology& topology, const PairSpec& spec) {
    switchover::PairOptions options;
    options.name = switchover::PairName(spec.name);
    for (const auto& member : spec.members) {
        options.members.push_back({member, logstore_in(topology, spec, member)});
    }
    options.active_first = spec.active;
    for (const auto& name : spec.links) {
        const auto* link = topology.find_link(name);
        options.links.push_back({name, topology.logstores.at(link->source).region,
                                 topology.logstores.at(link->target).region});
    }
    for (const auto& name : spec.collectors) {
        options.collectors.push_back(collector_set(*topology.find_collector(name)));
    }
    options.max_loss = spec.switchover.max_loss;
    options.drain_timeout = spec.switchover.drain_timeout;
    options.verify_timeout = spec.switchover.verify_timeout;
    options.quiet_period = spec.switchover.quiescence;
    options.obligation_interval = std::min(options.obligation_interval, spec.switchover.quiescence);
    return options;
}

switchover::DetectorOptions detector_options(const Topology& topology) {
    switchover::DetectorOptions options;
    const auto& spec = topology.detector;
    options.window = static_cast<int>(spec.window);
    options.fail_in_window = static_cast<int>(spec.fail_in_window);
    options.no_success = spec.no_success;
    options.hold = spec.hold;
    options.recovered_after_ok = static_cast<int>(spec.recover_ok);
    options.healthy_after_ok =
        static_cast<int>(std::min<std::uint32_t>(spec.window, spec.recover_ok));
    for (const auto& probe : topology.probes) {
        options.interval = probe.interval;
        options.timeout = probe.timeout;
    }
    return options;
}

switchover::ControllerOptions controller_options(const Topology& topology) {
    switchover::ControllerOptions options;
    for (const auto& [name, region] : topology.regions) {
        options.regions.push_back({name, region.endpoint, region.sls_region});
    }
    for (const auto& pair : topology.pairs) options.pairs.push_back(pair_options(topology, pair));
    options.detector = detector_options(topology);
    options.backup_interval = topology.backup.interval;
    char host[256] = "";
    ::gethostname(host, sizeof host - 1);
    options.identity = fmt::format("{}/{}", host, ::getpid());
    return options;
}

}  // namespace

struct Daemon::Parts {
    Parts(Topology declared, const Clock& the_clock, EventLog& the_events)
        : topology(std::move(declared)),
          clock(the_clock),
          events(the_events),
          started_at(clock.wall()) {}

    const Topology topology;
    const Clock& clock;
    EventLog& events;
    const WallTime started_at;
    MetricsRegistry metrics;
    std::unique_ptr<StateStore> state;
    std::optional<RegionSet> regions;
    LinkMap links;
    std::unique_ptr<LinkView> link_view;
    std::unique_ptr<CanaryWriter> canary;
    std::unique_ptr<ArrivalScan> arrivals;
    std::unique_ptr<switchover::Controller> controller;
    // Below: what runs. Destroyed first, in this order from the bottom up.
    std::unique_ptr<TaskRunner> link_runner;
    std::unique_ptr<TaskRunner> control_runner;
    std::vector<TaskRunner::Handle> tasks;
    std::unique_ptr<LinkApi> link_api;
    std::unique_ptr<AdminServer> admin;
    std::unique_ptr<AdminServer> metrics_server;

    ~Parts() {
        metrics_server.reset();
        admin.reset();
        link_api.reset();  // ends verifications, which read through the links
        tasks.clear();
        for (auto& [name, link] : links) link->stop();
    }

    Status open_state() {
        const auto slash = topology.state_path.rfind('/');
        if (slash != std::string::npos && slash > 0) {
            auto made = make_directories(topology.state_path.substr(0, slash));
            if (!made) return made;
        }
        auto opened = open_sqlite_state_store(topology.state_path);
        if (!opened)
            return std::move(opened).error().while_doing("open the state in " +
                                                         topology.state_path);
        state = *std::move(opened);
        return {};
    }

    Status open_links() {
        for (const auto& spec : topology.links) {
            const auto& source = topology.logstores.at(spec.source);
            const auto& target = topology.logstores.at(spec.target);
            auto& sink = regions->patient(target.region);
            replicator::LinkPorts ports{regions->patient(source.region),
                                        {{"", target.ref, &sink, &sink}},
                                        *state,
                                        clock,
                                        events,
                                        metrics};
            auto link = replicator::Link::open(link_options(topology, spec), std::move(ports));
            if (!link) return std::move(link).error().while_doing("open link " + spec.name);
            links[spec.name] = *std::move(link);
        }
        return {};
    }

    Status open_link_api() {
        link_api = std::make_unique<LinkApi>(
            topology, links, *state,
            [this](const LinkSpec& spec) -> LogSource& {
                return regions->brisk(topology.logstores.at(spec.source).region);
            },
            clock, events);
        return link_api->restore_pauses();
    }

    void open_controller() {
        link_view = std::make_unique<LinkView>(links, clock);
        canary = std::make_unique<CanaryWriter>(topology, *regions, clock, metrics);
        arrivals = std::make_unique<ArrivalScan>(*regions);
        controller = std::make_unique<switchover::Controller>(
            controller_options(topology),
            switchover::Ports{*state, clock, events, metrics, regions->brisk_all(), *canary,
                              *link_view, *arrivals});
    }

    void start_tasks() {
        link_runner = std::make_unique<TaskRunner>(kLinkThreads);
        for (auto& [name, link] : links) link->start(*link_runner);
        auto control = controller->tasks();
        control_runner = std::make_unique<TaskRunner>(static_cast<int>(control.size()) + 1);
        for (auto& task : control) {
            tasks.push_back(control_runner->add(std::move(task.name), std::move(task.step)));
        }
        tasks.push_back(control_runner->add("sample", [this] {
            link_view->sample();
            set_process_metrics();
            return kSampleInterval;
        }));
    }

    Status start_servers() {
        AdminServer::Routes routes;
        routes.status = [this] { return status_json(); };
        routes.controller = controller.get();
        routes.links = link_api.get();
        routes.ready = [this] { return control_runner->idle_for() < milliseconds{30'000}; };
        auto opened =
            AdminServer::start_admin(topology.listen.admin, std::move(routes), metrics, events);
        if (!opened) return std::move(opened).error().while_doing("listen.admin");
        admin = *std::move(opened);
        auto scraped = AdminServer::start_metrics(topology.listen.metrics, metrics, events);
        if (!scraped) return std::move(scraped).error().while_doing("listen.metrics");
        metrics_server = *std::move(scraped);
        return {};
    }

    void set_static_metrics() {
        metrics
            .gauge("spillway_build_info", "Constant 1; the labels say what runs",
                   {{"version", kVersion}})
            .set(1);
        metrics
            .gauge("spillway_config_hash_info",
                   "Constant 1; the label is the running topology's digest",
                   {{"hash", topology.digest}})
            .set(1);
        metrics.gauge("process_start_time_seconds", "Start of the process, Unix time")
            .set(static_cast<double>(unix_seconds(started_at)));
        for (const auto& pair : topology.pairs) {
            const MetricLabels labels{{"pair", pair.name}};
            const auto seconds = [](milliseconds duration) {
                return std::chrono::duration<double>(duration).count();
            };
            metrics
                .gauge("spillway_pair_rpo_target_seconds", "Declared limit of the loss window",
                       labels)
                .set(seconds(pair.switchover.rpo_target));
            metrics
                .gauge("spillway_pair_rto_target_seconds", "Declared limit of the write gap",
                       labels)
                .set(seconds(pair.switchover.rto_target));
        }
    }

    void set_process_metrics() {
        struct rusage usage {};
        ::getrusage(RUSAGE_SELF, &usage);
        const auto seconds = [](const timeval& time) {
            return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
        };
        metrics.gauge("process_cpu_seconds", "User and system time of this process")
            .set(seconds(usage.ru_utime) + seconds(usage.ru_stime));
        metrics.gauge("process_max_resident_memory_bytes", "Peak resident memory of this process")
            .set(static_cast<double>(usage.ru_maxrss) * 1024);
    }

    json::object status_json() const {
        auto status = switchover::to_json(controller->status());
        status["schema"] = "spillway/v1/status";
        status["name"] = topology.name;
        status["version"] = kVersion;
        status["config_digest"] = topology.digest;
        status["started_at"] = rfc3339(started_at);
        json::array link_array;
        for (const auto& spec : topology.links) {
            link_array.push_back(link_json(spec, links.find(spec.name)->second->status()));
        }
        status["links"] = std::move(link_array);
        return status;
    }
};

Daemon::Daemon(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Daemon::~Daemon() = default;

Result<std::unique_ptr<Daemon>> Daemon::open(Topology topology, const Clock& clock,
                                             EventLog& events) {
    auto parts = std::make_unique<Parts>(std::move(topology), clock, events);
    if (auto opened = parts->open_state(); !opened) return std::move(opened).error();
    auto regions = RegionSet::open(parts->topology);
    if (!regions) return std::move(regions).error();
    parts->regions = *std::move(regions);
    if (auto opened = parts->open_links(); !opened) return std::move(opened).error();
    if (auto opened = parts->open_link_api(); !opened) return std::move(opened).error();
    parts->open_controller();
    parts->set_static_metrics();
    parts->start_tasks();
    if (auto started = parts->start_servers(); !started) return std::move(started).error();
    return std::unique_ptr<Daemon>(new Daemon(std::move(parts)));
}

std::string Daemon::admin_address() const {
    return parts_->admin->address();
}
std::string Daemon::metrics_address() const {
    return parts_->metrics_server->address();
}
json::object Daemon::status_json() const {
    return parts_->status_json();
}

}  // namespace spillway::daemon
