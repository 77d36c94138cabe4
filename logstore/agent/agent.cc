#include "logstore/agent/agent.h"

#include "base/hash.h"
#include "base/text.h"
#include "logstore/agent/status_report.h"

#include <cstdio>
#include <fstream>
#include <set>
#include <thread>

#include <unistd.h>

namespace spillway::agent {
namespace {

constexpr int kSendersPerRegion = 3;
constexpr auto kIdleWait = std::chrono::milliseconds(500);
constexpr auto kStatusEvery = std::chrono::seconds(1);

Status check_regions(const std::vector<AgentRegion>& regions) {
    std::set<std::string> names;
    std::set<std::string> projects;
    for (const AgentRegion& region : regions) {
        SPILLWAY_INVARIANT(region.api != nullptr, "an agent's region has no api");
        if (!names.insert(region.name.str()).second) {
            return make_error(ErrorCode::InvalidArgument,
                              "two regions are named " + region.name.str());
        }
        if (!projects.insert(region.project.str()).second) {
            return make_error(ErrorCode::InvalidArgument,
                              "two regions have the project " + region.project.str() +
                                  ": checkpoints are kept by project and config, so they could not "
                                  "be told apart; give each region a project of its own");
        }
    }
    return {};
}

/// For readers at any moment: they see the old text or the new one. Not synced: it is rewritten
/// soon.
Status replace_file(const std::string& path, const std::string& text) {
    const std::string beside = path + ".new";
    {
        std::ofstream out(beside, std::ios::binary | std::ios::trunc);
        out << text;
        out.flush();
        if (!out) return errno_error("write " + beside, errno);
    }
    if (std::rename(beside.c_str(), path.c_str()) != 0)
        return errno_error("rename " + beside, errno);
    return {};
}

std::string configs_path(const AgentOptions& options, const RegionName& region) {
    return options.data_dir + "/configs/" + percent_encode(region.str()) + ".json";
}

}  // namespace

// --- opening ----------------------------------------------------------------------------------

Result<std::unique_ptr<Agent>> Agent::open(AgentOptions options, EventLog& log,
                                           const Clock& clock) {
    if (auto checked = check_regions(options.regions); !checked) return checked.error();
    if (auto made = make_directories(options.data_dir + "/configs"); !made) return made.error();
    auto lock = FileLock::acquire(options.data_dir + "/lock");
    if (!lock) return std::move(lock).error().while_doing("lock " + options.data_dir);
    std::unique_ptr<Agent> agent(new Agent(std::move(options), std::move(*lock), log, clock));
    if (auto loaded = agent->load(); !loaded) return loaded.error();
    return agent;
}

Agent::Agent(AgentOptions options, FileLock lock, EventLog& log, const Clock& clock)
    : options_(std::move(options)),
      lock_(std::move(lock)),
      log_(log),
      clock_(clock),
      alarms_(log, clock),
      queues_(options_.discard_after, alarms_, clock),
      collector_(options_, queues_, alarms_, log, clock) {
    for (const AgentRegion& region : options_.regions) {
        regions_[region.name] = {region.name, region.endpoint, region.project, false, 0, "", 0};
    }
}

Agent::~Agent() = default;

Status Agent::load() {
    if (auto loaded = load_machine_id(); !loaded) return loaded;
    collector_.load();
    for (const AgentRegion& region : options_.regions) load_cached_configs(region);
    return {};
}

Status Agent::load_machine_id() {
    const std::string path = options_.data_dir + "/machine_id";
    if (auto text = read_file(path, 4096); text && !trim(*text).empty()) {
        machine_id_ = std::string(trim(split(*text, '\n').front()));
        return {};
    }
    machine_id_ = to_hex(random_bytes(16));
    return options_.write_durably(path, machine_id_ + "\n");
}

void Agent::load_cached_configs(const AgentRegion& region) {
    const std::string path = configs_path(options_, region.name);
    auto text = read_file(path);
    if (!text && text.error().code == ErrorCode::NotFound) return;
    auto configs = text ? parse_region_configs(*text) : Result<RegionConfigs>(text.error());
    if (!configs) {
        const std::string aside = path + ".bad-" + std::to_string(unix_seconds(clock_.wall()));
        std::rename(path.c_str(), aside.c_str());
        alarms_.raise(kConfigAlarm, path,
                      "the configs last known from " + region.name.str() +
                          " cannot be read and were set aside as " + aside + ": " +
                          configs.error().to_string());
        return;
    }
    if (configs->project != region.project) return;  // the region entry was pointed elsewhere since
    apply(*configs);
    log_.info("agent.configs_from_disk",
              "configs last known from " + region.name.str() + " are in force until it answers",
              {{"region", region.name.str()},
               {"configs", configs->configs.size()},
               {"fetched", configs->fetched_unix_s}});
}

// --- configs ----------------------------------------------------------------------------------

void Agent::poll_region(const AgentRegion& region) {
    take_answer(region, fetch_configs(region, options_.identity, machine_id_, log_, clock_.wall()));
}

void Agent::take_answer(const AgentRegion& region, Result<RegionConfigs> answer) {
    if (!answer && answer.error().code == ErrorCode::Cancelled) return;  // we are stopping
    const std::lock_guard lock(mutex_);
    RegionStatus& status = regions_[region.name];
    const bool answered_before = status.answers;
    const bool first = status.answered_unix_s == 0 && status.last_error.empty();
    status.answers = answer.has_value();
    if (!answer) {
        status.last_error = answer.error().to_string();
        if (answered_before || first) {
            log_.warn("agent.region_silent",
                      "region " + region.name.str() +
                          " does not tell its configs; the ones last known stay in force: " +
                          status.last_error,
                      {{"region", region.name.str()}, {"endpoint", region.endpoint}});
        }
        return;
    }
    if (!answered_before) {
        log_.info("agent.region_answers", "region " + region.name.str() + " answers",
                  {{"region", region.name.str()}, {"configs", answer->configs.size()}});
    }
    status.last_error.clear();
    status.answered_unix_s = unix_seconds(clock_.wall());
    answers_[region.name] = std::move(*answer);
    wake_ = true;
    woken_.notify_all();
}

void Agent::apply_new_configs() {
    std::map<RegionName, RegionConfigs> answers;
    {
        const std::lock_guard lock(mutex_);
        answers.swap(answers_);
    }
    // A file that was renamed just now is to be known as such before its config may go.
    if (!answers.empty()) collector_.scan();
    for (const auto& [region, configs] : answers) {
        apply(configs);
        save_configs(configs);
    }
}

void Agent::apply(const RegionConfigs& configs) {
    std::vector<CollectRule> rules;
    for (const FollowedConfig& followed : configs.configs) {
        auto rule =
            parse_rule(followed.config, configs.region, configs.project, followed.group_topic);
        if (rule) {
            rules.push_back(std::move(*rule));
        } else {
            alarms_.raise(kConfigAlarm, configs.region.str() + ":" + followed.config.name.str(),
                          rule.error().message + "; it is not followed");
        }
    }
    const std::size_t count = rules.size();
    collector_.follow(configs.region, rules);
    const std::lock_guard lock(mutex_);
    regions_[configs.region].configs = count;
}

void Agent::save_configs(const RegionConfigs& configs) {
    const std::string path = configs_path(options_, configs.region);
    // The time of the answer alone is no reason to write.
    if (auto old = read_file(path)) {
        auto known = parse_region_configs(*old);
        if (known) {
            known->fetched_unix_s = configs.fetched_unix_s;
            if (to_text(*known) == to_text(configs)) return;
        }
    }
    if (auto saved = options_.write_durably(path, to_text(configs)); !saved) {
        alarms_.raise(kConfigAlarm, path,
                      "configs could not be saved for a restart while the region is silent: " +
                          saved.error().to_string());
    }
}

// --- working ----------------------------------------------------------------------------------

bool Agent::send_one(const AgentRegion& region) {
    const auto taken = queues_.take(region.name);
    if (!taken) return false;
    queues_.finish(*taken, region.api->put(taken->target.logstore, *taken->batch));
    return true;
}

void Agent::loop_pass(bool scan) {
    apply_new_configs();
    collector_.settle(queues_.outcomes());
    if (scan) collector_.scan();
    if (collector_.read()) {
        const std::lock_guard lock(mutex_);
        wake_ = true;
    }
    collector_.save(false);
}

void Agent::poll_configs() {
    for (const AgentRegion& region : options_.regions) poll_region(region);
    apply_new_configs();
}

void Agent::step() {
    apply_new_configs();
    collector_.scan();
    bool more = true;
    while (more) {
        more = collector_.read();
        for (const AgentRegion& region : options_.regions) {
            while (send_one(region)) more = true;
        }
        collector_.settle(queues_.outcomes());
    }
    collector_.save(false);
    write_status();
}

void Agent::run(std::stop_token stop) {
    queues_.on_outcome([this] {
        const std::lock_guard lock(mutex_);
        wake_ = true;
        woken_.notify_all();
    });
    std::vector<std::jthread> pollers;
    std::vector<std::jthread> senders;
    for (const AgentRegion& region : options_.regions) {
        pollers.emplace_back([this, &region](std::stop_token stopped) {
            std::mutex waiting;
            std::condition_variable_any never;
            while (!stopped.stop_requested()) {
                poll_region(region);
                std::unique_lock lock(waiting);
                never.wait_for(lock, stopped, options_.config_poll, [] { return false; });
            }
        });
        for (int sender = 0; sender < kSendersPerRegion; ++sender) {
            senders.emplace_back([this, &region](std::stop_token stopped) {
                while (!stopped.stop_requested()) {
                    if (!send_one(region)) queues_.wait(region.name, stopped, kIdleWait);
                }
            });
        }
    }
    MonoTime next_scan{};
    while (!stop.stop_requested()) {
        const MonoTime now = clock_.mono();
        const bool scan = now >= next_scan;
        if (scan) next_scan = now + options_.scan;
        loop_pass(scan);
        if (now - status_written_ >= kStatusEvery) write_status();
        std::unique_lock lock(mutex_);
        const auto left = std::max<Nanoseconds>(next_scan - clock_.mono(), Nanoseconds::zero());
        woken_.wait_for(lock, stop, left, [&] { return wake_; });
        wake_ = false;
    }
    for (std::jthread& poller : pollers) poller.request_stop();
    drain();
    for (std::jthread& sender : senders) sender.request_stop();
    // A call that hangs in a dead region must not hold up the end; what it carried is not
    // acknowledged and is read again at the next start.
    if (options_.cancel_calls) options_.cancel_calls();
    senders.clear();
    pollers.clear();
    shut_down();
}

bool Agent::worth_waiting() const {
    for (const QueueStatus& queue : queues_.status()) {
        if (queue.groups > 0 && !queues_.region_is_down(queue.target.region)) return true;
    }
    return false;
}

void Agent::drain() {
    const MonoTime deadline = clock_.mono() + options_.stop_grace;
    while (worth_waiting() && clock_.mono() < deadline) {
        collector_.settle(queues_.outcomes());
        std::unique_lock lock(mutex_);
        woken_.wait_for(lock, std::chrono::milliseconds(100), [&] { return wake_; });
        wake_ = false;
    }
}

void Agent::shut_down() {
    collector_.settle(queues_.outcomes());
    collector_.save(true);
    write_status();
}

// --- telling ----------------------------------------------------------------------------------

std::string Agent::status_json() const {
    StatusFacts facts{options_.identity,  machine_id_,         {},
                      collector_.rules(), collector_.status(), queues_.status(),
                      alarms_.all(),      clock_.wall(),       getpid()};
    const std::lock_guard lock(mutex_);
    for (const auto& [name, status] : regions_) facts.regions.push_back(status);
    return status_text(facts);
}

void Agent::write_status() {
    status_written_ = clock_.mono();
    const std::string path = options_.data_dir + "/status.json";
    if (auto written = replace_file(path, status_json()); !written) {
        log_.debug("agent.status_not_written", written.error().to_string());
    }
}

}  // namespace spillway::agent
