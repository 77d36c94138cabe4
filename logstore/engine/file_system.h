// The files the engine writes, behind a small interface: tests put one in its place that loses
// unsynced bytes, tears writes or has no room. FileSystem may be used from any thread; a File by
// several readers and one writer at a time.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::engine {

class File {
  public:
    virtual ~File() = default;
    /// Writes the pieces one behind the other. On an error any part of them may have been written.
    /// Errors: Exhausted (no room); Unavailable (I/O error).
    virtual Status write_at(std::uint64_t offset, std::span<const std::string_view> pieces) = 0;
    /// Bytes read; fewer than `size` only at the end of the file.
    virtual Result<std::size_t> read_at(std::uint64_t offset, char* into, std::size_t size) = 0;
    /// What was written is on the disk when this returns (fdatasync). After an error what is read
    /// may never reach the disk, even if a later call succeeds: it has to be written again.
    virtual Status sync() = 0;
    /// The file is at least `size` bytes long, the new ones zero, with room on the disk for them.
    /// Errors: Exhausted. A file system that cannot reserve is no error.
    virtual Status preallocate(std::uint64_t size) = 0;
    virtual Status truncate(std::uint64_t size) = 0;
    virtual Result<std::uint64_t> size() = 0;
};

enum class OpenMode { Read, ReadWrite, Create };  ///< Create: must not exist yet

class FileSystem {
  public:
    virtual ~FileSystem() = default;
    virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
    /// Names, not paths, sorted. Errors: NotFound.
    virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;
    /// Makes parents too; on the disk when this returns. Mode 0700.
    virtual Status make_directory(const std::string& path) = 0;
    virtual Status rename(const std::string& from, const std::string& to) = 0;
    /// A file or an empty folder; absent is no error.
    virtual Status remove(const std::string& path) = 0;
    virtual Status sync_directory(const std::string& path) = 0;
};

std::unique_ptr<FileSystem> make_posix_file_system();

/// Whether a call failed because this process or the machine has too many files open.
bool is_out_of_descriptors(const Error& error);

/// All of `size` bytes, or Corrupt when the file ends before.
Result<std::string> read_exactly(File& file, std::uint64_t offset, std::size_t size);
/// Writes beside, syncs, renames, syncs the folder.
Status replace_file(FileSystem& files, const std::string& path, std::string_view content);

}  // namespace spillway::engine
