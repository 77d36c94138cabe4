// Reading and writing protobuf wire bytes in place, with the offsets that splicing needs (which the
// readers in logstore/wire do not give). Pure; any thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace spillway::transform {

/// Reads a varint at `at` and moves past it. False at the end of the bytes or after ten bytes.
[[gnu::always_inline]] inline bool read_varint(std::string_view bytes, std::size_t& at,
                                               std::uint64_t& value) {
    if (at < bytes.size() && static_cast<unsigned char>(bytes[at]) < 0x80U) {
        value = static_cast<unsigned char>(bytes[at++]);
        return true;
    }
    value = 0;
    for (unsigned shift = 0; shift < 64 && at < bytes.size(); shift += 7) {
        const auto byte = static_cast<unsigned char>(bytes[at++]);
        value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
        if (byte < 0x80U) return true;
    }
    return false;
}

/// One field of a message: bytes [begin, end), number, and for length-delimited ones the payload.
struct WireField {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::uint32_t number = 0;
    std::uint32_t type = 0;
    std::uint64_t varint = 0;
    std::string_view payload;
};

/// The field at `at`, and moves past it. False when the bytes are no field.
[[gnu::always_inline]] inline bool read_field(std::string_view bytes, std::size_t& at,
                                              WireField& field) {
    field.begin = at;
    std::uint64_t key = 0;
    if (!read_varint(bytes, at, key)) return false;
    field.number = static_cast<std::uint32_t>(key >> 3U);
    field.type = static_cast<std::uint32_t>(key & 7U);
    if (field.type == 2) {
        std::uint64_t size = 0;
        if (!read_varint(bytes, at, size) || size > bytes.size() - at) return false;
        field.payload = bytes.substr(at, size);
        at += size;
    } else if (field.type == 0) {
        if (!read_varint(bytes, at, field.varint)) return false;
    } else if (field.type == 5 || field.type == 1) {
        const std::size_t size = field.type == 5 ? 4 : 8;
        if (bytes.size() - at < size) return false;
        field.payload = bytes.substr(at, size);
        at += size;
    } else {
        return false;
    }
    field.end = at;
    return field.number != 0;
}

/// Key and value of a Content or LogTag message. False when it is none.
[[gnu::always_inline]] inline bool read_pair(std::string_view body, std::string_view& key,
                                             std::string_view& value) {
    // Nearly always: 0A size key 12 size value, and nothing behind.
    std::size_t at = 0;
    std::uint64_t size = 0;
    if (body.size() >= 2 && body[0] == '\x0A' && (at = 1, read_varint(body, at, size)) &&
        size < body.size() - at && body[at + size] == '\x12') {
        key = body.substr(at, size);
        at += size + 1;
        if (read_varint(body, at, size) && size == body.size() - at) {
            value = body.substr(at, size);
            return true;
        }
    }
    bool has_key = false;
    bool has_value = false;
    WireField field;
    for (at = 0; at < body.size();) {
        if (!read_field(body, at, field)) return false;
        if (field.number == 1 && field.type == 2) key = field.payload, has_key = true;
        if (field.number == 2 && field.type == 2) value = field.payload, has_value = true;
    }
    return has_key && has_value;
}

/// A length below 2^21 at `at`, and moves past it. False for others, and at the end of the bytes.
[[gnu::always_inline]] inline bool read_size(const char*& at, const char* end, std::size_t& size) {
    if (at == end) return false;
    size = static_cast<unsigned char>(*at++);
    if (size < 0x80U) return true;
    for (unsigned shift = 7; shift < 21 && at != end; shift += 7) {
        const std::size_t byte = static_cast<unsigned char>(*at++);
        size = (size & ((std::size_t{1} << shift) - 1)) | (byte & 0x7FU) << shift;
        if (byte < 0x80U) return true;
    }
    return false;
}

/// The content whose tag is at `at`, and moves past it. Only the form that everyone writes: key,
/// value and nothing else; for others false, and `at` stays.
[[gnu::always_inline]] inline bool read_plain_content(const char*& at, const char* end,
                                                      std::string_view& key,
                                                      std::string_view& value) {
    const char* next = at + 1;
    std::size_t inner = 0;
    if (!read_size(next, end, inner) || inner > static_cast<std::size_t>(end - next) || inner < 4 ||
        next[0] != '\x0A') {
        return false;
    }
    const char* const content_end = next + inner;
    const std::size_t key_bytes = static_cast<unsigned char>(next[1]);
    if (key_bytes >= 0x80U || key_bytes + 4 > inner || next[2 + key_bytes] != '\x12') return false;
    key = {next + 2, key_bytes};
    next += 3 + key_bytes;
    std::size_t value_bytes = 0;
    if (!read_size(next, content_end, value_bytes) ||
        value_bytes != static_cast<std::size_t>(content_end - next)) {
        return false;
    }
    value = {next, value_bytes};
    at = content_end;
    return true;
}

inline std::size_t varint_size(std::uint64_t value) {
    std::size_t size = 1;
    for (; value >= 0x80U; value >>= 7U) ++size;
    return size;
}

inline void put_varint(std::string& out, std::uint64_t value) {
    char bytes[10];
    std::size_t size = 0;
    for (; value >= 0x80U; value >>= 7U) bytes[size++] = static_cast<char>(value | 0x80U);
    bytes[size++] = static_cast<char>(value);
    out.append(bytes, size);
}

inline void put_text(std::string& out, char tag, std::string_view text) {
    out += tag;
    put_varint(out, text.size());
    out += text;
}

inline std::size_t pair_size(std::string_view key, std::string_view value) {
    return 2 + varint_size(key.size()) + key.size() + varint_size(value.size()) + value.size();
}

/// A Content (tag 0x12) or LogTag (tag 0x32) with its frame.
inline void put_pair(std::string& out, char tag, std::string_view key, std::string_view value) {
    out += tag;
    put_varint(out, pair_size(key, value));
    put_text(out, '\x0A', key);
    put_text(out, '\x12', value);
}

// The same into memory that is known to be large enough; each returns where it ended.

inline char* write_bytes(char* at, std::string_view bytes) {
    if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
    return at + bytes.size();
}

inline char* write_varint(char* at, std::uint64_t value) {
    for (; value >= 0x80U; value >>= 7U) *at++ = static_cast<char>(value | 0x80U);
    *at++ = static_cast<char>(value);
    return at;
}

inline char* write_text(char* at, char tag, std::string_view text) {
    *at++ = tag;
    return write_bytes(write_varint(at, text.size()), text);
}

inline char* write_pair(char* at, char tag, std::string_view key, std::string_view value) {
    *at++ = tag;
    at = write_varint(at, pair_size(key, value));
    return write_text(write_text(at, '\x0A', key), '\x12', value);
}

}  // namespace spillway::transform
