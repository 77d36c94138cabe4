// One log while a rule edits it: an ordered map of text to text. Fields are views into the page or
// into an arena; the log's bytes are decoded only when more than a few fields are asked for, and
// what is left alone is copied as it came. One owner at a time; reused from log to log without
// allocating.
#pragma once

#include "base/clock.h"
#include "transform/arena.h"
#include "transform/modes.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::transform {

inline constexpr std::string_view kTimeField = "__time__";
inline constexpr std::string_view kTimeNanosField = "__time_ns_part__";
inline constexpr std::string_view kTopicField = "__topic__";
inline constexpr std::string_view kSourceField = "__source__";
inline constexpr std::string_view kTagPrefix = "__tag__:";

/// Where a field lives: in the log itself, in its time, or in the group (topic, source, tags).
enum class Place : std::uint8_t { Content, Time, Group };
inline Place place_of(std::string_view key) {
    if (key.size() < 8 || key[0] != '_' || key[1] != '_') return Place::Content;
    if (key == kTimeField) return Place::Time;
    if (key == kTopicField || key == kSourceField || key.starts_with(kTagPrefix)) {
        return Place::Group;
    }
    return Place::Content;
}

struct Field {
    enum class State : std::uint8_t { Original, Edited, Added, Removed };

    std::string_view key;
    std::string_view value;
    std::uint32_t begin = 0;  ///< of its frame in the log's body, where it has one
    std::uint32_t end = 0;
    State state = State::Original;

    /// Most names differ in their length or first letter: no call then.
    bool is(std::string_view name) const {
        return state != State::Removed && key.size() == name.size() &&
               (name.empty() || (key[0] == name[0] && key == name));
    }
    bool is_present() const { return state != State::Removed; }
    /// False for what the rule added: it lies behind the original ones.
    bool has_frame() const { return end != 0; }
};

/// Names that may be among an event's contents: a bit for each, drawn from its length and three of
/// its letters. A clear bit says that a name is not there, which is what a rule that adds fields
/// asks again and again.
class NameBits {
  public:
    void clear() { bits_ = {}; }
    void add(std::string_view name) {
        const unsigned bit = bit_of(name);
        bits_[bit / 64] |= std::uint64_t{1} << (bit % 64);
    }
    bool may_hold(std::string_view name) const {
        const unsigned bit = bit_of(name);
        return (bits_[bit / 64] >> (bit % 64) & 1U) != 0;
    }

  private:
    static unsigned bit_of(std::string_view name) {
        if (name.empty()) return 0;
        const auto letter = [&](std::size_t at) { return static_cast<unsigned char>(name[at]); };
        return (static_cast<unsigned>(name.size()) * 37U + letter(0) * 5U +
                letter(name.size() / 2) * 17U + letter(name.size() - 1) * 3U) %
               256U;
    }

    std::array<std::uint64_t, 4> bits_{};
};

struct Splice;
class SplicePlan;

/// Topic, source and tags ("__tag__:k") of a group; in the order they came.
using GroupFields = std::vector<Field>;

/// Those of the group that is worked on, read when they are first asked for: most rules never do.
class GroupSource {
  public:
    void bind(std::string_view group) {
        group_ = group;
        is_read_ = false;
    }
    const GroupFields& fields() const {
        if (!is_read_) read();
        return fields_;
    }

  private:
    void read() const;

    std::string_view group_;
    mutable bool is_read_ = true;
    mutable GroupFields fields_;
    mutable std::vector<std::string> tag_keys_;
    mutable std::vector<std::string_view> bare_keys_;
};

class Event {
  public:
    Event();
    ~Event();

    /// A log as it lies in a page. `body` is the Log message; the views must outlive the event's
    /// use.
    void load(std::string_view body, const GroupSource& group);
    /// The same where the group's fields are known.
    void load(std::string_view body, const GroupFields& group);
    /// An event made of fields, as in a rule test. No body: encode() is not for it.
    void load_fields(const std::vector<std::pair<std::string_view, std::string_view>>& fields);
    void copy_from(const Event& other);

    /// Nothing when absent. The first of equal keys. `__time__` is text made in `arena`.
    std::optional<std::string_view> find(std::string_view key, Arena& arena) const;
    bool has(std::string_view key, Arena& arena) const { return find(key, arena).has_value(); }

