#include "logstore/wire/log_group_reader.h"

#include <string>

namespace spillway::wire {

namespace detail {

bool parse_pair(std::string_view message, std::string_view& key, std::string_view& value) {
    FieldCursor fields(message);
    Field field;
    bool has_key = false;
    bool has_value = false;
    while (fields.next(field)) {
        if (field.is(kPairKey, WireType::Bytes)) {
            key = field.bytes;
            has_key = true;
        } else if (field.is(kPairValue, WireType::Bytes)) {
            value = field.bytes;
            has_value = true;
        }
    }
    return fields.ok() && has_key && has_value;
}

Error corrupt(std::string_view what, std::size_t offset) {
    return make_error(ErrorCode::Corrupt, std::string(what) + " at byte " + std::to_string(offset));
}

}  // namespace detail

namespace {

constexpr char kContentsTag = static_cast<char>(tag_of(detail::kLogContents, WireType::Bytes));

/// The last field of that number and type in a Log. Contents are stepped over without a look.
std::optional<std::uint32_t> last_number(std::string_view log, std::uint32_t number,
                                         WireType type) {
    const char* at = log.data();
    const char* const end = at + log.size();
    std::optional<std::uint32_t> found;
    Field field;
    while (at < end) {
        if (*at == kContentsTag) {
            at = read_bytes(at + 1, end, field.bytes);
            if (at == nullptr) break;
            continue;
        }
        FieldCursor rest(std::string_view(at, static_cast<std::size_t>(end - at)));
        if (!rest.next(field)) break;
        if (field.is(number, type)) found = static_cast<std::uint32_t>(field.value);
        at += field.frame.size();
    }
    return found;
}

Status validate_log(LogView log) {
    FieldCursor fields(log.body());
    Field field;
    bool has_time = false;
    while (fields.next(field)) {
        has_time = has_time || field.is(detail::kLogTime, WireType::Varint);
        std::string_view key;
        std::string_view value;
        if (field.is(detail::kLogContents, WireType::Bytes) &&
            !detail::read_pair(field.bytes, key, value)) {
            return make_error(ErrorCode::Corrupt,
                              "a content lacks its key or value, or is cut off");
        }
    }
    if (!fields.ok()) return detail::corrupt("a field is malformed", fields.offset());
    if (!has_time) return make_error(ErrorCode::Corrupt, "it has no Time");
    return {};
}

Result<Log> owned_log(LogView view) {
    if (auto valid = validate_log(view); !valid) return std::move(valid).error();
    Log log;
    log.time = view.time();
    log.time_ns = view.time_ns();
    ContentCursor cursor = view.contents();
    ContentView content;
    while (cursor.next(content)) {
        log.contents.push_back({std::string(content.key), std::string(content.value)});
    }
    return log;
}

}  // namespace

std::uint32_t LogView::time() const {
    // Nearly every writer puts Time first; a second Time later in the log would win, as in
    // protobuf.
    return last_number(body_, detail::kLogTime, WireType::Varint).value_or(0);
}

std::optional<std::uint32_t> LogView::time_ns() const {
    return last_number(body_, detail::kLogTimeNs, WireType::Fixed32);
}

Result<LogGroupView> LogGroupView::parse(std::string_view bytes) {
    LogGroupView view;
    view.bytes_ = bytes;
    FieldCursor fields(bytes);
    Field field;
    while (fields.next(field)) {
        if (field.type != WireType::Bytes) continue;
        if (field.number == detail::kGroupLogs) {
            ++view.log_count_;
        } else if (field.number == detail::kGroupTopic) {
            view.topic_ = field.bytes;
        } else if (field.number == detail::kGroupSource) {
            view.source_ = field.bytes;
        }
    }
    if (!fields.ok()) return detail::corrupt("the LogGroup is malformed", fields.offset());
    return view;
}

std::optional<std::string_view> LogGroupView::find_tag(std::string_view key) const {
    std::optional<std::string_view> found;
    for_each_tag([&](std::string_view tag, std::string_view value) {
        if (tag == key) found = value;
        return !found.has_value();
    });
    return found;
}

Status LogGroupView::validate() const {
    FieldCursor fields(bytes_);
    Field field;
    std::uint32_t index = 0;
    while (fields.next(field)) {
        if (field.is(detail::kGroupLogs, WireType::Bytes)) {
            if (auto log = validate_log(LogView(field.bytes)); !log) {
                return std::move(log).error().while_doing("log " + std::to_string(index));
            }
            ++index;
        } else if (field.is(detail::kGroupTags, WireType::Bytes)) {
            std::string_view key;
            std::string_view value;
            if (!detail::read_pair(field.bytes, key, value)) {
                return detail::corrupt("a tag lacks its key or value, or is cut off",
                                       fields.offset() - field.frame.size());
            }
        }
    }
    if (!fields.ok()) return detail::corrupt("the LogGroup is malformed", fields.offset());
    return {};
}

Result<LogGroup> LogGroupView::to_owned() const {
    LogGroup group;
    FieldCursor fields(bytes_);
    Field field;
    while (fields.next(field)) {
        if (field.type != WireType::Bytes) continue;
        if (field.number == detail::kGroupLogs) {
            auto log = owned_log(LogView(field.bytes));
            if (!log) {
                return std::move(log).error().while_doing("log " +
                                                          std::to_string(group.logs.size()));
            }
            group.logs.push_back(*std::move(log));
        } else if (field.number == detail::kGroupTags) {
            std::string_view key;
            std::string_view value;
            if (!detail::read_pair(field.bytes, key, value)) {
                return detail::corrupt("a tag lacks its key or value, or is cut off",
                                       fields.offset() - field.frame.size());
            }
            group.tags.push_back({std::string(key), std::string(value)});
        } else if (field.number == detail::kGroupTopic) {
            group.topic = field.bytes;
        } else if (field.number == detail::kGroupSource) {
            group.source = field.bytes;
        } else if (field.number == detail::kGroupCategory) {
            group.category = std::string(field.bytes);
        } else if (field.number == detail::kGroupMachineUuid) {
            group.machine_uuid = std::string(field.bytes);
        }
    }
    if (!fields.ok()) return detail::corrupt("the LogGroup is malformed", fields.offset());
    return group;
}

}  // namespace spillway::wire
