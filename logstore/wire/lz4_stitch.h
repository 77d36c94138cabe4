// Joining LZ4 blocks without recompressing. A raw LZ4 block is a row of sequences (literals, then a
// match that points back); its last sequence has literals only. So blocks are joined by making one
// sequence of that last run, any raw bytes between, and the next block's first literals; every
// other sequence is copied as it stands, since a match only ever points back inside its own block.
// Decoding the result gives the exact concatenation. Used to serve a page of stored groups, and to
// append a tag to a compressed group.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace spillway::wire {

/// Where a block may be cut. All of it follows from the block and `last_sequence`, which is what a
/// store keeps beside the block.
struct Lz4Outline {
    std::uint64_t raw_bytes = 0;      ///< decoded size
    std::uint64_t last_sequence = 0;  ///< offset of the last token; 0: the block is one literal run
    std::uint64_t first_literals = 0;  ///< offset of the first literals
    std::uint64_t first_literal_bytes = 0;
    std::uint64_t last_literals = 0;  ///< offset of the last literals; they end the block
    std::uint64_t last_literal_bytes = 0;
    bool operator==(const Lz4Outline&) const = default;
};

/// Walks every sequence once and checks what a decoder would: lengths, that matches point inside
/// the block, the decoded size, the end-of-block rules. A block that passes decodes alone and in a
/// row. Errors: Corrupt, with the byte offset.
Result<Lz4Outline> outline_lz4_block(std::string_view block, std::uint64_t raw_bytes);

/// The outline of a block that passed outline_lz4_block before, from what the store kept; constant
/// time. Errors: Corrupt when the offset cannot be that of this block.
Result<Lz4Outline> recall_lz4_outline(std::string_view block, std::uint64_t raw_bytes,
                                      std::uint64_t last_sequence);

/// Joins blocks and raw bytes into one block. One owner at a time.
class Lz4Stitcher {
  public:
    /// Makes room, so that a page grows in one piece.
    void reserve(std::size_t bytes) { out_.reserve(bytes); }
    /// Copies bytes in as literals.
    void append_raw(std::string_view bytes);
    /// Copies a block in; `outline` must be of this very block.
    void append_block(std::string_view block, const Lz4Outline& outline);
    /// Copies sequences in that lie in a row in some block and decode to so many bytes. The last of
    /// them has a match, and no match points further back than this block's bytes before it.
    void append_sequences(std::string_view sequences, std::uint64_t raw_bytes);
    /// A match of at least four bytes, so far back. Twelve bytes or more have to follow in the end.
    void append_match(std::uint64_t offset, std::uint64_t length);
    /// Decoded size so far.
    std::uint64_t raw_bytes() const { return raw_bytes_; }
    /// Compressed size so far, within a few bytes: for limits.
    std::size_t size() const { return out_.size() + literals_.size(); }
    /// The block; of nothing appended it is the single byte 00. The stitcher is empty again.
    std::string finish();

  private:
    void begin_sequence(std::uint8_t match_nibble);

    std::string out_;       // whole sequences
    std::string literals_;  // of the sequence that is still open
    std::uint64_t raw_bytes_ = 0;
};

/// A block that decodes to what `block` does, followed by `suffix` (such as encode_tag()).
std::string append_to_lz4_block(std::string_view block, const Lz4Outline& outline,
                                std::string_view suffix);

}  // namespace spillway::wire
