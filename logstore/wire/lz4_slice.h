// Stretches out of an LZ4 block without recompressing: a page that was pulled is cut into the
// writes that go on. Sequences are copied as they stand as long as their matches point inside the
// stretch; the few that point before it become literals, and a stretch that begins with many of
// them (a page that was compressed as one piece) gets its beginning compressed anew.
#pragma once

#include "base/result.h"
#include "logstore/wire/lz4_stitch.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace spillway::wire {

/// One pass over a block, front to back. One owner at a time.
class Lz4Slicer {
  public:
    /// `block` decodes to `raw`; both must outlive the slicer.
    Lz4Slicer(std::string_view block, std::string_view raw) : block_(block), raw_(raw) {}

    /// Appends what decodes to raw[begin, end) to `out`. Stretches come in rising order. Errors:
    /// Corrupt when the block does not decode to `raw`; then `out` is of no use.
    Status append(std::size_t begin, std::size_t end, Lz4Stitcher& out);

    /// Raw bytes that had to be compressed anew, of all stretches.
    std::uint64_t recompressed_bytes() const { return recompressed_; }

  private:
    struct Sequence {
        std::size_t token = 0;        // in the block
        std::size_t match = 0;        // in the block: the offset of the match, or the end
        std::size_t next = 0;         // in the block
        std::size_t literals_at = 0;  // in the raw bytes
        std::size_t match_at = 0;     // in the raw bytes
        std::size_t end_at = 0;       // in the raw bytes
        std::size_t offset = 0;       // of the match; 0: the last sequence has none
    };

    bool read(std::size_t at, std::size_t raw_at, Sequence& sequence) const;
    Status seek(std::size_t raw_at);
    Status begin_anew(std::size_t& begin, std::size_t end, Lz4Stitcher& out);
    void put_part(std::size_t begin, std::size_t from, std::size_t end, Lz4Stitcher& out) const;
    Error not_this_block() const;

    std::string_view block_;
    std::string_view raw_;
    Sequence now_;  // the one that holds the place reached
    bool started_ = false;
    std::uint64_t recompressed_ = 0;
};

}  // namespace spillway::wire
