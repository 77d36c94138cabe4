// The load under which the region dies: writers that each wait for one acknowledgement after the
// other, readers, and splits and merges.
#pragma once

#include "crash_groups.h"

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace spillway::crash {

/// By writer: how many puts were acknowledged, from the first.
using Counts = std::vector<std::uint64_t>;
/// How far a reader has read each shard.
using SeenEnds = std::map<std::pair<LogstoreRef, ShardId>, std::int64_t>;

struct LoadResult {
    Counts acknowledged;
    SeenEnds seen;
    std::uint64_t shard_changes = 0;
    std::vector<std::string> problems;  ///< answers that no kill explains
};

class Load {
  public:
    /// Begins at once. `from`: the number each writer continues with.
    Load(const Plan& plan, const std::string& url, Counts from, std::uint64_t seed);
    /// To be called when the region is dead: every thread ends by itself then.
    LoadResult finish();

  private:
    void write(const Writer& writer);
    void read();
    void change_shards(std::uint64_t seed);
    void note_problem(const std::string& text);

    const Plan& plan_;
    const std::string url_;
    std::mutex mutex_;  // guards result_
    LoadResult result_;
    std::atomic<bool> dead_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace spillway::crash
