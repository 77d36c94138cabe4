// Byte ranges that were seen, merged. Values; one owner at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>

namespace spillway::daemon::quickstart {

/// A union of half-open ranges. Adding costs the logarithm of the number of separate ranges.
class IntervalSet {
  public:
    /// Returns how many of the bytes were new.
    std::uint64_t add(std::uint64_t begin, std::uint64_t end) {
        if (begin >= end) return 0;
        const std::uint64_t before = covered_;
        auto it = ranges_.upper_bound(begin);
        if (it != ranges_.begin() && std::prev(it)->second >= begin) --it;
        std::uint64_t merged_begin = begin;
        std::uint64_t merged_end = end;
        while (it != ranges_.end() && it->first <= merged_end) {
            merged_begin = std::min(merged_begin, it->first);
            merged_end = std::max(merged_end, it->second);
            covered_ -= it->second - it->first;
            it = ranges_.erase(it);
        }
        ranges_.emplace(merged_begin, merged_end);
        covered_ += merged_end - merged_begin;
        return covered_ - before;
    }

    bool contains(std::uint64_t begin, std::uint64_t end) const {
        if (begin >= end) return true;
        auto it = ranges_.upper_bound(begin);
        return it != ranges_.begin() && std::prev(it)->second >= end;
    }

    std::uint64_t covered() const { return covered_; }
    const std::map<std::uint64_t, std::uint64_t>& ranges() const { return ranges_; }

  private:
    std::map<std::uint64_t, std::uint64_t> ranges_;  // begin -> end, disjoint, not touching
    std::uint64_t covered_ = 0;
};

}  // namespace spillway::daemon::quickstart
