#include "daemon/logstore_tool/read_point.h"

#include "base/text.h"

#include <array>
#include <optional>

namespace spillway::daemon {

namespace {

namespace chrono = std::chrono;

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
    if (at + count > text.size()) return std::nullopt;
    const auto number = parse_uint(text.substr(at, count));
    return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

/// "Z", "+08:00" or "-05:30" as seconds east of Greenwich.
std::optional<int> zone_seconds(std::string_view text) {
    if (text == "Z" || text == "z") return 0;
    if (text.size() != 6 || text[3] != ':' || (text[0] != '+' && text[0] != '-')) {
        return std::nullopt;
    }
    const auto hours = digits(text, 1, 2);
    const auto minutes = digits(text, 4, 2);
    if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
    return (text[0] == '-' ? -1 : 1) * (*hours * 3600 + *minutes * 60);
}

/// RFC 3339; a fraction of a second is cut off.
std::optional<std::int64_t> parse_date(std::string_view text) {
    if (text.size() < 20 || text[4] != '-' || text[7] != '-' ||
        (text[10] != 'T' && text[10] != ' ') || text[13] != ':' || text[16] != ':') {
        return std::nullopt;
    }
    std::array<int, 6> part{};
    constexpr std::array<std::pair<std::size_t, std::size_t>, 6> kPlaces = {
        {{0, 4}, {5, 2}, {8, 2}, {11, 2}, {14, 2}, {17, 2}}};
    for (std::size_t i = 0; i < part.size(); ++i) {
        const auto number = digits(text, kPlaces[i].first, kPlaces[i].second);
        if (!number) return std::nullopt;
        part[i] = *number;
    }
    const auto zone_at = text.find_first_not_of("0123456789.", 19);
    if (zone_at == std::string_view::npos) return std::nullopt;
    const auto zone = zone_seconds(text.substr(zone_at));
    const chrono::year_month_day date(chrono::year(part[0]),
                                      chrono::month(static_cast<unsigned>(part[1])),
                                      chrono::day(static_cast<unsigned>(part[2])));
    if (!zone || !date.ok() || part[3] > 23 || part[4] > 59 || part[5] > 60) return std::nullopt;
    const std::int64_t days = chrono::sys_days(date).time_since_epoch().count();
    return days * 86'400 + part[3] * 3600 + part[4] * 60 + part[5] - *zone;
}

}  // namespace

Result<ReadPoint> parse_read_point(std::string_view text, WallTime now) {
    constexpr std::string_view kCursorPrefix = "cursor:";
    if (text == "begin") return ReadPoint(CursorSeek::begin());
    if (text == "end") return ReadPoint(CursorSeek::end());
    if (text.starts_with(kCursorPrefix) && text.size() > kCursorPrefix.size()) {
        return ReadPoint(Cursor(std::string(text.substr(kCursorPrefix.size()))));
    }
    if (const auto seconds = parse_uint(text); seconds && *seconds <= UINT32_MAX) {
        return ReadPoint(CursorSeek::at(static_cast<std::int64_t>(*seconds)));
    }
    if (const auto seconds = parse_date(text)) return ReadPoint(CursorSeek::at(*seconds));
    if (const auto ago = parse_duration(text)) {
        return ReadPoint(CursorSeek::at(unix_seconds(now - *ago)));
    }
    return make_error(ErrorCode::InvalidArgument,
                      "\"" + to_valid_utf8(text) +
                          "\" is no place to read from; use begin, end, Unix seconds, "
                          "2025-10-10T08:00:00Z, 15m (ago) or cursor:TEXT");
}

Result<Cursor> find_cursor(LogSource& source, const LogstoreRef& ref, ShardId shard,
                           const ReadPoint& point) {
    if (const auto* cursor = std::get_if<Cursor>(&point)) return *cursor;
    return source.cursor(ref, shard, std::get<CursorSeek>(point));
}

}  // namespace spillway::daemon
