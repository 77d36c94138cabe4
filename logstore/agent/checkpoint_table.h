// How far each file has been acknowledged, by (device, inode, effective config name), and its text
// form. One owner; the text is data/checkpoints.json.
#pragma once

#include "logstore/agent/file_search.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace spillway::agent {

struct CheckpointKey {
    FileId file;
    std::string config;  ///< effective name
    auto operator<=>(const CheckpointKey&) const = default;
};

/// Digest of a file's first bytes: tells a file from another that got its inode.
struct FileSignature {
    std::uint32_t bytes = 0;  ///< how many were digested, 1024 at most; 0: says nothing
    std::uint64_t digest = 0;
    bool operator==(const FileSignature&) const = default;
};

/// Bytes that a config which is gone had read and its region had not acknowledged.
struct OwedRange {
    std::uint64_t until = 0;
    Delivery delivery;
    bool operator==(const OwedRange&) const = default;
};

struct FileCheckpoint {
    std::string path;  ///< under which the file was first opened
    std::uint64_t offset = 0;
    FileSignature signature;
    std::int64_t updated_unix_s = 0;
    std::optional<OwedRange> owed;
    bool operator==(const FileCheckpoint&) const = default;
};

struct CheckpointTable {
    std::map<CheckpointKey, FileCheckpoint> files;
    /// When each config was first followed: a file born later is read from its beginning.
    std::map<std::string, std::int64_t> watched_since_unix_ns;
    bool operator==(const CheckpointTable&) const = default;

    const FileCheckpoint* find(const CheckpointKey& key) const;
    /// Entries that nobody touched since then; what is owed stays.
    void forget_before(std::int64_t unix_s);
};

std::string to_text(const CheckpointTable& table);
/// Errors: Corrupt, saying where.
Result<CheckpointTable> parse_checkpoints(std::string_view text);

}  // namespace spillway::agent
