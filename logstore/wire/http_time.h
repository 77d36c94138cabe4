// Times as headers spell them. Any thread.
#pragma once

#include "base/clock.h"

#include <optional>
#include <string>
#include <string_view>

namespace spillway::wire {

/// RFC 1123: "Fri, 10 Oct 2025 08:00:00 GMT"; of Date, and of x-log-date in signature v1.
std::string http_date(WallTime at);
/// Nothing when it is not exactly such a date. The weekday is not compared with the date.
std::optional<WallTime> parse_http_date(std::string_view text);

/// ISO 8601 basic: "20251010T080000Z"; of x-log-date in signature v4.
std::string basic_date(WallTime at);
std::optional<WallTime> parse_basic_date(std::string_view text);

}  // namespace spillway::wire
