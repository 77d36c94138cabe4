// Sends lines to a Logstore in batches, one after the other, and counts what was acknowledged.
// One call at a time; `clock` dates the logs.
#pragma once

#include "base/clock.h"
#include "daemon/logstore_tool/line_input.h"
#include "logstore/model/log_group.h"
#include "logstore/model/logstore_api.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace spillway::daemon {

struct PutOptions {
    LogstoreRef ref;
    bool json = false;  ///< lines are JSON objects; else each is the field "content"
    std::string topic;
    std::string source;
    std::vector<LogTag> tags;
    Codec codec = Codec::Lz4;
    std::size_t batch_logs_max = 4'096;
    std::size_t batch_bytes_max = 1024 * 1024;  ///< raw; a longer log goes alone
    /// A batch that is not full goes when no line came for that long.
    std::chrono::milliseconds linger{500};
};

struct PutSummary {
    std::uint64_t logs = 0;    ///< acknowledged
    std::uint64_t groups = 0;  ///< acknowledged
    std::uint64_t bytes = 0;   ///< acknowledged, raw
    /// What ended it before the input did. Lines from `failed_line` on were not acknowledged; those
    /// of the last batch may be stored all the same when the error is Unavailable.
    std::optional<Error> failure;
    std::uint64_t failed_line = 0;
};

PutSummary put_lines(LogSink& sink, LineInput& input, const PutOptions& options,
                     const Clock& clock);

}  // namespace spillway::daemon
