// The folder of one quickstart: made empty, removed at the end unless it is to be kept. One owner.
#pragma once

#include "base/result.h"

#include <string>

namespace spillway::daemon::quickstart {

class Workspace {
  public:
    /// `wanted` empty: a new folder under $TMPDIR, or /tmp. Errors: Refused when it is not empty,
    /// InvalidArgument when it is no folder or its name cannot stand in the files written there,
    /// Exhausted.
    static Result<Workspace> open(const std::string& wanted);
    Workspace(Workspace&& other) noexcept;
    Workspace& operator=(Workspace&&) = delete;
    /// Removes everything in it, and the folder if we made it; after keep(), nothing.
    ~Workspace();

    void keep() { keep_ = true; }
    bool kept() const { return keep_; }
    const std::string& path() const { return path_; }  ///< absolute, links resolved

  private:
    Workspace(std::string path, bool made) : path_(std::move(path)), made_(made) {}
    std::string path_;
    bool made_ = false;
    bool keep_ = false;
};

}  // namespace spillway::daemon::quickstart
