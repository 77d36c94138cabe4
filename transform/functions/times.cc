// Date and time. Text without a zone, and epoch values, are UTC unless `tz` says otherwise.
#include "transform/arguments.h"
#include "transform/registry.h"
#include "transform/time_format.h"
#include "transform/time_math.h"
#include "transform/time_zone.h"

#include <cmath>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

Value made(Frame& frame, const DateTime& time) {
    auto* kept = frame.arena().array<DateTime>(1);
    *kept = time;
    return Value::of(kept);
}

DateTime now_utc(Frame& frame) {
    DateTime time;
    const auto nanoseconds = frame.now.time_since_epoch().count();
    set_civil(time, nanoseconds / 1'000'000'000);
    time.microsecond = static_cast<std::int32_t>(nanoseconds % 1'000'000'000 / 1000);
    return time;
}

/// The zone of an argument; null for none. False after a failure.
bool zone_argument(Frame& frame, const Expr& self, std::size_t place, const Value& value,
                   const TimeZone*& zone) {
    zone = nullptr;
    if (value.is_null()) return true;
    if (place < self.prepared.size() && self.prepared[place] != nullptr) {
        zone = static_cast<const TimeZone*>(self.prepared[place]);
        return true;
    }
    const auto name = stored_text(value, frame.arena());
    if (name.empty()) return true;
    const auto found = TimeZone::find(name);
    if (!found) {
        frame.fail(fmt::format("{}: {}", self.name, found.error().message));
        return false;
    }
    zone = *found;
    return true;
}

std::optional<DateTime> from_epoch(double seconds) {
    constexpr double kFirst = -62135596800.0;
    constexpr double kLast = 253402300799.0;
    if (!(seconds >= kFirst && seconds <= kLast)) return std::nullopt;
    DateTime time;
    const double whole = std::floor(seconds);
    auto microsecond = static_cast<std::int64_t>(std::llround((seconds - whole) * 1e6));
    auto whole_seconds = static_cast<std::int64_t>(whole);
    if (microsecond == 1'000'000) microsecond = 0, ++whole_seconds;
    set_civil(time, whole_seconds);
    time.microsecond = static_cast<std::int32_t>(microsecond);
    return time;
}

/// Epoch text: decimal digits, perhaps with a fraction. Dates such as 20231114 are not.
std::optional<double> epoch_text(std::string_view text) {
    const bool negative = text.starts_with('-');
    const auto whole = text.substr(negative ? 1 : 0, text.find('.') - (negative ? 1 : 0));
    if (whole.empty() || whole.find_first_not_of("0123456789") != std::string_view::npos) {
        return std::nullopt;
    }
    const bool looks_like_date = (whole.size() == 8 || whole.size() == 12 || whole.size() == 14) &&
                                 (whole.starts_with("19") || whole.starts_with("20")) &&
                                 text.size() == whole.size();
    if (looks_like_date || (whole.size() == 4 && text.size() == 4)) return std::nullopt;
    const auto number = parse_double(text);
    if (!number) return std::nullopt;
    // Longer ones count milliseconds, microseconds or nanoseconds.
    if (whole.size() >= 18) return *number / 1e9;
    if (whole.size() >= 15) return *number / 1e6;
    if (whole.size() >= 13) return *number / 1e3;
    return number;
}

/// Any value as a time; `zone` labels naive ones and converts the others. Nothing for null (a
/// warning) or after a failure.
std::optional<DateTime> time_argument(Frame& frame, const Expr& self, const Value& value,
                                      const TimeZone* zone) {
    std::optional<double> epoch;
    if (value.is_null()) {
        frame.warn();
        return std::nullopt;
    }
    if (value.kind == Kind::DateTime) {
        return zone == nullptr ? *value.time : in_zone(*value.time, *zone, !value.time->has_offset);
    }
    if (value.is_number()) epoch = as_double(value);
    const auto text = stored_text(value, frame.arena());
    if (!epoch) epoch = epoch_text(text);
    if (epoch) {
        auto time = from_epoch(*epoch);
        if (time && zone != nullptr) {
            time->has_offset = true;
            time = in_zone(*time, *zone, false);
        }
        if (time) return time;
    } else if (auto time = parse_time_leniently(text, now_utc(frame))) {
        return zone == nullptr ? *time : in_zone(*time, *zone, !time->has_offset);
    }
    frame.fail(
        fmt::format("{}: \"{}\" is not understood as a time", self.name, text.substr(0, 80)));
    return std::nullopt;
}

Value dt_parse(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const TimeZone* zone = nullptr;
    if (!zone_argument(frame, self, 1, a[1], zone)) return Value::null();
    const auto time = time_argument(frame, self, a[0], zone);
    return time ? made(frame, *time) : Value::null();
}

Value dt_str(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const TimeZone* zone = nullptr;
    if (!zone_argument(frame, self, 2, a[2], zone)) return Value::null();
    const auto time = time_argument(frame, self, a[0], zone);
    if (!time) return Value::null();
    const auto format = stored_text(a[1], frame.arena());
    const auto text = format.empty() ? text_of(*time) : format_time(*time, format);
    return Value::of(frame.arena().copy(text));
}

Value dt_parsetimestamp(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const TimeZone* zone = nullptr;
    if (!zone_argument(frame, self, 1, a[1], zone)) return Value::null();
    std::optional<DateTime> time;
    if (!a[2].is_null() && a[0].is_text()) {
        const auto parsed = parse_time(a[0].text(), stored_text(a[2], frame.arena()));
        if (!parsed) return frame.fail("dt_parsetimestamp: " + parsed.error().message);
        time = zone == nullptr ? *parsed : in_zone(*parsed, *zone, !parsed->has_offset);
    } else {
        time = time_argument(frame, self, a[0], zone);
    }
    return time ? Value::of(epoch_seconds(*time)) : Value::null();
}

Value property(Frame& frame, const DateTime& t, std::string_view name) {
    const auto text = [&](std::string_view value) { return Value::of(frame.arena().copy(value)); };
    if (name == "day") return Value::of(t.day);
    if (name == "year") return Value::of(t.year);
    if (name == "month") return Value::of(t.month);
    if (name == "hour") return Value::of(t.hour);
    if (name == "minute") return Value::of(t.minute);
    if (name == "second") return Value::of(t.second);
    if (name == "microsecond") return Value::of(t.microsecond);
    if (name == "weekday") return Value::of(weekday_of(t));
    if (name == "dayofweek") return Value::of(weekday_of(t) + 1);
    if (name == "weekdayname") return text(weekday_name(weekday_of(t)));
    if (name == "weekdayshortname") return text(weekday_name(weekday_of(t)).substr(0, 3));
    if (name == "monthname") return text(month_name(t.month));
    if (name == "monthshortname") return text(month_name(t.month).substr(0, 3));
    if (name == "dayofyear") return Value::of(day_of_year(t));
    if (name == "weekofyear") return Value::of(week_from_sunday(t));
    if (name == "weekofyear_m") return Value::of(week_from_monday(t));
    if (name == "tzname") return text(t.has_offset ? zone_name(t) : "UTC");
    if (name == "weekofmonth") {
        DateTime first = t;
        first.day = 1;
        return Value::of((t.day + weekday_of(first) - 1) / 7 + 1);
    }
    return frame.fail(fmt::format("dt_prop: unknown property \"{}\"", name));
}

Value dt_prop(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto time = time_argument(frame, self, a[0], nullptr);
    return time ? property(frame, *time, stored_text(a[1], frame.arena())) : Value::null();
}

Value dt_now(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const TimeZone* zone = nullptr;
    if (!zone_argument(frame, self, 0, a[0], zone)) return Value::null();
    DateTime time = now_utc(frame);
    if (zone != nullptr) {
        time.has_offset = true;
        time = in_zone(time, *zone, false);
    }
    return made(frame, time);
}

Value dt_utcnow(Frame& frame, const Expr&, const Value*, std::size_t) {
    return made(frame, now_utc(frame));
}

Value dt_today(Frame& frame, const Expr& self, const Value* a, std::size_t count) {
    const Value now = dt_now(frame, self, a, count);
    if (frame.has_failed) return Value::null();
    DateTime time = *now.time;
    truncate_time(time, "day");
    return made(frame, time);
}

std::optional<std::int64_t> normalize(Frame& frame, const Expr& self, double number,
                                      const Value& how) {
    const auto name = stored_text(how, frame.arena());
    if (name == "floor" || name.empty()) return static_cast<std::int64_t>(std::floor(number));
    if (name == "int") return static_cast<std::int64_t>(number);
    if (name == "round") return static_cast<std::int64_t>(std::nearbyint(number));
    if (name == "ceil") return static_cast<std::int64_t>(std::ceil(number));
    frame.fail(fmt::format("{}: normalize must be floor, int, round or ceil", self.name));
    return std::nullopt;
}

Value dt_currentstamp(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const double seconds = static_cast<double>(frame.now.time_since_epoch().count()) / 1e9;
    const auto whole = normalize(frame, self, seconds, a[0]);
    return whole ? Value::of(*whole) : Value::null();
}

std::optional<DateTime> epoch_argument(Frame& frame, const Expr& self, const Value& value,
                                       const TimeZone* zone) {
    if (value.is_null()) {
        frame.warn();
        return std::nullopt;
    }
    const auto number = numeric_argument(frame, self, value);
    if (!number) return std::nullopt;
    auto time = from_epoch(as_double(*number));
    if (!time) {
        frame.fail(fmt::format("{}: the time is outside of the years 1 to 9999", self.name));
    } else if (zone != nullptr) {
        time->has_offset = true;
        time = in_zone(*time, *zone, false);
    }
    return time;
}

Value dt_fromtimestamp(Frame& frame, const Expr& self, const Value* a, std::size_t count) {
    const TimeZone* zone = nullptr;
    if (count > 1 && !zone_argument(frame, self, 1, a[1], zone)) return Value::null();
    const auto time = epoch_argument(frame, self, a[0], zone);
    return time ? made(frame, *time) : Value::null();
}

Value dt_strptime(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    if (!text) return Value::null();
    const auto time = parse_time(*text, stored_text(a[1], frame.arena()));
    if (!time) return frame.fail("dt_strptime: " + time.error().message);
    return made(frame, *time);
}

Value dt_totimestamp(Frame& frame, const Expr&, const Value* a, std::size_t) {
    if (a[0].is_null()) return frame.warn();
    if (a[0].kind != Kind::DateTime) {
        return frame.fail(
            fmt::format("dt_totimestamp: a date-time is needed, not {}; dt_parse makes one",
                        name_of(a[0].kind)));
    }
    return Value::of(epoch_seconds(*a[0].time));
}

Value dt_strftime(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto time = time_argument(frame, self, a[0], nullptr);
    if (!time) return Value::null();
    return Value::of(frame.arena().copy(format_time(*time, stored_text(a[1], frame.arena()))));
}

Value dt_strftimestamp(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const TimeZone* zone = nullptr;
    if (!zone_argument(frame, self, 2, a[2], zone)) return Value::null();
    const auto time = epoch_argument(frame, self, a[0], zone);
    if (!time) return Value::null();
    return Value::of(frame.arena().copy(format_time(*time, stored_text(a[1], frame.arena()))));
}

Value dt_truncate(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    auto time = time_argument(frame, self, a[0], nullptr);
    if (!time) return Value::null();
    const auto unit = stored_text(a[1], frame.arena());
    if (!truncate_time(*time, unit)) {
        return frame.fail(fmt::format("dt_truncate: unknown unit \"{}\"", unit));
    }
    return made(frame, *time);
}

/// In the order of dt_add's parameters behind dt1 and dt2.
Value dt_add(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto time = time_argument(frame, self, a[0], nullptr);
    if (!time) return Value::null();
    TimeShift shift;
    if (!a[1].is_null() && !a[2].is_null()) {
        const auto first = time_argument(frame, self, a[1], nullptr);
        const auto second = first ? time_argument(frame, self, a[2], nullptr) : std::nullopt;
        if (!second) return Value::null();
        shift = difference_of(*first, *second);
    }
    const auto number = [&](std::size_t place) -> std::optional<std::int64_t> {
        if (a[place].is_null()) return std::nullopt;
        return integer_argument(frame, self, a[place]);
    };
    shift.year = number(3);
    shift.months += number(4).value_or(0) * 12;
    shift.month = number(5);
    shift.months += number(6).value_or(0);
    shift.day = number(7);
    shift.days += number(8).value_or(0);
    shift.hour = number(9);
    shift.seconds += number(10).value_or(0) * 3600;
    shift.minute = number(11);
    shift.seconds += number(12).value_or(0) * 60;
    shift.second = number(13);
    shift.seconds += number(14).value_or(0);
    shift.microsecond = number(15);
    shift.microseconds += number(16).value_or(0);
    if (const auto weeks = a[18].is_null() ? number(17) : number(18)) shift.days += *weeks * 7;
    if (frame.has_failed) return Value::null();
    if (a[19].kind == Kind::Weekday) {
        shift.weekday = static_cast<std::int32_t>(a[19].size);
        shift.weekday_count = a[19].integer;
    } else if (!a[19].is_null()) {
        return frame.fail("dt_add: weekday must be dt_MO(n) to dt_SU(n)");
    }
    const auto shifted = shift_time(*time, shift);
    return shifted ? made(frame, *shifted) : frame.fail("dt_add: the result is no valid time");
}

template <std::size_t kWeekday>
Value weekday_offset(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto count = integer_argument(frame, self, a[0]);
    if (!count) return Value::null();
    Value value = Value::of(*count);
    value.kind = Kind::Weekday;
    value.size = kWeekday;
    return value;
}

Value dt_astimezone(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const TimeZone* zone = nullptr;
    if (!zone_argument(frame, self, 1, a[1], zone)) return Value::null();
    auto time = time_argument(frame, self, a[0], nullptr);
    if (!time) return Value::null();
    if (zone == nullptr) return frame.fail("dt_astimezone: tz is missing");
    const bool is_epoch = a[0].is_number() || (a[0].is_text() && epoch_text(a[0].text()));
    if (is_epoch) time->has_offset = true;  // seconds since 1970 are UTC, not naive
    return made(frame, in_zone(*time, *zone, is_true(a[2]) || !time->has_offset));
}

Value dt_diff(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto first = time_argument(frame, self, a[0], nullptr);
    const auto second = first ? time_argument(frame, self, a[1], nullptr) : std::nullopt;
    if (!second) return Value::null();
    const std::int64_t seconds = epoch_seconds(*first) - epoch_seconds(*second);
    const std::int64_t micros = seconds * 1'000'000 + first->microsecond - second->microsecond;
    const auto unit = stored_text(a[2], frame.arena());
    const auto divisor = microseconds_of(unit);
    if (!divisor) return frame.fail(fmt::format("dt_diff: unknown unit \"{}\"", unit));
    const auto whole =
        normalize(frame, self, static_cast<double>(micros) / static_cast<double>(*divisor), a[3]);
    return whole ? Value::of(*whole) : Value::null();
}

constexpr auto kCore = FunctionTier::Core;
constexpr auto kMore = FunctionTier::More;

constexpr FunctionEntry weekday_entry(std::string_view signature, StrictFn function) {
    return {signature,
            kMore,
            "The n-th such weekday, for dt_add(weekday=...); the day itself counts.",
            {R"(dt_add("2023-11-14 00:00:00", weekday=dt_MO(1)))", "{}", "2023-11-20 00:00:00"},
            function};
}

constexpr FunctionEntry kFunctions[] = {
    {"dt_parse(value, tz:z=null)",
     kCore,
     "Text in nearly any form, or an epoch value, as a date-time; tz labels text and converts "
     "epochs.",
     {R"(dt_parse("1700000000", tz="Asia/Shanghai"))", "{}", "2023-11-15 06:13:20+08:00"},
     dt_parse,
     nullptr,
     nullptr,
     false},
    {"dt_str(value, fmt:t=null, tz:z=null)",
     kCore,
     "Any time as text.",
     {R"(dt_str("2023-11-14 22:13:20", fmt="%d.%m.%y"))", "{}", "14.11.23"},
     dt_str,
     nullptr,
     nullptr,
     false},
    {"dt_parsetimestamp(value, tz:z=null, fmt:t=null)",
     kCore,
     "Any time as epoch seconds.",
     {R"(dt_parsetimestamp("2023-11-14T22:13:20Z"))", "{}", "1700000000"},
     dt_parsetimestamp,
     nullptr,
     nullptr,
     false},
    {"dt_prop(value, props:t)",
     kCore,
     "A part of a time: day, month, year, hour, weekdayname, dayofyear, weekofyear, tzname, ...",
     {R"(dt_prop("2023-11-14", "weekdayname"))", "{}", "Tuesday"},
     dt_prop,
     nullptr,
     nullptr,
     false},
    {"dt_now(tz:z=null)",
     kCore,
     "The page's time as a date-time.",
     {R"(op_gt(ct_int(dt_prop(dt_now(), "year")), 2000))", "{}", "true"},
     dt_now,
     nullptr,
     nullptr,
     false},
    {"dt_currentstamp(normalize:t=\"floor\")",
     kCore,
     "The page's time as epoch seconds.",
     {R"(op_gt(ct_int(dt_currentstamp()), 1600000000))", "{}", "true"},
     dt_currentstamp,
     nullptr,
     nullptr,
     false},
    {"dt_today(tz:z=null)",
     kMore,
     "The page's day, at midnight.",
     {R"(dt_prop(dt_today(), "hour"))", "{}", "0"},
     dt_today,
     nullptr,
     nullptr,
     false},
    {"dt_utcnow()",
     kMore,
     "The page's time in UTC.",
     {R"(op_len(ct_str(dt_prop(dt_utcnow(), "year"))))", "{}", "4"},
     dt_utcnow,
     nullptr,
     nullptr,
     false},
    {"dt_fromtimestamp(value, tz:z=null)",
     kCore,
     "An epoch value as a date-time.",
     {R"(dt_fromtimestamp("1700000000", tz="Asia/Tokyo"))", "{}", "2023-11-15 07:13:20+09:00"},
     dt_fromtimestamp},
    {"dt_utcfromtimestamp(value)",
     kMore,
     "The same in UTC.",
     {R"(dt_utcfromtimestamp("1700000000"))", "{}", "2023-11-14 22:13:20"},
     dt_fromtimestamp},
    {"dt_strptime(value, fmt:t)",
     kCore,
     "Text in exactly that format; another is the event's error.",
     {R"(dt_strptime("14.11.2023", "%d.%m.%Y"))", "{}", "2023-11-14 00:00:00"},
     dt_strptime},
    {"dt_totimestamp(timeobj)",
     kCore,
     "A date-time (not text) as epoch seconds.",
     {R"(dt_totimestamp(dt_parse("2023-11-14 22:13:20")))", "{}", "1700000000"},
     dt_totimestamp},
    {"dt_strftime(timeobj, fmt:t)",
     kCore,
     "A date-time as text in that format.",
     {R"(dt_strftime(dt_parse("2023-11-04"), "%d %b %Y"))", "{}", "04 Nov 2023"},
     dt_strftime,
     nullptr,
     nullptr,
     false},
    {"dt_strftimestamp(value, fmt:t, tz:z=null)",
     kCore,
     "An epoch value as text in that format.",
     {R"(dt_strftimestamp("1700000000", "%H:%M", "Asia/Tokyo"))", "{}", "07:13"},
     dt_strftimestamp},
    {"dt_truncate(value, unit:t=\"day\")",
     kCore,
     "The start of the second, minute, 5_minute, hour, day, week, month, quarter, half_year or "
     "year.",
     {R"(dt_truncate("2023-11-14 22:13:20", "quarter"))", "{}", "2023-10-01 00:00:00"},
     dt_truncate,
     nullptr,
     nullptr,
     false},
    {"dt_add(value, dt1=null, dt2=null, year:n=null, years:n=null, month:n=null, months:n=null, "
     "day:n=null, days:n=null, hour:n=null, hours:n=null, minute:n=null, minutes:n=null, "
     "second:n=null, seconds:n=null, microsecond:n=null, microseconds:n=null, week:n=null, "
     "weeks:n=null, weekday=null)",
     kCore,
     "Singular parts replace, plural ones add; dt1 and dt2 add their difference.",
     {R"(dt_add("2024-01-31 10:00:00", months=1))", "{}", "2024-02-29 10:00:00"},
     dt_add,
     nullptr,
     nullptr,
     false},
    weekday_entry("dt_MO(n:n=1)", weekday_offset<0>),
    weekday_entry("dt_TU(n:n=1)", weekday_offset<1>),
    weekday_entry("dt_WE(n:n=1)", weekday_offset<2>),
    weekday_entry("dt_TH(n:n=1)", weekday_offset<3>),
    weekday_entry("dt_FR(n:n=1)", weekday_offset<4>),
    weekday_entry("dt_SA(n:n=1)", weekday_offset<5>),
    weekday_entry("dt_SU(n:n=1)", weekday_offset<6>),
    {"dt_astimezone(value, tz:z, reset=False)",
     kCore,
     "Converts to a zone; text without a zone, and all with reset=True, is only labelled.",
     {R"(dt_astimezone("2023-11-15 06:13:20+08:00", "UTC"))", "{}", "2023-11-14 22:13:20+00:00"},
     dt_astimezone,
     nullptr,
     nullptr,
     false},
    {"dt_diff(dt1, dt2, unit:t=\"second\", normalize:t=\"floor\")",
     kCore,
     "dt1 - dt2 in a unit: microsecond to day.",
     {R"(dt_diff("2023-11-14 23:00:00", "2023-11-14 22:00:00", "minute"))", "{}", "60"},
     dt_diff,
     nullptr,
     nullptr,
     false},
};

}  // namespace

std::span<const FunctionEntry> time_functions() {
    return kFunctions;
}

}  // namespace spillway::transform
