// Logs as JSON lines, both ways, losing nothing. One line is one log:
//
//   {"time":1700000000,"time_ns":5,"topic":"t","source":"10.0.0.1","tags":{"host":"web-1"},
//    "fields":{"level":"INFO","msg":"hello"},"shard":0,"cursor":"MTIz"}
//
// A text that is not UTF-8 is {"base64":"..."}. Fields or tags whose keys repeat or are not UTF-8
// do not fit an object: they are a list of [key, value] pairs instead. "time_ns" is left out where
// the log has none, "topic" and "source" where they are empty, "tags" where there are none. Any
// thread.
#pragma once

#include "base/result.h"
#include "logstore/model/logstore.h"
#include "logstore/wire/log_group_reader.h"

#include <string>
#include <string_view>

namespace spillway::daemon {

/// Appends the log as one line, with its "\n". Errors: Corrupt.
Status append_log_line(std::string& out, const wire::LogGroupView& group, wire::LogView log,
                       ShardId shard, const Cursor& cursor);

/// A log and what its group says of it.
struct ParsedLog {
    Log log;
    std::optional<std::string> topic;  ///< as in the line; nothing: the line does not say
    std::optional<std::string> source;
    std::optional<std::vector<LogTag>> tags;
};

/// A line of the form above ("shard" and "cursor" are passed over), or any flat object: each member
/// becomes a field, text as it is, anything else as its JSON. `now_unix_s` dates a log that has no
/// time of its own. Errors: InvalidArgument.
Result<ParsedLog> parse_log_line(std::string_view line, std::uint32_t now_unix_s);

}  // namespace spillway::daemon
