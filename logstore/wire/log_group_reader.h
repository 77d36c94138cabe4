// Zero-copy reading of LogGroup and LogGroupList bytes (proto2 wire format; sls_logs.proto). Views
// point into the caller's bytes and live as long as they do. Nothing is allocated: visitors are
// templates, and the cursors serve loops that would rather pull than be called. Any thread.
//
// Unknown fields of wire types 0, 1, 2 and 5 are skipped, as the service's own fast readers do; a
// known field of a foreign wire type counts as unknown, and of a repeated single field the last one
// holds, as protobuf has it. Values are bytes: nothing here asks for UTF-8.
#pragma once

#include "base/result.h"
#include "logstore/model/log_group.h"
#include "logstore/wire/proto_wire.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace spillway::wire {

struct ContentView {
    std::string_view key;
    std::string_view value;
    std::string_view frame = {};  ///< the whole field inside its Log: for copying it as it is
};

struct TagView {
    std::string_view key;
    std::string_view value;
    std::string_view frame = {};  ///< the whole field inside its LogGroup
};

namespace detail {
/// Field numbers of sls_logs.proto.
inline constexpr std::uint32_t kLogTime = 1;
inline constexpr std::uint32_t kLogContents = 2;
inline constexpr std::uint32_t kLogTimeNs = 4;
inline constexpr std::uint32_t kPairKey = 1;
inline constexpr std::uint32_t kPairValue = 2;
inline constexpr std::uint32_t kGroupLogs = 1;
inline constexpr std::uint32_t kGroupCategory = 2;
inline constexpr std::uint32_t kGroupTopic = 3;
inline constexpr std::uint32_t kGroupSource = 4;
inline constexpr std::uint32_t kGroupMachineUuid = 5;
inline constexpr std::uint32_t kGroupTags = 6;
inline constexpr std::uint32_t kListGroups = 1;

/// A Content or LogTag in any shape protobuf allows; false when it is malformed or lacks a part.
bool parse_pair(std::string_view message, std::string_view& key, std::string_view& value);

/// The same; the usual shape (key, then value, then nothing) runs straight.
inline bool read_pair(std::string_view message, std::string_view& key, std::string_view& value) {
    const char* const end = message.data() + message.size();
    if (!message.empty() && message.front() == '\x0A') {
        const char* at = read_bytes(message.data() + 1, end, key);
        if (at != nullptr && at < end && *at == '\x12' && read_bytes(at + 1, end, value) == end) {
            return true;
        }
    }
    return parse_pair(message, key, value);
}

Error corrupt(std::string_view what, std::size_t offset);
}  // namespace detail

/// Walks the contents of a Log message in order.
class ContentCursor {
  public:
    explicit ContentCursor(std::string_view log_body)
        : begin_(log_body.data()), at_(begin_), end_(begin_ + log_body.size()) {}

    /// False at the end and at the first malformed field; ok() tells which.
    bool next(ContentView& content) {
        while (at_ < end_) {
            std::string_view message;
            const char* after = nullptr;
            if (*at_ == '\x12') {
                after = read_bytes(at_ + 1, end_, message);
            } else if (!wants_look(after, message)) {
                at_ = after;  // not Contents: mostly Time, rarely Time_ns
                continue;
            }
            if (after == nullptr || !detail::read_pair(message, content.key, content.value)) {
                ok_ = false;
                return false;
            }
            content.frame = std::string_view(at_, static_cast<std::size_t>(after - at_));
            at_ = after;
            return true;
        }
        return false;
    }

    bool ok() const { return ok_; }
    std::size_t offset() const { return static_cast<std::size_t>(at_ - begin_); }

  private:
    /// Reads a field that does not plainly begin as Contents. True when it must be looked at: it is
    /// malformed (`after` stays null), or Contents whose tag has more bytes than it needs.
    bool wants_look(const char*& after, std::string_view& message) const {
        FieldCursor fields(std::string_view(at_, static_cast<std::size_t>(end_ - at_)));
        Field field;
        if (!fields.next(field)) return true;
        after = at_ + field.frame.size();
        message = field.bytes;
        return field.is(detail::kLogContents, WireType::Bytes);
    }

    const char* begin_;
    const char* at_;
    const char* end_;
    bool ok_ = true;
};

