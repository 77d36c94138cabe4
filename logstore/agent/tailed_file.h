// One file as one config reads it: an open descriptor, how far it was read, how far it was
// acknowledged. One owner.
#pragma once

#include "base/clock.h"
#include "logstore/agent/ack_window.h"
#include "logstore/agent/checkpoint_table.h"
#include "logstore/agent/line_splitter.h"

#include <optional>
#include <string>
#include <vector>

namespace spillway::agent {

class UniqueFd {
  public:
    explicit UniqueFd(int descriptor = -1) : descriptor_(descriptor) {}
    UniqueFd(UniqueFd&& other) noexcept : descriptor_(other.release()) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept;
    ~UniqueFd();
    int get() const { return descriptor_; }

  private:
    int release();
    int descriptor_;
};

/// What `refresh` found.
enum class FileChange {
    None,
    Grown,
    Restarted,  ///< shorter than what was read, or other bytes at its beginning: read from 0
};

class TailedFile {
  public:
    /// Opens for reading. Errors: NotFound, Refused (permission), Exhausted (descriptors).
    static Result<TailedFile> open(const std::string& path);

    /// Where a config without checkpoint begins: `tail_bytes` before the end, at the next line
    /// start.
    Result<std::uint64_t> tail_start(std::uint64_t tail_bytes) const;
    /// True when the file begins with the bytes that were digested.
    bool fits(const FileSignature& signature) const;
    /// Sets where reading begins; everything before counts as acknowledged.
    void begin_at(std::uint64_t offset);

    Result<FileChange> refresh(MonoTime now);
    /// The next lines, as views into `buffer`. Nothing is consumed when no line is complete.
    Result<SplitResult> next_lines(std::string& buffer, bool flush_rest) const;
    /// The lines are on their way: returns the ticket to finish when they have arrived.
    std::uint64_t sent(const SplitResult& lines);

    const FileId& id() const { return id_; }
    std::uint64_t size() const { return size_; }
    std::uint64_t read_offset() const { return read_offset_; }
    /// End of what is to be read: the end of the file, or less when the config is gone.
    std::uint64_t read_end() const { return limit_ ? std::min(*limit_, size_) : size_; }
    std::uint64_t unread() const {
        return read_end() > read_offset_ ? read_end() - read_offset_ : 0;
    }
    MonoTime last_growth() const { return last_growth_; }
    const FileSignature& signature() const { return signature_; }
    bool deleted() const { return links_ == 0; }

    /// Nothing at or behind `offset` is read any more.
    void limit(std::optional<std::uint64_t> offset) { limit_ = offset; }
    const std::optional<std::uint64_t>& limit() const { return limit_; }

    AckWindow window;

  private:
    TailedFile(UniqueFd descriptor, FileId id) : descriptor_(std::move(descriptor)), id_(id) {}
    /// Fewer bytes than wanted only at the end of the file.
    Result<std::string> read_at(std::uint64_t offset, std::size_t bytes) const;
    void extend_signature();
    void restart();

    UniqueFd descriptor_;
    FileId id_;
    std::uint64_t size_ = 0;
    std::uint64_t links_ = 1;
    std::int64_t modified_ns_ = -1;
    std::uint64_t read_offset_ = 0;
    bool continues_line_ = false;
    MonoTime last_growth_{};
    FileSignature signature_;
    std::optional<std::uint64_t> limit_;
};

}  // namespace spillway::agent
