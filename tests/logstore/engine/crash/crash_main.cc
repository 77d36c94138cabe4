// Kills a real region with SIGKILL under load, again and again on the same folder, and looks after
// every restart whether a promise was broken. Prints its seed; the same seed chooses the same
// moments and shard changes (the load itself is as fast as the machine).
#include "base/clock.h"
#include "base/net/http_client.h"
#include "base/text.h"
#include "crash_check.h"
#include "logstore/client/region_client.h"
#include "tests/support/region_process.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>

#include <fmt/format.h>
#include <stdlib.h>

namespace spillway::crash {
namespace {

constexpr const char* kUsage =
    "usage: spillway_crash --region FILE [--rounds N] [--seed N] [--load-ms N]\n"
    "  --region FILE    the spillway program\n"
    "  --rounds N       how often to kill it (200)\n"
    "  --seed N         repeats the choices of another run\n"
    "  --load-ms N      a kill comes this long after the start at most (600)\n";

/// Most rounds read only what is new; every so many of them, and the last, all there is.
constexpr std::uint64_t kReadAllEvery = 10;

struct Arguments {
    std::string region;
    std::uint64_t rounds = 200;
    std::uint64_t seed = std::random_device()();
    std::uint64_t load_ms_max = 600;
};

[[noreturn]] void usage_error(const std::string& what) {
    std::cerr << "spillway_crash: " << what << "\n" << kUsage;
    std::exit(2);
}

Arguments parse(int count, char** words) {
    Arguments out;
    for (int i = 1; i < count; i += 2) {
        const std::string_view flag = words[i];
        if (i + 1 == count) usage_error(fmt::format("{} lacks its value", flag));
        const std::string_view value = words[i + 1];
        const auto number = parse_uint(value);
        if (flag == "--region") {
            out.region = value;
        } else if (!number || *number == 0) {
            usage_error(fmt::format("{} wants a number from 1, not \"{}\"", flag, value));
        } else if (flag == "--rounds") {
            out.rounds = *number;
        } else if (flag == "--seed") {
            out.seed = *number;
        } else if (flag == "--load-ms") {
            out.load_ms_max = *number;
        } else {
            usage_error(fmt::format("{} is unknown", flag));
        }
    }
    if (out.region.empty()) usage_error("--region is missing");
    return out;
}

double seconds_since(MonoTime begun) {
    return std::chrono::duration<double>(SystemClock().mono() - begun).count();
}

/// What happened over all rounds.
struct Totals {
    std::uint64_t kills = 0;
    std::uint64_t kills_at_start = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t compared = 0;
    std::uint64_t unacknowledged = 0;
    std::uint64_t refused_again = 0;
    std::uint64_t shard_changes = 0;
    int torn_tails = 0;
    double start_seconds_max = 0;
};

class Suite {
  public:
    explicit Suite(Arguments arguments)
        : arguments_(std::move(arguments)), random_(arguments_.seed), plan_(make_plan()) {
        auto pattern = (std::filesystem::temp_directory_path() / "spillway-crash-XXXXXX").string();
        SPILLWAY_INVARIANT(::mkdtemp(pattern.data()) != nullptr, "no folder for the suite");
        folder_ = pattern;
        acknowledged_.resize(plan_.writers.size());
    }

    int run() {
        std::cout << fmt::format("seed {}, {} rounds, {} writers on {} Logstores, folder {}\n",
                                 arguments_.seed, arguments_.rounds, plan_.writers.size(),
                                 plan_.stores.size(), folder_)
                  << std::flush;
        const auto begun = clock_.mono();
        bool good = create_stores();
        for (std::uint64_t i = 0; good && i < arguments_.rounds; ++i) {
            good = run_round();
            if (good && (i + 1) % 20 == 0) print_progress(i + 1, seconds_since(begun));
        }
        good = good && end_cleanly();
        print_totals(good, seconds_since(begun));
        if (good) std::filesystem::remove_all(folder_);
        return good ? 0 : 1;
    }

  private:
    std::unique_ptr<support::RegionProcess> start() {
        return std::make_unique<support::RegionProcess>(
            arguments_.region,
            std::vector<std::string>{"region", "serve", "--name", "crash", "--listen",
                                     "127.0.0.1:0", "--data", folder_ + "/region",
                                     "--segment-bytes", "256KiB", "--log-level", "warn"});
    }

    /// A region that serves; nothing, after saying why, when it does not.
    std::unique_ptr<support::RegionProcess> start_and_wait(std::string& url) {
        const auto begun = clock_.mono();
        auto region = start();
        const auto ready = region->wait_until_ready(std::chrono::seconds(60));
        if (!ready) {
            std::cout << "the region does not start; it said\n" << region->last_words();
            return nullptr;
        }
        totals_.start_seconds_max = std::max(totals_.start_seconds_max, seconds_since(begun));
        url = *ready;
        return region;
    }

