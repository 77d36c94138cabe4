#include "memory_file_system.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace spillway::engine {

namespace {

constexpr std::size_t kSectorBytes = 512;

void take_over(std::string& into, const MemoryFileSystem::Write& write) {
    if (write.resize) return into.resize(*write.resize, '\0');
    const auto end = write.offset + write.bytes.size();
    if (into.size() < end) into.resize(end, '\0');
    into.replace(write.offset, write.bytes.size(), write.bytes);
}

Error error_of(const std::string& doing, int errno_value) {
    return errno_error(doing, errno_value);
}

std::string folder_of(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

}  // namespace

class MemoryFileSystem::Handle final : public File {
  public:
    /// The caller holds the mutex.
    Handle(MemoryFileSystem& files, std::shared_ptr<Node> node, bool writes)
        : files_(files), node_(std::move(node)), writes_(writes) {
        files_.open_for_writing_ += writes_;
    }
    ~Handle() override {
        const std::lock_guard lock(files_.mutex_);
        files_.open_for_writing_ -= writes_;
    }

    Status write_at(std::uint64_t offset, std::span<const std::string_view> pieces) override {
        const std::lock_guard lock(files_.mutex_);
        std::string bytes;
        for (const auto piece : pieces) bytes += piece;
        auto failure = files_.errno_of_call();
        if (std::exchange(files_.fail_write_, false)) failure = EIO;
        const auto end = offset + bytes.size();
        const auto grown = end > node_->now.size() ? end - node_->now.size() : 0;
        if (files_.room_ && files_.used() + grown > *files_.room_) failure = ENOSPC;
        if (failure) bytes.resize(bytes.size() / 2);
        change({offset, bytes});
        if (failure) return error_of("writing", *failure);
        return {};
    }

    Result<std::size_t> read_at(std::uint64_t offset, char* into, std::size_t size) override {
        const std::lock_guard lock(files_.mutex_);
        if (files_.fail_reads_) return error_of("reading", EIO);
        if (offset >= node_->now.size()) return std::size_t{0};
        size = std::min(size, node_->now.size() - static_cast<std::size_t>(offset));
        std::memcpy(into, node_->now.data() + offset, size);
        files_.bytes_read_ += size;
        return size;
    }

    Status sync() override {
        const std::lock_guard lock(files_.mutex_);
        ++files_.syncs_;
        auto failure = files_.errno_of_call();
        if (std::exchange(files_.fail_sync_, false)) failure = EIO;
        if (failure) {
            for (auto& write : node_->unsynced) write.is_doubtful = true;
            return error_of("syncing", *failure);
        }
        // After a failure the kernel takes the pages for clean: a later sync passes over them.
        for (const auto& write : node_->unsynced) {
            if (!write.is_doubtful) take_over(node_->synced, write);
        }
        node_->unsynced.clear();
        return {};
    }

    Status preallocate(std::uint64_t size) override {
        const std::lock_guard lock(files_.mutex_);
        if (size <= node_->now.size()) return {};
        if (auto failure = files_.errno_of_call()) return error_of("reserving room", *failure);
        if (files_.room_ && files_.used() + size - node_->now.size() > *files_.room_) {
            return error_of("reserving room", ENOSPC);
        }
        change({0, {}, size});
        return {};
    }

    Status truncate(std::uint64_t size) override {
        const std::lock_guard lock(files_.mutex_);
        if (auto failure = files_.errno_of_call()) return error_of("cutting", *failure);
        change({0, {}, size});
        return {};
    }

    Result<std::uint64_t> size() override {
        const std::lock_guard lock(files_.mutex_);
        return static_cast<std::uint64_t>(node_->now.size());
    }

  private:
    void change(Write write) {
        take_over(node_->now, write);
        node_->unsynced.push_back(std::move(write));
    }

