// One produced file against every record that claims to come from it: what arrived, what is
// missing, what came more than once and why, what was changed, what came out of order. Pure; one
// owner at a time.
//
// A line is the bytes between two newlines; a file that does not end in a newline has one more. The
// newline itself is a separator and is not carried by records. A collector may cut a line into
// several records (a half-written line it stopped waiting for, a line longer than it takes), so
// lines are judged by the bytes that records cover, never by the number of records.
#pragma once

#include "daemon/quickstart/interval_set.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::daemon::quickstart {

enum class Delivery {
    Direct,      ///< an agent wrote it into this region
    Replicated,  ///< the link copied it from the other region
};

/// A record as stored, in arrival order of its lane (records of one lane have an order to keep).
struct Arrival {
    std::uint64_t offset = 0;
    std::string_view content;
    Delivery delivery = Delivery::Direct;
    std::uint64_t lane = 0;  ///< a shard, or whatever else is ordered in itself
    bool late = false;       ///< stored only after the failed region came back
};

/// How often one line is stored.
struct LineCopies {
    std::uint32_t direct = 0;
    std::uint32_t replicated = 0;
    bool complete = false;  ///< every byte is there at least once
    bool late = false;      ///< complete only thanks to late records
    bool tail = false;      ///< late records brought it, needed or not
};

struct ByteRange {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    bool operator==(const ByteRange&) const = default;
};

/// The numbers of one file, or of several added up.
struct FileAccount {
    std::uint64_t lines_produced = 0;
    std::uint64_t bytes_produced = 0;  ///< newlines included
    std::uint64_t lines_arrived = 0;
    std::uint64_t bytes_arrived = 0;  ///< distinct; the newlines of arrived lines included
    std::uint64_t lines_missing = 0;
    std::uint64_t bytes_missing = 0;
    std::uint64_t lines_duplicated = 0;  ///< lines stored more than once
    std::uint64_t copies_both_paths =
        0;  ///< replicated from the old region and re-read into the new
    std::uint64_t copies_direct_again = 0;  ///< written twice by agents into this region
    std::uint64_t copies_replicated_again =
        0;  ///< copied twice, or stored twice in the other region
    std::uint64_t records = 0;
    std::uint64_t records_corrupted = 0;  ///< content differs from the file at that offset
    std::uint64_t records_out_of_order =
        0;  ///< new bytes before the end of what its lane had brought
    std::uint64_t records_read_again = 0;  ///< nothing new in them
    std::uint64_t lines_late = 0;
    std::uint64_t bytes_late = 0;
    std::uint64_t lines_tail = 0;

    std::uint64_t copies_extra() const {
        return copies_both_paths + copies_direct_again + copies_replicated_again;
    }
    bool order_kept() const { return records_out_of_order == 0; }
    FileAccount& operator+=(const FileAccount& other);
    bool operator==(const FileAccount&) const = default;
};

class FileLedger {
  public:
    /// `produced` is borrowed and must outlive the ledger.
    explicit FileLedger(std::string_view produced) : produced_(produced) {}

    void add(const Arrival& arrival);

    FileAccount account() const;
    /// One entry a line, in file order.
    std::vector<LineCopies> lines() const;
    /// Lines that are not whole, neighbours joined; at most `count_max` ranges.
    std::vector<ByteRange> missing(std::size_t count_max) const;
    /// The lines, newlines left out, in file order.
    std::vector<ByteRange> line_ranges() const;

  private:
    struct Piece {
        std::uint64_t begin;
        std::uint64_t end;
        Delivery delivery;
        bool late;
    };
    struct Coverage;  // counts over a stretch of bytes

    void judge_order(const Arrival& arrival, std::uint64_t end);
    std::vector<Coverage> coverage() const;

    std::string_view produced_;
    std::vector<Piece> pieces_;
    std::map<std::uint64_t, LineCopies> empty_lines_;                         // by offset
    std::map<std::pair<Delivery, std::uint64_t>, std::uint64_t> brought_to_;  // by lane: end offset
    IntervalSet brought_[2];                                                  // by Delivery
    std::uint64_t records_ = 0;
    std::uint64_t corrupted_ = 0;
    std::uint64_t out_of_order_ = 0;
    std::uint64_t read_again_ = 0;
};

}  // namespace spillway::daemon::quickstart
