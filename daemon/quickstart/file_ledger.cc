#include "daemon/quickstart/file_ledger.h"

#include <algorithm>
#include <utility>

// Every record that matches the file becomes a piece [begin, end). Sorting the pieces' ends gives
// stretches of bytes over which the counts (direct, replicated, early) are constant; lines are then
// walked against those stretches once. Empty lines have no bytes: they are counted by their offset.

namespace spillway::daemon::quickstart {

struct FileLedger::Coverage {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint32_t direct = 0;
    std::uint32_t replicated = 0;
    std::uint32_t early = 0;
};

FileAccount& FileAccount::operator+=(const FileAccount& other) {
    lines_produced += other.lines_produced;
    bytes_produced += other.bytes_produced;
    lines_arrived += other.lines_arrived;
    bytes_arrived += other.bytes_arrived;
    lines_missing += other.lines_missing;
    bytes_missing += other.bytes_missing;
    lines_duplicated += other.lines_duplicated;
    copies_both_paths += other.copies_both_paths;
    copies_direct_again += other.copies_direct_again;
    copies_replicated_again += other.copies_replicated_again;
    records += other.records;
    records_corrupted += other.records_corrupted;
    records_out_of_order += other.records_out_of_order;
    records_read_again += other.records_read_again;
    lines_late += other.lines_late;
    bytes_late += other.bytes_late;
    lines_tail += other.lines_tail;
    return *this;
}

void FileLedger::add(const Arrival& arrival) {
    ++records_;
    const std::uint64_t end = arrival.offset + arrival.content.size();
    if (end > produced_.size() || end < arrival.offset ||
        produced_.substr(arrival.offset, arrival.content.size()) != arrival.content) {
        ++corrupted_;
        return;
    }
    if (arrival.content.empty()) {
        LineCopies& line = empty_lines_[arrival.offset];
        ++(arrival.delivery == Delivery::Direct ? line.direct : line.replicated);
        line.late = (line.complete ? line.late : true) && arrival.late;
        line.complete = true;
        line.tail = line.tail || arrival.late;
    } else {
        pieces_.push_back({arrival.offset, end, arrival.delivery, arrival.late});
    }
    judge_order(arrival, end);
}

// The newline counts as brought, so that an empty line has a byte of its own to be judged by.
void FileLedger::judge_order(const Arrival& arrival, std::uint64_t end) {
    const std::uint64_t with_newline =
        std::max(end, std::min(end + 1, std::uint64_t{produced_.size()}));
    std::uint64_t& brought_to = brought_to_[{arrival.delivery, arrival.lane}];
    const std::uint64_t fresh = brought_[arrival.delivery == Delivery::Replicated ? 1 : 0].add(
        arrival.offset, with_newline);
    if (fresh == 0 && with_newline > arrival.offset) {
        ++read_again_;
    } else if (arrival.offset < brought_to && fresh == with_newline - arrival.offset) {
        ++out_of_order_;
    }
    brought_to = std::max(brought_to, end);
}

std::vector<FileLedger::Coverage> FileLedger::coverage() const {
    struct Edge {
        std::uint64_t at;
        std::int32_t direct;
        std::int32_t replicated;
        std::int32_t early;
    };
    std::vector<Edge> edges;
    edges.reserve(pieces_.size() * 2);
    for (const Piece& piece : pieces_) {
        const std::int32_t direct = piece.delivery == Delivery::Direct ? 1 : 0;
        const std::int32_t early = piece.late ? 0 : 1;
        edges.push_back({piece.begin, direct, 1 - direct, early});
        edges.push_back({piece.end, -direct, direct - 1, -early});
    }
    std::sort(edges.begin(), edges.end(),
              [](const Edge& left, const Edge& right) { return left.at < right.at; });
    std::vector<Coverage> stretches;
    std::int64_t direct = 0;
    std::int64_t replicated = 0;
    std::int64_t early = 0;
    std::uint64_t from = 0;
    const auto close = [&](std::uint64_t at) {
        if (at > from) {
            stretches.push_back({from, at, static_cast<std::uint32_t>(direct),
                                 static_cast<std::uint32_t>(replicated),
                                 static_cast<std::uint32_t>(early)});
        }
        from = at;
    };
    for (const Edge& edge : edges) {
        close(edge.at);
        direct += edge.direct;
        replicated += edge.replicated;
        early += edge.early;
    }
    close(produced_.size());
    return stretches;
}

std::vector<ByteRange> FileLedger::line_ranges() const {
    std::vector<ByteRange> lines;
    std::size_t begin = 0;
    while (begin < produced_.size()) {
        const std::size_t newline = std::min(produced_.find('\n', begin), produced_.size());
        lines.push_back({begin, newline});
        begin = newline + 1;
    }
    return lines;
}

std::vector<LineCopies> FileLedger::lines() const {
    const std::vector<Coverage> stretches = coverage();
    std::vector<LineCopies> result;
    std::size_t at = 0;
    for (const ByteRange& line : line_ranges()) {
        LineCopies copies;
        if (line.begin == line.end) {
            const auto found = empty_lines_.find(line.begin);
            result.push_back(found == empty_lines_.end() ? copies : found->second);
            continue;
        }
        copies.complete = true;
        while (at < stretches.size() && stretches[at].end <= line.begin) ++at;
        for (std::size_t i = at; i < stretches.size() && stretches[i].begin < line.end; ++i) {
            const Coverage& stretch = stretches[i];
            copies.direct = std::max(copies.direct, stretch.direct);
            copies.replicated = std::max(copies.replicated, stretch.replicated);
            if (stretch.direct + stretch.replicated == 0) copies.complete = false;
            if (stretch.early == 0) copies.late = true;
            if (stretch.direct + stretch.replicated > stretch.early) copies.tail = true;
        }
        copies.late = copies.late && copies.complete;
        result.push_back(copies);
    }
    return result;
}

FileAccount FileLedger::account() const {
    FileAccount account;
    account.bytes_produced = produced_.size();
    account.records = records_;
    account.records_corrupted = corrupted_;
    account.records_out_of_order = out_of_order_;
    account.records_read_again = read_again_;
    const std::vector<ByteRange> ranges = line_ranges();
    const std::vector<LineCopies> copies = lines();
    account.lines_produced = ranges.size();
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        const LineCopies& line = copies[i];
        const std::uint64_t bytes =
            std::min(ranges[i].end + 1, std::uint64_t{produced_.size()}) - ranges[i].begin;
        ++(line.complete ? account.lines_arrived : account.lines_missing);
        (line.complete ? account.bytes_arrived : account.bytes_missing) += bytes;
        if (line.late) {
            ++account.lines_late;
            account.bytes_late += bytes;
        }
        if (line.tail) ++account.lines_tail;
        if (line.direct + line.replicated > 1) ++account.lines_duplicated;
        if (line.direct > 0 && line.replicated > 0) ++account.copies_both_paths;
        if (line.direct > 1) account.copies_direct_again += line.direct - 1;
        if (line.replicated > 1) account.copies_replicated_again += line.replicated - 1;
    }
    return account;
}

std::vector<ByteRange> FileLedger::missing(std::size_t count_max) const {
    std::vector<ByteRange> result;
    const std::vector<ByteRange> ranges = line_ranges();
    const std::vector<LineCopies> copies = lines();
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        if (copies[i].complete) continue;
        const bool touches = !result.empty() && result.back().end + 1 == ranges[i].begin;
        if (touches) {
            result.back().end = ranges[i].end;
        } else if (result.size() == count_max) {
            break;
        } else {
            result.push_back(ranges[i]);
        }
    }
    return result;
}

}  // namespace spillway::daemon::quickstart
