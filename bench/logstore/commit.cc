// Group commit: acknowledged puts a second, on the disk as it is and on one whose every sync takes
// 4 ms; one Logstore and sixteen.
#include "bench/logstore/measure.h"
#include "bench/pages.h"
#include "bench/wrapped_disk.h"
#include "logstore/engine/engine.h"

#include <array>
#include <map>

#include <fmt/format.h>

namespace spillway::bench {

namespace {

constexpr std::chrono::milliseconds kWindow{1'000};
constexpr int kStores = 16;

struct Case {
    int writers;
    int stores;
};
constexpr std::array<Case, 5> kCases{{{1, 1}, {8, 1}, {64, 1}, {16, 16}, {64, 16}}};

class CommitEngine {
  public:
    explicit CommitEngine(std::chrono::microseconds sync_time) {
        engine::EngineOptions options;
        options.path = folder_.path();
        engine_ = must(engine::Engine::open(options, clock_, null_event_log(), nullptr,
                                            std::make_unique<WrappedDisk>(DiskShim{sync_time})));
        const ProjectName project("bench-project");
        (void)engine_->create_project({project, "", "", 0, 0});
        for (int i = 0; i < kStores; ++i) {
            stores_.push_back({project, LogstoreName("store-" + std::to_string(i))});
            LogstoreSettings settings;
            settings.shard_count = 4;
            const auto made = engine_->create_logstore(stores_.back(), settings);
            SPILLWAY_INVARIANT(made.has_value(), "the benchmark's Logstore cannot be made");
        }
    }

    double puts_a_second(const Case& wanted, const Batch& batch) {
        return bytes_a_second(wanted.writers, kWindow, [&](int thread) {
            const auto& store = stores_[static_cast<std::size_t>(thread % wanted.stores)];
            (void)must(engine_->put(store, batch));
            return std::uint64_t{1};
        });
    }

  private:
    ScratchFolder folder_;
    SystemClock clock_;
    std::vector<LogstoreRef> stores_;
    std::unique_ptr<engine::Engine> engine_;
};

/// The limit of one writer: the same bytes, appended and synced.
double appends_a_second(const std::string& block) {
    const ScratchFolder folder;
    auto files = engine::make_posix_file_system();
    auto file = must(files->open(folder.path() + "/file", engine::OpenMode::Create));
    (void)file->preallocate(std::uint64_t{64} << 20);
    std::uint64_t offset = 0;
    return bytes_a_second(1, kWindow, [&](int) {
        const std::string_view pieces[] = {block};
        const bool stored = file->write_at(offset, pieces) && file->sync();
        SPILLWAY_INVARIANT(stored, "the disk does not take it");
        offset += block.size();
        return std::uint64_t{1};
    });
}

std::string name_of(const Case& wanted) {
    return fmt::format("{} writer{} on {} Logstore{}", wanted.writers,
                       wanted.writers == 1 ? "" : "s", wanted.stores,
                       wanted.stores == 1 ? "" : "s");
}

}  // namespace

bool measure_commits(const LogstoreBenchOptions& options) {
    print_heading("Acknowledged puts a second, sync: commit, 10 logs each");
    const auto pages = make_pages(1);
    Batch batch;
    batch.body = pages.front().small_lz4;
    batch.codec = Codec::Lz4;
    batch.raw_bytes = pages.front().small.size();
    CommitEngine real(std::chrono::microseconds{0});
    CommitEngine slow(std::chrono::milliseconds{4});
    std::vector<double> limit;
    std::map<std::pair<std::size_t, bool>, std::vector<double>> rates;
    for (int round = 0; round < options.rounds; ++round) {
        limit.push_back(appends_a_second(batch.body));
        for (std::size_t i = 0; i < kCases.size(); ++i) {
            rates[{i, false}].push_back(real.puts_a_second(kCases[i], batch));
            rates[{i, true}].push_back(slow.puts_a_second(kCases[i], batch));
        }
    }
    print_figure("the disk as it is: append + fdatasync, one thread",
                 fmt::format("{:.0f}/s", median(limit)));
    bool good = true;
    for (const bool is_slow : {false, true}) {
        const auto one = median(rates[{0, is_slow}]);
        for (std::size_t i = 0; i < kCases.size(); ++i) {
            const auto rate = median(rates[{i, is_slow}]);
            const bool has_goal = is_slow && kCases[i].writers == 64;
            good &= print_figure(
                fmt::format("{}: {}", is_slow ? "4 ms a sync" : "as it is", name_of(kCases[i])),
                fmt::format("{:.0f}/s, {:.1f} of one writer", rate, rate / one),
                has_goal ? ">= 20 of one writer" : "", rate >= 20 * one);
        }
    }
    return good;
}

}  // namespace spillway::bench