    bool create_stores() {
        std::string url;
        const auto region = start_and_wait(url);
        if (!region) return false;
        client::RegionClientOptions options;
        options.name = RegionName("crash");
        options.endpoint = url;
        auto client = client::RegionClient::open(options, clock_);
        if (!client) return false;
        const auto project = plan_.stores.front().project;
        if (!(*client)->create_project({project, "", "", 0, 0})) return false;
        for (std::size_t i = 0; i < plan_.stores.size(); ++i) {
            LogstoreSettings settings;
            settings.shard_count = plan_.shard_counts[i];
            if (!(*client)->create_logstore(plan_.stores[i], settings)) return false;
        }
        return true;  // killed by its destructor: creating must survive that, too
    }

    bool run_round() {
        if (random_() % 8 == 0) kill_while_starting();
        std::string url;
        auto region = start_and_wait(url);
        if (!region || !check_now(*region, url)) return false;
        Load load(plan_, url, acknowledged_, random_());
        std::this_thread::sleep_for(
            std::chrono::milliseconds(random_() % arguments_.load_ms_max));  // the random moment
        region->kill();
        ++totals_.kills;
        auto result = load.finish();
        for (std::size_t i = 0; i < acknowledged_.size(); ++i) {
            totals_.acknowledged += result.acknowledged[i] - acknowledged_[i];
        }
        acknowledged_ = std::move(result.acknowledged);
        seen_ = std::move(result.seen);
        totals_.shard_changes += result.shard_changes;
        for (const auto& problem : result.problems) std::cout << "  PROBLEM " << problem << "\n";
        return result.problems.empty();
    }

    void kill_while_starting() {
        const auto region = start();
        std::this_thread::sleep_for(std::chrono::milliseconds(random_() % 60));
        region->kill();
        ++totals_.kills_at_start;
    }

    bool check_now(const support::RegionProcess& region, const std::string& url) {
        if (totals_.kills % kReadAllEvery == 0) progress_ = {};
        auto checked = check(plan_, url, acknowledged_, seen_, progress_);
        totals_.compared += checked.groups;
        totals_.unacknowledged += checked.unacknowledged;
        totals_.refused_again += checked.refused_again;
        totals_.torn_tails += region.said("store.torn_tail");
        for (const auto& problem : checked.problems) std::cout << "  PROBLEM " << problem << "\n";
        if (region.said("store.damaged") > 0) {
            std::cout << "  PROBLEM it found damage where only kills were\n" << region.last_words();
            return false;
        }
        acknowledged_ = std::move(checked.stored);
        return checked.problems.empty();
    }

    /// A clean stop, an offline check of every checksum, a start, and all is there still.
    bool end_cleanly() {
        std::string url;
        auto region = start_and_wait(url);
        progress_ = {};
        if (!region || !check_now(*region, url)) return false;
        if (region->stop() != 0) return false;
        std::cout << std::flush;
        const auto status =
            support::run_to_end(arguments_.region, {"region", "check", folder_ + "/region"});
        if (status != 0) return false;
        region = start_and_wait(url);
        progress_ = {};
        return region && check_now(*region, url);
    }

    void print_progress(std::uint64_t rounds, double seconds) {
        std::cout << fmt::format("  {} rounds, {:.0f} s, {} puts acknowledged\n", rounds, seconds,
                                 totals_.acknowledged)
                  << std::flush;
    }

    void print_totals(bool good, double seconds) {
        std::cout << fmt::format(
            "{} kills under load and {} while starting, in {:.0f} s: {}\n"
            "  puts acknowledged under load   {}\n"
            "  stored, their answer lost      {}\n"
            "  groups compared byte by byte   {}\n"
            "  sent again and refused         {}\n"
            "  splits and merges              {}\n"
            "  unfinished writes cut          {}\n"
            "  longest start                  {:.2f} s\n",
            totals_.kills, totals_.kills_at_start, seconds,
            good ? "no promise broken" : "FAILED; the folder is kept", totals_.acknowledged,
            totals_.unacknowledged, totals_.compared, totals_.refused_again, totals_.shard_changes,
            totals_.torn_tails, totals_.start_seconds_max);
    }

    const Arguments arguments_;
    std::mt19937_64 random_;
    const Plan plan_;
    SystemClock clock_;
    std::string folder_;
    Counts acknowledged_;
    SeenEnds seen_;
    Progress progress_;
    Totals totals_;
};

}  // namespace
}  // namespace spillway::crash

int main(int count, char** words) {
    return spillway::crash::Suite(spillway::crash::parse(count, words)).run();
}
