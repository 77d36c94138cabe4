#include "tests/scenarios/link_kills.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/storage/durable_file.h"
#include "base/text.h"
#include "daemon/admin_client.h"
#include "daemon/quickstart/free_port.h"
#include "daemon/quickstart/supervisor.h"
#include "logstore/client/region_client.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/log_group_writer.h"

#include <array>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <signal.h>

namespace spillway::scenarios {

namespace {

using daemon::AdminClient;
using daemon::quickstart::ChildEvent;
using daemon::quickstart::choose_free_ports;
using daemon::quickstart::RestartPolicy;
using daemon::quickstart::Supervisor;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kLink = "app-hz-to-sh";
constexpr seconds kUpLimit{30};
constexpr seconds kCopyLimit{120};
constexpr milliseconds kLook{100};
constexpr int kLogsOfAGroup = 20;
/// Every so many logs one is a DEBUG log, which the rule drops.
constexpr std::uint64_t kDebugEvery = 7;

bool is_dropped(std::uint64_t number) {
    return number % kDebugEvery == 0;
}

/// Waits that end at once when asked to.
class Pauses {
  public:
    /// False when it was cut short.
    bool wait(milliseconds time) {
        std::unique_lock lock(mutex_);
        return !ended_.wait_for(lock, time, [this] { return stop_; });
    }
    void stop() {
        const std::lock_guard lock(mutex_);
        stop_ = true;
        ended_.notify_all();
    }

  private:
    std::mutex mutex_;  // guards stop_
    std::condition_variable ended_;
    bool stop_ = false;
};

struct Side {
    std::string name;
    LogstoreRef ref;
    std::uint16_t port = 0;
    std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port); }
};

std::string topology_text(const std::string& folder, const Side& hz, const Side& sh,
                          std::uint16_t admin, std::uint16_t metrics) {
    return fmt::format(
        R"(version: 1
name: kills
regions:
  hz: {{endpoint: "{hz}"}}
  sh: {{endpoint: "{sh}"}}
logstores:
  app-hz: {{region: hz, project: {hz_project}, logstore: app}}
  app-sh: {{region: sh, project: {sh_project}, logstore: app}}
links:
  - name: {link}
    source: app-hz
    target: app-sh
    transform:
      language: dsl
      inline: |
        e_drop(op_eq(v("level"), "DEBUG"))
        e_set("pipeline", "hz-to-sh")
    retry: {{initial: 20ms, max: 500ms}}
state: {{path: "{folder}/daemon/state.db"}}
listen: {{admin: "127.0.0.1:{admin}", metrics: "127.0.0.1:{metrics}"}}
)",
        fmt::arg("hz", hz.endpoint()), fmt::arg("sh", sh.endpoint()),
        fmt::arg("hz_project", hz.ref.project.str()), fmt::arg("sh_project", sh.ref.project.str()),
        fmt::arg("link", kLink), fmt::arg("folder", folder), fmt::arg("admin", admin),
        fmt::arg("metrics", metrics));
}

/// Sends numbered logs to the source, each group until it is acknowledged; the source's own fence
/// makes a repetition harmless.
class Writer {
  public:
    Writer(int number, LogSink& sink, LogstoreRef ref, Pauses& pauses)
        : name_("writer-" + std::to_string(number)),
          sink_(sink),
          ref_(std::move(ref)),
          pauses_(pauses),
          thread_([this] { run(); }) {}

    void finish() { thread_.join(); }
    const std::string& name() const { return name_; }
    std::uint64_t acknowledged() const { return acknowledged_; }

  private:
    void run() {
        for (std::uint64_t group = 1;; ++group) {
            const Batch batch = next_batch(group);
            while (!is_stored(sink_.put(ref_, batch))) {
                if (!pauses_.wait(milliseconds{20})) return;
            }
            acknowledged_ += kLogsOfAGroup;
            if (!pauses_.wait(milliseconds{2})) return;
        }
    }

