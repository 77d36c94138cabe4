#include "base/hash.h"

#include "base/hash_pair.h"
#include "base/result.h"

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>

namespace spillway {

namespace {

const unsigned char* as_bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

/// OpenSSL looks an algorithm up by name at every use unless it was fetched: that costs more than
/// the digest of a short text. Fetched once, kept for the life of the process, read by every
/// thread.
const EVP_MD* fetch(const char* name) {
    const EVP_MD* digest = EVP_MD_fetch(nullptr, name, nullptr);
    SPILLWAY_INVARIANT(digest != nullptr, "OpenSSL lacks a digest that Spillway needs");
    return digest;
}

std::string digest(const EVP_MD* kind, std::string_view bytes) {
    std::string out(EVP_MAX_MD_SIZE, '\0');
    unsigned int size = 0;
    const int ok = EVP_Digest(bytes.data(), bytes.size(),
                              reinterpret_cast<unsigned char*>(out.data()), &size, kind, nullptr);
    SPILLWAY_INVARIANT(ok == 1, "a digest failed");
    out.resize(size);
    return out;
}

std::string hmac(const EVP_MD* kind, std::string_view key, std::string_view message) {
    std::string out(EVP_MAX_MD_SIZE, '\0');
    unsigned int size = 0;
    // HMAC() takes a null key as "keep the last one": an empty key must still point somewhere.
    const char* key_bytes = key.empty() ? "" : key.data();
    const auto* made = HMAC(kind, key_bytes, static_cast<int>(key.size()), as_bytes(message),
                            message.size(), reinterpret_cast<unsigned char*>(out.data()), &size);
    SPILLWAY_INVARIANT(made != nullptr, "an HMAC failed");
    out.resize(size);
    return out;
}

}  // namespace

std::string md5(std::string_view bytes) {
    static const EVP_MD* const kKind = fetch("MD5");
    return digest(kKind, bytes);
}

std::string sha256(std::string_view bytes) {
    static const EVP_MD* const kKind = fetch("SHA256");
    return digest(kKind, bytes);
}

std::optional<std::string> named_digest(std::string_view name, std::string_view bytes) {
    struct Named {
        std::string_view name;
        const EVP_MD* kind;
    };
    static const std::array<Named, 6> kKinds{{{"md5", fetch("MD5")},
                                              {"sha1", fetch("SHA1")},
                                              {"sha224", fetch("SHA224")},
                                              {"sha256", fetch("SHA256")},
                                              {"sha384", fetch("SHA384")},
                                              {"sha512", fetch("SHA512")}}};
    for (const Named& known : kKinds) {
        if (name == known.name) return digest(known.kind, bytes);
    }
    return std::nullopt;
}

std::string hmac_sha1(std::string_view key, std::string_view message) {
    static const EVP_MD* const kKind = fetch("SHA1");
    return hmac(kKind, key, message);
}

std::string hmac_sha256(std::string_view key, std::string_view message) {
    static const EVP_MD* const kKind = fetch("SHA256");
    return hmac(kKind, key, message);
}

// hash64: 16 bytes a step, each pair of words multiplied to 128 bits and folded, as the wyhash
// family does. The last step reads the last 16 bytes again, overlapping; the length enters at the
// end.
namespace {

constexpr std::uint64_t kMix0 = 0xA0761D6478BD642FULL;
constexpr std::uint64_t kMix1 = 0xE7037ED1A0B428DBULL;
constexpr std::uint64_t kMix2 = 0x8EBC6AF09C88C6E3ULL;

std::uint64_t fold(std::uint64_t left, std::uint64_t right) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(left) * right;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t little_endian(const unsigned char* at, std::size_t size) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, size);
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    return word;
}

/// `Count` states side by side: each step waits for the one before it, so a second costs little.
template <std::size_t Count>
void hash_all(std::string_view bytes, std::uint64_t (&states)[Count]) {
    const unsigned char* at = as_bytes(bytes);
    for (auto& state : states) state = fold(state ^ kMix0, kMix1);
    const auto step = [&](std::uint64_t first, std::uint64_t second) {
        for (auto& state : states) state = fold(first ^ kMix1, second ^ state);
    };
    std::size_t left = bytes.size();
    for (; left > 16; at += 16, left -= 16) step(little_endian(at, 8), little_endian(at + 8, 8));
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    if (bytes.size() >= 16) {
        first = little_endian(at + left - 16, 8);
        second = little_endian(at + left - 8, 8);
    } else if (left > 8) {
        first = little_endian(at, 8);
        second = little_endian(at + 8, left - 8);
    } else if (left > 0) {
        first = little_endian(at, left);
    }
    step(first, second);
    for (auto& state : states) {
        state = fold(state ^ kMix2, static_cast<std::uint64_t>(bytes.size()) ^ kMix1);
    }
}

}  // namespace

std::uint64_t hash64(std::string_view bytes, std::uint64_t seed) {
    std::uint64_t states[1] = {seed};
    hash_all(bytes, states);
    return states[0];
}

HashPair hash64_pair(std::string_view bytes, std::uint64_t first_seed, std::uint64_t second_seed) {
    std::uint64_t states[2] = {first_seed, second_seed};
    hash_all(bytes, states);
    return {states[0], states[1]};
}

bool equal_constant_time(std::string_view left, std::string_view right) {
    return left.size() == right.size() &&
           CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::string random_bytes(std::size_t count) {
    std::string out(count, '\0');
    for (std::size_t held = 0; held < count;) {
        const ssize_t got = getrandom(out.data() + held, count - held, 0);
        SPILLWAY_INVARIANT(got > 0 || errno == EINTR, "the operating system gives no random bytes");
        if (got > 0) held += static_cast<std::size_t>(got);
    }
    return out;
}

}  // namespace spillway
