#include "bench/limits.h"

#include "base/result.h"
#include "bench/hand_wire.h"

namespace spillway::bench {

namespace {

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
