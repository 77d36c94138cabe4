// Finding files by pattern, and by identity when they were renamed. Reads folders only; any thread.
#pragma once

#include "logstore/agent/collect_rule.h"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::agent {

/// What stays the same when a file is renamed.
struct FileId {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    auto operator<=>(const FileId&) const = default;
};

struct FoundFile {
    std::string path;
    FileId id;
    std::uint64_t size = 0;
};

/// `*` any run, `?` one byte, all else itself. For one name, without slashes.
bool wildcard_match(std::string_view pattern, std::string_view name);

/// Regular files that the pattern names now, sorted by path. Folders that cannot be read are passed
/// over.
std::vector<FoundFile> find_files(const PathPattern& pattern);

/// The file of that identity in a folder, under whatever name: where rotation left it.
std::optional<FoundFile> find_by_id(const std::string& folder, const FileId& id);

/// When the file came to be, if the file system tells.
std::optional<std::int64_t> birth_unix_ns(const std::string& path);

}  // namespace spillway::agent
