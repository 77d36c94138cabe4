// The data every benchmark runs on: nginx-like access logs, made here and always the same, so that
// two runs on two machines measure the same work. About 640 bytes and 13 fields a log, 1,000 logs a
// group, 4 groups a page; LZ4 makes it about four times smaller.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace spillway::bench {

struct BenchPage {
    std::string raw;                      ///< a LogGroupList
    std::string lz4;                      ///< the same, one block
    std::vector<std::string> groups;      ///< its LogGroups, raw
    std::vector<std::string> lz4_groups;  ///< each compressed alone, as a region stores them
    std::string small;      ///< a LogGroup of ten logs, raw, as an agent under little load sends it
    std::string small_lz4;  ///< the same, compressed
    std::uint64_t logs = 0;
};

/// More than one, so that a loop over them does not live in the processor's nearest cache.
using Pages = std::vector<BenchPage>;

Pages make_pages(std::size_t count);
std::uint64_t raw_bytes(const Pages& pages);

}  // namespace spillway::bench
