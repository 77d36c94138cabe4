// Follows one input file as it grows, is renamed away and made anew, or is cut back to nothing, and
// can prove afterwards which of its bytes were read. One owner at a time.
//
// A generation is one life of the content: it begins when the path shows another inode, or when the
// file became shorter than what was read (or begins with other bytes). Descriptors stay open, so a
// renamed or deleted generation is still read to its end and compared. Bytes that were overwritten
// in place before we came to read them are gone for any reader; we look often and read ahead to
// keep that gap small.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace spillway::daemon::quickstart {

/// What a comparison of the inputs with what was fed found.
struct SourceComparison {
    std::uint64_t bytes_equal = 0;
    std::uint64_t bytes_different = 0;
    std::uint64_t bytes_gone =
        0;  ///< fed, but the source was cut back since: nothing to compare with
    std::uint64_t bytes_not_fed = 0;  ///< in the source by now, added after feeding ended
    bool exact() const { return bytes_different == 0; }
};

class SourceFollower {
  public:
    /// Errors: NotFound, Refused (not readable), InvalidArgument (not a regular file).
    static Result<SourceFollower> open(const std::string& path);
    SourceFollower(SourceFollower&& other) noexcept;
    SourceFollower& operator=(SourceFollower&&) = delete;
    ~SourceFollower();

    /// Reads what is new, up to `pending_bytes_max` ahead. Never waits.
    Status poll(std::size_t pending_bytes_max);
    /// Read and not taken yet.
    std::string_view pending() const { return std::string_view(pending_).substr(taken_); }
    void take(std::size_t bytes);
    /// Bytes known to be there and not taken, the unread ones included.
    std::uint64_t backlog() const;
    /// Nothing more to read right now.
    bool at_end() const { return at_end_; }
    const std::string& path() const { return path_; }
    int generations() const { return static_cast<int>(generations_.size()); }

    /// `fed`: all bytes ever taken, in order.
    Result<SourceComparison> compare(std::string_view fed) const;

  private:
    struct Generation {
        int descriptor = -1;
        ino_t inode = 0;
        std::uint64_t read_to = 0;
        bool cut_back = false;  ///< its content is gone from the file
        std::string head;       ///< its first bytes, to notice that others took their place
    };
    struct Segment {  // bytes read in one go, or several that touch
        std::size_t generation;
        std::uint64_t offset;
        std::uint64_t length;
    };

    explicit SourceFollower(std::string path) : path_(std::move(path)) {}
    Status add_generation();
    Status read_more(std::size_t index, std::size_t pending_bytes_max);
    bool was_cut_back(const Generation& generation) const;
    Status follow_path();

    std::string path_;
    std::vector<Generation> generations_;
    std::vector<Segment> segments_;
    std::string pending_;
    std::size_t taken_ = 0;
    bool at_end_ = false;
};

}  // namespace spillway::daemon::quickstart
