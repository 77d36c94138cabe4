// A disk in memory that behaves like a bad one: what was not synced is lost when the machine stops,
// or a part of it, in any order; a file's name is lost as long as its folder was not synced; a sync
// that fails forgets what it should have written, as the kernel does; every single call can be made
// to fail. Thread-safe.
#pragma once

#include "logstore/engine/file_system.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace spillway::engine {

class MemoryFileSystem final : public FileSystem {
  public:
    /// A change of one file that the disk does not have yet: bytes written, or a new size.
    struct Write {
        std::uint64_t offset = 0;
        std::string bytes;
        std::optional<std::uint64_t> resize = std::nullopt;
        bool is_doubtful = false;  ///< a sync of it failed; the disk may have it or not
    };
    /// What of the unsynced changes of one file the crash left on the disk, in order.
    using Survives = std::function<std::vector<Write>(const std::vector<Write>&)>;

    Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
    Result<std::vector<std::string>> list(const std::string& directory) override;
    Status make_directory(const std::string& path) override;
    Status rename(const std::string& from, const std::string& to) override;
    Status remove(const std::string& path) override;
    Status sync_directory(const std::string& path) override;

    /// The machine stops: what was not synced is gone, but for what `survives` says. Names that
    /// were not synced are gone too, and removed ones are back, but for those that `name_survives`
    /// takes.
    void crash(const Survives& survives = {}, const std::function<bool()>& name_survives = {});
    /// From now on files together may hold this much; nothing: no limit.
    void set_room(std::optional<std::uint64_t> bytes);
    void fail_next_sync() { fail_sync_ = true; }
    void fail_next_write() { fail_write_ = true; }
    void fail_reads(bool fail) { fail_reads_ = fail; }
    int syncs() const { return syncs_; }

    /// The call with that number (counted from now, from 0) fails with that errno, having done a
    /// part of its work; with `for_good` all later ones fail too, but for reads.
    void fail_call(int number, int errno_value, bool for_good);
    void fail_no_call() { failing_.reset(); }
    int calls() const { return calls_; }

    std::uint64_t bytes_read() const { return bytes_read_; }
    int open_for_writing() const { return open_for_writing_; }
    std::string content(const std::string& path);
    void set_content(const std::string& path, const std::string& bytes);
    /// The only file whose name ends so; aborts when there is not exactly one.
    std::string only(std::string_view suffix);
    std::vector<std::string> all(std::string_view suffix);

  private:
    struct Node {
        std::string now;     ///< what readers see
        std::string synced;  ///< what a crash leaves
        std::vector<Write> unsynced;
    };
    struct Failing {
        int number = 0;
        int errno_value = 0;
        bool for_good = false;
    };
    class Handle;
    using Names = std::map<std::string, std::shared_ptr<Node>>;

    std::uint64_t used() const;
    std::optional<int> errno_of_call();

    std::mutex mutex_;  // guards everything below
    Names nodes_;
    Names synced_nodes_;  ///< the names a crash leaves
    std::optional<std::uint64_t> room_;
    std::optional<Failing> failing_;
    bool fail_sync_ = false;
    bool fail_write_ = false;
    bool fail_reads_ = false;
    int syncs_ = 0;
    int calls_ = 0;
    int open_for_writing_ = 0;
    std::uint64_t bytes_read_ = 0;
};

/// For crash(): every sector of 512 bytes of every unsynced write, and every new size, is on the
/// disk or not as the dice fall.
MemoryFileSystem::Survives sectors_survive(std::mt19937& random);

}  // namespace spillway::engine
