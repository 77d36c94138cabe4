#include "logstore/server/log_query.h"

#include "base/text.h"
#include "logstore/wire/error_table.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace spillway::server {

namespace {

constexpr std::uint64_t kLinesMax = 100;
constexpr std::uint64_t kOffsetMax = 1'000'000;
constexpr std::int64_t kBucketsWanted = 60;
constexpr std::int64_t kBucketsMax = 1000;
constexpr std::int64_t kUnixSecondsMax = std::int64_t{1}
                                         << 33;  // year 2242; milliseconds lie above

Error wrong(std::string_view code, std::string message) {
    return wire::service_error(code, std::move(message));
}

Result<std::uint64_t> number(const ParameterOf& parameter, std::string_view name,
                             std::uint64_t fallback, std::string_view code) {
    const auto text = parameter(name);
    if (!text || text->empty()) return fallback;
    if (const auto number = parse_uint(*text)) return *number;
    return wrong(code, fmt::format("{} is \"{}\", not a whole number", name, to_valid_utf8(*text)));
}

Status parse_range(const ParameterOf& parameter, LogFilter& filter) {
    const auto second = [&](std::string_view name) -> Result<std::int64_t> {
        const auto text = parameter(name).value_or("");
        const auto seconds = parse_int(text);
        if (seconds && *seconds >= 0 && *seconds <= kUnixSecondsMax) return *seconds;
        return wrong("InvalidTimeRange",
                     fmt::format("{} must be a time in Unix seconds, 0 to {}, not \"{}\"", name,
                                 kUnixSecondsMax, to_valid_utf8(text)));
    };
    auto from = second("from");
    if (!from) return std::move(from).error();
    auto to = second("to");
    if (!to) return std::move(to).error();
    filter.from_s = *from;
    filter.to_s = *to;
    constexpr std::uint64_t kNanosecondsMax = 999'999'999;
    for (auto [name, part] : {std::pair{"fromNs", &filter.from_ns}, {"toNs", &filter.to_ns}}) {
        auto value = number(parameter, name, 0, "InvalidTimeRange");
        if (!value) return std::move(value).error();
        *part = static_cast<std::uint32_t>(std::min(*value, kNanosecondsMax));
    }
    if (std::pair(*from, filter.from_ns) >= std::pair(*to, filter.to_ns)) {
        return wrong(
            "InvalidTimeRange",
            fmt::format("the range [{}, {}) is empty: from must be before to", *from, *to));
    }
    return {};
}

/// Where the stages begin: the first bar that stands outside quotes and is not one of "||".
std::size_t find_bar(std::string_view query) {
    bool in_quotes = false;
    for (std::size_t i = 0; i < query.size(); ++i) {
        const char c = query[i];
        if (c == '\\') {
            ++i;
        } else if (c == '"') {
            in_quotes = !in_quotes;
        } else if (c == '|' && !in_quotes) {
            if (i + 1 < query.size() && query[i + 1] == '|') {
                ++i;
            } else {
                return i;
            }
        }
    }
    return std::string_view::npos;
}

bool is_sql(std::string_view stages) {
    const auto text = to_lower(trim(stages));
    return text.starts_with("select") || text.starts_with("with ") || text.starts_with("set ");
}

Status parse_query(std::string_view query, LogFilter& filter) {
    const auto bar = find_bar(query);
    const auto search = trim(query.substr(0, bar));
    filter.search_text = search;
    if (bar != std::string_view::npos) {
        const auto stages = query.substr(bar + 1);
        if (is_sql(stages)) {
            return wrong("NotSupported",
                         "SQL (\"| select\") is not run here: this store finds logs by a filter "
                         "and a time range, it computes nothing; leave out what stands behind "
                         "the bar, or ask the service itself");
        }
        auto program = SplProgram::parse_stages(stages, bar + 1);
        if (!program) return std::move(program).error();
        filter.stages = *std::move(program);
    }
    if (search.empty() || search == "*") return {};
    auto parsed = transform::SearchQuery::parse(search);
    if (!parsed) return wrong("InvalidQueryString", "query: " + parsed.error().message);
    filter.search = *std::move(parsed);
    return {};
}

Result<bool> parse_reverse(const ParameterOf& parameter) {
    const auto text = parameter("reverse").value_or("");
    if (text.empty() || equals_ignoring_case(text, "false")) return false;
    if (equals_ignoring_case(text, "true")) return true;
    return wrong("InvalidReverse",
                 fmt::format("reverse must be true or false, not \"{}\"", to_valid_utf8(text)));
}

Status parse_filter(const ParameterOf& parameter, LogFilter& filter) {
    if (auto range = parse_range(parameter, filter); !range) return range;
    filter.topic = parameter("topic").value_or("");
    return parse_query(parameter("query").value_or(""), filter);
}

}  // namespace

