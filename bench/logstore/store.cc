// A store that is much larger than memory should be: how fast it opens after a kill, how much of it
// is read then, and how much memory serving it takes.
#include "bench/logstore/measure.h"
#include "bench/pages.h"

#include <atomic>
#include <random>

#include <fmt/format.h>

namespace spillway::bench {

namespace {

constexpr std::uint32_t kShards = 256;
constexpr int kReaders = 4;
constexpr double kOpenGoalSeconds = 5;
constexpr double kMemoryGoalMb = 150;

bool print_open(const std::string& when, const RemoteRegion& region, double store_mb) {
    const auto read_mb = static_cast<double>(region.bytes_read_at_open()) / 1e6;
    const bool is_fast = region.ready_after_seconds() < kOpenGoalSeconds;
    const bool reads_little = read_mb < std::max(store_mb / 10, 70.0);
    return print_figure(
        "opened " + when,
        fmt::format("{:.2f} s, {:.1f} MB read", region.ready_after_seconds(), read_mb),
        "< 5 s, not read whole", is_fast && reads_little);
}

/// Readers in all shards, from the begin (cold) and from the end (hot), and a writer beside them.
double serve_for(const RemoteRegion& region, const LogstoreRef& store,
                 std::chrono::milliseconds time) {
    const auto pages = make_pages(1);
    Batch batch;
    batch.body = pages.front().small_lz4;
    batch.codec = Codec::Lz4;
    batch.raw_bytes = pages.front().small.size();
    std::vector<std::unique_ptr<client::RegionClient>> clients;
    for (int i = 0; i <= kReaders; ++i) clients.push_back(region.connect());
    std::atomic<std::uint32_t> turn = 0;
    return bytes_a_second(kReaders + 1, time, [&](int thread) -> std::uint64_t {
        auto& client = *clients[static_cast<std::size_t>(thread)];
        if (thread == kReaders) {
            (void)must(client.put(store, batch));
            return 0;
        }
        const auto number = turn++;
        const ShardId shard(number % kShards);
        const bool is_hot = number / kShards % 2 == 1;
        PullRequest request;
        request.from = must(client.cursor(store, shard, CursorSeek::begin()));
        if (is_hot) {
            const auto end = *must(client.cursor(store, shard, CursorSeek::end())).position();
            request.from = Cursor::from_position(std::max(*request.from.position(), end - 40));
        }
        return must(client.pull(store, shard, request)).raw_bytes;
    });
}

}  // namespace

bool measure_store(const LogstoreBenchOptions& options) {
    const std::uint64_t bytes = options.full ? 10'000'000'000 : 1'000'000'000;
    const auto megabytes = static_cast<double>(bytes) / 1e6;
    print_heading(fmt::format("A store of {:.0f} GB in {} shards", megabytes / 1e3, kShards));
    const ScratchFolder folder;
    const auto path = folder.path() + "/region";
    const auto begun = now_seconds();
    const auto status =
        support::run_to_end(options.program, {"--generate", path, std::to_string(bytes)});
    SPILLWAY_INVARIANT(status == 0, "the store cannot be made");
    print_figure("made, its process ending without a word",
                 fmt::format("{:.0f} s, {:.0f} MB/s", now_seconds() - begun,
                             megabytes / (now_seconds() - begun)));
    const LogstoreRef store{ProjectName("bench-project"), LogstoreName("large")};
    RemoteRegion region(options, path, "commit");
    bool good = print_open("after a kill, nothing of it in the cache", region, megabytes);
    print_figure("memory when open", fmt::format("{:.0f} MB", region.facts().resident_mb));
    const auto rate = serve_for(region, store, std::chrono::seconds(options.full ? 30 : 10));
    const auto facts = region.facts();
    good &=
        print_figure("memory serving it, highest",
                     fmt::format("{:.0f} MB at {:.0f} MB/s", facts.resident_peak_mb, rate / 1e6),
                     "< 150 MB", facts.resident_peak_mb < kMemoryGoalMb);
    print_figure("descriptors open", std::to_string(facts.descriptors));
    region.kill();
    const RemoteRegion again(options, path, "commit");
    good &= print_open("after kill -9 while serving", again, megabytes);
    return good;
}

}  // namespace spillway::bench
