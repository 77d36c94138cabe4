// Lines of a file or of standard input, byte for byte: only "\n" ends a line; "\r" and bytes that
// are not UTF-8 stay. One owner at a time.
#pragma once

#include "base/result.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <istream>
#include <memory>
#include <optional>
#include <string>

namespace spillway::daemon {

/// Where bytes come from.
class ByteSource {
  public:
    virtual ~ByteSource() = default;
    /// Blocks for at least one byte; 0 at the end.
    virtual Result<std::size_t> read(char* into, std::size_t bytes_max) = 0;
    /// False when a read would block for longer than that.
    virtual bool ready_within(std::chrono::milliseconds time) = 0;

    /// Borrows the descriptor.
    static std::unique_ptr<ByteSource> of_descriptor(int descriptor);
    /// Borrows the stream, which counts as always ready.
    static std::unique_ptr<ByteSource> of_stream(std::istream& stream);
    /// Errors: of open(2), naming the file.
    static Result<std::unique_ptr<ByteSource>> of_file(const std::string& path);
};

class LineInput {
  public:
    /// A line above `line_bytes_max` is an error: it fits no log.
    LineInput(std::unique_ptr<ByteSource> source, std::size_t line_bytes_max);

    /// The next line without its "\n"; nothing at the end. What follows the last "\n" is a line, if
    /// it has bytes. Errors: InvalidArgument (too long), or what reading says; both name the line.
    Result<std::optional<std::string>> next();
    /// False when no line will be there for that long: time to send what is held.
    bool ready_within(std::chrono::milliseconds time);
    /// Of the line next() gave last; from 1.
    std::uint64_t line_number() const { return line_number_; }

  private:
    Result<bool> fill();

    std::unique_ptr<ByteSource> source_;
    std::size_t line_bytes_max_;
    std::string held_;  // read, from `begin_` on not yet given
    std::size_t begin_ = 0;
    std::size_t scanned_ = 0;  // no "\n" between begin_ and here
    std::uint64_t line_number_ = 0;
    bool ended_ = false;
};

}  // namespace spillway::daemon
