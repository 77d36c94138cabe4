// Small text work everyone needs. Any thread.
#pragma once

#include "base/result.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spillway {

std::string to_lower(std::string_view text);                               ///< ASCII only
bool equals_ignoring_case(std::string_view left, std::string_view right);  ///< ASCII only
std::string_view trim(std::string_view text);                              ///< blanks and tabs
std::vector<std::string_view> split(std::string_view text, char separator);

/// The whole text as a decimal number, nothing else around it.
std::optional<std::uint64_t> parse_uint(std::string_view text);
std::optional<std::int64_t> parse_int(std::string_view text);

std::string to_hex(std::string_view bytes);  ///< lower case
std::optional<std::string> from_hex(std::string_view hex);
std::string to_base64(std::string_view bytes);  ///< RFC 4648, padded
std::optional<std::string> from_base64(std::string_view text);

/// RFC 3986: all but A-Z a-z 0-9 - _ . ~ becomes %XX, upper case.
std::string percent_encode(std::string_view bytes);
/// Undoes %XX; with `plus_is_space`, '+' too (form encoding, as query strings use).
std::string percent_decode(std::string_view text, bool plus_is_space);

/// "200ms", "5s", "45m", "2h", "7d"; a number alone is refused: a duration carries its unit.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);
/// "4MiB", "20MB", "512KiB", "100B"; a number alone is refused.
Result<std::uint64_t> parse_size(std::string_view text);
/// "1.7 s", "3 min 20 s", "2 h 5 min": for people.
std::string human_duration(std::chrono::milliseconds duration);
/// "3.2 MB", "812 B": for people, decimal units.
std::string human_bytes(std::uint64_t bytes);
/// "1,234,567"
std::string human_count(std::uint64_t count);

/// The candidate nearest to `word` by edit distance, if it is within 2: for "did you mean".
std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates);

/// Valid UTF-8 for logs, JSON and terminals: each bad byte becomes U+FFFD.
std::string to_valid_utf8(std::string_view bytes);
bool is_valid_utf8(std::string_view bytes);

}  // namespace spillway
