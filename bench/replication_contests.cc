// A link from region to region over loopback HTTP, the whole way: pull, rule, put, checkpoint.
// Regions, clients and link are one process here, so its processor time is the sum of all.
#include "base/hash.h"
#include "base/storage/state_store.h"
#include "base/task_runner.h"
#include "bench/bench_region.h"
#include "bench/contests.h"
#include "bench/http_pair.h"
#include "replicator/replicator.h"

#include <memory>
#include <thread>

#include <lz4.h>

namespace spillway::bench {

namespace {

constexpr std::size_t kGroups = 32;

/// A source that holds the data, and a target that gets a new Logstore for every run.
class Crossing {
  public:
    explicit Crossing(const Pages& pages) {
        GroupTurn turn(pages);
        for (std::size_t i = 0; i < kGroups; ++i) {
            const auto [block, size] = turn.next();
            bytes_ += source_.put(block, size);
            logs_ += 1'000;
        }
    }

    std::uint64_t copy(const std::string& rule, replicator::Delivery delivery) {
        const std::string name = "run-" + std::to_string(++runs_);
        replicator::LinkOptions options;
        options.name = name;
        options.source = source_.store;
        options.rule = rule;
        options.delivery = delivery;
        const auto into = target_.add_store(name);
        const auto state = make_memory_state_store();
        MetricsRegistry metrics;
        auto link = must(
            replicator::Link::open(options, {source_.client(),
                                             {{"", into, &target_.client(), &target_.client()}},
                                             *state,
                                             clock_,
                                             null_event_log(),
                                             metrics}));
        link->start(runner_);
        for (;;) {
            const auto totals = link->status().totals;
            if (totals.logs_written + totals.logs_filtered >= logs_) break;
            std::this_thread::sleep_for(std::chrono::milliseconds{1});
        }
        link->stop();
        return bytes_;
    }

  private:
    Region source_;
    Region target_;
    SystemClock clock_;
    TaskRunner runner_{2};
    std::uint64_t bytes_ = 0;
    std::uint64_t logs_ = 0;
    int runs_ = 0;
};

/// The plain way to copy a page: GET it, take LZ4 off, put LZ4 on each group, digest, POST it.
std::function<std::uint64_t()> recompressing_copy(const Pages& pages) {
    auto source = std::make_shared<HttpPair>([turn = Turn(pages)](const HttpRequest&) mutable {
        HttpResponse response;
        response.body = turn.next().lz4;
        return response;
    });
    auto target = std::make_shared<HttpPair>([](const HttpRequest& request) {
        keep(md5(request.body).data());
        return HttpResponse{};
    });
    return [source, target, turn = Turn(pages), raw = std::string(),
            packed = std::string()]() mutable {
        const BenchPage& page = turn.next();
        const auto got = source->send("GET", {});
        raw.resize(page.raw.size());
        (void)LZ4_decompress_safe(got.body.data(), raw.data(), static_cast<int>(got.body.size()),
                                  static_cast<int>(raw.size()));
        const char* at = raw.data();
        for (const auto& group : page.groups) {
            const int size = static_cast<int>(group.size());
            packed.resize(static_cast<std::size_t>(LZ4_compressBound(size)));
            const int used =
                LZ4_compress_default(at, packed.data(), size, static_cast<int>(packed.size()));
            (void)target->send("POST",
                               std::string_view(packed).substr(0, static_cast<std::size_t>(used)));
            at += size;
        }
        return static_cast<std::uint64_t>(page.raw.size());
    };
}

}  // namespace

void add_replication_contests(std::vector<Contest>& contests, const Pages& pages) {
    auto crossing = std::make_shared<Crossing>(pages);
    const auto copy = [&](const char* rule, replicator::Delivery delivery) {
        return [crossing, rule = std::string(rule), delivery] {
            return crossing->copy(rule, delivery);
        };
    };
    using enum replicator::Delivery;
    contests.push_back({"link: copy as it is",
                        {"", copy("", ExactlyOnce)},
                        {"GET, LZ4 off and on, MD5, POST", recompressing_copy(pages)},
                        1.5});
    contests.push_back({"link: exactly once",
                        {"", copy("", ExactlyOnce)},
                        {"the same, at least once", copy("", AtLeastOnce)},
                        0.85});
}

}  // namespace spillway::bench
