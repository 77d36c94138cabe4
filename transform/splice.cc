// Names are found by length and first byte: nearly every field of a log is passed by after one look
// into a table.
#include "transform/splice.h"

#include "transform/event.h"
#include "transform/registry.h"
#include "transform/wire_scan.h"

#include <algorithm>

namespace spillway::transform {

namespace {

constexpr char kContentTag = '\x12';
constexpr char kKeyTag = '\x0A';

/// Text that is not a pattern: a field's name as it is, in the log itself.
bool is_content_name(const Node* node) {
    return node != nullptr && node->kind == NodeKind::Text &&
           node->text.find_first_of("\\.[](){}*+?^$|#") == std::string::npos &&
           place_of(node->text) == Place::Content && node->text.size() < 0x80;
}

std::string key_in_content(std::string_view key) {
    std::string bytes;
    put_text(bytes, kKeyTag, key);
    return bytes;
}

}  // namespace

[[gnu::always_inline]] inline std::size_t SplicePlan::slot_of(std::string_view key) {
    const auto first = static_cast<unsigned char>(key.empty() ? '\0' : key[0]);
    return (first + 37 * key.size()) & 0xFFU;
}

[[gnu::always_inline]] inline const SplicePlan::Name* SplicePlan::find(std::string_view key,
                                                                       std::uint64_t& bit) const {
    for (std::size_t place = slots_[slot_of(key)]; place != 0; place = names_[place - 1].next) {
        if (names_[place - 1].key != key) continue;
        bit = std::uint64_t{1} << (place - 1);
        return &names_[place - 1];
    }
    return nullptr;
}

bool SplicePlan::find_cuts(std::string_view body, std::vector<Splice>& cuts) const {
    cuts.clear();
    std::uint64_t seen = 0;
    const char* const end = body.data() + body.size();
    for (const char* at = body.data(); at != end;) {
        if (*at != kContentTag) {
            auto offset = static_cast<std::size_t>(at - body.data());
            WireField field;
            if (!read_field(body, offset, field) || field.number == 2) return false;
            at = body.data() + offset;
            continue;
        }
        Content content;
        content.begin = at;
        if (!read_plain_content(at, end, content.key, content.value)) return false;
        content.end = at;
        std::uint64_t bit = 0;
        const Name* const name = find(content.key, bit);
        if (name == nullptr) continue;
        if (!cut(body.data(), content, *name, (seen & bit) != 0, cuts)) return false;
        seen |= bit;
    }
    append_missing(static_cast<std::uint32_t>(body.size()), seen, cuts);
    return true;
}

bool SplicePlan::cut(const char* body, const Content& content, const Name& name, bool again,
                     std::vector<Splice>& cuts) const {
    Splice splice;
    splice.begin = static_cast<std::uint32_t>(content.begin - body);
    splice.end = static_cast<std::uint32_t>(content.end - body);
    switch (name.action) {
        case Action::Drop:
            break;
        case Action::RenameTo:
            return false;
        case Action::RenameFrom: {
            if (again) return false;
            const char* const key_end = content.key.data() + content.key.size();
            // A length in more bytes than it needs would stay so here, and not step by step.
            if (key_end + 1 + varint_size(content.value.size()) != content.value.data()) {
                return false;
            }
            splice.end = static_cast<std::uint32_t>(key_end - body);
            splice.bytes = name.bytes;
            auto size = static_cast<std::size_t>(content.end - key_end) + name.bytes.size();
            splice.head[splice.head_bytes++] = kContentTag;
            for (; size >= 0x80U; size >>= 7U) {
                splice.head[splice.head_bytes++] = static_cast<char>(size | 0x80U);
            }
            splice.head[splice.head_bytes++] = static_cast<char>(size);
            break;
        }
        case Action::Set:
            if (again) return false;
            if (content.value == name.value) return true;
            splice.bytes = name.bytes;
            break;
    }
    cuts.push_back(splice);
    return true;
}

/// The constants whose fields the log does not have, in the order of the steps.
void SplicePlan::append_missing(std::uint32_t end, std::uint64_t seen,
                                std::vector<Splice>& cuts) const {
    const std::uint64_t missing = sets_ & ~seen;
    if (missing == 0) return;
    Splice splice;
    splice.begin = splice.end = end;
    if (missing == sets_) {
        splice.bytes = all_sets_;
        cuts.push_back(splice);
        return;
    }
    for (std::size_t i = 0; i < names_.size(); ++i) {
        if ((missing >> i & 1U) == 0) continue;
        splice.bytes = names_[i].bytes;
        cuts.push_back(splice);
    }
}

bool SplicePlan::plan_drop(const Node& step, std::vector<Name>& names) const {
    for (const auto& child : step.children) {
        if (!is_content_name(child.get())) return false;
        names.push_back({child->text, Action::Drop, 0, {}, {}});
    }
    return true;
}

bool SplicePlan::plan_rename(const Node& step, std::vector<Name>& names, Arena& arena) const {
    // Several at once take the fields out and put them behind the others: not a cut.
    if (step.children.size() != 2) return false;
    const Node* const from = step.children[0].get();
    const Node* const to = step.children[1].get();
    if (!is_content_name(from) || to->kind != NodeKind::Text ||
        place_of(to->text) != Place::Content) {
        return false;
    }
    names.push_back({from->text, Action::RenameFrom, 0, arena.copy(key_in_content(to->text)), {}});
    names.push_back({to->text, Action::RenameTo, 0, {}, {}});
    return true;
}

bool SplicePlan::plan_set(const Node& step, std::vector<Name>& names, Arena& arena) const {
    for (std::size_t i = 0; i + 1 < step.children.size(); i += 2) {
        const Node* const key = step.children[i].get();
        const Node* const value = step.children[i + 1].get();
        if (key->kind != NodeKind::Text || value->kind != NodeKind::Text ||
            place_of(key->text) != Place::Content) {
            return false;
        }
        std::string content;
        put_pair(content, kContentTag, key->text, value->text);
        names.push_back({key->text, Action::Set, 0, arena.copy(content), arena.copy(value->text)});
    }
    return step.children.size() % 2 == 0;
}

bool SplicePlan::are_new(const std::vector<Name>& names) const {
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto is_same = [&](const Name& other) { return other.key == names[i].key; };
        if (std::any_of(names_.begin(), names_.end(), is_same)) return false;
        if (std::any_of(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i), is_same)) {
            return false;
        }
    }
    return names_.size() + names.size() <= kNamesMax;
}

