// A region on disk behind its HTTP server, with a client connected to it, for the end-to-end
// contests.
#pragma once

#include "bench/pages.h"
#include "logstore/client/region_client.h"
#include "logstore/engine/engine.h"
#include "logstore/server/region_server.h"

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include <stdlib.h>

namespace spillway::bench {

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
    std::string address() const { return server_->address(); }

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

}  // namespace spillway::bench
