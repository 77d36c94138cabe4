#include "logstore/engine/segment_scan.h"

#include "base/hash.h"

#include <algorithm>
#include <cstring>

namespace spillway::engine {

namespace {

constexpr std::size_t kWindowBytes = 4 * 1024 * 1024;

/// A moving view of a file: reads ahead in large pieces.
class Window {
  public:
    Window(File& file, std::uint64_t file_bytes) : file_(file), file_bytes_(file_bytes) {}

    /// Up to `size` bytes at `offset`; fewer only at the end of the file. Valid until the next
    /// call.
    Result<std::string_view> view(std::uint64_t offset, std::size_t size) {
        size = static_cast<std::size_t>(
            std::min<std::uint64_t>(size, file_bytes_ - std::min(offset, file_bytes_)));
        if (offset < begin_ || offset + size > begin_ + held_.size()) {
            auto loaded = load(offset, std::max(size, kWindowBytes));
            if (!loaded) return std::move(loaded).error();
        }
        const auto skipped = static_cast<std::size_t>(offset - begin_);
        if (skipped >= held_.size()) return std::string_view();
        return std::string_view(held_).substr(skipped, size);
    }

    /// From `offset` on what is held anyway, at least `least` bytes; fewer only at the end.
    Result<std::string_view> rest(std::uint64_t offset, std::size_t least) {
        auto first = view(offset, least);
        if (!first) return first;
        return std::string_view(held_).substr(
            std::min(static_cast<std::size_t>(offset - begin_), held_.size()));
    }

  private:
    Status load(std::uint64_t offset, std::size_t size) {
        held_.resize(static_cast<std::size_t>(
            std::min<std::uint64_t>(size, file_bytes_ - std::min(offset, file_bytes_))));
        begin_ = offset;
        auto got = file_.read_at(offset, held_.data(), held_.size());
        if (!got) return std::move(got).error();
        held_.resize(*got);
        return {};
    }

    File& file_;
    const std::uint64_t file_bytes_;
    std::uint64_t begin_ = 0;
    std::string held_;
};

class Scanner {
  public:
    Scanner(File& file, const SegmentHeader& header, std::uint64_t file_bytes,
            std::optional<std::uint64_t> complete_to,
            const std::function<void(const RecordHeader&, std::uint32_t)>& visit)
        : window_(file, file_bytes),
          file_bytes_(file_bytes),
          complete_to_(complete_to),
          scan_{SegmentIndexBuilder(header), kSegmentHeaderBytes, 0, 0, {}},
          salt_(header.salt),
          visit_(visit) {}

    Result<SegmentScan> run() {
        std::uint64_t offset = kSegmentHeaderBytes;
        while (offset < end()) {
            auto record = read_record(offset);
            if (!record) return std::move(record).error();
            if (*record) {
                hold(**record, offset);
                offset += (*record)->stored_bytes();
                continue;
            }
            auto next = pass_over(offset);
            if (!next) return std::move(next).error();
            if (!*next) break;
            offset = **next;
        }
        if (complete_to_) take_held();
        if (!held_.empty()) {
            if (auto torn = note_torn(offset); !torn) return std::move(torn).error();
        }
        end_behind_damage();
        return std::move(scan_);
    }

  private:
    struct Held {
        RecordHeader header;
        std::uint64_t offset;
    };

    /// A put counts when its last record is there.
    void hold(const RecordHeader& record, std::uint64_t offset) {
        if (!held_.empty() && held_.back().header.round != record.round) take_held();
        held_.push_back({record, offset});
        if (record.groups_to_come == 0) take_held();
    }

    void take_held() {
        for (const auto& [header, offset] : held_) {
            const auto place = static_cast<std::uint32_t>(offset);
            scan_.index.add(header, place);
            if (visit_) visit_(header, place);
            scan_.last_round_start = header.round_start;
            scan_.tail = std::max(scan_.tail, offset + header.stored_bytes());
        }
        held_.clear();
    }

    /// Where the last thing before a torn tail is damaged, nothing may be written over it.
    void end_behind_damage() {
        if (scan_.damaged.empty() || scan_.damaged.back().end <= scan_.tail) return;
        scan_.index.note_damaged_end();
        scan_.tail = scan_.damaged.back().end;
    }

    std::uint64_t end() const { return complete_to_.value_or(file_bytes_); }

    Result<std::optional<RecordHeader>> read_header(std::uint64_t offset) {
        auto bytes = window_.view(offset, kRecordHeaderBytes);
        if (!bytes) return std::move(bytes).error();
        auto header = decode_record_header(*bytes, salt_, static_cast<std::uint32_t>(offset));
        if (!header) return std::optional<RecordHeader>();
        return std::optional<RecordHeader>(*header);
    }