    MemoryFileSystem& files_;
    std::shared_ptr<Node> node_;
    const bool writes_;
};

std::uint64_t MemoryFileSystem::used() const {
    std::uint64_t used = 0;
    for (const auto& [path, node] : nodes_) used += node->now.size();
    return used;
}

std::optional<int> MemoryFileSystem::errno_of_call() {
    const int number = calls_++;
    if (!failing_) return std::nullopt;
    const bool fails =
        number == failing_->number || (failing_->for_good && number > failing_->number);
    return fails ? std::optional(failing_->errno_value) : std::nullopt;
}

void MemoryFileSystem::fail_call(int number, int errno_value, bool for_good) {
    const std::lock_guard lock(mutex_);
    failing_ = Failing{calls_ + number, errno_value, for_good};
}

Result<std::unique_ptr<File>> MemoryFileSystem::open(const std::string& path, OpenMode mode) {
    const std::lock_guard lock(mutex_);
    const auto found = nodes_.find(path);
    if (mode == OpenMode::Create) {
        if (auto failure = errno_of_call()) return error_of("creating " + path, *failure);
        if (found != nodes_.end()) return error_of("creating " + path, EEXIST);
        nodes_[path] = std::make_shared<Node>();
    } else if (found == nodes_.end()) {
        return error_of("opening " + path, ENOENT);
    }
    return std::unique_ptr<File>(
        std::make_unique<Handle>(*this, nodes_[path], mode != OpenMode::Read));
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
    if (auto failure = errno_of_call()) return error_of("renaming", *failure);
    nodes_[to] = nodes_.at(from);
    nodes_.erase(from);
    return {};
}

Status MemoryFileSystem::remove(const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (!nodes_.contains(path)) return {};
    if (auto failure = errno_of_call()) return error_of("removing", *failure);
    nodes_.erase(path);
    return {};
}

Status MemoryFileSystem::sync_directory(const std::string& directory) {
    const std::lock_guard lock(mutex_);
    if (auto failure = errno_of_call()) return error_of("syncing the folder", *failure);
    const auto is_here = [&](const auto& entry) { return folder_of(entry.first) == directory; };
    std::erase_if(synced_nodes_, is_here);
    for (const auto& entry : nodes_) {
        if (is_here(entry)) synced_nodes_.insert(entry);
    }
    return {};
}

void MemoryFileSystem::crash(const Survives& survives, const std::function<bool()>& name_survives) {
    const std::lock_guard lock(mutex_);
    auto names = synced_nodes_;
    const auto takes = [&] { return name_survives && name_survives(); };
    for (const auto& [path, node] : nodes_) {
        const auto old = synced_nodes_.find(path);
        if ((old == synced_nodes_.end() || old->second != node) && takes()) names[path] = node;
    }
    for (const auto& [path, node] : synced_nodes_) {
        if (!nodes_.contains(path) && takes()) names.erase(path);
    }
    nodes_.clear();
    for (auto& [path, node] : names) {
        auto left = std::make_shared<Node>();
        left->synced = node->synced;
        const auto kept = survives ? survives(node->unsynced) : std::vector<Write>{};
        for (const auto& write : kept) take_over(left->synced, write);
        left->now = left->synced;
        nodes_[path] = std::move(left);  // handles of before write into a file nobody sees
    }
    synced_nodes_ = nodes_;
    failing_.reset();
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
    nodes_[path] = synced_nodes_[path] = std::move(node);
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

MemoryFileSystem::Survives sectors_survive(std::mt19937& random) {
    return [&random](const std::vector<MemoryFileSystem::Write>& writes) {
        std::vector<MemoryFileSystem::Write> kept;
        for (const auto& write : writes) {
            if (write.resize && random() % 2 == 0) kept.push_back(write);
            for (std::size_t at = 0; at < write.bytes.size();) {
                const auto place = write.offset + at;
                const auto size = static_cast<std::size_t>(kSectorBytes - place % kSectorBytes);
                if (random() % 2 == 0)
                    kept.push_back({place, write.bytes.substr(at, size), {}, false});
                at += size;
            }
        }
        return kept;
    };
}

}  // namespace spillway::engine
