// Calendar arithmetic on date-times, as Python's dateutil counts. Pure; any thread.
#pragma once

#include "transform/time_value.h"

#include <optional>
#include <string_view>

namespace spillway::transform {

class TimeZone;

/// Singular parts replace, plural ones add, in the order: replace, months, days and below, weekday.
struct TimeShift {
    std::optional<std::int64_t> year, month, day, hour, minute, second, microsecond;
    std::int64_t months = 0;
    std::int64_t days = 0;
    std::int64_t seconds = 0;
    std::int64_t microseconds = 0;
    std::optional<std::int32_t> weekday;
    std::int64_t weekday_count = 1;
};

/// Nothing when the result is no date of the years 1 to 9999.
std::optional<DateTime> shift_time(const DateTime& time, const TimeShift& shift);
/// first - second, in whole months and the seconds that remain.
TimeShift difference_of(const DateTime& first, const DateTime& second);

/// `relabel`: the clock stays and only the zone changes; else the instant stays.
DateTime in_zone(const DateTime& time, const TimeZone& zone, bool relabel);

/// "day", "5_minute", "half_year", ...; false for an unknown unit.
bool truncate_time(DateTime& time, std::string_view unit);
/// Of "second", "minutes", "day"; nothing for an unknown unit.
std::optional<std::int64_t> microseconds_of(std::string_view unit);

}  // namespace spillway::transform
