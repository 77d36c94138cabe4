// Times as text: strftime and strptime with Python's directives (English names only), and a lenient
// reader for the forms that people and machines write. Pure; any thread.
#pragma once

#include "base/result.h"
#include "transform/time_value.h"

#include <optional>
#include <string>
#include <string_view>

namespace spillway::transform {

std::string format_time(const DateTime& time, std::string_view format);

/// The whole text by the format, 1900-01-01 00:00:00 for what it leaves open. Errors:
/// InvalidArgument.
Result<DateTime> parse_time(std::string_view text, std::string_view format);

/// "2023-11-14T22:13:20Z", "14/Nov/2023:22:13:20 +0800", "Nov 14 10:13 PM", "20231114", ...
/// What is missing comes from `today`. Nothing when it cannot be understood.
std::optional<DateTime> parse_time_leniently(std::string_view text, const DateTime& today);

std::string_view month_name(std::int32_t month);
std::string_view weekday_name(std::int32_t weekday);
std::string zone_name(const DateTime& time);
/// Weeks of the year, counted from the first Sunday (%U) or the first Monday (%W).
std::int32_t week_from_sunday(const DateTime& time);
std::int32_t week_from_monday(const DateTime& time);

}  // namespace spillway::transform
