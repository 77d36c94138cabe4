// The contests, by folder they measure. Each keeps references to `pages`, which must outlive them.
#pragma once

#include "bench/contest.h"
#include "bench/pages.h"

#include <vector>

namespace spillway::bench {

void add_wire_contests(std::vector<Contest>& contests, const Pages& pages);
void add_http_contests(std::vector<Contest>& contests, const Pages& pages);
void add_transform_contests(std::vector<Contest>& contests, const Pages& pages);
void add_tier_contests(std::vector<Contest>& contests, const Pages& pages);
void add_commit_contests(std::vector<Contest>& contests, const Pages& pages);
void add_replication_contests(std::vector<Contest>& contests, const Pages& pages);
void add_region_contests(std::vector<Contest>& contests, const Pages& pages);

/// Time to compile, heap allocations an event.
std::vector<Fact> transform_facts(const Pages& pages);

/// Goes round the pages: each call gives the next one.
class Turn {
  public:
    explicit Turn(const Pages& pages) : pages_(pages) {}
    const BenchPage& next() { return pages_[at_++ % pages_.size()]; }

  private:
    const Pages& pages_;
    std::size_t at_ = 0;
};

/// Keeps the compiler from leaving work out whose result nobody reads.
inline void keep(const void* result) {
    asm volatile("" : : "g"(result) : "memory");
}

}  // namespace spillway::bench
