// Digests and MACs (OpenSSL, named here only). Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace spillway {

std::string md5(std::string_view bytes);     ///< 16 raw bytes
std::string sha256(std::string_view bytes);  ///< 32 raw bytes
/// "sha1", "sha224", "sha256", "sha384", "sha512" or "md5"; nothing for other names.
std::optional<std::string> named_digest(std::string_view name, std::string_view bytes);
std::string hmac_sha1(std::string_view key, std::string_view message);    ///< 20 raw bytes
std::string hmac_sha256(std::string_view key, std::string_view message);  ///< 32 raw bytes
std::uint32_t crc32c(std::string_view bytes,
                     std::uint32_t seed = 0);  ///< Castagnoli; SSE4.2 where present
std::uint64_t hash64(std::string_view bytes,
                     std::uint64_t seed = 0);  ///< stable across builds; not for secrets

/// In constant time for equal lengths, so that a signature cannot be guessed byte by byte.
bool equal_constant_time(std::string_view left, std::string_view right);

/// `count` bytes from the operating system's generator.
std::string random_bytes(std::size_t count);

}  // namespace spillway
