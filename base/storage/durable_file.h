// Files whose content survives a power cut: written beside, synced, renamed, directory synced.
// Any thread; callers keep two writers off one path.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace spillway {

/// The file holds either the old content or all of the new, never a part. Mode 0600.
/// Errors: Exhausted (disk full), Refused, NotFound (the folder).
Status write_file_durably(const std::string& path, std::string_view content);
/// Errors: NotFound; Exhausted when larger than `bytes_max`.
Result<std::string> read_file(const std::string& path, std::uint64_t bytes_max = UINT64_MAX);
/// Makes the folder and its parents, mode 0700.
Status make_directories(const std::string& path);
/// fsync of the folder itself, after creating, renaming or deleting in it.
Status sync_directory(const std::string& path);

/// An exclusive lock on a path, held until destroyed or the process ends however it ends.
class FileLock {
  public:
    /// Errors: Conflict when another process holds it; the message names its pid.
    static Result<FileLock> acquire(const std::string& path);
    FileLock(FileLock&& other) noexcept;
    FileLock& operator=(FileLock&& other) noexcept;
    ~FileLock();

  private:
    explicit FileLock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_ = -1;
};

}  // namespace spillway