ParameterOf parameters_of(const Call& call) {
    return [&call](std::string_view name) -> std::optional<std::string> {
        if (const auto value = call.parameter(name)) return std::string(*value);
        return std::nullopt;
    };
}

ParameterOf parameters_of(const json::object& body) {
    return [&body](std::string_view name) -> std::optional<std::string> {
        const auto* value = body.if_contains(name);
        if (value == nullptr || value->is_null()) return std::nullopt;
        if (const auto* text = value->if_string()) return std::string(*text);
        return json::serialize(*value);
    };
}

Result<LogsRequest> parse_logs_request(const ParameterOf& parameter) {
    LogsRequest request;
    if (auto parsed = parse_filter(parameter, request.filter); !parsed) {
        return std::move(parsed).error();
    }
    auto lines = number(parameter, "line", kLinesMax, "InvalidLine");
    if (!lines) return std::move(lines).error();
    if (*lines > kLinesMax) {
        return wrong("InvalidLine",
                     fmt::format("line must be 0 to {}; read on with offset", kLinesMax));
    }
    auto offset = number(parameter, "offset", 0, "InvalidOffset");
    if (!offset) return std::move(offset).error();
    if (*offset > kOffsetMax) {
        return wrong("InvalidOffset",
                     fmt::format("offset must be 0 to {}; take a shorter range", kOffsetMax));
    }
    request.lines = *lines;
    request.offset = *offset;
    auto reverse = parse_reverse(parameter);
    if (!reverse) return std::move(reverse).error();
    request.is_reverse = *reverse;
    return request;
}

Result<HistogramRequest> parse_histogram_request(const ParameterOf& parameter) {
    HistogramRequest request;
    if (auto parsed = parse_filter(parameter, request.filter); !parsed) {
        return std::move(parsed).error();
    }
    auto interval = number(parameter, "interval", 0, "ParameterInvalid");
    if (!interval) return std::move(interval).error();
    request.interval_s = static_cast<std::int64_t>(std::min<std::uint64_t>(*interval, 1U << 30U));
    if (const auto shard = parameter("shard"); shard && !shard->starts_with('-')) {
        auto id = number(parameter, "shard", 0, "ParameterInvalid");
        if (!id) return std::move(id).error();
        request.shard = static_cast<std::uint32_t>(std::min<std::uint64_t>(*id, UINT32_MAX));
    }
    return request;
}

std::vector<std::int64_t> histogram_bounds(std::int64_t from_s, std::int64_t to_s,
                                           std::int64_t interval_s) {
    static constexpr std::array<std::int64_t, 20> kSteps = {
        1,   2,    5,    10,   15,    30,    60,    120,   300,    600,
        900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 604800, 2592000};
    const auto range = std::max<std::int64_t>(to_s - from_s, 1);
    auto step = interval_s;
    if (step <= 0) {
        const auto* found = std::find_if(kSteps.begin(), kSteps.end(), [&](std::int64_t each) {
            return range <= each * kBucketsWanted;
        });
        step = found == kSteps.end() ? kSteps.back() : *found;
    }
    step = std::max(step, range / (kBucketsMax - 1) + 1);
    if (interval_s > 0 && range <= interval_s * (kBucketsMax - 2)) step = interval_s;
    std::vector<std::int64_t> bounds{from_s};
    // Bounds lie on whole steps, so that neighbouring ranges have the same buckets.
    for (auto at = (from_s / step + 1) * step; at < to_s; at += step) {
        if (bounds.size() == static_cast<std::size_t>(kBucketsMax)) break;
        bounds.push_back(at);
    }
    bounds.push_back(std::max(to_s, from_s + 1));
    return bounds;
}

}  // namespace spillway::server
