// End to end over loopback, one connection: our client against our region server, beside plain HTTP
// that carries the same bytes. Both processes' work is in one process here, so its processor time
// is the sum.
#include "base/hash.h"
#include "bench/contests.h"
#include "bench/http_pair.h"
#include "logstore/client/region_client.h"
#include "logstore/engine/engine.h"
#include "logstore/server/region_server.h"
#include "logstore/wire/codec.h"

#include <filesystem>
#include <memory>

#include <stdlib.h>

namespace spillway::bench {

namespace {

constexpr std::uint32_t kGroupsAPull = 4;  // as many as a page of the data holds

template <class T>
T must(Result<T> result) {
    if (!result) invariant_failed(__FILE__, __LINE__, result.error().to_string().c_str());
    return std::move(*result);
}

/// A region on disk with its server, and a client connected to it; the folder goes away with it.
class Region {
  public:
    Region() {
        std::string folder =
            (std::filesystem::temp_directory_path() / "spillway-bench-XXXXXX").string();
        SPILLWAY_INVARIANT(::mkdtemp(folder.data()) != nullptr, "no folder for the benchmark");
        folder_ = folder;
        engine::EngineOptions options;
        options.path = folder;
        options.log.sync = engine::SyncMode::None;  // the processor is measured, not the disk
        engine_ = must(engine::Engine::open(options, clock_, null_event_log(), nullptr));
        server_ =
            must(server::RegionServer::start({}, *engine_, clock_, null_event_log(), metrics_));
        client::RegionClientOptions to_it;
        to_it.name = RegionName("bench");
        to_it.endpoint = "http://" + server_->address();
        client_ = must(client::RegionClient::open(to_it, clock_));
        must_be(client_->create_project({store.project, "", "", 0, 0}));
        LogstoreSettings settings;
        settings.shard_count = 1;
        must_be(client_->create_logstore(store, settings));
    }
    ~Region() {
        client_.reset();
        server_.reset();
        engine_.reset();
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    Region(const Region&) = delete;
    Region& operator=(const Region&) = delete;

    client::RegionClient& client() { return *client_; }

    std::uint64_t put(const std::string& block, std::uint64_t raw) {
        Batch batch;
        batch.body = block;
        batch.codec = Codec::Lz4;
        batch.raw_bytes = raw;
        (void)must(client_->put(store, batch));
        return raw;
    }

    const LogstoreRef store{ProjectName("bench-project"), LogstoreName("bench")};

  private:
    static void must_be(const Status& status) {
        if (!status) invariant_failed(__FILE__, __LINE__, status.error().to_string().c_str());
    }

    SystemClock clock_;
    MetricsRegistry metrics_;
    std::string folder_;
    std::unique_ptr<engine::Engine> engine_;
    std::unique_ptr<server::RegionServer> server_;
    std::unique_ptr<client::RegionClient> client_;
};

/// Every group of every page, one after the other.
class GroupTurn {
  public:
    explicit GroupTurn(const Pages& pages) : pages_(pages) {}
    std::pair<const std::string&, std::uint64_t> next() {
        const std::size_t at = at_++;
        const BenchPage& page = pages_[at / kGroupsAPull % pages_.size()];
        return {page.lz4_groups[at % kGroupsAPull], page.groups[at % kGroupsAPull].size()};
    }

  private:
    const Pages& pages_;
    std::size_t at_ = 0;
};

/// What a put cannot do without: POST, a digest of the body, its LZ4 taken off once to look inside.
std::function<std::uint64_t()> least_put(const Pages& pages) {
    auto raw = std::make_shared<std::atomic<std::uint64_t>>(0);
    auto http = std::make_shared<HttpPair>([raw](const HttpRequest& request) {
        std::string out;
        (void)wire::decompress_into(out, Codec::Lz4, request.body, *raw);
        keep(out.data());
        keep(md5(request.body).data());
        return HttpResponse{};
    });
    return [http, raw, turn = GroupTurn(pages)]() mutable {
        const auto [block, size] = turn.next();
        *raw = size;
        (void)http->send("POST", block);
        return size;
    };
}

/// Reads the Logstore from its begin, a page a call, for ever.
std::function<std::uint64_t()> pull_round(std::shared_ptr<Region> region) {
    auto& client = region->client();
    const auto begin = must(client.cursor(region->store, ShardId(0), CursorSeek::begin()));
    return [region = std::move(region), &client, begin, at = begin]() mutable {
        PullRequest request;
        request.from = at;
        request.groups_max = kGroupsAPull;
        auto page = must(client.pull(region->store, ShardId(0), request));
        SPILLWAY_INVARIANT(page.group_count > 0, "the benchmark's Logstore is empty");
        at = page.at_end ? begin : page.next;
        return page.raw_bytes;
    };
}

std::function<std::uint64_t()> plain_get(const Pages& pages) {
    auto http = std::make_shared<HttpPair>([turn = Turn(pages)](const HttpRequest&) mutable {
        HttpResponse response;
        response.body = turn.next().lz4;
        return response;
    });
    return [http, turn = Turn(pages)]() mutable {
        (void)http->send("GET", {});
        return static_cast<std::uint64_t>(turn.next().raw.size());
    };
}

}  // namespace

void add_region_contests(std::vector<Contest>& contests, const Pages& pages) {
    auto written = std::make_shared<Region>();
    contests.push_back({"region: put of a group over HTTP",
                        {"",
                         [written, turn = GroupTurn(pages)]() mutable {
                             const auto [block, size] = turn.next();
                             return written->put(block, size);
                         }},
                        {"POST + MD5 + LZ4 decompress", least_put(pages)},
                        0.71});
    auto read = std::make_shared<Region>();
    for (const auto& page : pages) {
        for (std::size_t i = 0; i < page.groups.size(); ++i) {
            (void)read->put(page.lz4_groups[i], page.groups[i].size());
        }
    }
    contests.push_back({"region: pull of a page over HTTP",
                        {"", pull_round(read)},
                        {"plain GET of the same bytes", plain_get(pages)},
                        0.5});
}

}  // namespace spillway::bench
