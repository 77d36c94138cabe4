// A sequence is: token (high four bits: literals, low four: match length - 4; 15 goes on in bytes
// of 255 until one is less), the literals, two bytes of offset, the rest of the match length. The
// last sequence ends after its literals.
//
//   block A            raw bytes    block B
//   [s s s |LITERALS]  [FRAME]      [token LITERALS offset.. | s s s |literals]
//           `------------+-----------------+'
//                one run, under B's first match
#include "logstore/wire/lz4_stitch.h"

#include <utility>

namespace spillway::wire {

namespace {

/// Of the format: what a decoder insists on at the end of a block.
constexpr std::uint64_t kLastLiteralsMin = 5;     // the last bytes are literals
constexpr std::uint64_t kLastMatchDistance = 12;  // no match begins closer to the end
constexpr std::uint64_t kMatchMin = 4;
constexpr std::uint8_t kNibbleFull = 15;

Error malformed(std::string_view what, std::size_t offset) {
    return make_error(ErrorCode::Corrupt,
                      "LZ4 block: " + std::string(what) + " at byte " + std::to_string(offset));
}

std::uint8_t byte_at(std::string_view block, std::size_t at) {
    return static_cast<std::uint8_t>(block[at]);
}

/// Adds a length's continuation bytes. False when the block ends inside it.
bool read_length(std::string_view block, std::size_t& at, std::uint64_t& length) {
    if (length != kNibbleFull) return true;
    while (at < block.size()) {
        const std::uint8_t more = byte_at(block, at++);
        length += more;
        if (more != 255) return true;
    }
    return false;
}

void append_length(std::string& out, std::uint64_t length) {
    if (length < kNibbleFull) return;
    for (length -= kNibbleFull; length >= 255; length -= 255) out += '\xFF';
    out += static_cast<char>(static_cast<std::uint8_t>(length));
}

/// The head of the sequence at `at`: its literals. False when it is cut off.
bool read_literals(std::string_view block, std::size_t at, std::uint64_t& begin,
                   std::uint64_t& bytes) {
    if (at >= block.size()) return false;
    bytes = byte_at(block, at) >> 4;
    std::size_t next = at + 1;
    if (!read_length(block, next, bytes)) return false;
    begin = next;
    return bytes <= block.size() - next;
}

/// Walks a block's sequences and knows how much they decode to.
class Walk {
  public:
    Walk(std::string_view block, std::uint64_t raw_bytes) : block_(block), raw_bytes_(raw_bytes) {}

    Result<Lz4Outline> run() {
        if (!read_literals(block_, 0, outline_.first_literals, outline_.first_literal_bytes)) {
            return malformed("the first sequence is cut off", 0);
        }
        bool ended = false;
        while (!ended) {
            if (auto stepped = step(ended); !stepped) return std::move(stepped).error();
        }
        if (decoded_ != raw_bytes_) {
            return make_error(ErrorCode::Corrupt,
                              "LZ4 block: it decodes to " + std::to_string(decoded_) +
                                  " bytes, not to the announced " + std::to_string(raw_bytes_));
        }
        if (had_match_ && (outline_.last_literal_bytes < kLastLiteralsMin ||
                           decoded_ - last_match_begin_ < kLastMatchDistance)) {
            return malformed("a match reaches too near the end", outline_.last_sequence);
        }
        // The library's decoder takes one block only for nothing at all.
        if (raw_bytes_ == 0 && block_ != std::string_view("\0", 1)) {
            return malformed("nothing is written as a single zero byte", 0);
        }
        outline_.raw_bytes = raw_bytes_;
        return outline_;
    }

  private:
    Status step(bool& ended) {
        const std::size_t token = at_;
        std::uint64_t begin = 0;
        std::uint64_t bytes = 0;
        if (!read_literals(block_, at_, begin, bytes))
            return malformed("a sequence is cut off", at_);
        decoded_ += bytes;
        at_ = static_cast<std::size_t>(begin + bytes);
        if (at_ == block_.size()) {
            outline_.last_sequence = token;
            outline_.last_literals = begin;
            outline_.last_literal_bytes = bytes;
            ended = true;
            return {};
        }
        return match(byte_at(block_, token) & kNibbleFull);
    }

    Status match(std::uint64_t length) {
        if (block_.size() - at_ < 2) return malformed("an offset is cut off", at_);
        const auto offset = static_cast<std::uint64_t>(byte_at(block_, at_)) |
                            static_cast<std::uint64_t>(byte_at(block_, at_ + 1)) << 8;
        // Behind the beginning lies, once joined, somebody else's block.
        if (offset == 0 || offset > decoded_) return malformed("a match points outside", at_);
        at_ += 2;
        if (!read_length(block_, at_, length)) return malformed("a match is cut off", at_);
        had_match_ = true;
        last_match_begin_ = decoded_;
        decoded_ += length + kMatchMin;
        if (decoded_ > raw_bytes_) return malformed("it decodes to more than announced", at_);
        return {};
    }

