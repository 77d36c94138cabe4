#include "logstore/wire/log_group_writer.h"

#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/proto_wire.h"

#include <utility>

namespace spillway::wire {

namespace {

constexpr char bytes_tag(std::uint32_t field) {
    return static_cast<char>(tag_of(field, WireType::Bytes));
}

std::size_t varint_bytes(std::uint64_t value) {
    std::size_t bytes = 1;
    for (; value >= 0x80; value >>= 7) ++bytes;
    return bytes;
}

void append_bytes(std::string& out, std::uint32_t field, std::string_view bytes) {
    out += bytes_tag(field);
    append_varint(out, bytes.size());
    out += bytes;
}

/// A Content or LogTag: the same message under two names.
void append_pair(std::string& out, std::uint32_t field, std::string_view key,
                 std::string_view value) {
    out += bytes_tag(field);
    append_varint(
        out, 2 + varint_bytes(key.size()) + key.size() + varint_bytes(value.size()) + value.size());
    append_bytes(out, detail::kPairKey, key);
    append_bytes(out, detail::kPairValue, value);
}

void append_fixed32(std::string& out, std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) {
        out += static_cast<char>(static_cast<std::uint8_t>(value >> shift));
    }
}

}  // namespace

void append_varint(std::string& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) {
        out += static_cast<char>(static_cast<std::uint8_t>(value | 0x80));
    }
    out += static_cast<char>(static_cast<std::uint8_t>(value));
}

void LogGroupWriter::begin_log(std::uint32_t time, std::optional<std::uint32_t> time_ns) {
    log_.clear();
    log_ += static_cast<char>(tag_of(detail::kLogTime, WireType::Varint));
    append_varint(log_, time);
    log_time_ns_ = time_ns;
}

void LogGroupWriter::content(std::string_view key, std::string_view value) {
    append_pair(log_, detail::kLogContents, key, value);
}

void LogGroupWriter::end_log() {
    if (log_time_ns_) {
        log_ += static_cast<char>(tag_of(detail::kLogTimeNs, WireType::Fixed32));
        append_fixed32(log_, *log_time_ns_);
    }
    append_log(log_);
}

void LogGroupWriter::append_log(std::string_view body) {
    append_bytes(out_, detail::kGroupLogs, body);
    ++log_count_;
}

void LogGroupWriter::topic(std::string_view topic) {
    if (!topic.empty()) append_bytes(out_, detail::kGroupTopic, topic);
}

void LogGroupWriter::source(std::string_view source) {
    if (!source.empty()) append_bytes(out_, detail::kGroupSource, source);
}

void LogGroupWriter::tag(std::string_view key, std::string_view value) {
    append_pair(out_, detail::kGroupTags, key, value);
}

std::string LogGroupWriter::take() {
    log_count_ = 0;
    return std::exchange(out_, {});
}

std::string encode(const LogGroup& group) {
    LogGroupWriter writer;
    for (const Log& log : group.logs) {
        writer.begin_log(log.time, log.time_ns);
        for (const LogContent& content : log.contents) writer.content(content.key, content.value);
        writer.end_log();
    }
    std::string out = writer.take();
    if (group.category) append_bytes(out, detail::kGroupCategory, *group.category);
    if (!group.topic.empty()) append_bytes(out, detail::kGroupTopic, group.topic);
    if (!group.source.empty()) append_bytes(out, detail::kGroupSource, group.source);
    if (group.machine_uuid) append_bytes(out, detail::kGroupMachineUuid, *group.machine_uuid);
    for (const LogTag& tag : group.tags) append_pair(out, detail::kGroupTags, tag.key, tag.value);
    return out;
}

std::string encode_tag(std::string_view key, std::string_view value) {
    std::string out;
    append_pair(out, detail::kGroupTags, key, value);
    return out;
}

void append_group_frame(std::string& out, std::size_t group_bytes) {
    out += bytes_tag(detail::kListGroups);
    append_varint(out, group_bytes);
}

}  // namespace spillway::wire
