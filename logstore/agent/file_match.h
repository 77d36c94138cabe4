// Which configs collect a file when several match it. Pure; any thread.
#pragma once

#include "logstore/agent/collect_rule.h"

#include <string>
#include <vector>

namespace spillway::agent {

/// One rule that names a file, and the pattern by which it does.
struct RuleMatch {
    const CollectRule* rule = nullptr;
    std::size_t base_length = 0;
};

struct FileCollectors {
    std::vector<const CollectRule*> collecting;
    /// Rules that name the file and get nothing: the reason for an alarm.
    std::vector<const CollectRule*> shut_out;
};

/// Rules that allow others always collect. Of the rest one does: the deepest base path, then the
/// earliest create time, then the name.
FileCollectors choose_collectors(const std::vector<RuleMatch>& matches);

}  // namespace spillway::agent
