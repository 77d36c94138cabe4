#include "logstore/wire/http_time.h"

#include "base/text.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace spillway::wire {

namespace {

namespace chrono = std::chrono;

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Civil {
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
};

Civil civil_of(WallTime at) {
    const auto day = chrono::floor<chrono::days>(at);
    const chrono::year_month_day date(day);
    const auto seconds = static_cast<unsigned>(chrono::floor<chrono::seconds>(at - day).count());
    return {static_cast<int>(date.year()),
            static_cast<unsigned>(date.month()),
            static_cast<unsigned>(date.day()),
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60};
}

std::optional<WallTime> time_of(const Civil& civil) {
    const chrono::year_month_day date(chrono::year(civil.year), chrono::month(civil.month),
                                      chrono::day(civil.day));
    // 2200 keeps the nanoseconds of a WallTime far from their end.
    if (!date.ok() || civil.year < 1970 || civil.year > 2200) return std::nullopt;
    if (civil.hour > 23 || civil.minute > 59 || civil.second > 60) return std::nullopt;
    return chrono::sys_days(date) + chrono::hours(civil.hour) + chrono::minutes(civil.minute) +
           chrono::seconds(civil.second);
}

/// The digits at [at, at + count), or nothing when they are not all digits.
std::optional<unsigned> digits(std::string_view text, std::size_t at, std::size_t count) {
    const auto part = text.substr(at, count);
    if (part.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
    const auto number = parse_uint(part);
    return number ? std::optional(static_cast<unsigned>(*number)) : std::nullopt;
}

std::optional<unsigned> month_of(std::string_view name) {
    const auto* found = std::find(kMonths.begin(), kMonths.end(), name);
    if (found == kMonths.end()) return std::nullopt;
    return static_cast<unsigned>(found - kMonths.begin()) + 1;
}

/// `pattern` has a question mark wherever the text may hold anything.
bool fits(std::string_view text, std::string_view pattern) {
    return text.size() == pattern.size() &&
           std::equal(text.begin(), text.end(), pattern.begin(),
                      [](char c, char wanted) { return wanted == '?' || c == wanted; });
}

}  // namespace

std::string http_date(WallTime at) {
    const Civil t = civil_of(at);
    const chrono::weekday day(chrono::floor<chrono::days>(at));
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[day.c_encoding()], t.day,
                       kMonths[t.month - 1], t.year, t.hour, t.minute, t.second);
}

std::optional<WallTime> parse_http_date(std::string_view text) {
    if (!fits(text, "???, ?? ??? ???? ??:??:?? GMT")) return std::nullopt;
    const auto day = digits(text, 5, 2);
    const auto month = month_of(text.substr(8, 3));
    const auto year = digits(text, 12, 4);
    const auto hour = digits(text, 17, 2);
    const auto minute = digits(text, 20, 2);
    const auto second = digits(text, 23, 2);
    if (!day || !month || !year || !hour || !minute || !second) return std::nullopt;
    return time_of({static_cast<int>(*year), *month, *day, *hour, *minute, *second});
}

std::string basic_date(WallTime at) {
    const Civil t = civil_of(at);
    return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", t.year, t.month, t.day, t.hour, t.minute,
                       t.second);
}

std::optional<WallTime> parse_basic_date(std::string_view text) {
    if (!fits(text, "????????T??????Z")) return std::nullopt;
    const auto year = digits(text, 0, 4);
    const auto month = digits(text, 4, 2);
    const auto day = digits(text, 6, 2);
    const auto hour = digits(text, 9, 2);
    const auto minute = digits(text, 11, 2);
    const auto second = digits(text, 13, 2);
    if (!day || !month || !year || !hour || !minute || !second) return std::nullopt;
    return time_of({static_cast<int>(*year), *month, *day, *hour, *minute, *second});
}

}  // namespace spillway::wire
