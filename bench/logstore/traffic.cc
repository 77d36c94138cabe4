// What puts and pulls cost the region's process, and how long they take.
#include "base/hash.h"
#include "bench/contests.h"
#include "bench/logstore/measure.h"
#include "bench/pages.h"
#include "logstore/engine/engine.h"
#include "logstore/wire/codec.h"

#include <array>
#include <mutex>

#include <fmt/format.h>

namespace spillway::bench {

namespace {

constexpr std::chrono::milliseconds kWindow{2'000};
constexpr int kConnections = 4;

/// Raw bytes a second, and processor milliseconds of the region for each raw MB.
struct Cost {
    double mb_a_second = 0;
    double cpu_ms_a_mb = 0;
};

Cost cost_of(const RemoteRegion& region, const std::function<std::uint64_t(int)>& work) {
    const auto before = region.facts().cpu_seconds;
    const auto begun = now_seconds();
    const auto rate = bytes_a_second(kConnections, kWindow, work);
    const auto megabytes = rate * (now_seconds() - begun) / 1e6;
    return {rate / 1e6, (region.facts().cpu_seconds - before) * 1'000 / megabytes};
}

/// What a put cannot do without, on one thread: the block taken off once, a checksum and a digest.
double least_put_cpu_ms(const Pages& pages) {
    const auto begun = own_cpu_seconds();
    std::uint64_t raw = 0;
    std::string out;
    while (own_cpu_seconds() - begun < 0.5) {
        for (const auto& page : pages) {
            for (std::size_t i = 0; i < page.groups.size(); ++i) {
                (void)wire::decompress_into(out, Codec::Lz4, page.lz4_groups[i],
                                            page.groups[i].size());
                keep(out.data());
                keep(md5(page.lz4_groups[i]).data());
                raw += out.size();
            }
        }
    }
    return (own_cpu_seconds() - begun) * 1'000 / (static_cast<double>(raw) / 1e6);
}

struct Clients {
    explicit Clients(const RemoteRegion& region) {
        for (int i = 0; i < kConnections; ++i) all.push_back(region.connect());
    }
    client::RegionClient& operator[](int i) { return *all[static_cast<std::size_t>(i)]; }
    std::vector<std::unique_ptr<client::RegionClient>> all;
};

Batch batch_of(const std::string& block, std::size_t raw_bytes) {
    Batch batch;
    batch.body = block;
    batch.codec = Codec::Lz4;
    batch.raw_bytes = raw_bytes;
    return batch;
}

/// Each thread goes through its Logstore's only shard, page after page, over and over.
class PullTurns {
  public:
    PullTurns(Clients& clients, const LogstoreRef& store) : clients_(clients), store_(store) {
        begin_ = must(clients[0].cursor(store, ShardId(0), CursorSeek::begin()));
        at_.fill(begin_);
    }
    std::uint64_t next(int thread) {
        auto& at = at_[static_cast<std::size_t>(thread)];
        PullRequest request;
        request.from = at;
        request.groups_max = 4;
        const auto page = must(clients_[thread].pull(store_, ShardId(0), request));
        at = page.at_end ? begin_ : page.next;
        return page.raw_bytes;
    }

  private:
    Clients& clients_;
    const LogstoreRef store_;
    Cursor begin_;
    std::array<Cursor, kConnections> at_;
};

bool measure_throughput(const LogstoreBenchOptions& options, const Pages& pages) {
    const ScratchFolder folder;
    const RemoteRegion region(options, folder.path() + "/region", "interval");
    Clients clients(region);
    const auto store = make_store(clients[0], "large-groups", 1);
    std::vector<Batch> batches;
    for (const auto& page : pages) {
        for (std::size_t i = 0; i < page.groups.size(); ++i) {
            batches.push_back(batch_of(page.lz4_groups[i], page.groups[i].size()));
        }
    }
    for (const auto& batch : batches) (void)must(clients[0].put(store, batch));
    PullTurns turns(clients, store);
    std::vector<double> put_rate, put_cpu, pull_rate, pull_cpu, least;
    for (int round = 0; round < options.rounds; ++round) {
        std::atomic<std::size_t> at = 0;
        const auto put = cost_of(region, [&](int thread) {
            const auto& batch = batches[at++ % batches.size()];
            (void)must(clients[thread].put(store, batch));
            return batch.raw_bytes;
        });
        least.push_back(least_put_cpu_ms(pages));
        const auto pull = cost_of(region, [&](int thread) { return turns.next(thread); });
        put_rate.push_back(put.mb_a_second);
        put_cpu.push_back(put.cpu_ms_a_mb);
        pull_rate.push_back(pull.mb_a_second);
        pull_cpu.push_back(pull.cpu_ms_a_mb);
    }
    print_figure("puts: raw MB/s; region's processor ms a raw MB",
                 fmt::format("{:.0f} MB/s, {:.2f} ms", median(put_rate), median(put_cpu)));
    print_figure("  limit: LZ4 decompress + MD5 of the same, no sockets",
                 fmt::format("{:.2f} ms", median(least)));
    print_figure("pulls, stitched: raw MB/s; processor ms a raw MB",
                 fmt::format("{:.0f} MB/s, {:.2f} ms", median(pull_rate), median(pull_cpu)));
    print_figure("region's memory, highest",
                 fmt::format("{:.0f} MB", region.facts().resident_peak_mb));
    return true;
}

/// The same page from the engine: its blocks joined, or taken apart and compressed anew.
bool measure_stitching(const LogstoreBenchOptions& options, const Pages& pages) {
    const ScratchFolder folder;
    SystemClock clock;
    engine::EngineOptions engine_options;
    engine_options.path = folder.path();
    engine_options.log.sync = engine::SyncMode::None;
    auto engine = must(engine::Engine::open(engine_options, clock, null_event_log(), nullptr));
    const LogstoreRef store{ProjectName("bench-project"), LogstoreName("stitch")};
    (void)engine->create_project({store.project, "", "", 0, 0});
    LogstoreSettings settings;
    settings.shard_count = 1;
    (void)engine->create_logstore(store, settings);
    for (const auto& page : pages) {
        for (std::size_t i = 0; i < page.groups.size(); ++i) {
            (void)must(engine->put(store, batch_of(page.lz4_groups[i], page.groups[i].size())));
        }
    }
    PullRequest request;
    request.from = must(engine->cursor(store, ShardId(0), CursorSeek::begin()));
    request.groups_max = 4;
    const auto mb_a_cpu_second = [&](Codec codec) {
        request.codec = codec;
        const auto begun = own_cpu_seconds();
        std::uint64_t raw = 0;
        while (own_cpu_seconds() - begun < 0.5) {
            auto page = must(engine->pull(store, ShardId(0), request));
            raw += page.raw_bytes;
            if (codec == Codec::None) page.body = must(wire::compress(Codec::Lz4, page.body));
            keep(page.body.data());
        }
        return static_cast<double>(raw) / 1e6 / (own_cpu_seconds() - begun);
    };
    std::vector<double> ratios, stitched;
    for (int round = 0; round < options.rounds; ++round) {
        stitched.push_back(mb_a_cpu_second(Codec::Lz4));
        ratios.push_back(stitched.back() / mb_a_cpu_second(Codec::None));
    }
    return print_figure(
        "engine's pull, stitched against decompress and recompress",
        fmt::format("{:.0f} MB/cpu s, {:.1f} times", median(stitched), median(ratios)),
        ">= 5 times", median(ratios) >= 5);
}

void measure_latency(const LogstoreBenchOptions& options, const Pages& pages) {
    const ScratchFolder folder;
    const RemoteRegion region(options, folder.path() + "/region", "commit");
    Clients clients(region);
    const auto store = make_store(clients[0], "small-groups", 1);
    const auto batch = batch_of(pages.front().small_lz4, pages.front().small.size());
    for (int i = 0; i < 64; ++i) (void)must(clients[0].put(store, batch));
    PullTurns turns(clients, store);
    std::mutex mutex;
    const auto timed = [&](Latencies& latencies, int threads, const auto& call) {
        (void)bytes_a_second(threads, kWindow, [&](int thread) {
            const auto begun = now_seconds();
            call(thread);
            const std::lock_guard lock(mutex);
            latencies.add((now_seconds() - begun) * 1'000);
            return std::uint64_t{1};
        });
    };
    for (const int threads : {1, kConnections}) {
        Latencies puts, pulls;
        timed(puts, threads, [&](int thread) { (void)must(clients[thread].put(store, batch)); });
        timed(pulls, threads, [&](int thread) { (void)turns.next(thread); });
        print_figure(fmt::format("put of 10 logs, sync: commit, {} at a time", threads),
                     puts.text());
        print_figure(fmt::format("pull of 4 such groups, {} at a time", threads), pulls.text());
    }
}

}  // namespace

bool measure_traffic(const LogstoreBenchOptions& options) {
    print_heading("Puts and pulls over HTTP, the region in a process of its own, 4 connections");
    const auto pages = make_pages(4);
    bool good = measure_throughput(options, pages);
    good &= measure_stitching(options, pages);
    measure_latency(options, pages);
    return good;
}

}  // namespace spillway::bench
