// A record that could not be copied. Values; any thread.
#pragma once

#include "logstore/model/names.h"

#include <cstdint>
#include <string>

namespace spillway::replicator {

/// What cannot be copied, as a LogGroup that can be looked at and replayed.
struct DeadRecord {
    std::int64_t position = 0;
    std::uint32_t log_index = 0;
    std::uint32_t logs = 1;
    std::string target;  ///< empty: the default one
    std::string reason;
    std::string group;  ///< an encoded LogGroup
    bool operator==(const DeadRecord&) const = default;
};

struct DeadLetter {
    std::string id;  ///< "<shard>/<position>.<log>", as people name it
    ShardId shard;
    DeadRecord record;
    std::string rule_digest;
    std::int64_t noticed_unix_s = 0;
};

}  // namespace spillway::replicator
