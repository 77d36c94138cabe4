#include "base/hash.h"
#include "logstore/engine/record.h"
#include "logstore/engine/segment_index.h"
#include "logstore/engine/segment_scan.h"
#include "targets.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace spillway::fuzz {

namespace {

using namespace engine;

constexpr std::uint64_t kSalt = 0x5EED5EED5EED5EEDULL;

/// A file of given bytes, to read only.
class BytesFile final : public File {
  public:
    explicit BytesFile(std::string bytes) : bytes_(std::move(bytes)) {}
    Status write_at(std::uint64_t, std::span<const std::string_view>) override { return no(); }
    Result<std::size_t> read_at(std::uint64_t offset, char* into, std::size_t size) override {
        const std::size_t at = std::min<std::uint64_t>(offset, bytes_.size());
        return bytes_.copy(into, size, at);
    }
    Status sync() override { return no(); }
    Status preallocate(std::uint64_t) override { return no(); }
    Status truncate(std::uint64_t) override { return no(); }
    Result<std::uint64_t> size() override { return bytes_.size(); }

  private:
    static Status no() { return make_error(ErrorCode::Unsupported, "only to read"); }

    std::string bytes_;
};

SegmentHeader header_of_segment() {
    return {.log_id = 1, .number = 1, .created_ns = 1, .salt = kSalt};
}

RecordHeader record_of(std::uint32_t i, std::string_view body) {
    RecordHeader record;
    record.body_bytes = static_cast<std::uint32_t>(body.size());
    record.body_crc = crc32c(body);
    record.raw_bytes = 10;
    record.log_count = 1;
    record.shard = ShardId(i % 3);
    record.position = i / 3;
    record.receive_ns = 1'000'000'000 + i;
    if (i % 2 == 0) {
        record.route_key = HashKey{};
        record.sequence_id = i + 1;
    }
    record.round = i / 4 + 1;
    return record;
}

struct Written {
    std::string bytes;
    std::vector<RecordHeader> records;
    std::vector<std::uint32_t> offsets;
};

/// Twelve records in rounds of four, with bodies of several sizes.
Written written_segment() {
    Written out;
    out.bytes = encode_segment_header(header_of_segment());
    std::uint32_t round_start = 0;
    for (std::uint32_t i = 0; i < 12; ++i) {
        const std::string body(i * 7 + 1, static_cast<char>('a' + i));
        const auto offset = static_cast<std::uint32_t>(out.bytes.size());
        if (i % 4 == 0) round_start = offset;
        RecordHeader record = record_of(i, body);
        record.round_start = round_start;
        out.bytes += encode_record_header(record, kSalt, offset);
        out.bytes += body;
        out.records.push_back(record);
        out.offsets.push_back(offset);
    }
    return out;
}

/// Which records still lie there as they were written.
std::vector<bool> untouched(const Written& good, std::string_view bytes) {
    std::vector<bool> out;
    for (std::size_t i = 0; i < good.records.size(); ++i) {
        const auto size = good.records[i].stored_bytes();
        const auto at = good.offsets[i];
        out.push_back(at + size <= bytes.size() &&
                      bytes.substr(at, size) == std::string_view(good.bytes).substr(at, size));
    }
    return out;
}

/// Damage in one place must not take what was synced elsewhere: a record that is whole is found,
/// if a later round shows that its own was synced.
void promise_that_whole_records_are_found(const Written& good, const std::vector<bool>& whole,
                                          const std::vector<bool>& found) {
    std::uint64_t last_round = 0;
    for (std::size_t i = 0; i < whole.size(); ++i) {
        if (whole[i]) last_round = std::max(last_round, good.records[i].round);
    }
    for (std::size_t i = 0; i < whole.size(); ++i) {
        const bool was_synced = good.records[i].round < last_round;
        promise(!whole[i] || !was_synced || found[i], "a whole record of a synced round is found");
    }
}

/// Overwrites, cuts or lengthens: a row of (place, byte), the last of which may cut.
void damage(std::string& bytes, Choices& choices) {
    while (!choices.rest().empty()) {
        const std::size_t at = (std::size_t{choices.byte()} << 8U | choices.byte()) % bytes.size();
        const std::uint8_t what = choices.byte();
        if (what == 0xFF) {
            bytes.resize(at + 1);
        } else if (what == 0xFE) {
            bytes.append(at % 4096, '\0');
        } else {
            bytes[at] = static_cast<char>(what);
        }
    }
}

}  // namespace

void segment(std::string_view input) {
    Choices choices(input);
    const bool is_raw = choices.below(4) == 0;
    const Written good = written_segment();
    std::string bytes = good.bytes;
    if (is_raw) {
        bytes = good.bytes.substr(0, kSegmentHeaderBytes) + std::string(choices.rest());
    } else {
        damage(bytes, choices);
    }
    if (const auto header = decode_segment_header(bytes); header && !is_raw) {
        promise(*header == header_of_segment(), "a header that passes is the one written");
    }
    BytesFile file(bytes);
    std::size_t visited = 0;
    std::vector<bool> found(good.records.size(), false);
    const auto visit = [&](const RecordHeader& record, std::uint32_t offset) {
        if (is_raw) return;
        while (visited < good.records.size() && good.offsets[visited] != offset) ++visited;
        promise(visited < good.records.size(), "a record is found only where one was written");
        promise(record == good.records[visited], "a record that is found is the one written");
        found[visited] = true;
        ++visited;
    };
    const auto scan = scan_segment(file, header_of_segment(), std::nullopt, visit);
    if (!scan) return;
    if (!is_raw) promise_that_whole_records_are_found(good, untouched(good, bytes), found);
    promise(scan->tail <= std::max<std::uint64_t>(bytes.size(), kSegmentHeaderBytes),
            "the tail lies inside the file");
    for (const auto& range : scan->damaged) {
        promise(range.begin < range.end && range.end <= bytes.size(), "damage lies in the file");
    }
}

void segment_index(std::string_view input) {
    Choices choices(input);
    const bool is_raw = choices.below(4) == 0;
    SegmentIndexBuilder builder(header_of_segment());
    const Written good = written_segment();
    for (std::size_t i = 0; i < good.records.size(); ++i) {
        builder.add(good.records[i], good.offsets[i]);
    }
    std::string bytes = builder.encode().bytes;
    if (is_raw) {
        bytes = choices.rest();
    } else {
        damage(bytes, choices);
    }
    BytesFile file(bytes);
    const auto read = read_segment_index(file);
    if (!read) return;
    for (const auto& run : read->summary.runs) {
        const bool is_good = check_entries(file, run).has_value();
        const auto entries = read_entries(file, run, 0, std::min(run.count, 1000U));
        if (is_raw || !is_good) continue;
        promise(entries && *entries == builder.entries(run.shard, 0, run.count),
                "entries that pass are the ones written");
    }
}

}  // namespace spillway::fuzz
