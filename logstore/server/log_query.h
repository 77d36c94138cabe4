// What GetLogs and GetHistograms ask for. Values; any thread. Source: docs/sources.md#get-logs
#pragma once

#include "base/json.h"
#include "logstore/server/call.h"
#include "logstore/server/spl.h"
#include "transform/search_query.h"

#include <cstdint>
#include <optional>
#include <string>

namespace spillway::server {

/// Which logs: [from, to) by their own time, topic, filter, and stages behind a bar.
struct LogFilter {
    std::int64_t from_s = 0;
    std::uint32_t from_ns = 0;
    std::int64_t to_s = 0;
    std::uint32_t to_ns = 0;
    std::string topic;                             ///< empty: any
    std::optional<transform::SearchQuery> search;  ///< none: all
    std::optional<SplProgram> stages;
    std::string search_text;  ///< as asked, without the stages
};

struct LogsRequest {
    LogFilter filter;
    std::uint64_t lines = 100;
    std::uint64_t offset = 0;
    bool is_reverse = false;  ///< newest first
};

struct HistogramRequest {
    LogFilter filter;
    std::int64_t interval_s = 0;         ///< 0: chosen by the range
    std::optional<std::uint32_t> shard;  ///< that one alone
};

/// Parameters by name: of the URL, or the members of a JSON body.
using ParameterOf = std::function<std::optional<std::string>(std::string_view)>;
ParameterOf parameters_of(const Call& call);
ParameterOf parameters_of(const json::object& body);

/// Errors: InvalidArgument (InvalidTimeRange, InvalidLine, InvalidOffset, InvalidReverse,
/// InvalidQueryString, ParameterInvalid); Unsupported (NotSupported) for SQL.
Result<LogsRequest> parse_logs_request(const ParameterOf& parameter);
Result<HistogramRequest> parse_histogram_request(const ParameterOf& parameter);

/// The bounds of the buckets of [from, to): rising, first and last included. At most 1,000
/// buckets. Times are those of a request, which lie in 0 to 2^33.
std::vector<std::int64_t> histogram_bounds(std::int64_t from_s, std::int64_t to_s,
                                           std::int64_t interval_s);

}  // namespace spillway::server
