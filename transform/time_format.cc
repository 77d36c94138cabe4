#include "transform/time_format.h"

#include "base/text.h"
#include "transform/time_zone.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kWeekdays = {
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

struct IsoWeek {
    std::int64_t year;
    std::int32_t week;
};

IsoWeek iso_week(const DateTime& time) {
    // The week belongs to the year of its Thursday.
    const std::int64_t day = days_from_civil(time.year, time.month, time.day);
    DateTime thursday;
    civil_from_days(day - weekday_of(time) + 3, thursday);
    return {thursday.year, (day_of_year(thursday) - 1) / 7 + 1};
}

}  // namespace

std::string_view month_name(std::int32_t month) {
    return kMonths[static_cast<std::size_t>(month - 1)];
}
std::string_view weekday_name(std::int32_t weekday) {
    return kWeekdays[static_cast<std::size_t>(weekday)];
}

std::string zone_name(const DateTime& time) {
    if (time.zone != nullptr) {
        return std::string(time.zone->at(epoch_seconds(time)).abbreviation);
    }
    if (!time.has_offset) return "";
    if (time.offset_seconds == 0) return "UTC";
    return "UTC" + offset_text(time.offset_seconds, true);
}

std::int32_t week_from_sunday(const DateTime& time) {
    const std::int32_t from_sunday = (weekday_of(time) + 1) % 7;
    return (day_of_year(time) - 1 + 7 - from_sunday) / 7;
}
std::int32_t week_from_monday(const DateTime& time) {
    return (day_of_year(time) - 1 + 7 - weekday_of(time)) / 7;
}

std::string format_time(const DateTime& t, std::string_view format) {
    std::string out;
    const std::int32_t hour12 = t.hour % 12 == 0 ? 12 : t.hour % 12;
    for (std::size_t i = 0; i < format.size(); ++i) {
        if (format[i] != '%' || i + 1 == format.size()) {
            out += format[i];
            continue;
        }
        switch (format[++i]) {
            case 'a':
                out += weekday_name(weekday_of(t)).substr(0, 3);
                break;
            case 'A':
                out += weekday_name(weekday_of(t));
                break;
            case 'w':
                out += std::to_string((weekday_of(t) + 1) % 7);
                break;
            case 'u':
                out += std::to_string(weekday_of(t) + 1);
                break;
            case 'd':
                out += fmt::format("{:02}", t.day);
                break;
            case 'e':
                out += fmt::format("{:2}", t.day);
                break;
            case 'b':
            case 'h':
                out += month_name(t.month).substr(0, 3);
                break;
            case 'B':
                out += month_name(t.month);
                break;
            case 'm':
                out += fmt::format("{:02}", t.month);
                break;
            case 'y':
                out += fmt::format("{:02}", t.year % 100);
                break;
            case 'Y':
                out += std::to_string(t.year);
                break;
            case 'C':
                out += fmt::format("{:02}", t.year / 100);
                break;
            case 'H':
                out += fmt::format("{:02}", t.hour);
                break;
            case 'I':
                out += fmt::format("{:02}", hour12);
                break;
            case 'p':
                out += t.hour < 12 ? "AM" : "PM";
                break;
            case 'M':
                out += fmt::format("{:02}", t.minute);
                break;
            case 'S':
                out += fmt::format("{:02}", t.second);
                break;
            case 'f':
                out += fmt::format("{:06}", t.microsecond);
                break;
            case 'z':
                if (t.has_offset) out += offset_text(t.offset_seconds, false);
                break;
            case 'Z':
                out += zone_name(t);
                break;
            case 'j':
                out += fmt::format("{:03}", day_of_year(t));
                break;
            case 'U':
                out += fmt::format("{:02}", week_from_sunday(t));
                break;
            case 'W':
                out += fmt::format("{:02}", week_from_monday(t));
                break;
            case 'V':
                out += fmt::format("{:02}", iso_week(t).week);
                break;
            case 'G':
                out += std::to_string(iso_week(t).year);
                break;
            case 's':
                out += std::to_string(epoch_seconds(t));
                break;
            case 'c':
                out += format_time(t, "%a %b %e %H:%M:%S %Y");
                break;
            case 'x':
            case 'D':
                out += format_time(t, "%m/%d/%y");
                break;
            case 'X':
            case 'T':
                out += format_time(t, "%H:%M:%S");
                break;
            case 'F':
                out += format_time(t, "%Y-%m-%d");
                break;
            case 'R':
                out += format_time(t, "%H:%M");
                break;
            case 'r':
                out += format_time(t, "%I:%M:%S %p");
                break;
            case 'n':
                out += '\n';
                break;
            case 't':
                out += '\t';
                break;
            case '%':
                out += '%';
                break;
            default:
                out += '%';
                out += format[i];
        }
    }
    return out;
}

