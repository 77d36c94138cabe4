// The protobuf wire format, as far as the service uses it: tags, varints, length-delimited fields,
// and wire types 0, 1, 2 and 5. Groups (3, 4) are refused, as the service's own fast readers do.
// Nothing here allocates, copies or reads past the end it was given. Views; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace spillway::wire {

enum class WireType : std::uint8_t { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

/// A tag and a length are at most five bytes long, a value at most ten; a longer one is malformed.
inline constexpr int kTagBytesMax = 5;
inline constexpr int kVarintBytesMax = 10;

constexpr std::uint32_t tag_of(std::uint32_t field, WireType type) {
    return (field << 3) | static_cast<std::uint32_t>(type);
}

/// Reads a varint of at most `bytes_max` bytes at `at`. Returns where it ends, or null: malformed
/// or cut.
inline const char* read_varint(const char* at, const char* end, std::uint64_t& value,
                               int bytes_max = kVarintBytesMax) {
    std::uint64_t result = 0;
    for (int i = 0; i < bytes_max && at + i < end; ++i) {
        const auto byte = static_cast<std::uint8_t>(at[i]);
        result |= static_cast<std::uint64_t>(byte & 0x7F) << (7 * i);
        if (byte < 0x80) {
            value = result;
            return at + i + 1;
        }
    }
    return nullptr;
}

/// Reads the length of a field and takes that many bytes. Returns where they end, or null when the
/// length is malformed or reaches past `end`. One-byte and two-byte lengths, nearly all there are,
/// run straight.
inline const char* read_bytes(const char* at, const char* end, std::string_view& bytes) {
    if (at >= end) return nullptr;
    std::uint64_t size = static_cast<std::uint8_t>(*at);
    if (size < 0x80) {
        ++at;
    } else if (end - at > 1 && static_cast<std::uint8_t>(at[1]) < 0x80) {
        size = (size & 0x7F) | static_cast<std::uint64_t>(static_cast<std::uint8_t>(at[1])) << 7;
        at += 2;
    } else {
        at = read_varint(at, end, size, kTagBytesMax);
        if (at == nullptr) return nullptr;
    }
    if (size > static_cast<std::uint64_t>(end - at)) return nullptr;
    bytes = std::string_view(at, static_cast<std::size_t>(size));
    return at + size;
}

inline std::uint32_t load_fixed32(const char* at) {
    const auto byte = [at](int i) { return std::uint32_t{static_cast<std::uint8_t>(at[i])}; };
    return byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24;
}

/// One field of a message.
struct Field {
    std::uint32_t number = 0;
    WireType type = WireType::Varint;
    std::uint64_t value = 0;  ///< of Varint, Fixed32 (Fixed64 is only ever skipped)
    std::string_view bytes;   ///< of Bytes
    std::string_view frame;   ///< the whole field with its tag: for copying it as it is

    bool is(std::uint32_t wanted, WireType wanted_type) const {
        return number == wanted && type == wanted_type;
    }
};

/// Walks the fields of one message.
class FieldCursor {
  public:
    explicit FieldCursor(std::string_view message)
        : begin_(message.data()), at_(message.data()), end_(message.data() + message.size()) {}

    /// False at the end and at the first malformed field; ok() tells which.
    bool next(Field& field) {
        if (at_ == end_ || !ok_) return false;
        const char* after = read_field(field);
        if (after == nullptr) {
            ok_ = false;
            return false;
        }
        field.frame = std::string_view(at_, static_cast<std::size_t>(after - at_));
        at_ = after;
        return true;
    }

    bool ok() const { return ok_; }
    /// Of the next field, or of the malformed one.
    std::size_t offset() const { return static_cast<std::size_t>(at_ - begin_); }

  private:
    const char* read_field(Field& field) const {
        std::uint64_t tag = static_cast<std::uint8_t>(*at_);
        const char* at = at_ + 1;
        if (tag >= 0x80) at = read_varint(at_, end_, tag, kTagBytesMax);
        if (at == nullptr || tag > UINT32_MAX || (tag >> 3) == 0) return nullptr;
        field.number = static_cast<std::uint32_t>(tag >> 3);
        field.type = static_cast<WireType>(tag & 7);
        switch (field.type) {
            case WireType::Bytes:
                return read_bytes(at, end_, field.bytes);
            case WireType::Varint:
                return read_varint(at, end_, field.value);
            case WireType::Fixed32:
                if (end_ - at < 4) return nullptr;
                field.value = load_fixed32(at);
                return at + 4;
            case WireType::Fixed64:
                return end_ - at < 8 ? nullptr : at + 8;
        }
        return nullptr;
    }

    const char* begin_;
    const char* at_;
    const char* end_;
    bool ok_ = true;
};

}  // namespace spillway::wire
