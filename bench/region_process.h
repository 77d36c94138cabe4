// A region and a plain HTTP server in a process of their own: what they cost is not the link's.
#pragma once

#include "logstore/client/region_client.h"

#include <memory>
#include <string>

#include <sys/types.h>

namespace spillway::bench {

/// Flag that makes the benchmark's program such a process.
inline constexpr const char* kServeFlag = "--serve-region";
/// Serves until its input ends; the exit code.
int serve_region();

class RegionProcess {
  public:
    RegionProcess();
    ~RegionProcess();
    RegionProcess(const RegionProcess&) = delete;
    RegionProcess& operator=(const RegionProcess&) = delete;

    client::RegionClient& client() { return *client_; }
    /// GET: the pages of the benchmark in turn, LZ4. POST: read and thrown away.
    const std::string& plain_url() const { return plain_url_; }

    void put(const LogstoreRef& store, const std::string& block, std::uint64_t raw);
    /// A further Logstore of one shard, empty.
    LogstoreRef add_store(const std::string& name);

  private:
    pid_t pid_ = 0;
    int input_ = -1;
    std::string plain_url_;
    SystemClock clock_;
    std::unique_ptr<client::RegionClient> client_;
};

}  // namespace spillway::bench