namespace {

Error mismatch(std::string_view text, std::string_view format) {
    return make_error(
        ErrorCode::InvalidArgument,
        fmt::format("\"{}\" does not have the form \"{}\"", text.substr(0, 80), format));
}

/// What a format gathered, before it is a date.
struct Gathered {
    DateTime time{1900, 1, 1, 0, 0, 0, 0, false, 0, nullptr};
    bool is_pm = false;
    bool has_half = false;
    bool is_hour12 = false;
    std::optional<std::int32_t> day_of_year;
    std::optional<std::int32_t> weekday;  ///< Monday 0
    std::optional<std::int32_t> week_sunday;
    std::optional<std::int32_t> week_monday;
    std::optional<std::int32_t> iso_year;
    std::optional<std::int32_t> iso_week;
    std::optional<std::int64_t> epoch;
};

class FormatReader {
  public:
    explicit FormatReader(std::string_view text) : text_(text) {}

    bool read(std::string_view format, int depth = 0) {
        for (std::size_t i = 0; i < format.size(); ++i) {
            const char c = format[i];
            if (std::isspace(static_cast<unsigned char>(c))) {
                skip_blanks();
            } else if (c != '%') {
                if (!take(c)) return false;
            } else if (++i == format.size() || !directive(format[i], depth)) {
                return false;
            }
        }
        return true;
    }
    bool at_end() const { return text_.empty(); }

    std::optional<DateTime> finish() {
        DateTime& time = got_.time;
        if (got_.epoch) {
            set_civil(time, *got_.epoch);
            return time;
        }
        if (got_.has_half && got_.is_hour12) {
            time.hour = time.hour % 12 + (got_.is_pm ? 12 : 0);
        }
        if (got_.day_of_year) {
            civil_from_days(days_from_civil(time.year, 1, 1) + *got_.day_of_year - 1, time);
        } else if (got_.iso_year && got_.iso_week && got_.weekday) {
            const std::int64_t fourth = days_from_civil(*got_.iso_year, 1, 4);
            const std::int64_t monday = fourth - ((fourth + 3) % 7 + 7) % 7;
            civil_from_days(monday + (*got_.iso_week - 1) * 7 + *got_.weekday, time);
        } else if (got_.weekday && (got_.week_sunday || got_.week_monday)) {
            by_week(time);
        }
        if (time.day > days_in_month(time.year, time.month)) return std::nullopt;
        return time;
    }

  private:
    void by_week(DateTime& time) const {
        const std::int64_t first = days_from_civil(time.year, 1, 1);
        const std::int64_t first_weekday = ((first + 3) % 7 + 7) % 7;  // Monday 0
        if (got_.week_monday) {
            const std::int64_t monday = first + (7 - first_weekday) % 7;
            civil_from_days(monday + (*got_.week_monday - 1) * 7 + *got_.weekday, time);
        } else {
            const std::int64_t sunday = first + (6 - first_weekday + 7) % 7;
            civil_from_days(sunday + (*got_.week_sunday - 1) * 7 + (*got_.weekday + 1) % 7, time);
        }
    }