    std::string_view block_;
    std::uint64_t raw_bytes_;
    std::size_t at_ = 0;
    std::uint64_t decoded_ = 0;
    std::uint64_t last_match_begin_ = 0;
    bool had_match_ = false;
    Lz4Outline outline_;
};

std::string_view part(std::string_view block, std::uint64_t at, std::uint64_t bytes) {
    return block.substr(static_cast<std::size_t>(at), static_cast<std::size_t>(bytes));
}

}  // namespace

Result<Lz4Outline> outline_lz4_block(std::string_view block, std::uint64_t raw_bytes) {
    return Walk(block, raw_bytes).run();
}

Result<Lz4Outline> recall_lz4_outline(std::string_view block, std::uint64_t raw_bytes,
                                      std::uint64_t last_sequence) {
    Lz4Outline outline;
    outline.raw_bytes = raw_bytes;
    outline.last_sequence = last_sequence;
    const bool readable =
        last_sequence < block.size() &&
        read_literals(block, 0, outline.first_literals, outline.first_literal_bytes) &&
        read_literals(block, static_cast<std::size_t>(last_sequence), outline.last_literals,
                      outline.last_literal_bytes) &&
        outline.last_literals + outline.last_literal_bytes == block.size();
    const std::uint64_t first_end = outline.first_literals + outline.first_literal_bytes;
    if (!readable || (last_sequence != 0 && last_sequence < first_end + 2)) {
        return malformed("its last sequence is not", static_cast<std::size_t>(last_sequence));
    }
    return outline;
}

void Lz4Stitcher::append_raw(std::string_view bytes) {
    literals_ += bytes;
    raw_bytes_ += bytes.size();
}

void Lz4Stitcher::append_block(std::string_view block, const Lz4Outline& outline) {
    raw_bytes_ += outline.raw_bytes;
    literals_ += part(block, outline.first_literals, outline.first_literal_bytes);
    if (outline.last_sequence == 0) return;  // no match in it: the run goes on
    begin_sequence(byte_at(block, 0) & kNibbleFull);
    const std::uint64_t matches = outline.first_literals + outline.first_literal_bytes;
    out_ += part(block, matches, outline.last_sequence - matches);
    literals_ = part(block, outline.last_literals, outline.last_literal_bytes);
}

void Lz4Stitcher::append_sequences(std::string_view sequences, std::uint64_t raw_bytes) {
    raw_bytes_ += raw_bytes;
    if (literals_.empty()) {
        out_ += sequences;
        return;
    }
    std::uint64_t begin = 0;
    std::uint64_t bytes = 0;
    const bool readable = read_literals(sequences, 0, begin, bytes);
    SPILLWAY_INVARIANT(readable, "sequences were cut in the middle");
    literals_ += part(sequences, begin, bytes);
    begin_sequence(byte_at(sequences, 0) & kNibbleFull);
    out_ += sequences.substr(static_cast<std::size_t>(begin + bytes));
}

void Lz4Stitcher::append_match(std::uint64_t offset, std::uint64_t length) {
    raw_bytes_ += length;
    const std::uint64_t more = length - kMatchMin;
    begin_sequence(static_cast<std::uint8_t>(more < kNibbleFull ? more : kNibbleFull));
    out_ += static_cast<char>(static_cast<std::uint8_t>(offset & 0xFFU));
    out_ += static_cast<char>(static_cast<std::uint8_t>(offset >> 8U));
    append_length(out_, more);
}

/// Writes the open run as the literals of a sequence with that match nibble.
void Lz4Stitcher::begin_sequence(std::uint8_t match_nibble) {
    const std::size_t bytes = literals_.size();
    const auto nibble = static_cast<std::uint8_t>(bytes < kNibbleFull ? bytes : kNibbleFull);
    out_ += static_cast<char>(static_cast<std::uint8_t>(nibble << 4 | match_nibble));
    append_length(out_, bytes);
    out_ += literals_;
    literals_.clear();
}

std::string Lz4Stitcher::finish() {
    begin_sequence(0);
    raw_bytes_ = 0;
    return std::exchange(out_, {});
}

std::string append_to_lz4_block(std::string_view block, const Lz4Outline& outline,
                                std::string_view suffix) {
    Lz4Stitcher stitcher;
    stitcher.reserve(block.size() + suffix.size() + 16);
    stitcher.append_block(block, outline);
    stitcher.append_raw(suffix);
    return stitcher.finish();
}

}  // namespace spillway::wire
