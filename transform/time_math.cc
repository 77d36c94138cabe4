#include "transform/time_math.h"

#include "transform/time_zone.h"

#include <algorithm>
#include <charconv>

namespace spillway::transform {

namespace {

/// The offset that the zone has at the new clock reading.
void refresh_offset(DateTime& time) {
    if (time.zone != nullptr) {
        time.offset_seconds = time.zone->at_civil(civil_seconds(time)).offset_seconds;
    }
}

bool add_months(DateTime& time, std::int64_t months) {
    constexpr std::int64_t kMonthsMax = 120'000;
    if (months > kMonthsMax || months < -kMonthsMax) return false;
    const std::int64_t total = std::int64_t{time.year} * 12 + time.month - 1 + months;
    const std::int64_t year = total >= 0 ? total / 12 : (total - 11) / 12;
    if (year < 1 || year > 9999) return false;
    time.year = static_cast<std::int32_t>(year);
    time.month = static_cast<std::int32_t>(total - year * 12 + 1);
    time.day = std::min(time.day, days_in_month(time.year, time.month));
    return true;
}

bool add_microseconds(DateTime& time, std::int64_t days, std::int64_t seconds,
                      std::int64_t micros) {
    constexpr std::int64_t kLimit = 1'000'000'000'000;
    if (std::abs(days) > 4'000'000 || std::abs(seconds) > kLimit) return false;
    std::int64_t sub = time.microsecond + micros % 1'000'000;
    std::int64_t total = civil_seconds(time) + days * 86400 + seconds + micros / 1'000'000;
    if (sub < 0) sub += 1'000'000, --total;
    if (sub >= 1'000'000) sub -= 1'000'000, ++total;
    if (total < -62135596800LL || total > 253402300799LL) return false;
    set_civil(time, total);
    time.microsecond = static_cast<std::int32_t>(sub);
    return true;
}

bool replace(std::int32_t& part, const std::optional<std::int64_t>& with, std::int64_t low,
             std::int64_t high) {
    if (!with) return true;
    if (*with < low || *with > high) return false;
    part = static_cast<std::int32_t>(*with);
    return true;
}

/// To the n-th such weekday, forward or back; the day itself counts as the first.
std::int64_t days_to_weekday(const DateTime& time, std::int32_t weekday, std::int64_t count) {
    const std::int64_t today = weekday_of(time);
    if (count >= 0) {
        return (weekday - today + 7) % 7 + (std::max<std::int64_t>(count, 1) - 1) * 7;
    }
    return -((today - weekday + 7) % 7) + (count + 1) * 7;
}

}  // namespace

std::optional<DateTime> shift_time(const DateTime& from, const TimeShift& shift) {
    DateTime time = from;
    const std::int32_t day = time.day;
    time.day = 1;
    if (!replace(time.year, shift.year, 1, 9999) || !replace(time.month, shift.month, 1, 12) ||
        !add_months(time, shift.months)) {
        return std::nullopt;
    }
    const std::int64_t wanted = shift.day.value_or(day);
    if (wanted < 1 || wanted > 31) return std::nullopt;
    time.day = static_cast<std::int32_t>(
        std::min<std::int64_t>(wanted, days_in_month(time.year, time.month)));
    const bool replaced = replace(time.hour, shift.hour, 0, 23) &&
                          replace(time.minute, shift.minute, 0, 59) &&
                          replace(time.second, shift.second, 0, 59) &&
                          replace(time.microsecond, shift.microsecond, 0, 999'999);
    if (!replaced || !add_microseconds(time, shift.days, shift.seconds, shift.microseconds)) {
        return std::nullopt;
    }
    if (shift.weekday) {
        const auto days = days_to_weekday(time, *shift.weekday, shift.weekday_count);
        if (!add_microseconds(time, days, 0, 0)) return std::nullopt;
    }
    refresh_offset(time);
    return time;
}

TimeShift difference_of(const DateTime& first, const DateTime& second) {
    TimeShift shift;
    shift.months = (std::int64_t{first.year} - second.year) * 12 + first.month - second.month;
    const auto instant = [](const DateTime& time) {
        return civil_seconds(time) * 1'000'000 + time.microsecond;
    };
    const std::int64_t wanted = instant(first);
    const bool backwards = wanted < instant(second);
    DateTime moved = second;
    (void)add_months(moved, shift.months);
    while (backwards ? wanted > instant(moved) : wanted < instant(moved)) {
        shift.months += backwards ? 1 : -1;
        moved = second;
        if (!add_months(moved, shift.months)) break;
    }
    const std::int64_t rest = wanted - instant(moved);
    shift.seconds = rest / 1'000'000;
    shift.microseconds = rest % 1'000'000;
    return shift;
}

DateTime in_zone(const DateTime& from, const TimeZone& zone, bool relabel) {
    DateTime time = from;
    if (relabel) {
        time.offset_seconds = zone.at_civil(civil_seconds(time)).offset_seconds;
    } else {
        const std::int64_t instant = epoch_seconds(time);
        time.offset_seconds = zone.at(instant).offset_seconds;
        set_civil(time, instant + time.offset_seconds);
    }
    time.has_offset = true;
    time.zone = &zone;
    return time;
}

bool truncate_time(DateTime& time, std::string_view unit) {
    std::int32_t every = 1;
    if (const auto bar = unit.find('_'); bar != std::string_view::npos && unit != "half_year") {
        const auto parsed = std::from_chars(unit.data(), unit.data() + bar, every);
        if (parsed.ptr != unit.data() + bar || every < 1) return false;
        unit.remove_prefix(bar + 1);
    }
    if (unit.ends_with('s')) unit.remove_suffix(1);
    time.microsecond = 0;
    if (unit == "second") {
        time.second -= time.second % every;
        return true;
    }
    time.second = 0;
    if (unit == "minute") {
        time.minute -= time.minute % every;
        return true;
    }
    time.minute = 0;
    if (unit == "hour") {
        time.hour -= time.hour % every;
        refresh_offset(time);
        return true;
    }
    time.hour = 0;
    if (unit == "week") {
        set_civil(time, civil_seconds(time) - weekday_of(time) * 86400);
    } else if (unit != "day") {
        time.day = 1;
        if (unit == "quarter") {
            time.month -= (time.month - 1) % 3;
        } else if (unit == "half_year") {
            time.month = time.month < 7 ? 1 : 7;
        } else if (unit == "year") {
            time.month = 1;
        } else if (unit != "month") {
            return false;
        }
    }
    refresh_offset(time);
    return true;
}

std::optional<std::int64_t> microseconds_of(std::string_view unit) {
    if (unit.ends_with('s')) unit.remove_suffix(1);
    if (unit == "microsecond") return 1;
    if (unit == "millisecond") return 1000;
    if (unit == "second" || unit.empty()) return 1'000'000;
    if (unit == "minute") return 60'000'000;
    if (unit == "hour") return 3'600'000'000;
    if (unit == "day") return 86'400'000'000;
    return std::nullopt;
}

}  // namespace spillway::transform