    Batch next_batch(std::uint64_t group) const {
        wire::LogGroupWriter writer;
        for (std::uint64_t i = 0; i < kLogsOfAGroup; ++i) {
            const std::uint64_t number = (group - 1) * kLogsOfAGroup + i;
            writer.begin_log(1'700'000'000);
            writer.content("n", std::to_string(number));
            writer.content("level", is_dropped(number) ? "DEBUG" : "INFO");
            writer.end_log();
        }
        writer.source(name_);
        Batch batch;
        batch.body = writer.take();
        batch.raw_bytes = batch.body.size();
        batch.route_key = RouteKey(to_hex(md5(name_)));
        batch.sequence_id = SequenceId(group);
        return batch;
    }

    /// One write in flight and rising numbers: a refusal says that it is there already.
    static bool is_stored(const Result<Receipt>& put) {
        return put.has_value() || put.error().service_code == "InvalidSequenceId";
    }

    const std::string name_;
    LogSink& sink_;
    const LogstoreRef ref_;
    Pauses& pauses_;
    std::uint64_t acknowledged_ = 0;  // read after finish()
    std::thread thread_;
};

/// The numbers that arrived of each writer, shard after shard, in the order they are stored.
using Arrived = std::map<std::string, std::vector<std::uint64_t>>;

Status read_group(std::string_view bytes, Arrived& arrived) {
    auto group = wire::LogGroupView::parse(bytes);
    if (!group) return std::move(group).error();
    auto& numbers = arrived[std::string(group->source())];
    group->for_each_log([&](const wire::LogView& log) {
        numbers.push_back(std::stoull(std::string(log.find("n").value_or("0"))));
        return true;
    });
    return {};
}

Status read_shard(LogSource& source, const LogstoreRef& ref, ShardId shard, Arrived& arrived) {
    auto cursor = source.cursor(ref, shard, CursorSeek::begin());
    if (!cursor) return std::move(cursor).error();
    for (Cursor at = *cursor;;) {
        PullRequest request;
        request.from = at;
        auto page = source.pull(ref, shard, request);
        if (!page) return std::move(page).error();
        auto raw = wire::decompress(page->codec, page->body, page->raw_bytes);
        if (!raw) return std::move(raw).error();
        Status read;
        auto walked = wire::for_each_group(*raw, [&](std::string_view group) {
            read = read_group(group, arrived);
            return read.has_value();
        });
        if (!walked) return walked;
        if (!read) return read;
        if (page->next == at) return {};
        at = page->next;
    }
}

Result<Arrived> read_all(LogSource& source, const LogstoreRef& ref) {
    auto shards = source.shards(ref);
    if (!shards) return std::move(shards).error();
    Arrived arrived;
    for (const Shard& shard : *shards) {
        if (auto read = read_shard(source, ref, shard.id, arrived); !read) return read.error();
    }
    return arrived;
}

/// Adds up what is wrong with one writer's logs. A writer's logs all lie in one lane, so in one
/// shard of the target: their order there is the order they were sent in.
void judge_writer(const Writer& writer, const std::vector<std::uint64_t>& numbers,
                  KillOutcome& outcome) {
    std::map<std::uint64_t, int> times;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        ++times[numbers[i]];
        if (i > 0 && numbers[i] < numbers[i - 1]) ++outcome.out_of_order;
    }
    for (const auto& [number, count] : times) {
        outcome.doubled += static_cast<std::uint64_t>(count - 1);
    }
    for (std::uint64_t number = 0; number < writer.acknowledged(); ++number) {
        if (is_dropped(number)) {
            ++outcome.logs_dropped;
        } else if (!times.contains(number)) {
            ++outcome.missing;
        }
    }
    outcome.logs_acknowledged += writer.acknowledged();
    outcome.logs_arrived += numbers.size();
}

