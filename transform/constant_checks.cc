#include "transform/constant_checks.h"

#include "base/hash.h"
#include "base/text.h"
#include "transform/time_math.h"
#include "transform/time_value.h"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

constexpr std::array<std::string_view, 18> kTimeParts = {
    "day",          "year",           "month",      "hour",        "minute",
    "second",       "microsecond",    "weekday",    "weekdayname", "weekdayshortname",
    "monthname",    "monthshortname", "dayofyear",  "dayofweek",   "weekofyear",
    "weekofyear_m", "tzname",         "weekofmonth"};
constexpr std::array<std::string_view, 4> kRoundings = {"floor", "int", "round", "ceil"};
constexpr std::array<std::string_view, 7> kEncodings = {
    "utf8", "utf-8", "ascii", "us-ascii", "latin1", "latin-1", "iso-8859-1"};

bool is_one_of(std::span<const std::string_view> known, std::string_view text) {
    return std::find(known.begin(), known.end(), text) != known.end();
}

ConstantFault unknown(std::string_view what, std::string_view text, std::string help) {
    return {fmt::format("unknown {} \"{}\"", what, text), std::move(help)};
}

bool is_known_unit(std::string_view unit) {
    DateTime time;
    set_civil(time, 0);
    return truncate_time(time, unit);
}

bool is_known_digest(std::string_view format) {
    std::string name = to_lower(format);
    std::erase(name, '-');
    return named_digest(name, "").has_value();
}

}  // namespace

std::optional<ConstantFault> wrong_constant(std::string_view function, std::string_view param,
                                            std::string_view text) {
    if (function == "dt_prop" && param == "props" && !is_one_of(kTimeParts, text)) {
        return unknown("part of a time", text, fmt::format("{}", fmt::join(kTimeParts, ", ")));
    }
    if (function == "dt_truncate" && param == "unit" && !is_known_unit(text)) {
        return unknown("unit", text,
                       "second, minute, 5_minute, hour, day, week, month, quarter, half_year "
                       "or year");
    }
    if (function == "dt_diff" && param == "unit" && !microseconds_of(text)) {
        return unknown("unit", text, "microsecond, millisecond, second, minute, hour or day");
    }
    if (param == "normalize" && !text.empty() && !is_one_of(kRoundings, text)) {
        return unknown("rounding", text, "floor, int, round or ceil");
    }
    if (function == "sha1_encoding" && param == "format" && !is_known_digest(text)) {
        return unknown("format", text, "SHA1, SHA224, SHA256, SHA384 or SHA512");
    }
    const bool converts = function == "str_encode" || function == "str_decode";
    if (converts && param == "encoding" && !is_one_of(kEncodings, to_lower(text))) {
        return unknown("encoding", text, "utf8, ascii and latin1 are available here");
    }
    return std::nullopt;
}

std::string_view foreign_regex_syntax(std::string_view pattern) {
    bool in_class = false;
    for (std::size_t at = 0; at + 1 < pattern.size(); ++at) {
        const auto rest = pattern.substr(at);
        if (rest[0] == '\\') {
            constexpr std::string_view kForeign = "hHQERKXGN";
            if (kForeign.find(rest[1]) != std::string_view::npos) return rest.substr(0, 2);
            ++at;
        } else if (rest.starts_with("[:") && in_class && rest.find(":]") != rest.npos) {
            return rest.substr(0, rest.find(":]") + 2);
        } else if (rest[0] == '[' && !in_class) {
            in_class = true;
            if (rest[1] == '^') ++at;
            if (at + 1 < pattern.size() && pattern[at + 1] == ']') ++at;
        } else if (rest[0] == ']') {
            in_class = false;
        }
    }
    return {};
}

}  // namespace spillway::transform
