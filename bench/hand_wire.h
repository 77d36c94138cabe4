// Wire bytes read by hand, as the limit programs do it. Nothing of the product is in here.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace spillway::bench {

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

inline void put_varint(std::string& out, std::uint64_t value) {
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

inline Pair pair_of(std::string_view content) {
    Reader reader(content);
    Pair pair;
    if (!reader.more() || reader.tag() != kFirst) return pair;
    pair.key = reader.bytes();
    if (!reader.more() || reader.tag() != kSecond) return pair;
    pair.value = reader.bytes();
    return pair;
}

}  // namespace spillway::bench
