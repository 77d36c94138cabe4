// Web tracking: logs that a browser sends as JSON or as a query, unsigned. Pure; any thread.
#pragma once

#include "base/json.h"
#include "base/net/http.h"
#include "base/result.h"
#include "logstore/model/log_group.h"

#include <cstdint>

namespace spillway::server {

/// {"__topic__", "__source__", "__tags__": {...}, "__logs__": [{...}, ...]}; every value becomes
/// text. Errors: InvalidArgument (PostBodyInvalid), naming the member.
Result<LogGroup> tracked_group(const json::object& body, std::uint32_t now_unix_s);

/// One log of the query's parameters, but for APIVersion and the two that name topic and source.
/// Errors: InvalidArgument (ParameterInvalid) when there is none.
Result<LogGroup> tracked_query(const HttpTarget& target, std::uint32_t now_unix_s);

}  // namespace spillway::server
