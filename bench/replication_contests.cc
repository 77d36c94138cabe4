// A link from region to region over loopback HTTP, the whole way: pull, rule, put, checkpoint. The
// regions are processes of their own; what is measured is the link's process, and for the limit the
// process that copies.
#include "base/net/http_client.h"
#include "base/storage/state_store.h"
#include "base/task_runner.h"
#include "bench/bench_region.h"
#include "bench/contests.h"
#include "bench/region_process.h"
#include "bench/transform_rule.h"
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
            source_.put(store_, block, size);
            bytes_ += size;
            logs_ += 1'000;
        }
    }

    std::uint64_t copy(const std::string& rule, replicator::Delivery delivery) {
        const std::string name = "run-" + std::to_string(++runs_);
        replicator::LinkOptions options;
        options.name = name;
        options.source = store_;
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
    RegionProcess source_;
    RegionProcess target_;
    const LogstoreRef store_ = source_.add_store("source");
    SystemClock clock_;
    TaskRunner runner_{2};
    std::uint64_t bytes_ = 0;
    std::uint64_t logs_ = 0;
    int runs_ = 0;
};

/// The plain way to copy a page: GET it, take LZ4 off, put LZ4 on each group, POST it. Nothing is
/// signed on either side.
class PlainCopy {
  public:
    explicit PlainCopy(const Pages& pages) : turn_(pages) {}

    std::uint64_t run() {
        const BenchPage& page = turn_.next();
        const auto got = send("GET", source_.plain_url(), {});
        raw_.resize(page.raw.size());
        (void)LZ4_decompress_safe(got.body.data(), raw_.data(), static_cast<int>(got.body.size()),
                                  static_cast<int>(raw_.size()));
        const char* at = raw_.data();
        for (const auto& group : page.groups) {
            const int size = static_cast<int>(group.size());
            packed_.resize(static_cast<std::size_t>(LZ4_compressBound(size)));
            const int used =
                LZ4_compress_default(at, packed_.data(), size, static_cast<int>(packed_.size()));
            const auto body = std::string_view(packed_).substr(0, static_cast<std::size_t>(used));
            (void)send("POST", target_.plain_url(), body);
            at += size;
        }
        return page.raw.size();
    }

  private:
    HttpResponse send(const char* method, const std::string& url, std::string_view body) {
        HttpCall call;
        call.method = method;
        call.url = url;
        call.body = body;
        auto answer = client_.send(call);
        SPILLWAY_INVARIANT(answer && answer->status == 200,
                           "the benchmark's server does not answer");
        return std::move(*answer);
    }

    Turn turn_;
    RegionProcess source_;
    RegionProcess target_;
    HttpClient client_;
    std::string raw_;
    std::string packed_;
};

}  // namespace

void add_replication_contests(std::vector<Contest>& contests, const Pages& pages) {
    auto crossing = std::make_shared<Crossing>(pages);
    const auto copy = [&](const char* rule, replicator::Delivery delivery) {
        return [crossing, rule = std::string(rule), delivery] {
            return crossing->copy(rule, delivery);
        };
    };
    using enum replicator::Delivery;
    auto plain_copy = std::make_shared<PlainCopy>(pages);
    const Program plain{"GET, LZ4 off and on, POST", [plain_copy] { return plain_copy->run(); }};
    contests.push_back({"link: copy as it is", {"", copy("", ExactlyOnce)}, plain, 1.5});
    contests.push_back(
        {"link: drop 70 % by one field", {"", copy(kDropRule, ExactlyOnce)}, plain, {}});
    contests.push_back(
        {"link: drop, rename, set a field", {"", copy(kThreeEdits, ExactlyOnce)}, plain, {}});
    contests.push_back({"link: exactly once",
                        {"", copy("", ExactlyOnce)},
                        {"the same, at least once", copy("", AtLeastOnce)},
                        0.85});
}

}  // namespace spillway::bench