class Stage {
  public:
    explicit Stage(const KillOptions& options)
        : options_(options),
          random_(options.seed),
          supervisor_(options.program,
                      RestartPolicy{.short_life = milliseconds{0}, .pause = milliseconds{100}},
                      clock_, [](const ChildEvent&) {}) {}
    ~Stage() {
        pauses_.stop();
        for (auto& writer : writers_) writer->finish();
        supervisor_.stop_all(milliseconds{3'000});
    }

    Result<KillOutcome> run() {
        if (auto begun = begin(); !begun) return std::move(begun).error();
        kill_in_turn();
        pauses_.stop();
        for (auto& writer : writers_) writer->finish();
        std::vector<std::unique_ptr<Writer>> writers;
        writers.swap(writers_);
        if (auto copied = wait_until_copied(); !copied) return std::move(copied).error();
        return compare(writers);
    }

  private:
    Status begin() {
        auto ports = choose_free_ports(4);
        if (!ports) return std::move(ports).error();
        hz_ = {"hz", {ProjectName("kills-hz"), LogstoreName("app")}, ports->at(0)};
        sh_ = {"sh", {ProjectName("kills-sh"), LogstoreName("app")}, ports->at(1)};
        if (auto made = make_directories(options_.folder + "/daemon"); !made) return made;
        const std::string topology = options_.folder + "/topology.yaml";
        auto written = write_file_durably(
            topology, topology_text(options_.folder, hz_, sh_, ports->at(2), ports->at(3)));
        if (!written) return written;
        for (const Side* side : {&hz_, &sh_}) {
            if (auto begun = begin_region(*side); !begun) return begun;
        }
        admin_ = std::make_unique<AdminClient>("http://127.0.0.1:" + std::to_string(ports->at(2)));
        auto started = start("daemon", {"run", "-c", topology});
        if (!started) return started;
        started = wait_until("the daemon answers", kUpLimit,
                             [this] { return admin_->get("/api/v1/links").has_value(); });
        if (!started) return started;
        for (int i = 1; i <= options_.writers; ++i) {
            writers_.push_back(std::make_unique<Writer>(i, *clients_.at("hz"), hz_.ref, pauses_));
        }
        return {};
    }

    Status start(const std::string& name, std::vector<std::string> arguments) {
        return supervisor_.start(
            {name, std::move(arguments), options_.folder + "/" + name + ".log"});
    }

    Status begin_region(const Side& side) {
        auto started = start(
            side.name, {"region", "serve", "--data", options_.folder + "/" + side.name, "--listen",
                        "127.0.0.1:" + std::to_string(side.port), "--name", side.name});
        if (!started) return started;
        client::RegionClientOptions options;
        options.name = RegionName(side.name);
        options.endpoint = side.endpoint();
        auto client = client::RegionClient::open(std::move(options), clock_);
        if (!client) return std::move(client).error();
        auto& region = *(clients_[side.name] = *std::move(client));
        ProjectInfo project;
        project.name = side.ref.project;
        auto up = wait_until("region " + side.name + " answers", kUpLimit,
                             [&] { return region.create_project(project).has_value(); });
        if (!up) return up;
        LogstoreSettings settings;
        settings.shard_count = side.name == "hz" ? 3 : 2;
        return region.create_logstore(side.ref, settings);
    }

    Status wait_until(const std::string& what, seconds limit, const std::function<bool()>& holds) {
        const MonoTime deadline = clock_.mono() + limit;
        Pauses never_stopped;
        while (!holds()) {
            if (clock_.mono() > deadline) {
                return make_error(ErrorCode::Unavailable, "after " + std::to_string(limit.count()) +
                                                              " s it is not so that " + what);
            }
            (void)never_stopped.wait(kLook);
        }
        return {};
    }

    void kill_in_turn() {
        static constexpr std::array<const char*, 3> kVictims{"hz", "sh", "daemon"};
        for (int kill = 0; kill < options_.kills; ++kill) {
            (void)pauses_.wait(milliseconds{30 + random_() % 250});
            const char* victim = kVictims[random_() % kVictims.size()];
            const auto pids = supervisor_.pids();
            const auto pid = pids.find(victim);
            if (pid == pids.end() || pid->second <= 0) continue;  // it is down anyway
            ::kill(pid->second, SIGKILL);
            if ((kill + 1) % 25 == 0) {
                options_.say(fmt::format("{} kills of {}", kill + 1, options_.kills));
            }
        }
    }

    /// Every shard proved its end after the drain was asked for.
    Status wait_until_copied() {
        std::string seen = "the daemon did not answer";
        auto copied = wait_until("everything is copied", kCopyLimit, [&] {
            (void)admin_->post(path("drain"), json::object{});
            const auto link = admin_->get(path());
            if (!link) return false;
            seen = json::serialize(*link);
            return find_bool(link->as_object(), "drained").value_or(false);
        });
        if (copied) return {};
        return make_error(ErrorCode::Unavailable, copied.error().message + "; the link: " + seen);
    }

    std::string path(const std::string& below = {}) const {
        return "/api/v1/links/" + std::string(kLink) + (below.empty() ? "" : "/" + below);
    }

    Result<KillOutcome> compare(const std::vector<std::unique_ptr<Writer>>& writers) {
        KillOutcome outcome;
        auto arrived = read_all(*clients_.at("sh"), sh_.ref);
        if (!arrived) return std::move(arrived).error();
        for (const auto& writer : writers) {
            judge_writer(*writer, (*arrived)[writer->name()], outcome);
        }
        auto verified = verify();
        if (!verified) return std::move(verified).error();
        outcome.verification = *verified;
        if (const auto link = admin_->get(path())) {
            const auto* totals = find_object(link->as_object(), "totals");
            const auto count = totals ? find_int(*totals, "duplicates_suppressed") : std::nullopt;
            outcome.suppressed = static_cast<std::uint64_t>(count.value_or(0));
        }
        return outcome;
    }

    Result<std::string> verify() {
        const std::int64_t now = unix_seconds(clock_.wall());
        auto begun = admin_->post(
            path("verify"), json::object{{"from_unix_s", now - 86'400}, {"to_unix_s", now + 60}});
        if (!begun) return std::move(begun).error();
        json::object job;
        auto over = wait_until("the verification is over", kCopyLimit, [&] {
            const auto looked = admin_->get(path("verify"));
            if (looked) job = looked->as_object();
            return looked && find_string(job, "state") != "running";
        });
        if (!over) return std::move(over).error();
        const auto state = find_string(job, "state").value_or("");
        return state == "exact" ? state : json::serialize(job);
    }

    const KillOptions& options_;
    SystemClock clock_;
    std::mt19937_64 random_;
    Side hz_;
    Side sh_;
    Pauses pauses_;
    std::map<std::string, std::unique_ptr<client::RegionClient>> clients_;
    std::unique_ptr<AdminClient> admin_;
    std::vector<std::unique_ptr<Writer>> writers_;
    Supervisor supervisor_;
};

}  // namespace

std::string KillOutcome::to_string() const {
    return fmt::format(
        "acknowledged {} logs, {} of them for the rule to drop; arrived {}\n"
        "missing {}, doubled {}, out of order {}; verification: {}\n"
        "writes that the fence held back since the daemon's last start: {}\n",
        logs_acknowledged, logs_dropped, logs_arrived, missing, doubled, out_of_order, verification,
        suppressed);
}

Result<KillOutcome> kill_and_compare(const KillOptions& options) {
    return Stage(options).run();
}

}  // namespace spillway::scenarios