    Result<std::optional<RecordHeader>> read_record(std::uint64_t offset) {
        auto header = read_header(offset);
        if (!header || !*header) return header;
        auto body = window_.view(offset + kRecordHeaderBytes, (*header)->body_bytes);
        if (!body) return std::move(body).error();
        const bool good =
            body->size() == (*header)->body_bytes && crc32c(*body) == (*header)->body_crc;
        return good ? *header : std::optional<RecordHeader>();
    }

    /// Where reading goes on behind a bad place; nothing when the segment ends here.
    Result<std::optional<std::uint64_t>> pass_over(std::uint64_t bad) {
        auto next = find_header(bad + 1);
        if (!next) return std::move(next).error();
        if (!*next && !complete_to_) return note_torn(bad);
        if (!*next) return note_damaged_end(bad);
        auto was_synced = complete_to_ ? Result<bool>(true) : is_followed_by_a_round(bad, **next);
        if (!was_synced) return std::move(was_synced).error();
        if (!*was_synced) return note_torn(bad);
        take_held();  // the put was whole once: what is left of it was acknowledged
        scan_.damaged.push_back({bad, **next});
        return *next;
    }

    /// Whether a round began behind `bad`. The records of its own round do not say: of a write that
    /// was cut off, later parts may have reached the disk.
    Result<bool> is_followed_by_a_round(std::uint64_t bad, std::uint64_t offset) {
        while (later_round_ <= bad) {
            auto header = read_header(offset);
            if (!header) return std::move(header).error();
            if (*header) {
                later_round_ = std::max<std::uint64_t>(later_round_, (*header)->round_start);
                offset += (*header)->stored_bytes();
                continue;
            }
            auto next = find_header(offset + 1);
            if (!next) return std::move(next).error();
            if (!*next) return false;
            offset = **next;
        }
        return true;
    }

    Result<std::optional<std::uint64_t>> find_header(std::uint64_t from) {
        std::uint64_t offset = from;
        while (offset + kRecordHeaderBytes <= end()) {
            // Bytes may be full of what looks like the begin of a record: each is read once.
            auto bytes = window_.rest(offset, kRecordHeaderBytes);
            if (!bytes) return std::move(bytes).error();
            if (bytes->size() < kRecordHeaderBytes) break;
            if (auto found = header_in(*bytes, offset)) return found;
            offset += bytes->size() - (kRecordHeaderBytes - 1);
        }
        return std::optional<std::uint64_t>();
    }

    /// The place of the first whole header in `bytes`, which lie at `offset`.
    std::optional<std::uint64_t> header_in(std::string_view bytes, std::uint64_t offset) const {
        for (std::size_t at = 0; (at = bytes.find("SPR1", at)) != std::string_view::npos; ++at) {
            const auto place = offset + at;
            if (place + kRecordHeaderBytes > end()) break;
            if (decode_record_header(bytes.substr(at), salt_, static_cast<std::uint32_t>(place))) {
                return place;
            }
        }
        return std::nullopt;
    }

    Result<std::optional<std::uint64_t>> note_damaged_end(std::uint64_t bad) {
        take_held();
        auto counted = note_torn(bad);
        if (!counted) return counted;
        // A sealed file whose reserved room was not cut off ends in zeros: nothing is missing
        // there.
        if (scan_.torn_bytes > 0) {
            scan_.damaged.push_back({bad, end()});
            scan_.index.note_damaged_end();
            scan_.tail = end();
            scan_.torn_bytes = 0;
        }
        return std::optional<std::uint64_t>();
    }

    /// Counts what is not zero behind the tail: reserved room is no torn write.
    Result<std::optional<std::uint64_t>> note_torn(std::uint64_t bad) {
        std::uint64_t last = bad;
        for (std::uint64_t offset = bad; offset < file_bytes_;) {
            auto bytes = window_.view(offset, kWindowBytes);
            if (!bytes) return std::move(bytes).error();
            if (bytes->empty()) break;
            const auto at = bytes->find_last_not_of('\0');
            if (at != std::string_view::npos) last = offset + at + 1;
            offset += bytes->size();
        }
        // The begin of a put that was not finished goes with it.
        scan_.torn_bytes = last - (held_.empty() ? bad : held_.front().offset);
        return std::optional<std::uint64_t>();
    }

    Window window_;
    const std::uint64_t file_bytes_;
    const std::optional<std::uint64_t> complete_to_;
    SegmentScan scan_;
    const std::uint64_t salt_;
    const std::function<void(const RecordHeader&, std::uint32_t)>& visit_;
    std::vector<Held> held_;         // the records of a put whose last one was not met yet
    std::uint64_t later_round_ = 0;  // the latest beginning of a round that was seen ahead
};

}  // namespace

Result<SegmentScan> scan_segment(
    File& file, const SegmentHeader& header, std::optional<std::uint64_t> complete_to,
    const std::function<void(const RecordHeader&, std::uint32_t offset)>& visit) {
    auto size = file.size();
    if (!size) return std::move(size).error();
    return Scanner(file, header, *size, complete_to, visit).run();
}

}  // namespace spillway::engine
