// Which bytes of a file have been acknowledged without a hole. One owner.
#pragma once

#include <cstdint>
#include <deque>

namespace spillway::agent {

class AckWindow {
  public:
    explicit AckWindow(std::uint64_t offset = 0) : acknowledged_(offset) {}

    /// A range that ends at `end` is on its way; the ranges begin where the one before ended.
    std::uint64_t begin(std::uint64_t end);
    /// The range is stored, or given up for good. Tickets from before a restart are ignored.
    void finish(std::uint64_t ticket);
    /// The file begins anew: what was on its way no longer counts.
    void restart(std::uint64_t offset);

    /// End of the part without a hole.
    std::uint64_t acknowledged() const { return acknowledged_; }
    bool idle() const { return ranges_.empty(); }

  private:
    struct Range {
        std::uint64_t ticket;
        std::uint64_t end;
        bool done;
    };
    std::deque<Range> ranges_;
    std::uint64_t acknowledged_;
    std::uint64_t next_ticket_ = 1;
};

}  // namespace spillway::agent
