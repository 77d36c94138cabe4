#include "tests/switchover/world.h"

#include "base/event_log.h"
#include "logstore/wire/log_group_reader.h"

#include <algorithm>

namespace spillway::switchover {

using test_support::FakeCall;
using test_support::FakeRegion;

namespace {

constexpr ShardId kShard{0};
const std::string kCopied = "copied";

LogGroup group_of(const std::string& source, const std::string& line, WallTime at) {
    LogGroup group;
    group.source = source;
    Log log;
    log.time = static_cast<std::uint32_t>(unix_seconds(at));
    log.contents.push_back({"content", line});
    group.logs.push_back(log);
    return group;
}

std::string line_of(const LogGroup& group) {
    return group.logs.at(0).contents.at(0).value;
}

bool is_copied(const LogGroup& group) {
    return std::any_of(group.tags.begin(), group.tags.end(),
                       [](const auto& tag) { return tag.key == kCopied; });
}

json::object nginx_body() {
    return {{"configName", "nginx-access"},
            {"inputs", json::array{json::object{{"Type", "input_file"},
                                                {"FilePaths", json::array{"/var/log/nginx/*.log"}},
                                                {"TailSizeKB", 1024}}}},
            {"flushers", json::array{json::object{{"Type", "flusher_sls"},
                                                  {"Project", "pay-hz"},
                                                  {"Logstore", "app"},
                                                  {"Region", "cn-hangzhou"},
                                                  {"Endpoint", "hz.example"}}}}};
}

PairOptions pair_options() {
    PairOptions pair;
    pair.name = PairName("app");
    pair.members = {{RegionName("hz"), World::ref("hz")}, {RegionName("sh"), World::ref("sh")}};
    pair.active_first = RegionName("hz");
    pair.links = {{"app-hz-to-sh", RegionName("hz"), RegionName("sh")},
                  {"app-sh-to-hz", RegionName("sh"), RegionName("hz")}};
    CollectorSet web;
    web.name = "web";
    web.configs = {ConfigName("nginx-access")};
    web.groups = {{RegionName("hz"), MachineGroupName("web-mg")},
                  {RegionName("sh"), MachineGroupName("web-mg")}};
    web.identities = {"pay-web"};
    pair.collectors = {web};
    pair.quiet_period = milliseconds{5'000};
    pair.verify_timeout = milliseconds{20'000};
    pair.drain_timeout = milliseconds{10'000};
    return pair;
}

}  // namespace

Result<Revision> KillableStore::commit(const std::vector<StateCompare>& compares,
                                       const std::vector<StateWrite>& writes) {
    kill_.point();
    if (refuse) return *refuse;
    auto done = below_.commit(compares, writes);
    kill_.point();
    return done;
}

World::World() : memory_(make_memory_state_store()) {
    store_ = std::make_unique<KillableStore>(*memory_, kill);
    for (const std::string name : {"hz", "sh"}) make_region(name);
    options.regions = {{RegionName("hz"), "hz.example", "cn-hangzhou"},
                       {RegionName("sh"), "sh.example", "cn-shanghai"}};
    options.pairs = {pair_options()};
    options.detector.interval = milliseconds{500};
    options.detector.timeout = milliseconds{400};
    options.detector.healthy_after_ok = 3;
    options.detector.no_success = milliseconds{3'000};
    options.detector.hold = milliseconds{3'000};
    options.detector.window = 6;
    options.detector.fail_in_window = 5;
    options.detector.recovered_after_ok = 4;
    options.detector.late_tick = milliseconds{600'000};
    options.identity = "test";

    auto& hz = region("hz");
    const ProjectName project("pay-hz");
    hz.create(ref("hz"));
    (void)hz.put_config(project, {ConfigName("nginx-access"), ConfigForm::Pipeline, nginx_body()});
    MachineGroup group;
    group.name = MachineGroupName("web-mg");
    group.machines = {"pay-web"};
    (void)hz.put_machine_group(project, group);
    (void)hz.bind(project, group.name, ConfigName("nginx-access"));
    restart();
}

LogstoreRef World::ref(const std::string& region) {
    return {ProjectName("pay-" + region), LogstoreName("app")};
}

void World::make_region(const std::string& name) {
    auto fake = std::make_unique<FakeRegion>(clock);
    fake->before_each([this](FakeCall) { kill.point(); });
    regions_[name] = std::move(fake);
}

void World::restart() {
    tasks_.clear();
    controller_.reset();
    Ports ports{*store_, clock, null_event_log(), metrics_, {}, *this, *this, *this};
    for (auto& [name, fake] : regions_) ports.regions[RegionName(name)] = fake.get();
    controller_ = std::make_unique<Controller>(options, std::move(ports));
    tasks_ = controller_->tasks();
}

void World::run_canaries() {
    for (auto& task : tasks_) {
        if (task.name.starts_with("canary")) (void)task.step();
    }
}

void World::run_backups() {
    for (auto& task : tasks_) {
        if (task.name == "backup") (void)task.step();
    }
}

void World::run_readiness() {
    for (auto& task : tasks_) {
        if (task.name.starts_with("readiness")) (void)task.step();
    }
}

void World::step_pair() {
    for (auto& task : tasks_) {
        if (task.name.starts_with("pair")) (void)task.step();
    }
}

bool World::is_bound(const std::string& name, const std::string& config) {
    if (dark.contains(name)) region(name).heal();
    auto bound = region(name).bound_configs(ref(name).project, MachineGroupName("web-mg"));
    if (dark.contains(name)) region(name).go_dark();
    return bound && std::find(bound->begin(), bound->end(), ConfigName(config)) != bound->end();
}

void World::write_as_agent(const std::string& agent) {
    for (const std::string name : {"hz", "sh"}) {
        if (name == "sh" && !agents_follow) continue;
        if (dark.contains(name) || !is_bound(name)) continue;
        const auto line = agent + " line " + std::to_string(++lines_of_[agent]);
        region(name).append(ref(name), kShard, group_of(agent, line, clock.wall()));
        acknowledged.insert(line);
    }
}

void World::copy(const std::string& source, const std::string& target) {
    const auto link = "app-" + source + "-to-" + target;
    if (!link_moves || dark.contains(source) || dark.contains(target)) return;
    const auto groups = region(source).groups(ref(source));
    for (auto& at = copied_[link]; at < groups.size(); ++at) {
        if (is_copied(groups[at])) continue;
        auto group = groups[at];
        group.tags.push_back({kCopied, "yes"});
        region(target).append(ref(target), kShard, group);
    }
    proved_[link] = clock.wall();
}

void World::tick(milliseconds by) {
    const KillSwitch held = kill;
    kill.disarm();
    for (const auto& agent : agents) write_as_agent(agent);
    if (region("sh").logstore(ref("sh")) || dark.contains("sh")) copy("hz", "sh");
    if (region("sh").logstore(ref("sh"))) copy("sh", "hz");
    kill = held;
    clock.advance(by);
}

bool World::run_until(const std::function<bool()>& done, milliseconds for_at_most) {
    for (milliseconds past{0}; past < for_at_most; past += milliseconds{500}) {
        run_canaries();
        for (int i = 0; i < 3; ++i) step_pair();
        if (done()) return true;
        tick();
    }
    return false;
}

PairStatus World::pair() {
    return controller_->status().pairs.at(0);
}

OperationRequest World::request(OperationKind kind) {
    OperationRequest request;
    request.pair = PairName("app");
    request.kind = kind;
    request.to = RegionName(pair().record.active == RegionName("hz") ? "sh" : "hz");
    request.reason = "a test";
    request.requested_by = "tester";
    if (kind == OperationKind::Failover) request.accept_loss = milliseconds{600'000};
    return request;
}

std::set<std::string> World::lines_in(const std::string& name) {
    std::set<std::string> lines;
    for (const auto& group : region(name).groups(ref(name))) lines.insert(line_of(group));
    return lines;
}

// ---- ports ----

CanaryReply World::write_canary(const RegionName& name, milliseconds) {
    CanaryReply reply;
    reply.latency = milliseconds{5};
    if (const auto wrong = canary_errors.find(name.str()); wrong != canary_errors.end()) {
        reply.error = wrong->second;
    } else if (dark.contains(name.str())) {
        reply.error = make_error(ErrorCode::Unavailable, "connection refused");
    }
    return reply;
}

Result<LinkProgress> World::progress(const std::string& link) {
    LinkProgress progress;
    progress.link = link;
    progress.running = true;
    progress.exactly_once = true;
    progress.peak_logs_per_second = 6.0;
    if (!link_moves) progress.trouble = "shard 0: the target throttles";
    const std::string source = link.substr(4, 2);
    const auto stored = region(source).stored(ref(source), kShard);
    LinkShard shard;
    shard.shard = kShard;
    const auto copied = copied_[link];
    if (!stored.empty()) {
        const auto begin = stored.front().position;
        shard.replicated_to = Cursor::from_position(begin + static_cast<std::int64_t>(copied));
    }
    const auto proved = proved_.find(link);
    if (proved != proved_.end()) shard.proved_at_end = proved->second;
    progress.shards = {shard};
    return progress;
}

Status World::mark_late(const std::string&, std::uint64_t) {
    return {};
}

Result<bool> World::drained(const std::string& link, const std::map<ShardId, Cursor>& ends) {
    const auto now = progress(link);
    const auto end = ends.find(kShard);
    if (end == ends.end()) return true;
    const auto have = now->shards.at(0).replicated_to.position();
    return have && *have >= end->second.position().value();
}

Result<Arrivals> World::arrivals(const RegionName& name, const LogstoreRef& logstore,
                                 const std::map<ShardId, Cursor>& since) {
    kill.point();
    if (dark.contains(name.str())) return make_error(ErrorCode::Unavailable, "connection refused");
    auto& fake = region(name.str());
    const auto stored = fake.stored(logstore, kShard);
    const auto groups = fake.groups(logstore);
    const auto from = since.find(kShard);
    Arrivals found;
    std::set<std::string> direct;
    std::set<std::string> replicated;
    std::int64_t next = from == since.end() ? 0 : from->second.position().value_or(0);
    for (std::size_t i = 0; i < stored.size(); ++i) {
        if (stored[i].position < next) continue;
        (is_copied(groups[i]) ? replicated : direct).insert(groups[i].source);
        ++(is_copied(groups[i]) ? found.replicated_logs : found.direct_logs);
    }
    if (!stored.empty()) next = std::max(next, stored.back().position + 1);
    found.direct_sources.assign(direct.begin(), direct.end());
    found.replicated_sources.assign(replicated.begin(), replicated.end());
    found.next[kShard] = Cursor::from_position(next);
    found.at_end = true;
    return found;
}

Result<RangeCount> World::count(const RegionName& name, const LogstoreRef& logstore, ShardId shard,
                                const Cursor& from, const Cursor& to) {
    kill.point();
    const auto stored = region(name.str()).stored(logstore, shard);
    const auto groups = region(name.str()).groups(logstore);
    RangeCount counted;
    for (std::size_t i = 0; i < stored.size(); ++i) {
        if (stored[i].position < from.position().value_or(0)) continue;
        if (stored[i].position >= to.position().value_or(0) || is_copied(groups[i])) continue;
        ++counted.logs;
        const auto at = from_unix_seconds(stored[i].received_unix_s);
        if (!counted.first) counted.first = at;
        counted.last = at;
    }
    return counted;
}

Result<DuplicateCount> World::duplicates(const RegionName& name, const LogstoreRef& logstore,
                                         const std::map<ShardId, Cursor>&) {
    kill.point();
    DuplicateCount doubled;
    std::set<std::string> seen;
    for (const auto& group : region(name.str()).groups(logstore)) {
        if (!seen.insert(line_of(group)).second) ++doubled.logs;
    }
    return doubled;
}

}  // namespace spillway::switchover
