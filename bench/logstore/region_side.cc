// The benchmark's own program in the role of a region, so that what it costs can be told from what
// its clients cost.
#include "base/event_log.h"
#include "base/metrics.h"
#include "bench/logstore/measure.h"
#include "bench/wrapped_disk.h"
#include "logstore/engine/engine.h"
#include "logstore/server/region_server.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_writer.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>
#include <semaphore>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

namespace spillway::bench {

namespace {

constexpr std::uint32_t kShards = 256;
constexpr std::size_t kGroupBytes = 64 * 1024;
constexpr std::ptrdiff_t kPutsUnderWay = 64;

engine::SyncMode sync_of(const std::string& text) {
    if (text == "none") return engine::SyncMode::None;
    return text == "interval" ? engine::SyncMode::Interval : engine::SyncMode::Commit;
}

/// Groups that LZ4 does not make smaller, so that the store holds what was written.
std::vector<Batch> incompressible_batches(std::size_t count) {
    std::mt19937_64 random(7);
    std::vector<Batch> batches;
    for (std::size_t i = 0; i < count; ++i) {
        wire::LogGroupWriter group;
        std::string noise(kGroupBytes / 16, '\0');
        for (int log = 0; log < 16; ++log) {
            for (auto& byte : noise) byte = static_cast<char>(random());
            group.begin_log(1'762'000'000);
            group.content("noise", noise);
            group.end_log();
        }
        const auto raw = group.take();
        Batch batch;
        batch.codec = Codec::Lz4;
        batch.raw_bytes = raw.size();
        batch.body = must(wire::compress(Codec::Lz4, raw));
        batches.push_back(std::move(batch));
    }
    return batches;
}

/// What is on the disk and in no cache, as after a long time or a start of the machine.
void drop_from_cache(const std::string& folder) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file()) continue;
        const int descriptor = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
        if (descriptor < 0) continue;
        (void)::fdatasync(descriptor);
        (void)::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
        ::close(descriptor);
    }
}

}  // namespace

int serve_region(const std::string& folder, const std::string& sync) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    SystemClock clock;
    MetricsRegistry metrics;
    engine::EngineOptions options;
    options.path = folder;
    options.log.sync = sync_of(sync);
    const DiskShim shim;
    auto engine = must(engine::Engine::open(options, clock, null_event_log(), &metrics,
                                            std::make_unique<WrappedDisk>(shim)));
    std::cout << fmt::format("read at open: {} bytes\n", shim.counts->bytes_read.load());
    auto server = must(server::RegionServer::start({}, *engine, clock, null_event_log(), metrics));
    std::cout << fmt::format("region bench ready on http://{}, data in {}\n", server->address(),
                             folder)
              << std::flush;
    int signal_number = 0;
    sigwait(&signals, &signal_number);
    return 0;
}

int generate_store(const std::string& folder, std::uint64_t bytes) {
    SystemClock clock;
    engine::EngineOptions options;
    options.path = folder;
    options.log.sync = engine::SyncMode::None;
    auto engine = must(engine::Engine::open(options, clock, null_event_log(), nullptr));
    const LogstoreRef store{ProjectName("bench-project"), LogstoreName("large")};
    LogstoreSettings settings;
    settings.shard_count = kShards;
    const bool made = engine->create_project({store.project, "", "", 0, 0}).has_value() &&
                      engine->create_logstore(store, settings).has_value();
    SPILLWAY_INVARIANT(made, "the benchmark's Logstore cannot be made");
    const auto batches = incompressible_batches(64);
    std::counting_semaphore<> room(kPutsUnderWay);
    std::uint64_t written = 0;
    for (std::size_t i = 0; written < bytes; ++i) {
        const auto& batch = batches[i % batches.size()];
        written += batch.body.size();
        room.acquire();
        engine->put_async(store, {batch}, {}, [&](Status status) {
            SPILLWAY_INVARIANT(status.has_value(), "a put failed");
            room.release();
        });
    }
    for (std::ptrdiff_t i = 0; i < kPutsUnderWay; ++i) room.acquire();
    drop_from_cache(folder);
    std::_Exit(0);  // no clean end: the next start has to find out by itself
}

}  // namespace spillway::bench
