// Files in memory that fail on demand: unsynced bytes can be lost or torn, the disk can be full,
// and syncs and writes can err. Names (creating, renaming, removing) are durable at once.
// Thread-safe.
#pragma once

#include "logstore/engine/file_system.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace spillway::engine {

class MemoryFileSystem final : public FileSystem {
  public:
    struct Write {
        std::uint64_t offset = 0;
        std::string bytes;
    };
    /// What of the unsynced writes of one file the crash left on the disk, in order.
    using Survives = std::function<std::vector<Write>(const std::vector<Write>&)>;

    Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
    Result<std::vector<std::string>> list(const std::string& directory) override;
    Status make_directory(const std::string& path) override;
    Status rename(const std::string& from, const std::string& to) override;
    Status remove(const std::string& path) override;
    Status sync_directory(const std::string& path) override;

    /// The machine stops: what was not synced is gone, but for what `survives` says.
    void crash(const Survives& survives = {});
    /// From now on files together may hold this much; nothing: no limit.
    void set_room(std::optional<std::uint64_t> bytes);
    void fail_next_sync() { fail_sync_ = true; }
    void fail_next_write() { fail_write_ = true; }
    int syncs() const { return syncs_; }

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
    class Handle;

    std::uint64_t used() const;

    std::mutex mutex_;  // guards everything below
    std::map<std::string, std::shared_ptr<Node>> nodes_;
    std::optional<std::uint64_t> room_;
    bool fail_sync_ = false;
    bool fail_write_ = false;
    int syncs_ = 0;
};

}  // namespace spillway::engine
