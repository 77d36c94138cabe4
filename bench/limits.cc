#include "bench/limits.h"

#include "base/result.h"

#include <algorithm>

namespace spillway::bench {

namespace {

/// Reads on from a place in a message that may be cut or lie about sizes: a limit that trusted its
/// bytes would be no limit for a program that must not.
class Reader {
  public:
    explicit Reader(std::string_view message)
        : at_(message.data()), end_(message.data() + message.size()) {}

    const char* at() const { return at_; }
    bool more() const { return at_ < end_; }
    char tag() { return *at_++; }

    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (int shift = 0; at_ < end_ && shift < 64; shift += 7) {
            const auto byte = static_cast<unsigned char>(*at_++);
            value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
            if (byte < 0x80) return value;
        }
        at_ = end_;
        return 0;
    }

    std::string_view bytes() {
        const std::uint64_t size = varint();
        if (size > static_cast<std::uint64_t>(end_ - at_)) {
            at_ = end_;
            return {};
        }
        const std::string_view bytes(at_, static_cast<std::size_t>(size));
        at_ += size;
        return bytes;
    }

    void skip(std::ptrdiff_t count) { at_ += std::min(count, end_ - at_); }

  private:
    const char* at_;
    const char* end_;
};

void put_varint(std::string& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
    out += static_cast<char>(value);
}

/// Calls `visit(tag, bytes, frame)` for each length-delimited field; others are stepped over.
template <class Visit>
void for_each_field(std::string_view message, Visit visit) {
    Reader reader(message);
    while (reader.more()) {
        const char* const start = reader.at();
        const char tag = reader.tag();
        switch (tag & 7) {
            case 0:
                (void)reader.varint();
                break;
            case 5:
                reader.skip(4);
                break;
            default: {
                const auto bytes = reader.bytes();
                const auto size = static_cast<std::size_t>(reader.at() - start);
                visit(tag, bytes, std::string_view(start, size));
            }
        }
    }
}

constexpr char kFirst = '\x0A';   // groups of a list, logs of a group, the key of a content
constexpr char kSecond = '\x12';  // contents of a log, the value of a content

/// A content written key first, as the benchmark's data is.
struct Pair {
    std::string_view key;
    std::string_view value;
};

Pair pair_of(std::string_view content) {
    Reader reader(content);
    Pair pair;
    if (!reader.more() || reader.tag() != kFirst) return pair;
    pair.key = reader.bytes();
    if (!reader.more() || reader.tag() != kSecond) return pair;
    pair.value = reader.bytes();
    return pair;
}

/// Appends a group whose content `build` writes; its size is put in front afterwards.
template <class Build>
void append_group(std::string& out, std::string& scratch, Build build) {
    scratch.clear();
    build(scratch);
    out += kFirst;
    put_varint(out, scratch.size());
    out += scratch;
}

}  // namespace

std::uint64_t scan_frames(std::string_view page) {
    std::uint64_t frames = 0;
    for_each_field(page, [&](char, std::string_view group, std::string_view) {
        for_each_field(group, [&](char, std::string_view, std::string_view) { ++frames; });
    });
    return frames;
}

std::uint64_t scan_contents(std::string_view page) {
    std::uint64_t bytes = 0;
    for_each_field(page, [&](char, std::string_view group, std::string_view) {
        for_each_field(group, [&](char tag, std::string_view log, std::string_view) {
            if (tag != kFirst) return;
            for_each_field(log, [&](char, std::string_view content, std::string_view) {
                const Pair pair = pair_of(content);
                bytes += pair.key.size() + pair.value.size();
            });
        });
    });
    return bytes;
}

void filter_by_hand(std::string_view page, std::string_view key, std::string_view value,
                    std::string& out) {
    static thread_local std::string scratch;
    const auto is_dropped = [&](std::string_view log) {
        Reader reader(log);
        while (reader.more()) {
            if (reader.tag() != kSecond) {
                (void)reader.varint();
                continue;
            }
            const Pair pair = pair_of(reader.bytes());
            if (pair.key == key) return pair.value == value;
        }
        return false;
    };
    for_each_field(page, [&](char, std::string_view group, std::string_view) {
        append_group(out, scratch, [&](std::string& kept) {
            for_each_field(group, [&](char tag, std::string_view log, std::string_view frame) {
                if (tag != kFirst || !is_dropped(log)) kept += frame;
            });
        });
    });
}

namespace {

void append_pair(std::string& out, std::string_view key, std::string_view value) {
    SPILLWAY_INVARIANT(key.size() < 0x80, "the benchmark's keys are short");
    out += kSecond;
    put_varint(out, 2 + key.size() + 1 + (value.size() < 0x80 ? 1 : 2) + value.size());
    out += kFirst;
    put_varint(out, key.size());
    out += key;
    out += kSecond;
    put_varint(out, value.size());
    out += value;
}

void edit_log(std::string_view log, const HandEdit& edit, std::string& out) {
    Reader reader(log);
    const char* copied = reader.at();  // everything before it is in `out`
    const auto copy_up_to = [&](const char* to) {
        out.append(copied, static_cast<std::size_t>(to - copied));
    };
    while (reader.more()) {
        const char* const start = reader.at();
        if (reader.tag() != kSecond) {
            (void)reader.varint();
            continue;
        }
        const Pair pair = pair_of(reader.bytes());
        if (pair.key != edit.drop_key && pair.key != edit.rename_key) continue;
        copy_up_to(start);
        copied = reader.at();
        if (pair.key == edit.rename_key) append_pair(out, edit.renamed_key, pair.value);
    }
    copy_up_to(reader.at());
    append_pair(out, edit.set_key, edit.set_value);
}

}  // namespace

void edit_by_hand(std::string_view page, const HandEdit& edit, std::string& out) {
    static thread_local std::string scratch;
    static thread_local std::string edited;
    for_each_field(page, [&](char, std::string_view group, std::string_view) {
        append_group(out, scratch, [&](std::string& written) {
            for_each_field(group, [&](char tag, std::string_view log, std::string_view frame) {
                if (tag != kFirst) {
                    written += frame;
                    return;
                }
                edited.clear();
                edit_log(log, edit, edited);
                written += kFirst;
                put_varint(written, edited.size());
                written += edited;
            });
        });
    });
}

}  // namespace spillway::bench
