#include "transform/time_value.h"

#include <cstdlib>

#include <fmt/format.h>

namespace spillway::transform {

std::int64_t days_from_civil(std::int64_t year, std::int32_t month, std::int32_t day) {
    // Years begin in March, so that the leap day is the last one; eras of 400 years.
    year -= month <= 2;
    const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
    const std::int64_t year_of_era = year - era * 400;
    const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    const std::int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

void civil_from_days(std::int64_t days, DateTime& to) {
    days += 719468;
    const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    const std::int64_t day_of_era = days - era * 146097;
    const std::int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const std::int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
    to.day = static_cast<std::int32_t>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
    to.month =
        static_cast<std::int32_t>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    to.year = static_cast<std::int32_t>(year_of_era + era * 400 + (to.month <= 2 ? 1 : 0));
}

std::int32_t days_in_month(std::int64_t year, std::int32_t month) {
    static constexpr std::int32_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : kDays[month - 1];
}

std::int32_t weekday_of(const DateTime& time) {
    const std::int64_t days = days_from_civil(time.year, time.month, time.day);
    return static_cast<std::int32_t>(((days + 3) % 7 + 7) % 7);  // 1970-01-01 was a Thursday
}

std::int32_t day_of_year(const DateTime& time) {
    return static_cast<std::int32_t>(days_from_civil(time.year, time.month, time.day) -
                                     days_from_civil(time.year, 1, 1) + 1);
}

std::int64_t civil_seconds(const DateTime& time) {
    return days_from_civil(time.year, time.month, time.day) * 86400 + time.hour * 3600 +
           time.minute * 60 + time.second;
}

void set_civil(DateTime& time, std::int64_t seconds) {
    const std::int64_t days = (seconds >= 0 ? seconds : seconds - 86399) / 86400;
    const auto rest = static_cast<std::int32_t>(seconds - days * 86400);
    civil_from_days(days, time);
    time.hour = rest / 3600;
    time.minute = rest / 60 % 60;
    time.second = rest % 60;
}

std::int64_t epoch_seconds(const DateTime& time) {
    return civil_seconds(time) - (time.has_offset ? time.offset_seconds : 0);
}

bool same_instant(const DateTime& left, const DateTime& right) {
    return left.has_offset == right.has_offset && epoch_seconds(left) == epoch_seconds(right) &&
           left.microsecond == right.microsecond;
}

std::optional<int> compare_times(const DateTime& left, const DateTime& right) {
    if (left.has_offset != right.has_offset) return std::nullopt;
    const auto left_seconds = epoch_seconds(left);
    const auto right_seconds = epoch_seconds(right);
    if (left_seconds != right_seconds) return left_seconds < right_seconds ? -1 : 1;
    if (left.microsecond == right.microsecond) return 0;
    return left.microsecond < right.microsecond ? -1 : 1;
}

std::string offset_text(std::int32_t offset_seconds, bool with_colon) {
    const std::int32_t size = std::abs(offset_seconds);
    std::string text = fmt::format("{}{:02}{}{:02}", offset_seconds < 0 ? '-' : '+', size / 3600,
                                   with_colon ? ":" : "", size / 60 % 60);
    if (size % 60 != 0) text += fmt::format("{}{:02}", with_colon ? ":" : "", size % 60);
    return text;
}

std::string text_of(const DateTime& time) {
    std::string text = fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", time.year, time.month,
                                   time.day, time.hour, time.minute, time.second);
    if (time.microsecond != 0) text += fmt::format(".{:06}", time.microsecond);
    if (time.has_offset) text += offset_text(time.offset_seconds, true);
    return text;
}

}  // namespace spillway::transform
