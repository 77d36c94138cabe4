#include "logstore/wire/lz4_slice.h"

#include "logstore/wire/codec.h"

#include <algorithm>
#include <string>

namespace spillway::wire {

namespace {

constexpr std::size_t kNibbleFull = 15;
constexpr std::size_t kMatchMin = 4;
/// A match begins at least so far from a block's end: each stretch may be the last one.
constexpr std::size_t kLiteralEnd = 12;
constexpr std::size_t kReachMax = 65'535;  // of a match
/// Literals in place of matches that are cheaper left so than compressed.
constexpr std::size_t kStrayBytesMax = 512;

std::size_t byte_at(std::string_view block, std::size_t at) {
    return static_cast<unsigned char>(block[at]);
}

bool read_more(std::string_view block, std::size_t& at, std::size_t& length) {
    while (at < block.size()) {
        const std::size_t more = byte_at(block, at++);
        length += more;
        if (more != 255) return true;
    }
    return false;
}

/// Where a walk stands: a token in the block, and the raw byte that its literals begin at.
struct Place {
    std::size_t token = 0;
    std::size_t raw_at = 0;
};

/// Passes sequences as long as they end at `limit` at the latest and their matches do not point
/// before `begin`. Stops early where lengths are long or the block is near its end.
Place pass_staying(std::string_view block, Place place, std::size_t begin, std::size_t limit) {
    constexpr std::size_t kSequenceMax = 1 + 1 + kNibbleFull + 254 + 2 + 1;
    const std::size_t safe = block.size() - std::min(block.size(), kSequenceMax);
    const auto* const bytes = reinterpret_cast<const unsigned char*>(block.data());
    while (place.token < safe) {
        const unsigned char* at = bytes + place.token;
        const std::size_t token = *at++;
        std::size_t literals = token >> 4U;
        if (literals == kNibbleFull) {
            if (*at == 255) break;
            literals += *at++;
        }
        at += literals;
        const std::size_t offset = at[0] | static_cast<std::size_t>(at[1]) << 8U;
        at += 2;
        std::size_t length = (token & kNibbleFull) + kMatchMin;
        if (length == kNibbleFull + kMatchMin) {
            if (*at == 255) break;
            length += *at++;
        }
        const std::size_t match_at = place.raw_at + literals;
        const bool stays =
            offset - 1 < match_at - begin && match_at + length <= limit;  // offset 0 does not
        if (!stays) break;
        place = {static_cast<std::size_t>(at - bytes), match_at + length};
    }
    return place;
}

}  // namespace

Error Lz4Slicer::not_this_block() const {
    return make_error(ErrorCode::Corrupt, "LZ4 block: it is malformed near byte " +
                                              std::to_string(now_.token) +
                                              ", or decodes to something else");
}

/// The sequence whose token is at `at`. False when it is cut off or leaves the raw bytes.
[[gnu::always_inline]] inline bool Lz4Slicer::read(std::size_t at, std::size_t raw_at,
                                                   Sequence& sequence) const {
    if (at >= block_.size()) return false;
    sequence.token = at;
    const std::size_t token = byte_at(block_, at++);
    std::size_t literals = token >> 4U;
    if (literals == kNibbleFull && !read_more(block_, at, literals)) return false;
    if (literals > block_.size() - at || literals > raw_.size() - raw_at) return false;
    at += literals;
    sequence.literals_at = raw_at;
    sequence.match_at = raw_at + literals;
    sequence.match = at;
    if (at == block_.size()) {
        sequence.offset = 0;
        sequence.end_at = sequence.match_at;
        sequence.next = at;
        return sequence.end_at == raw_.size();
    }
    if (block_.size() - at < 2) return false;
    sequence.offset = byte_at(block_, at) | byte_at(block_, at + 1) << 8U;
    at += 2;
    std::size_t length = token & kNibbleFull;
    if (length == kNibbleFull && !read_more(block_, at, length)) return false;
    sequence.end_at = sequence.match_at + length + kMatchMin;
    sequence.next = at;
    return sequence.offset != 0 && sequence.offset <= sequence.match_at &&
           sequence.end_at <= raw_.size();
}

/// Goes on to the sequence that holds the raw byte.
Status Lz4Slicer::seek(std::size_t raw_at) {
    if (!started_) {
        if (!read(0, 0, now_)) return not_this_block();
        started_ = true;
    }
    while (now_.end_at <= raw_at) {
        if (now_.offset == 0) return not_this_block();
        Sequence next;
        if (!read(now_.next, now_.end_at, next)) return not_this_block();
        now_ = next;
    }
    return {};
}

/// The part [from, end) of the sequence in hand, for a stretch that began at `begin`.
void Lz4Slicer::put_part(std::size_t begin, std::size_t from, std::size_t end,
                         Lz4Stitcher& out) const {
    const std::size_t literal_end = std::min(end, now_.match_at);
    if (from < literal_end) out.append_raw(raw_.substr(from, literal_end - from));
    std::size_t match_from = std::max(from, now_.match_at);
    const std::size_t match_end = std::min(end, now_.end_at);
    if (match_from >= match_end) return;
    // What lies before the stretch cannot be pointed at.
    const std::size_t pointed = std::min(std::max(match_from, begin + now_.offset), match_end);
    const std::size_t bytes = match_end - pointed;
    const std::size_t literals = bytes < kMatchMin ? match_end : pointed;
    out.append_raw(raw_.substr(match_from, literals - match_from));
    if (literals < match_end) out.append_match(now_.offset, bytes);
}

/// Where many matches point before the stretch, compresses up to the last such, and moves `begin`.
Status Lz4Slicer::begin_anew(std::size_t& begin, std::size_t end, Lz4Stitcher& out) {
    std::size_t stray = 0;
    std::size_t last = begin;
    Sequence each = now_;
    while (each.literals_at < end && each.literals_at < begin + kReachMax) {
        const std::size_t from = std::max(each.match_at, begin);
        if (each.offset != 0 && from < each.end_at && from < begin + each.offset) {
            const std::size_t to = std::min({each.end_at, begin + each.offset, end});
            stray += to - from;
            last = to;
        }
        if (each.offset == 0) break;
        const Place next = pass_staying(block_, {each.next, each.end_at}, begin, end);
        if (!read(next.token, next.raw_at, each)) return not_this_block();
    }
    if (stray <= kStrayBytesMax) return {};
    const std::string_view anew = raw_.substr(begin, last - begin);
    auto block = compress(Codec::Lz4, anew);
    if (!block) return std::move(block).error();
    auto outline = outline_lz4_block(*block, anew.size());
    if (!outline) return std::move(outline).error();
    out.append_block(*block, *outline);
    recompressed_ += anew.size();
    begin = last;
    return {};
}

Status Lz4Slicer::append(std::size_t begin, std::size_t end, Lz4Stitcher& out) {
    if (end > raw_.size()) return not_this_block();
    if (begin >= end) return {};
    if (auto found = seek(begin); !found) return found;
    std::size_t from = begin;
    if (auto begun = begin_anew(from, end, out); !begun) return begun;
    // What was compressed anew is part of the stretch: matches may point into it.
    const std::size_t matches_end = end - std::min(kLiteralEnd, end - from);
    while (from < matches_end) {
        if (auto found = seek(from); !found) return found;
        if (from != now_.literals_at) {
            const std::size_t to = std::min(now_.end_at, matches_end);
            put_part(begin, from, to, out);
            from = to;
            continue;
        }
        // Whole sequences in one piece.
        const std::size_t first = now_.token;
        const std::size_t first_at = from;
        const auto stays = [&] {
            return now_.end_at <= matches_end && now_.offset != 0 &&
                   now_.offset <= now_.match_at - begin;
        };
        while (stays()) {
            const Place next = pass_staying(block_, {now_.next, now_.end_at}, begin, matches_end);
            from = next.raw_at;
            if (!read(next.token, from, now_)) return not_this_block();
        }
        if (from != first_at) {
            out.append_sequences(block_.substr(first, now_.token - first), from - first_at);
            continue;
        }
        const std::size_t to = std::min(now_.end_at, matches_end);
        put_part(begin, from, to, out);
        from = to;
    }
    out.append_raw(raw_.substr(from, end - from));
    return {};
}

}  // namespace spillway::wire
