// Is the copy the same as what was acknowledged, record by record? Reads the target back and holds
// it against the ledger, minute by minute; where a minute differs, reads the source's range again,
// runs the rule, and names the first record that is missing, doubled or changed. Blocks for as long
// as reading takes; any thread; moves nothing.
#pragma once

#include "replicator/ledger.h"
#include "replicator/link_context.h"
#include "replicator/replicator.h"

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace spillway::replicator {

struct VerifyRequest {
    std::string link;
    LogstoreRef source;
    std::int64_t from_minute = 0;  ///< Unix minutes, inclusive
    std::int64_t to_minute = 0;
    std::size_t findings_max = 20;
};

enum class Difference {
    Missing,  ///< acknowledged, and not there
    Doubled,  ///< there more often than written
    Changed,  ///< another record in its place
    Unknown,  ///< the sums differ, and the source no longer holds the range to say how
};
std::string_view name_of(Difference difference);

struct VerifyFinding {
    ShardId shard;
    std::int64_t minute = 0;
    Difference difference = Difference::Unknown;
    RecordSum expected;
    RecordSum actual;
    std::optional<std::int64_t> position;  ///< source position of the first group that differs
    std::string detail;                    ///< one sentence
};

struct VerifyReport {
    std::uint64_t minutes_checked = 0;  ///< (shard, minute) entries
    std::uint64_t logs_checked = 0;
    std::uint64_t bytes_checked = 0;
    std::uint64_t minutes_differing = 0;
    std::vector<VerifyFinding> findings;  ///< the first ones, by shard and minute
    bool is_exact() const { return minutes_differing == 0; }
};

/// Errors: Unsupported when a target cannot be read; Cancelled; those of ports and state.
Result<VerifyReport> verify_link(const VerifyRequest& request, const LinkPorts& ports,
                                 const RuleBook::Compile& compile, std::stop_token stop = {});

}  // namespace spillway::replicator
