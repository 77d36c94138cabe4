// Editing by splicing: every content keeps the offsets of its frame in the log's body. encode()
// walks the contents once; whatever lies between two edited frames is copied in one piece.
#include "transform/event.h"

#include "base/text.h"
#include "transform/splice.h"
#include "transform/wire_scan.h"

#include <algorithm>

namespace spillway::transform {

namespace {

constexpr char kContentTag = '\x12';
constexpr std::uint8_t kScansMax = 3;  // from the fourth look on, decoding once is cheaper

/// Around a key and a value: tags and lengths at their longest.
constexpr std::size_t kPairFrameMax = 24;
constexpr std::size_t kTimeBytesMax = 8;

}  // namespace

void GroupSource::read() const {
    is_read_ = true;
    fields_.clear();
    bare_keys_.clear();
    WireField field;
    for (std::size_t at = 0; at < group_.size();) {
        if (!read_field(group_, at, field)) return;  // whoever walks the group says so
        if (field.type != 2) continue;
        if (field.number == 3) {
            fields_.push_back({kTopicField, field.payload, 0, 0, {}});
        } else if (field.number == 4) {
            fields_.push_back({kSourceField, field.payload, 0, 0, {}});
        } else if (field.number == 6) {
            std::string_view key;
            std::string_view value;
            if (!read_pair(field.payload, key, value)) return;
            fields_.push_back({{}, value, 0, 0, {}});
            bare_keys_.push_back(key);
        }
    }
    // All names at once: they must not move any more.
    if (tag_keys_.size() < bare_keys_.size()) tag_keys_.resize(bare_keys_.size());
    std::size_t tag = 0;
    for (Field& each : fields_) {
        if (!each.key.empty()) continue;
        tag_keys_[tag].assign(kTagPrefix).append(bare_keys_[tag]);
        each.key = tag_keys_[tag++];
    }
}

Event::Event() = default;
Event::~Event() = default;

void Event::load(std::string_view body, const GroupSource& group) {
    load(body);
    group_ = &group;
    group_fields_ = nullptr;
}

void Event::load(std::string_view body, const GroupFields& group) {
    load(body);
    group_fields_ = &group;
}

void Event::load(std::string_view body) {
    body_ = body;
    contents_.clear();
    names_.clear();
    decoded_ = false;
    scans_ = 0;
    contents_changed_ = false;
    added_bytes_max_ = 0;
    is_loaded_ = true;
    is_spliced_ = false;
    time_read_ = false;
    time_changed_ = false;
    group_changed_ = false;
}

void Event::load_fields(const std::vector<std::pair<std::string_view, std::string_view>>& fields) {
    static const GroupFields kNone;
    load(std::string_view(), kNone);
    is_loaded_ = false;
    decoded_ = true;
    time_read_ = true;
    time_present_ = false;
    for (const auto& [key, value] : fields) {
        switch (place_of(key)) {
            case Place::Time:
                time_present_ = true;
                time_text_ = value;
                break;
            case Place::Group:
                own_group();
                own_group_.push_back({key, value, 0, 0, Field::State::Original});
                break;
            case Place::Content:
                contents_.push_back({key, value, 0, 0, Field::State::Original});
                names_.add(key);
                break;
        }
    }
}

void Event::copy_from(const Event& other) {
    body_ = other.body_;
    contents_ = other.contents_;
    names_ = other.names_;
    decoded_ = other.decoded_;
    scans_ = other.scans_;
    contents_changed_ = other.contents_changed_;
    added_bytes_max_ = other.added_bytes_max_;
    is_loaded_ = other.is_loaded_;
    is_spliced_ = false;
    time_read_ = other.time_read_;
    time_present_ = other.time_present_;
    time_text_ = other.time_text_;
    seconds_ = other.seconds_;
    time_changed_ = other.time_changed_;
    group_ = other.group_;
    group_fields_ = other.group_fields_;
    group_changed_ = other.group_changed_;
    if (group_changed_) own_group_ = other.own_group_;
}

void Event::decode() const {
    if (decoded_) return;
    decoded_ = true;
    const char* const end = body_.data() + body_.size();
    for (const char* at = body_.data(); at != end;) {
        Field content;
        const auto begin = static_cast<std::size_t>(at - body_.data());
        std::size_t offset = begin;
        if (*at == kContentTag && read_plain_content(at, end, content.key, content.value)) {
            offset = static_cast<std::size_t>(at - body_.data());
        } else {
            WireField field;
            if (!read_field(body_, offset, field)) return;
            at = body_.data() + offset;
            if (field.number != 2 || field.type != 2 ||
                !read_pair(field.payload, content.key, content.value)) {
                continue;
            }
        }
        content.begin = static_cast<std::uint32_t>(begin);
        content.end = static_cast<std::uint32_t>(offset);
        contents_.push_back(content);
        names_.add(content.key);
    }
}

std::optional<std::string_view> Event::scan(std::string_view key) const {
    std::string_view found_key;
    std::string_view found_value;
    const char* const end = body_.data() + body_.size();
    for (const char* at = body_.data(); at != end;) {
        if (*at == kContentTag && read_plain_content(at, end, found_key, found_value)) {
            if (found_key == key) return found_value;
            continue;
        }
        auto offset = static_cast<std::size_t>(at - body_.data());
        WireField field;
        if (!read_field(body_, offset, field)) return std::nullopt;
        at = body_.data() + offset;
        if (field.number == 2 && field.type == 2 &&
            read_pair(field.payload, found_key, found_value) && found_key == key) {
            return found_value;
        }
    }
    return std::nullopt;
}

bool Event::read_time() const {
    if (time_read_) return time_present_;
    time_read_ = true;
    time_present_ = false;
    time_text_ = {};
    WireField field;
    for (std::size_t at = 0; at < body_.size();) {
        if (!read_field(body_, at, field)) break;
        if (field.number == 1 && field.type == 0) {
            time_present_ = true;
            seconds_ = static_cast<std::uint32_t>(field.varint);
            break;
        }
    }
    return time_present_;
}

std::string_view Event::time_text(Arena& arena) const {
    if (time_text_.empty()) time_text_ = arena.copy(std::to_string(seconds_));
    return time_text_;
}

std::optional<std::string_view> Event::find(std::string_view key, Arena& arena) const {
    switch (place_of(key)) {
        case Place::Time:
            if (!read_time()) return std::nullopt;
            return time_text(arena);
        case Place::Group:
            for (const auto& field : group()) {
                if (field.is(key)) return field.value;
            }
            return std::nullopt;
        case Place::Content:
            break;
    }
    if (!decoded_) {
        if (++scans_ <= kScansMax) return scan(key);
        decode();
    }
    if (!names_.may_hold(key)) return std::nullopt;
    for (const auto& field : contents_) {
        if (field.is(key)) return field.value;
    }
    return std::nullopt;
}

Field* Event::find_content(std::string_view key) {
    decode();
    if (!names_.may_hold(key)) return nullptr;
    for (auto& field : contents_) {
        if (field.is(key)) return &field;
    }
    return nullptr;
}

Field* Event::find_group(std::string_view key) {
    for (auto& field : own_group_) {
        if (field.is(key)) return &field;
    }
    return nullptr;
}

void Event::own_group() {
    if (group_changed_) return;
    own_group_ = source_fields();
    group_changed_ = true;
}

bool Event::set_time(std::string_view value) {
    const auto whole = value.substr(0, value.find('.'));
    const auto seconds = parse_int(whole);
    if (!seconds || *seconds < 0 || *seconds > 0xFFFFFFFFLL) return false;
    read_time();
    time_present_ = true;
    time_text_ = value;
    seconds_ = static_cast<std::uint32_t>(*seconds);
    time_changed_ = true;
    remove(kTimeNanosField);  // of the old time
    return true;
}

bool Event::set(std::string_view key, std::string_view value) {
    const Place place = place_of(key);
    if (place == Place::Time) return set_time(value);
    if (place == Place::Group) {
        for (const auto& field : group()) {
            if (field.is(key) && field.value == value) return true;
        }
        own_group();
        if (Field* old = find_group(key)) {
            old->value = value;
            old->state = Field::State::Edited;
        } else {
            own_group_.push_back({key, value, 0, 0, Field::State::Added});
        }
        return true;
    }
    set_content(find_content(key), key, value);
    return true;
}

bool Event::set(std::string_view key, std::string_view value, Mode mode, Arena& arena) {
    if (mode == Mode::Overwrite) return set(key, value);
    if (place_of(key) != Place::Content) {
        return !may_set(mode, find(key, arena), value) || set(key, value);
    }
    Field* const old = find_content(key);
    const auto before = old == nullptr ? std::nullopt : std::optional(old->value);
    if (may_set(mode, before, value)) set_content(old, key, value);
    return true;
}

void Event::edit(Field& field) {
    if (field.state == Field::State::Original) field.state = Field::State::Edited;
    added_bytes_max_ += field.key.size() + field.value.size() + kPairFrameMax;
    contents_changed_ = true;
}

/// `old`: the first field of that name, if there is one.
void Event::set_content(Field* old, std::string_view key, std::string_view value) {
    if (old == nullptr) {
        contents_.push_back({key, value, 0, 0, Field::State::Added});
        names_.add(key);
        edit(contents_.back());
        return;
    }
    for (Field* other = old + 1; other < contents_.data() + contents_.size(); ++other) {
        if (other->is(key)) other->state = Field::State::Removed, contents_changed_ = true;
    }
    if (old->value == value) return;
    old->value = value;
    edit(*old);
}

void Event::remove(std::string_view key) {
    switch (place_of(key)) {
        case Place::Time:
            if (read_time()) time_changed_ = true;
            time_present_ = false;
            return;
        case Place::Group:
            for (const auto& field : group()) {
                if (!field.is(key)) continue;
                own_group();
                for (auto& own : own_group_) {
                    if (own.is(key)) own.state = Field::State::Removed;
                }
                return;
            }
            return;
        case Place::Content:
            decode();
            for (auto& field : contents_) {
                if (field.is(key)) field.state = Field::State::Removed, contents_changed_ = true;
            }
    }
}

void Event::rename(std::string_view from, std::string_view to, Arena& arena) {
    if (from == to) return;
    const auto value = find(from, arena);
    if (!value) return;
    if (place_of(from) != Place::Content || place_of(to) != Place::Content) {
        remove(from);
        set(to, *value);
        return;
    }
    remove(to);
    Field* field = find_content(from);
    field->key = to;
    names_.add(to);
    edit(*field);
    remove(from);  // further fields of the same name
}

std::uint32_t Event::output_seconds(WallTime now) const {
    return time_present_ ? seconds_ : static_cast<std::uint32_t>(unix_seconds(now));
}

char* Event::encode_parts(char* out, WallTime now) const {
    std::size_t copied = 0;
    const auto copy_until = [&](std::size_t end, std::size_t skip_to) {
        if (end > copied) out = write_bytes(out, body_.substr(copied, end - copied));
        copied = skip_to;
    };
    if (time_changed_) {
        // Time comes first, as everyone writes it; the old time and its nanoseconds are left out.
        *out++ = '\x08';
        out = write_varint(out, output_seconds(now));
    }
    auto content = contents_.begin();
    const auto put_contents_before = [&](std::size_t end) {
        for (; content != contents_.end() && content->has_frame() && content->begin < end;
             ++content) {
            if (content->state == Field::State::Original) continue;
            copy_until(content->begin, content->end);
            if (content->state == Field::State::Edited) {
                out = write_pair(out, kContentTag, content->key, content->value);
            }
        }
    };
    if (time_changed_) {
        WireField field;
        for (std::size_t at = 0; at < body_.size();) {
            if (!read_field(body_, at, field)) break;
            const bool is_time = field.number == 1 || field.number == 4;
            if (!is_time) continue;
            put_contents_before(field.begin);
            copy_until(field.begin, field.end);
        }
    }
    put_contents_before(body_.size() + 1);
    copy_until(body_.size(), body_.size());
    for (; content != contents_.end(); ++content) {
        if (content->state == Field::State::Added) {
            out = write_pair(out, kContentTag, content->key, content->value);
        }
    }
    return out;
}

bool Event::splice(const SplicePlan& plan) {
    if (!is_loaded_ || is_changed() || !plan.find_cuts(body_, splices_)) return false;
    is_spliced_ = !splices_.empty();
    spliced_bytes_ = body_.size();
    for (const Splice& cut : splices_) spliced_bytes_ += cut.size() - (cut.end - cut.begin);
    return true;
}

std::size_t Event::encoded_size_max() const {
    if (is_spliced_) return spliced_bytes_;
    return body_.size() + added_bytes_max_ + kTimeBytesMax;
}

char* Event::encode(char* out, WallTime now) const {
    if (!is_changed()) return write_bytes(out, body_);
    if (!is_spliced_) return encode_parts(out, now);
    std::size_t copied = 0;
    for (const Splice& cut : splices_) {
        out = write_bytes(out, body_.substr(copied, cut.begin - copied));
        out = write_bytes(out, {cut.head.data(), cut.head_bytes});
        out = write_bytes(out, cut.bytes);
        copied = cut.end;
    }
    return write_bytes(out, body_.substr(copied));
}

}  // namespace spillway::transform
