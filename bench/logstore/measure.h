// What the measurements of the Logstore share: figures in a table, percentiles, what a process
// costs, and a region in a process of its own.
#pragma once

#include "base/clock.h"
#include "logstore/client/region_client.h"
#include "tests/support/region_process.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::bench {

struct LogstoreBenchOptions {
    std::string program;  ///< this one; started again as the region
    std::string only;     ///< a part's name; empty: all
    bool full = false;    ///< the store of 10 GB instead of 1 GB
    int rounds = 3;
};

/// The parts; each prints its figures as it goes. False: a goal was missed.
bool measure_commits(const LogstoreBenchOptions& options);
bool measure_traffic(const LogstoreBenchOptions& options);
bool measure_store(const LogstoreBenchOptions& options);
bool measure_hostile(const LogstoreBenchOptions& options);

/// The program as a region: `--serve DIR [--sync MODE]`; `--generate DIR BYTES` fills a folder and
/// ends as a kill would end it.
int serve_region(const std::string& folder, const std::string& sync);
int generate_store(const std::string& folder, std::uint64_t bytes);

void print_heading(std::string_view text);
/// One line: what, how much, and the goal with its verdict where there is one.
bool print_figure(const std::string& what, const std::string& value, const std::string& goal = {},
                  bool is_met = true);

double median(std::vector<double> values);

/// Durations in milliseconds, from any one thread.
class Latencies {
  public:
    void add(double ms) { all_.push_back(ms); }
    void add(const Latencies& more) { all_.insert(all_.end(), more.all_.begin(), more.all_.end()); }
    std::size_t count() const { return all_.size(); }
    double percentile(double share) const;
    std::string text() const;  ///< "p50 1.2 ms, p99 3.4 ms"

  private:
    std::vector<double> all_;
};

double now_seconds();
/// Processor seconds of this process, kernel time included.
double own_cpu_seconds();

struct ProcessFacts {
    double cpu_seconds = 0;
    double resident_mb = 0;
    double resident_peak_mb = 0;
    int descriptors = 0;
};
ProcessFacts facts_of(pid_t pid);

/// A folder that goes away with this.
class ScratchFolder {
  public:
    ScratchFolder();
    ~ScratchFolder();
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

/// A region in a process of its own, ready when this is made.
class RemoteRegion {
  public:
    RemoteRegion(const LogstoreBenchOptions& options, const std::string& folder,
                 const std::string& sync);
    const std::string& url() const { return url_; }
    std::uint16_t port() const;
    ProcessFacts facts() const { return facts_of(process_->pid()); }
    double ready_after_seconds() const { return ready_after_seconds_; }
    std::uint64_t bytes_read_at_open() const;
    void kill() { process_->kill(); }
    std::unique_ptr<client::RegionClient> connect() const;

  private:
    std::unique_ptr<support::RegionProcess> process_;
    std::string url_;
    double ready_after_seconds_ = 0;
};

template <class T>
T must(Result<T> result) {
    if (!result) invariant_failed(__FILE__, __LINE__, result.error().to_string().c_str());
    return std::move(*result);
}

/// The project and a Logstore of so many shards.
LogstoreRef make_store(client::RegionClient& client, const std::string& name, std::uint32_t shards);

/// Runs `work` in `threads` threads until the time is over; each call gets its thread's number and
/// returns the bytes it did. The sum, a second.
double bytes_a_second(int threads, std::chrono::milliseconds time,
                      const std::function<std::uint64_t(int)>& work);

}  // namespace spillway::bench
