// A log file that an agent watches and we write, as an application with log rotation would. The
// files are the truth about what was produced, so none is ever cut or deleted. One owner at a time.
#pragma once

#include "base/result.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace spillway::daemon::quickstart {

/// "Until `at` since feeding began, the file had `bytes`."
struct GrowthPoint {
    std::chrono::milliseconds at{0};
    std::uint64_t bytes = 0;
};

/// One inode that was written.
struct ProducedFile {
    std::string path;  ///< where it is now
    std::uint64_t inode = 0;
    std::uint64_t bytes = 0;
    std::uint64_t lines = 0;  ///< newlines, and one more for an unfinished last line
    std::vector<GrowthPoint> growth;

    /// When the byte at `offset` was written.
    std::chrono::milliseconds written_at(std::uint64_t offset) const;
};

class WatchedFile {
  public:
    /// Creates `path`. Errors: AlreadyExists, Exhausted, Refused.
    static Result<WatchedFile> create(const std::string& path);
    WatchedFile(WatchedFile&& other) noexcept;
    WatchedFile& operator=(WatchedFile&&) = delete;
    ~WatchedFile();

    /// Errors: Exhausted (disk full), Internal.
    Status append(std::string_view bytes, std::chrono::milliseconds at);
    /// Renames to "<path>.<n>" and goes on in a new file of the old name.
    Status rotate();
    bool at_line_start() const { return at_line_start_; }
    /// Oldest first; the last one is still written.
    const std::vector<ProducedFile>& files() const { return files_; }

  private:
    explicit WatchedFile(std::string path) : path_(std::move(path)) {}
    Status open_new();

    std::string path_;
    int descriptor_ = -1;
    bool at_line_start_ = true;
    std::vector<ProducedFile> files_;
};

}  // namespace spillway::daemon::quickstart