    bool take(char c) {
        if (text_.empty() || text_[0] != c) return false;
        text_.remove_prefix(1);
        return true;
    }
    void skip_blanks() {
        while (!text_.empty() && std::isspace(static_cast<unsigned char>(text_[0]))) {
            text_.remove_prefix(1);
        }
    }
    bool number(std::size_t digits_max, std::int32_t low, std::int32_t high, std::int32_t& to) {
        std::size_t digits = 0;
        std::int32_t value = 0;
        while (digits < digits_max && digits < text_.size() && text_[digits] >= '0' &&
               text_[digits] <= '9') {
            value = value * 10 + (text_[digits] - '0');
            ++digits;
        }
        if (digits == 0 || value < low || value > high) return false;
        text_.remove_prefix(digits);
        to = value;
        return true;
    }
    bool number(std::size_t digits_max, std::int32_t low, std::int32_t high,
                std::optional<std::int32_t>& to) {
        std::int32_t value = 0;
        if (!number(digits_max, low, high, value)) return false;
        to = value;
        return true;
    }
    template <std::size_t kCount>
    bool name(const std::array<std::string_view, kCount>& names, bool whole, std::int32_t& to) {
        for (std::size_t i = 0; i < kCount; ++i) {
            const auto wanted = whole ? names[i] : names[i].substr(0, 3);
            if (!equals_ignoring_case(text_.substr(0, wanted.size()), wanted)) continue;
            text_.remove_prefix(wanted.size());
            to = static_cast<std::int32_t>(i);
            return true;
        }
        return false;
    }
    bool fraction() {
        std::size_t digits = 0;
        std::int32_t value = 0;
        while (digits < 6 && digits < text_.size() && text_[digits] >= '0' &&
               text_[digits] <= '9') {
            value = value * 10 + (text_[digits++] - '0');
        }
        if (digits == 0) return false;
        for (std::size_t i = digits; i < 6; ++i) value *= 10;
        text_.remove_prefix(digits);
        got_.time.microsecond = value;
        return true;
    }
    bool offset() {
        got_.time.has_offset = true;
        if (take('Z')) {
            got_.time.offset_seconds = 0;
            return true;
        }
        const bool negative = !text_.empty() && text_[0] == '-';
        if (!take('+') && !take('-')) return false;
        std::int32_t hours = 0;
        std::int32_t minutes = 0;
        if (text_.size() < 4 || !number(2, 0, 23, hours)) return false;
        take(':');
        if (!number(2, 0, 59, minutes)) return false;
        const std::int32_t seconds = hours * 3600 + minutes * 60;
        got_.time.offset_seconds = negative ? -seconds : seconds;
        return true;
    }
    bool zone() {
        std::size_t size = 0;
        while (size < text_.size() && std::isalpha(static_cast<unsigned char>(text_[size]))) ++size;
        const auto found = to_lower(text_.substr(0, size));
        text_.remove_prefix(size);
        if (found == "utc" || found == "gmt" || found == "z") {
            got_.time.has_offset = false;  // as Python: the name alone makes no zone
            return true;
        }
        return size > 0;
    }
    bool weekday(bool whole) {
        std::int32_t day = 0;
        if (!name(kWeekdays, whole, day)) return false;
        got_.weekday = day;
        return true;
    }
    bool month(bool whole) {
        if (!name(kMonths, whole, got_.time.month)) return false;
        ++got_.time.month;
        return true;
    }
    bool year2() {
        // Both digits: a year of one digit is no year, as in Python.
        const std::size_t left = text_.size();
        if (!number(2, 0, 99, got_.time.year) || left - text_.size() != 2) return false;
        got_.time.year += got_.time.year <= 68 ? 2000 : 1900;
        return true;
    }
    bool half() {
        got_.has_half = true;
        got_.is_pm = equals_ignoring_case(text_.substr(0, 2), "pm");
        if (!got_.is_pm && !equals_ignoring_case(text_.substr(0, 2), "am")) return false;
        text_.remove_prefix(2);
        return true;
    }
    bool epoch() {
        std::int64_t seconds = 0;
        const auto [end, error] =
            std::from_chars(text_.data(), text_.data() + text_.size(), seconds);
        if (error != std::errc{} || seconds > 253402300799LL || seconds < -62135596800LL)
            return false;
        text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
        got_.epoch = seconds;
        return true;
    }

    bool directive(char c, int depth) {
        DateTime& time = got_.time;
        switch (c) {
            case 'a':
                return weekday(false);
            case 'A':
                return weekday(true);
            case 'w': {
                std::int32_t from_sunday = 0;
                if (!number(1, 0, 6, from_sunday)) return false;
                got_.weekday = (from_sunday + 6) % 7;
                return true;
            }
            case 'u': {
                std::int32_t from_monday = 0;
                if (!number(1, 1, 7, from_monday)) return false;
                got_.weekday = from_monday - 1;
                return true;
            }
            case 'd':
            case 'e':
                skip_single_blank();
                return number(2, 1, 31, time.day);
            case 'b':
            case 'h':
                return month(false);
            case 'B':
                return month(true);
            case 'm':
                return number(2, 1, 12, time.month);
            case 'y':
                return year2();
            case 'Y':
                return text_.size() >= 4 && number(4, 1, 9999, time.year);
            case 'H':
                return number(2, 0, 23, time.hour);
            case 'I':
                got_.is_hour12 = true;
                return number(2, 1, 12, time.hour);
            case 'p':
                return half();
            case 'M':
                return number(2, 0, 59, time.minute);
            case 'S':
                return number(2, 0, 59, time.second);
            case 'f':
                return fraction();
            case 'z':
                return offset();
            case 'Z':
                return zone();
            case 'j':
                return number(3, 1, 366, got_.day_of_year);
            case 'U':
                return number(2, 0, 53, got_.week_sunday);
            case 'W':
                return number(2, 0, 53, got_.week_monday);
            case 'V':
                return number(2, 1, 53, got_.iso_week);
            case 'G':
                return number(4, 1, 9999, got_.iso_year);
            case 's':
                return epoch();
            case '%':
                return take('%');
            default:
                return depth == 0 && composite(c);
        }
    }
    void skip_single_blank() {
        if (text_.size() > 1 && text_[0] == ' ') text_.remove_prefix(1);
    }
    bool composite(char c) {
        switch (c) {
            case 'c':
                return read("%a %b %d %H:%M:%S %Y", 1);
            case 'x':
            case 'D':
                return read("%m/%d/%y", 1);
            case 'X':
            case 'T':
                return read("%H:%M:%S", 1);
            case 'F':
                return read("%Y-%m-%d", 1);
            case 'R':
                return read("%H:%M", 1);
            default:
                return false;
        }
    }

    std::string_view text_;
    Gathered got_;
};

}  // namespace

Result<DateTime> parse_time(std::string_view text, std::string_view format) {
    FormatReader reader(text);
    if (!reader.read(format) || !reader.at_end()) return mismatch(text, format);
    const auto time = reader.finish();
    if (!time) return mismatch(text, format);
    return *time;
}

}  // namespace spillway::transform
