// What clients that behave badly do to one that does not: a normal client puts and pulls all the
// time; beside it come, one after the other, the loads below. Told are its latencies, the region's
// memory, and whether everything it was told is stored is there in the end.
#include "base/hash.h"
#include "bench/logstore/measure.h"
#include "bench/logstore/socket_client.h"
#include "bench/pages.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_writer.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include <fmt/format.h>
#include <sys/resource.h>

namespace spillway::bench {

namespace {

constexpr double kLoadSeconds = 3;
constexpr int kDribblers = 200;
constexpr std::size_t kIdle = 10'000;

/// A load works until the flag is set and says afterwards what it did.
using LoadWork = std::function<std::string(const std::atomic<bool>& stop)>;

std::string put_head(std::size_t body_bytes, std::uint64_t raw_bytes, std::string_view codec,
                     std::string_view more = "") {
    return fmt::format(
        "POST /logstores/other/shards/lb HTTP/1.1\r\nHost: bench-project.localhost\r\n"
        "x-log-apiversion: 0.6.0\r\nx-log-bodyrawsize: {}\r\nx-log-compresstype: {}\r\n"
        "Content-Type: application/x-protobuf\r\n{}Content-Length: {}\r\n\r\n",
        raw_bytes, codec, more, body_bytes);
}

/// A hundred times the same compressed package in one list.
std::string list_of(std::string_view zstd, std::size_t raw_bytes) {
    constexpr std::uint64_t kZstd = 3;
    std::string package = "\x0a";
    wire::append_varint(package, zstd.size());
    package += zstd;
    package += '\x10';
    wire::append_varint(package, raw_bytes);
    package += '\x18';
    wire::append_varint(package, kZstd);
    std::string list;
    for (int i = 0; i < 100; ++i) {
        list += '\x0a';
        wire::append_varint(list, package.size());
        list += package;
    }
    return list;
}

/// 200 clients send a body of a MiB at 64 KB/s each.
std::string dribble(std::uint16_t port, const std::atomic<bool>& stop) {
    std::vector<BareClient> clients;
    for (int i = 0; i < kDribblers; ++i) {
        clients.emplace_back(port);
        (void)clients.back().send(put_head(1'048'576, 1'048'576, "lz4"));
    }
    const std::string piece(6'400, 'x');
    std::uint64_t pieces = 0;
    while (!stop) {
        for (auto& client : clients) pieces += client.send(piece);
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return fmt::format("{} clients, {:.0f} MB in all", kDribblers,
                       static_cast<double>(pieces * piece.size()) / 1e6);
}

/// 10,000 connections of which each has sent nothing yet, or one request long ago.
std::string idle(std::uint16_t port, const std::atomic<bool>& stop) {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    const auto room = static_cast<std::size_t>(files.rlim_cur) - 200;
    std::vector<BareClient> clients;
    std::size_t answered = 0;
    while (clients.size() < std::min(kIdle, room) && !stop) {
        clients.emplace_back(port);
        if (!clients.back().is_open()) break;
        if (clients.size() % 2 == 0) {
            (void)clients.back().send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
            answered += clients.back().read_status() == 200;
        }
    }
    const auto open = clients.size();
    while (!stop) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return fmt::format("{} connections{}, {} of them answered once", open,
                       room < kIdle ? " (the system's limit of descriptors)" : "", answered);
}

/// Heads of a MiB, as fast as they go.
std::string giant_headers(std::uint16_t port, const std::atomic<bool>& stop) {
    const std::string head = "GET / HTTP/1.1\r\nHost: localhost\r\nx-filler: ";
    const std::string filler(64 * 1024, 'f');
    std::uint64_t tried = 0;
    std::uint64_t refused = 0;
    while (!stop) {
        BareClient client(port);
        ++tried;
        bool goes_on = client.send(head);
        for (int i = 0; i < 16 && goes_on; ++i) goes_on = client.send(filler);
        const int status = client.read_status();
        refused += status == 431 || status == 400 || status == 0;
    }
    return fmt::format("{} heads, {} refused", tried, refused);
}

/// Bodies that say they are small and are not, that are 10 MB of nothing in 40 KB, or a list of a
/// hundred such.
std::string bombs(std::uint16_t port, const std::atomic<bool>& stop) {
    const std::string zeros(10'000'000, '\0');
    const auto lz4 = must(wire::compress(Codec::Lz4, zeros));
    const auto deflate = must(wire::compress(Codec::Deflate, zeros));
    const auto zstd = must(wire::compress(Codec::Zstd, zeros));
    const auto list = list_of(zstd, zeros.size());
    struct Bomb {
        const std::string& body;
        std::uint64_t says;
        std::string_view codec;
        std::string_view more = "";
    };
    const Bomb all[] = {{lz4, zeros.size(), "lz4"},   {lz4, 100, "lz4"},
                        {lz4, 4'000'000'000, "lz4"},  {deflate, zeros.size(), "deflate"},
                        {deflate, 100, "deflate"},    {zstd, 100, "zstd"},
                        {zstd, zeros.size(), "zstd"}, {list, 1, "", "x-log-mode: batch_group\r\n"}};
    std::atomic<std::uint64_t> tried = 0;
    std::atomic<std::uint64_t> refused = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            while (!stop) {
                const auto& bomb = all[tried++ % std::size(all)];
                BareClient client(port);
                if (!client.send(put_head(bomb.body.size(), bomb.says, bomb.codec, bomb.more)))
                    continue;
                (void)client.send(bomb.body);
                const int status = client.read_status();
                refused += status >= 400 && status < 500;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    return fmt::format("{} bodies, {} refused", tried.load(), refused.load());
}

/// 1,000 puts of one short log a second, over 16 connections.
std::string tiny_puts(const RemoteRegion& region, const Pages& pages,
                      const std::atomic<bool>& stop) {
    constexpr int kSenders = 16;
    constexpr double kRate = 1'000;
    const LogstoreRef store{ProjectName("bench-project"), LogstoreName("other")};
    Batch batch;
    batch.body = pages.front().small_lz4;
    batch.codec = Codec::Lz4;
    batch.raw_bytes = pages.front().small.size();
    std::atomic<std::uint64_t> stored = 0;
    const auto begun = now_seconds();
    std::vector<std::thread> threads;
    for (int i = 0; i < kSenders; ++i) {
        threads.emplace_back([&, i] {
            const auto client = region.connect();
            for (double due = begun + i / kRate; !stop; due += kSenders / kRate) {
                const auto wait = due - now_seconds();
                if (wait > 0) std::this_thread::sleep_for(std::chrono::duration<double>(wait));
                stored += client->put(store, batch).has_value();
            }
        });
    }
    for (auto& thread : threads) thread.join();
    return fmt::format("{:.0f} a second stored",
                       static_cast<double>(stored) / (now_seconds() - begun));
}

/// The client that behaves: puts and pulls, and knows what it was promised.
class NormalClient {
  public:
    explicit NormalClient(const RemoteRegion& region, const Pages& pages)
        : client_(region.connect()), store_(make_store(*client_, "normal", 1)) {
        batch_.body = pages.front().small_lz4;
        batch_.codec = Codec::Lz4;
        batch_.raw_bytes = pages.front().small.size();
    }

    void work_for(double seconds, Latencies& latencies) {
        for (const auto end = now_seconds() + seconds; now_seconds() < end;) {
            const auto begun = now_seconds();
            acknowledged_ += client_->put(store_, batch_).has_value();
            latencies.add((now_seconds() - begun) * 1'000);
            const auto between = now_seconds();
            (void)client_->cursor(store_, ShardId(0), CursorSeek::end());
            latencies.add((now_seconds() - between) * 1'000);
            ++tried_;
        }
    }

    bool is_all_there() const {
        const auto begin = client_->cursor(store_, ShardId(0), CursorSeek::begin());
        const auto end = client_->cursor(store_, ShardId(0), CursorSeek::end());
        return begin && end && *end->position() - *begin->position() == acknowledged_;
    }
    std::int64_t acknowledged() const { return acknowledged_; }
    std::int64_t tried() const { return tried_; }

  private:
    std::unique_ptr<client::RegionClient> client_;
    const LogstoreRef store_;
    Batch batch_;
    std::int64_t acknowledged_ = 0;
    std::int64_t tried_ = 0;
};

}  // namespace

bool measure_hostile(const LogstoreBenchOptions& options) {
    print_heading("A normal client (put, cursor; sync: commit) beside hostile ones");
    const auto pages = make_pages(1);
    const ScratchFolder folder;
    const RemoteRegion region(options, folder.path() + "/region", "commit");
    NormalClient normal(region, pages);
    (void)make_store(*region.connect(), "other", 4);
    const auto port = region.port();
    const std::pair<std::string, LoadWork> loads[] = {
        {"alone", [](const auto&) { return std::string(); }},
        {"dribbling", [&](const auto& stop) { return dribble(port, stop); }},
        {"idle", [&](const auto& stop) { return idle(port, stop); }},
        {"giant headers", [&](const auto& stop) { return giant_headers(port, stop); }},
        {"bombs", [&](const auto& stop) { return bombs(port, stop); }},
        {"tiny puts", [&](const auto& stop) { return tiny_puts(region, pages, stop); }},
        {"alone again", [](const auto&) { return std::string(); }},
    };
    for (const auto& [name, work] : loads) {
        std::atomic<bool> stop = false;
        std::string did;
        std::thread load([&, &does = work] { did = does(stop); });
        std::this_thread::sleep_for(std::chrono::milliseconds(500));  // until it is under way
        Latencies latencies;
        normal.work_for(kLoadSeconds, latencies);
        const auto facts = region.facts();
        stop = true;
        load.join();
        print_figure(name + (did.empty() ? "" : ": " + did),
                     fmt::format("{}, {:.0f} MB", latencies.text(), facts.resident_mb));
    }
    return print_figure("acknowledged to the normal client, and there",
                        fmt::format("{} of {} tried", normal.acknowledged(), normal.tried()), "all",
                        normal.is_all_there());
}

}  // namespace spillway::bench
