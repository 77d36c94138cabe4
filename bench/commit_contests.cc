// Group commit: what many writers get done while the disk takes its time over each sync. The disk
// is made to take 4 ms, so that the figure means the same on every machine.
#include "bench/contests.h"
#include "bench/wrapped_disk.h"
#include "logstore/engine/engine.h"

#include <filesystem>
#include <memory>
#include <thread>

#include <stdlib.h>

namespace spillway::bench {

namespace {

constexpr std::chrono::milliseconds kSyncTime{4};
constexpr int kPutsAWriter = 8;

/// One Logstore of four shards on the slow disk.
class SlowRegion {
  public:
    SlowRegion() {
        std::string folder =
            (std::filesystem::temp_directory_path() / "spillway-bench-XXXXXX").string();
        SPILLWAY_INVARIANT(::mkdtemp(folder.data()) != nullptr, "no folder for the benchmark");
        folder_ = folder;
        engine::EngineOptions options;
        options.path = folder;
        auto opened = engine::Engine::open(options, clock_, null_event_log(), nullptr,
                                           std::make_unique<WrappedDisk>(DiskShim{kSyncTime}));
        SPILLWAY_INVARIANT(opened.has_value(), "the benchmark's engine does not open");
        engine_ = std::move(*opened);
        LogstoreSettings settings;
        settings.shard_count = 4;
        const bool made = engine_->create_project({store_.project, "", "", 0, 0}).has_value() &&
                          engine_->create_logstore(store_, settings).has_value();
        SPILLWAY_INVARIANT(made, "the benchmark's Logstore cannot be made");
    }
    ~SlowRegion() {
        engine_.reset();
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    SlowRegion(const SlowRegion&) = delete;
    SlowRegion& operator=(const SlowRegion&) = delete;

    /// Each of `writers` puts one group after the other, waiting for every acknowledgement.
    std::uint64_t write(int writers, const std::string& block, std::uint64_t raw) {
        std::vector<std::thread> threads;
        for (int i = 0; i < writers; ++i) {
            threads.emplace_back([&] {
                Batch batch;
                batch.body = block;
                batch.codec = Codec::Lz4;
                batch.raw_bytes = raw;
                for (int k = 0; k < kPutsAWriter; ++k) {
                    SPILLWAY_INVARIANT(engine_->put(store_, batch).has_value(), "a put failed");
                }
            });
        }
        for (auto& thread : threads) thread.join();
        return static_cast<std::uint64_t>(writers) * kPutsAWriter * raw;
    }

  private:
    const LogstoreRef store_{ProjectName("bench-project"), LogstoreName("bench")};
    SystemClock clock_;
    std::string folder_;
    std::unique_ptr<engine::Engine> engine_;
};

}  // namespace

void add_commit_contests(std::vector<Contest>& contests, const Pages& pages) {
    auto region = std::make_shared<SlowRegion>();
    const auto& block = pages.front().small_lz4;
    const std::uint64_t raw = pages.front().small.size();
    const auto writers = [&, raw](int count) {
        return [region, &block, raw, count] { return region->write(count, block, raw); };
    };
    Contest contest{"acknowledged puts, 64 writers",
                    {"", writers(64)},
                    {"one writer, the same 4 ms sync", writers(1)},
                    20.0};
    contest.by_wall_clock = true;
    contests.push_back(std::move(contest));
}

}  // namespace spillway::bench
