// Files open for reading, a bounded number of them: thousands of segments must not use up the
// process's descriptors. Thread-safe; a file in use stays open after it left the cache.
#pragma once

#include "base/metrics.h"
#include "logstore/engine/file_system.h"

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace spillway::engine {

class FileCache {
  public:
    /// `found` and `opened` count how often a file was open already and how often not; may be null.
    FileCache(FileSystem& files, std::size_t open_max, Counter* found = nullptr,
              Counter* opened = nullptr)
        : files_(files), open_max_(open_max), found_(found), opened_(opened) {}

    /// Errors: NotFound, Exhausted.
    Result<std::shared_ptr<File>> open(const std::string& path);
    void forget(const std::string& path);
    std::size_t open_count() const;

  private:
    struct Slot {
        std::string path;
        std::shared_ptr<File> file;
    };

    FileSystem& files_;
    const std::size_t open_max_;
    Counter* const found_;
    Counter* const opened_;
    mutable std::mutex mutex_;  // guards slots_ and by_path_
    std::list<Slot> slots_;     // most recently used first
    std::map<std::string, std::list<Slot>::iterator> by_path_;
};

}  // namespace spillway::engine
