// Editing by splicing: every content keeps the offsets of its frame in the log's body. encode()
// walks the contents once; whatever lies between two edited frames is copied in one piece.
#include "transform/event.h"

#include "base/text.h"
#include "transform/wire_scan.h"

#include <algorithm>

namespace spillway::transform {

namespace {

constexpr char kContentTag = '\x12';
constexpr std::uint8_t kScansMax = 3;  // from the fourth look on, decoding once is cheaper

std::size_t framed_pair_size(std::string_view key, std::string_view value) {
    const std::size_t size = pair_size(key, value);
    return 1 + varint_size(size) + size;
}

}  // namespace

void Event::load(std::string_view body, const GroupFields& group) {
    body_ = body;
    contents_.clear();
    decoded_ = false;
    scans_ = 0;
    contents_changed_ = false;
    time_read_ = false;
    time_changed_ = false;
    group_ = &group;
    group_changed_ = false;
}

void Event::load_fields(const std::vector<std::pair<std::string_view, std::string_view>>& fields) {
    static const GroupFields kNone;
    load({}, kNone);
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
                break;
        }
    }
}

void Event::copy_from(const Event& other) {
    body_ = other.body_;
    contents_ = other.contents_;
    decoded_ = other.decoded_;
    scans_ = other.scans_;
    contents_changed_ = other.contents_changed_;
    time_read_ = other.time_read_;
    time_present_ = other.time_present_;
    time_text_ = other.time_text_;
    seconds_ = other.seconds_;
    time_changed_ = other.time_changed_;
    group_ = other.group_;
    group_changed_ = other.group_changed_;
    if (group_changed_) own_group_ = other.own_group_;
}

void Event::decode() const {
    if (decoded_) return;
    decoded_ = true;
    WireField field;
    for (std::size_t at = 0; at < body_.size();) {
        if (!read_field(body_, at, field)) return;
        Field content;
        if (field.number != 2 || field.type != 2 ||
            !read_pair(field.payload, content.key, content.value)) {
            continue;
        }
        content.begin = static_cast<std::uint32_t>(field.begin);
        content.end = static_cast<std::uint32_t>(field.end);
        contents_.push_back(content);
    }
}

std::optional<std::string_view> Event::scan(std::string_view key) const {
    WireField field;
    std::string_view found_key;
    std::string_view found_value;
    for (std::size_t at = 0; at < body_.size();) {
        if (!read_field(body_, at, field)) return std::nullopt;
        if (field.number != 2 || field.type != 2 ||
            !read_pair(field.payload, found_key, found_value)) {
            continue;
        }
        if (found_key == key) return found_value;
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
    for (const auto& field : contents_) {
        if (field.is(key)) return field.value;
    }
    return std::nullopt;
}

Field* Event::find_content(std::string_view key) {
    decode();
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
    own_group_ = *group_;
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
    Field* old = find_content(key);
    if (old == nullptr) {
        contents_.push_back({key, value, 0, 0, Field::State::Added});
        contents_changed_ = true;
        return true;
    }
    for (Field* other = old + 1; other < contents_.data() + contents_.size(); ++other) {
        if (other->is(key)) other->state = Field::State::Removed, contents_changed_ = true;
    }
    if (old->value == value) return true;
    old->value = value;
    if (old->state == Field::State::Original) old->state = Field::State::Edited;
    contents_changed_ = true;
    return true;
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
    if (field->state == Field::State::Original) field->state = Field::State::Edited;
    contents_changed_ = true;
    remove(from);  // further fields of the same name
}

std::uint32_t Event::output_seconds(WallTime now) const {
    return time_present_ ? seconds_ : static_cast<std::uint32_t>(unix_seconds(now));
}

template <class Put>
void Event::encode_parts(WallTime now, Put&& put) const {
    std::size_t copied = 0;
    const auto copy_until = [&](std::size_t end, std::size_t skip_to) {
        if (end > copied) put(body_.substr(copied, end - copied));
        copied = skip_to;
    };
    std::string head;
    if (time_changed_) {
        // Time comes first, as everyone writes it; the old time and its nanoseconds are left out.
        head += '\x08';
        put_varint(head, output_seconds(now));
        put(std::string_view(head));
    }
    auto content = contents_.begin();
    const auto put_contents_before = [&](std::size_t end) {
        for (; content != contents_.end() && content->has_frame() && content->begin < end;
             ++content) {
            if (content->state == Field::State::Original) continue;
            copy_until(content->begin, content->end);
            if (content->state == Field::State::Edited) put(content->key, content->value);
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
        if (content->state == Field::State::Added) put(content->key, content->value);
    }
}

namespace {

struct SizeOf {
    std::size_t& size;
    void operator()(std::string_view bytes) const { size += bytes.size(); }
    void operator()(std::string_view key, std::string_view value) const {
        size += framed_pair_size(key, value);
    }
};

struct AppendTo {
    std::string& out;
    void operator()(std::string_view bytes) const { out += bytes; }
    void operator()(std::string_view key, std::string_view value) const {
        put_pair(out, kContentTag, key, value);
    }
};

}  // namespace

std::size_t Event::encoded_size(WallTime now) const {
    if (!is_changed()) return body_.size();
    std::size_t size = 0;
    encode_parts(now, SizeOf{size});
    return size;
}

void Event::encode(std::string& out, WallTime now) const {
    if (!is_changed()) {
        out += body_;
        return;
    }
    encode_parts(now, AppendTo{out});
}

}  // namespace spillway::transform
