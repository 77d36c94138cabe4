// Is the copy the same as what was acknowledged, record by record? Reads the target back and holds
// it against the ledger, minute by minute; where a minute differs, reads the source's range again,
// runs the rule, and names the first record that is missing, doubled or changed. Blocks for as long
// as reading takes; any thread; moves nothing.
#pragma once

#include "replicator/ledger.h"
#include "replicator/link_context.h"
#include "replicator/replicator.h"
#include "replicator/verify_report.h"

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

/// Errors: Unsupported when a target cannot be read; Cancelled; those of ports and state.
Result<VerifyReport> verify_link(const VerifyRequest& request, const LinkPorts& ports,
                                 const RuleBook::Compile& compile, std::stop_token stop = {});

}  // namespace spillway::replicator
