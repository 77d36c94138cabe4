// What a quickstart is fed with when nothing is named: logs of this machine, else a sample. Any
// thread.
#pragma once

#include "base/result.h"

#include <string>
#include <vector>

namespace spillway::daemon::quickstart {

/// A file that could be fed.
struct LogCandidate {
    std::string path;
    std::uint64_t bytes = 0;
    bool operator==(const LogCandidate&) const = default;
};

/// Readable regular *.log files (and the usual names without that ending) in the folders, not below
/// them.
std::vector<LogCandidate> find_logs(const std::vector<std::string>& folders);
/// The largest ones that are not too large, at most six; none when together they would show too
/// little.
std::vector<std::string> choose_logs(std::vector<LogCandidate> candidates);

/// A text with the things that go wrong elsewhere: CRLF, an empty line, other scripts, a tab, a
/// byte that is no UTF-8, a long line, no newline at the end.
std::string sample_log(int which);
/// Writes three samples into `folder`, returns their paths.
Result<std::vector<std::string>> write_samples(const std::string& folder);

}  // namespace spillway::daemon::quickstart
