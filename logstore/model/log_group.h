// LogGroup: logs that share topic, source and tags; the unit of writing. This is the owned form,
// for building and for looking; the zero-copy form is logstore/wire/log_group_reader.h. Values; any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace spillway {

struct LogContent {  // a content of a log: keys may repeat, values are bytes, order is kept
    std::string key;
    std::string value;
    bool operator==(const LogContent&) const = default;
};

struct LogTag {
    std::string key;
    std::string value;
    bool operator==(const LogTag&) const = default;
};

struct Log {
    std::uint32_t time = 0;                ///< Unix seconds
    std::optional<std::uint32_t> time_ns;  ///< nanoseconds within that second
    std::vector<LogContent> contents;
    bool operator==(const Log&) const = default;
};

struct LogGroup {
    std::vector<Log> logs;
    std::string topic;
    std::string source;
    std::vector<LogTag> tags;
    std::optional<std::string> category;      ///< field 2, server-reserved
    std::optional<std::string> machine_uuid;  ///< field 5
    bool operator==(const LogGroup&) const = default;
};

}  // namespace spillway
