// A date-time of the rule language: civil fields, with or without an offset to UTC. Values; any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace spillway::transform {

class TimeZone;

/// The wall clock of someone somewhere. Naive when it has no zone.
struct DateTime {
    std::int32_t year = 1970;
    std::int32_t month = 1;
    std::int32_t day = 1;
    std::int32_t hour = 0;
    std::int32_t minute = 0;
    std::int32_t second = 0;
    std::int32_t microsecond = 0;
    bool has_offset = false;
    std::int32_t offset_seconds = 0;  ///< east of UTC
    const TimeZone* zone = nullptr;   ///< the named zone the offset came from, for its name
};

/// Days since 1970-01-01 of a proleptic Gregorian date, and back.
std::int64_t days_from_civil(std::int64_t year, std::int32_t month, std::int32_t day);
void civil_from_days(std::int64_t days, DateTime& to);
std::int32_t days_in_month(std::int64_t year, std::int32_t month);
/// Monday 0.
std::int32_t weekday_of(const DateTime& time);
std::int32_t day_of_year(const DateTime& time);

/// Seconds since 1970 as if the civil fields were UTC; the offset is not looked at.
std::int64_t civil_seconds(const DateTime& time);
/// The civil fields of that many seconds; keeps microsecond, offset and zone of `time`.
void set_civil(DateTime& time, std::int64_t seconds);
/// Seconds since 1970; naive times count as UTC.
std::int64_t epoch_seconds(const DateTime& time);

bool same_instant(const DateTime& left, const DateTime& right);
/// Nothing when one is naive and the other is not: those have no order.
std::optional<int> compare_times(const DateTime& left, const DateTime& right);

/// "2023-11-15 06:13:20.5+08:00": what a field gets.
std::string text_of(const DateTime& time);
std::string offset_text(std::int32_t offset_seconds, bool with_colon);

}  // namespace spillway::transform
