#include "bench/limits.h"

#include "base/result.h"

namespace spillway::bench {

namespace {

std::uint64_t take_varint(const char*& at) {
    std::uint64_t value = static_cast<unsigned char>(*at++);
    if (value < 0x80) return value;
    value &= 0x7F;
    for (int shift = 7;; shift += 7) {
        const auto byte = static_cast<unsigned char>(*at++);
        value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
        if (byte < 0x80) return value;
    }
}

std::string_view take_bytes(const char*& at) {
    const auto size = static_cast<std::size_t>(take_varint(at));
    const std::string_view bytes(at, size);
    at += size;
    return bytes;
}

void put_varint(std::string& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
    out += static_cast<char>(value);
}

/// Calls `visit(tag, bytes, frame)` for each length-delimited field; others are stepped over.
template <class Visit>
void for_each_field(std::string_view message, Visit visit) {
    const char* at = message.data();
    const char* const end = at + message.size();
    while (at < end) {
        const char* const start = at;
        const char tag = *at++;
        switch (tag & 7) {
            case 0:
                (void)take_varint(at);
                break;
            case 5:
                at += 4;
                break;
            default: {
                const auto bytes = take_bytes(at);
                visit(tag, bytes, std::string_view(start, static_cast<std::size_t>(at - start)));
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
    const char* at = content.data() + 1;
    Pair pair;
    pair.key = take_bytes(at);
    ++at;
    pair.value = take_bytes(at);
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
        const char* at = log.data();
        const char* const end = at + log.size();
        while (at < end) {
            if (*at != kSecond) {
                ++at;
                (void)take_varint(at);
                continue;
            }
            ++at;
            const Pair pair = pair_of(take_bytes(at));
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
    const char* at = log.data();
    const char* const end = at + log.size();
    const char* copied = at;  // everything before it is in `out`
    const auto copy_up_to = [&](const char* to) {
        out.append(copied, static_cast<std::size_t>(to - copied));
    };
    while (at < end) {
        const char* const start = at;
        if (*at++ != kSecond) {
            (void)take_varint(at);
            continue;
        }
        const Pair pair = pair_of(take_bytes(at));
        if (pair.key != edit.drop_key && pair.key != edit.rename_key) continue;
        copy_up_to(start);
        copied = at;
        if (pair.key == edit.rename_key) append_pair(out, edit.renamed_key, pair.value);
    }
    copy_up_to(end);
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
