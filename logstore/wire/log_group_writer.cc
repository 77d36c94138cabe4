#include "logstore/wire/log_group_writer.h"

#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/proto_wire.h"

#include <cstring>
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

/// Makes the text longer and returns where the new bytes begin.
char* grow(std::string& out, std::size_t bytes) {
    const std::size_t before = out.size();
    out.resize(before + bytes);
    return out.data() + before;
}

char* put_varint(char* at, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) {
        *at++ = static_cast<char>(static_cast<std::uint8_t>(value | 0x80));
    }
    *at++ = static_cast<char>(static_cast<std::uint8_t>(value));
    return at;
}

char* put_bytes(char* at, std::uint32_t field, std::string_view bytes) {
    *at++ = bytes_tag(field);
    at = put_varint(at, bytes.size());
    if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
    return at + bytes.size();
}

std::size_t field_bytes(std::size_t bytes) {
    return 1 + varint_bytes(bytes) + bytes;
}

void append_bytes(std::string& out, std::uint32_t field, std::string_view bytes) {
    put_bytes(grow(out, field_bytes(bytes.size())), field, bytes);
}

/// A Content or LogTag: the same message under two names.
void append_pair(std::string& out, std::uint32_t field, std::string_view key,
                 std::string_view value) {
    const std::size_t inner = field_bytes(key.size()) + field_bytes(value.size());
    char* at = grow(out, field_bytes(inner));
    *at++ = bytes_tag(field);
    at = put_varint(at, inner);
    at = put_bytes(at, detail::kPairKey, key);
    put_bytes(at, detail::kPairValue, value);
}

void append_fixed32(std::string& out, std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) {
        out += static_cast<char>(static_cast<std::uint8_t>(value >> shift));
    }
}

/// Room kept for a log's frame before its size is known: the tag, and a length of two bytes, which
/// nearly every log has; for others the log is moved.
constexpr std::size_t kFrameRoom = 3;

}  // namespace

void append_varint(std::string& out, std::uint64_t value) {
    put_varint(grow(out, varint_bytes(value)), value);
}

void LogGroupWriter::begin_log(std::uint32_t time, std::optional<std::uint32_t> time_ns) {
    if (out_.empty()) out_.reserve(last_bytes_);
    log_at_ = out_.size();
    char* at = grow(out_, kFrameRoom + 1 + varint_bytes(time)) + kFrameRoom;
    *at++ = static_cast<char>(tag_of(detail::kLogTime, WireType::Varint));
    put_varint(at, time);
    log_time_ns_ = time_ns;
}

void LogGroupWriter::content(std::string_view key, std::string_view value) {
    append_pair(out_, detail::kLogContents, key, value);
}

void LogGroupWriter::end_log() {
    if (log_time_ns_) {
        out_ += static_cast<char>(tag_of(detail::kLogTimeNs, WireType::Fixed32));
        append_fixed32(out_, *log_time_ns_);
    }
    const std::size_t bytes = out_.size() - log_at_ - kFrameRoom;
    const std::size_t frame = 1 + varint_bytes(bytes);
    if (frame < kFrameRoom) out_.erase(log_at_, kFrameRoom - frame);
    if (frame > kFrameRoom) out_.insert(log_at_, frame - kFrameRoom, '\0');
    out_[log_at_] = bytes_tag(detail::kGroupLogs);
    put_varint(out_.data() + log_at_ + 1, bytes);
    ++log_count_;
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
    last_bytes_ = out_.size();
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