    /// Views must live as long as the event's log is worked on. `__time__` must be a number: false
    /// else.
    bool set(std::string_view key, std::string_view value);
    /// The same, where `mode` allows it.
    bool set(std::string_view key, std::string_view value, Mode mode, Arena& arena);
    void remove(std::string_view key);
    /// Keeps the place of `from`; what was there under `to` goes.
    void rename(std::string_view from, std::string_view to, Arena& arena);

    /// Edits by cutting the wire bytes. False, and nothing done, when the log or what was done to
    /// it is not that simple. The last edit: from then on only encoded_size(), encode() and
    /// group().
    bool splice(const SplicePlan& plan);

    /// visit(key, value) for every field: time, group fields, contents.
    template <class Visit>
    void for_each(Arena& arena, Visit&& visit) const;
    /// Removes every field whose key the test says true of.
    template <class Test>
    void remove_if(Arena& arena, Test&& test);

    bool is_changed() const { return contents_changed_ || time_changed_ || is_spliced_; }
    bool is_group_changed() const { return group_changed_; }
    const GroupFields& group() const { return group_changed_ ? own_group_ : source_fields(); }

    /// What encode() writes at most; a little above what it does. Only for loaded logs.
    std::size_t encoded_size_max() const;
    /// Writes the Log message after the edits, and returns where it ends.
    char* encode(char* out, WallTime now) const;
    std::string_view body() const { return body_; }

    /// Decodes the contents if that was put off. Const because it changes nothing that can be seen.
    void decode() const;

  private:
    struct ParsedTime {
        bool present = false;
        std::uint32_t seconds = 0;
    };

    const GroupFields& source_fields() const {
        return group_fields_ != nullptr ? *group_fields_ : group_->fields();
    }
    void load(std::string_view body);
    std::optional<std::string_view> scan(std::string_view key) const;
    Field* find_content(std::string_view key);
    void set_content(Field* old, std::string_view key, std::string_view value);
    void edit(Field& field);
    Field* find_group(std::string_view key);
    void own_group();
    bool set_time(std::string_view value);
    std::string_view time_text(Arena& arena) const;
    bool read_time() const;
    std::uint32_t output_seconds(WallTime now) const;
    char* encode_parts(char* out, WallTime now) const;

    std::string_view body_;
    mutable std::vector<Field> contents_;
    mutable NameBits names_;  ///< of contents_, and of some that were removed
    mutable bool decoded_ = false;
    mutable std::uint8_t scans_ = 0;
    bool contents_changed_ = false;
    bool is_loaded_ = false;  ///< from a page: there is a body
    bool is_spliced_ = false;
    std::vector<Splice> splices_;
    std::size_t spliced_bytes_ = 0;
    std::size_t added_bytes_max_ = 0;  ///< what edits wrote, at most

    mutable bool time_read_ = false;
    mutable bool time_present_ = false;
    mutable std::string_view time_text_;
    mutable std::uint32_t seconds_ = 0;
    bool time_changed_ = false;

    const GroupSource* group_ = nullptr;
    const GroupFields* group_fields_ = nullptr;  ///< instead of group_
    GroupFields own_group_;
    bool group_changed_ = false;
};

template <class Visit>
void Event::for_each(Arena& arena, Visit&& visit) const {
    if (read_time()) visit(kTimeField, time_text(arena));
    for (const auto& field : group()) {
        if (field.is_present()) visit(field.key, field.value);
    }
    decode();
    for (const auto& field : contents_) {
        if (field.is_present()) visit(field.key, field.value);
    }
}

template <class Test>
void Event::remove_if(Arena& arena, Test&& test) {
    if (read_time() && test(kTimeField)) remove(kTimeField);
    for (std::size_t i = 0; i < group().size(); ++i) {
        if (!group()[i].is_present() || !test(group()[i].key)) continue;
        own_group();
        own_group_[i].state = Field::State::Removed;
    }
    decode();
    for (auto& field : contents_) {
        if (!field.is_present() || !test(field.key)) continue;
        field.state = Field::State::Removed;
        contents_changed_ = true;
    }
    (void)arena;
}

}  // namespace spillway::transform
