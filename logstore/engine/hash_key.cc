#include "logstore/engine/hash_key.h"

#include "base/text.h"

namespace spillway::engine {

namespace {

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

Error bad_key(std::string_view hex) {
    auto error = make_error(ErrorCode::InvalidArgument,
                            "hash key \"" + to_valid_utf8(hex) + "\" is not 1 to 32 hex digits");
    error.service_code = "ParameterInvalid";
    return error;
}

}  // namespace

Result<HashKey> parse_hash_key(std::string_view hex) {
    if (hex.empty() || hex.size() > 32) return bad_key(hex);
    HashKey key = 0;
    for (std::size_t i = 0; i < 32; ++i) {
        const int digit = i < hex.size() ? hex_value(hex[i]) : 0;
        if (digit < 0) return bad_key(hex);
        key = (key << 4) | static_cast<HashKey>(digit);
    }
    return key;
}

std::string format_hash_key(HashKey key) {
    std::string hex(32, '0');
    for (std::size_t i = 32; i-- > 0; key >>= 4) {
        hex[i] = "0123456789abcdef"[static_cast<unsigned>(key & 15)];
    }
    return hex;
}

std::string hash_key_bytes(HashKey key) {
    std::string bytes(16, '\0');
    for (std::size_t i = 16; i-- > 0; key >>= 8) {
        bytes[i] = static_cast<char>(static_cast<unsigned char>(key & 255));
    }
    return bytes;
}

HashKey hash_key_from_bytes(std::string_view sixteen_bytes) {
    HashKey key = 0;
    for (const char byte : sixteen_bytes.substr(0, 16)) {
        key = (key << 8) | static_cast<HashKey>(static_cast<unsigned char>(byte));
    }
    return key;
}

}  // namespace spillway::engine