/// One Log inside its LogGroup.
class LogView {
  public:
    LogView() = default;
    explicit LogView(std::string_view body, std::string_view frame = {})
        : body_(body), frame_(frame) {}
    std::string_view body() const { return body_; }  ///< the Log message without its frame
    /// The whole field inside its LogGroup, where the view came from one: for copying it as it is.
    std::string_view frame() const { return frame_; }

    /// Unix seconds; 0 when the Log has none (validate() refuses such a Log).
    std::uint32_t time() const;
    std::optional<std::uint32_t> time_ns() const;
    ContentCursor contents() const { return ContentCursor(body_); }
    /// Calls `visit(const ContentView&)` for each content in order until it returns false.
    /// Errors: Corrupt when the bytes are not a Log.
    template <class Visit>
    Status for_each_content(Visit&& visit) const {
        ContentCursor cursor(body_);
        ContentView content;
        while (cursor.next(content)) {
            if (!visit(static_cast<const ContentView&>(content))) return {};
        }
        if (!cursor.ok()) return detail::corrupt("a log's content is malformed", cursor.offset());
        return {};
    }
    /// The value of the first content of that key.
    std::optional<std::string_view> find(std::string_view key) const {
        ContentCursor cursor(body_);
        ContentView content;
        while (cursor.next(content)) {
            if (content.key == key) return content.value;
        }
        return std::nullopt;
    }

  private:
    std::string_view body_;
    std::string_view frame_;
};

/// One LogGroup.
class LogGroupView {
  public:
    LogGroupView() = default;  ///< the empty group
    /// Walks the frames once (not inside the logs). Errors: Corrupt, with the byte offset.
    static Result<LogGroupView> parse(std::string_view bytes);

    std::string_view bytes() const { return bytes_; }  ///< the LogGroup message without its frame
    std::uint32_t log_count() const { return log_count_; }
    std::string_view topic() const { return topic_; }
    std::string_view source() const { return source_; }
    /// Calls `visit(LogView)` for each log in order until it returns false.
    template <class Visit>
    void for_each_log(Visit&& visit) const {
        FieldCursor fields(bytes_);
        Field field;
        while (fields.next(field)) {
            if (field.is(detail::kGroupLogs, WireType::Bytes) &&
                !visit(LogView(field.bytes, field.frame))) {
                return;
            }
        }
    }
    /// Calls `visit(key, value)` for each tag in order until it returns false. A malformed tag is
    /// passed over; validate() refuses it.
    template <class Visit>
    void for_each_tag(Visit&& visit) const {
        for_each_tag_view([&visit](const TagView& tag) { return visit(tag.key, tag.value); });
    }
    /// The same with `visit(const TagView&)`, which knows the tag's frame.
    template <class Visit>
    void for_each_tag_view(Visit&& visit) const {
        FieldCursor fields(bytes_);
        Field field;
        TagView tag;
        while (fields.next(field)) {
            if (!field.is(detail::kGroupTags, WireType::Bytes)) continue;
            if (!detail::read_pair(field.bytes, tag.key, tag.value)) continue;
            tag.frame = field.frame;
            if (!visit(static_cast<const TagView&>(tag))) return;
        }
    }
    /// The value of the first tag of that key.
    std::optional<std::string_view> find_tag(std::string_view key) const;
    /// Checks the inside of every log and tag too: what a server does before it says 200. Required
    /// fields (Time; Key and Value of contents and tags) must be there. Errors: Corrupt.
    Status validate() const;
    /// A copy in owned form. Errors: Corrupt.
    Result<LogGroup> to_owned() const;

  private:
    std::string_view bytes_;
    std::string_view topic_;
    std::string_view source_;
    std::uint32_t log_count_ = 0;
};

/// Calls `visit(std::string_view group)` for each LogGroup's bytes in a LogGroupList until it
/// returns false. Errors: Corrupt, with the byte offset, after the groups before it were visited.
template <class Visit>
Status for_each_group(std::string_view log_group_list, Visit&& visit) {
    FieldCursor fields(log_group_list);
    Field field;
    while (fields.next(field)) {
        if (field.is(detail::kListGroups, WireType::Bytes) && !visit(field.bytes)) return {};
    }
    if (!fields.ok()) return detail::corrupt("the LogGroupList is malformed", fields.offset());
    return {};
}

}  // namespace spillway::wire