bool SplicePlan::put_in_front(const Node& step, Arena& arena) {
    if (step.kind != NodeKind::Call || !step.keywords.empty()) return false;
    std::vector<Name> names;
    const bool planned = step.text == "e_drop_fields" ? plan_drop(step, names)
                         : step.text == "e_rename"    ? plan_rename(step, names, arena)
                         : step.text == "e_set"       ? plan_set(step, names, arena)
                                                      : false;
    if (!planned || !are_new(names)) return false;
    for (Name& name : names) name.key = arena.copy(name.key);
    names_.insert(names_.begin(), names.begin(), names.end());
    ++steps_;
    return true;
}

void SplicePlan::finish(Arena& arena) {
    std::string sets;
    for (std::size_t i = 0; i < names_.size(); ++i) {
        Name& name = names_[i];
        auto& slot = slots_[slot_of(name.key)];
        name.next = slot;
        slot = static_cast<std::uint8_t>(i + 1);
        if (name.action != Action::Set) continue;
        sets_ |= std::uint64_t{1} << i;
        sets += name.bytes;
    }
    all_sets_ = arena.copy(sets);
}

Flow SpliceSteps::run(Frame& frame, Event& event, const Rest* rest) const {
    return event.splice(plan_) ? Flow::Go : steps_.run(frame, event, rest);
}

}  // namespace spillway::transform
