#include "memory_file_system.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace spillway::engine {

namespace {

void put_bytes(std::string& into, std::uint64_t offset, std::string_view bytes) {
    if (into.size() < offset + bytes.size()) into.resize(offset + bytes.size(), '\0');
    into.replace(offset, bytes.size(), bytes);
}

}  // namespace

class MemoryFileSystem::Handle final : public File {
  public:
    Handle(MemoryFileSystem& files, std::shared_ptr<Node> node)
        : files_(files), node_(std::move(node)) {}

    Status write_at(std::uint64_t offset, std::span<const std::string_view> pieces) override {
        const std::lock_guard lock(files_.mutex_);
        std::string bytes;
        for (const auto piece : pieces) bytes += piece;
        if (std::exchange(files_.fail_write_, false)) {
            put(offset, std::string_view(bytes).substr(0, bytes.size() / 2));
            return errno_error("writing", EIO);
        }
        const auto grown = offset + bytes.size() > node_->now.size()
                               ? offset + bytes.size() - node_->now.size()
                               : 0;
        if (files_.room_ && files_.used() + grown > *files_.room_) {
            put(offset, std::string_view(bytes).substr(0, bytes.size() / 2));
            return errno_error("writing", ENOSPC);
        }
        put(offset, bytes);
        return {};
    }

    Result<std::size_t> read_at(std::uint64_t offset, char* into, std::size_t size) override {
        const std::lock_guard lock(files_.mutex_);
        if (offset >= node_->now.size()) return std::size_t{0};
        size = std::min(size, node_->now.size() - static_cast<std::size_t>(offset));
        std::memcpy(into, node_->now.data() + offset, size);
        return size;
    }

    Status sync() override {
        const std::lock_guard lock(files_.mutex_);
        ++files_.syncs_;
        if (std::exchange(files_.fail_sync_, false)) return errno_error("syncing", EIO);
        node_->synced = node_->now;
        node_->unsynced.clear();
        return {};
    }

    Status preallocate(std::uint64_t size) override {
        const std::lock_guard lock(files_.mutex_);
        if (size <= node_->now.size()) return {};
        if (files_.room_ && files_.used() + size - node_->now.size() > *files_.room_) {
            return errno_error("reserving room", ENOSPC);
        }
        node_->now.resize(size, '\0');
        return {};
    }

    Status truncate(std::uint64_t size) override {
        const std::lock_guard lock(files_.mutex_);
        node_->now.resize(size, '\0');
        return {};
    }

    Result<std::uint64_t> size() override {
        const std::lock_guard lock(files_.mutex_);
        return static_cast<std::uint64_t>(node_->now.size());
    }

  private:
    void put(std::uint64_t offset, std::string_view bytes) {
        put_bytes(node_->now, offset, bytes);
        node_->unsynced.push_back({offset, std::string(bytes)});
    }

    MemoryFileSystem& files_;
    std::shared_ptr<Node> node_;
};

std::uint64_t MemoryFileSystem::used() const {
    std::uint64_t used = 0;
    for (const auto& [path, node] : nodes_) used += node->now.size();
    return used;
}

Result<std::unique_ptr<File>> MemoryFileSystem::open(const std::string& path, OpenMode mode) {
    const std::lock_guard lock(mutex_);
    const auto found = nodes_.find(path);
    if (mode == OpenMode::Create) {
        if (found != nodes_.end()) return errno_error("creating " + path, EEXIST);
        nodes_[path] = std::make_shared<Node>();
    } else if (found == nodes_.end()) {
        return errno_error("opening " + path, ENOENT);
    }
    return std::unique_ptr<File>(std::make_unique<Handle>(*this, nodes_[path]));
}

Result<std::vector<std::string>> MemoryFileSystem::list(const std::string& directory) {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [path, node] : nodes_) {
        if (path.starts_with(directory + "/")) names.push_back(path.substr(directory.size() + 1));
    }
    return names;
}

Status MemoryFileSystem::make_directory(const std::string&) {
    return {};
}

Status MemoryFileSystem::rename(const std::string& from, const std::string& to) {
    const std::lock_guard lock(mutex_);
    nodes_[to] = nodes_.at(from);
    nodes_.erase(from);
    return {};
}

Status MemoryFileSystem::remove(const std::string& path) {
    const std::lock_guard lock(mutex_);
    nodes_.erase(path);
    return {};
}

Status MemoryFileSystem::sync_directory(const std::string&) {
    return {};
}

void MemoryFileSystem::crash(const Survives& survives) {
    const std::lock_guard lock(mutex_);
    for (auto& [path, node] : nodes_) {
        auto left = std::make_shared<Node>();
        left->synced = node->synced;
        const auto kept = survives ? survives(node->unsynced) : std::vector<Write>{};
        for (const auto& write : kept) put_bytes(left->synced, write.offset, write.bytes);
        left->now = left->synced;
        node = std::move(left);  // handles of before write into a file nobody sees
    }
}

void MemoryFileSystem::set_room(std::optional<std::uint64_t> bytes) {
    const std::lock_guard lock(mutex_);
    room_ = bytes;
}

std::string MemoryFileSystem::content(const std::string& path) {
    const std::lock_guard lock(mutex_);
    return nodes_.at(path)->now;
}

void MemoryFileSystem::set_content(const std::string& path, const std::string& bytes) {
    const std::lock_guard lock(mutex_);
    auto node = std::make_shared<Node>();
    node->now = node->synced = bytes;
    nodes_[path] = std::move(node);
}

std::vector<std::string> MemoryFileSystem::all(std::string_view suffix) {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> paths;
    for (const auto& [path, node] : nodes_) {
        if (path.ends_with(suffix)) paths.push_back(path);
    }
    return paths;
}

std::string MemoryFileSystem::only(std::string_view suffix) {
    const auto paths = all(suffix);
    SPILLWAY_INVARIANT(paths.size() == 1, "not exactly one such file");
    return paths.front();
}

}  // namespace spillway::engine
