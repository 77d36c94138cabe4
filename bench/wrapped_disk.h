// The real disk with a shim: counts what is read, and can make every sync take a set time, so that
// a figure means the same on every machine.
#pragma once

#include "logstore/engine/file_system.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace spillway::bench {

struct DiskCounts {
    std::atomic<std::uint64_t> bytes_read = 0;
    std::atomic<std::uint64_t> syncs = 0;
};

struct DiskShim {
    std::chrono::microseconds sync_time{0};  ///< in place of the real sync; 0: the real one
    std::shared_ptr<DiskCounts> counts = std::make_shared<DiskCounts>();
};

class WrappedFile final : public engine::File {
  public:
    WrappedFile(std::unique_ptr<engine::File> file, DiskShim shim)
        : file_(std::move(file)), shim_(std::move(shim)) {}
    Status write_at(std::uint64_t offset, std::span<const std::string_view> pieces) override {
        return file_->write_at(offset, pieces);
    }
    Result<std::size_t> read_at(std::uint64_t offset, char* into, std::size_t size) override {
        auto got = file_->read_at(offset, into, size);
        if (got) shim_.counts->bytes_read += *got;
        return got;
    }
    Status sync() override {
        ++shim_.counts->syncs;
        if (shim_.sync_time.count() == 0) return file_->sync();
        std::this_thread::sleep_for(shim_.sync_time);
        return {};
    }
    Status preallocate(std::uint64_t size) override { return file_->preallocate(size); }
    Status truncate(std::uint64_t size) override { return file_->truncate(size); }
    Result<std::uint64_t> size() override { return file_->size(); }

  private:
    std::unique_ptr<engine::File> file_;
    const DiskShim shim_;
};

class WrappedDisk final : public engine::FileSystem {
  public:
    explicit WrappedDisk(DiskShim shim) : shim_(std::move(shim)) {}
    Result<std::unique_ptr<engine::File>> open(const std::string& path,
                                               engine::OpenMode mode) override {
        auto file = files_->open(path, mode);
        if (!file) return file;
        return std::unique_ptr<engine::File>(
            std::make_unique<WrappedFile>(std::move(*file), shim_));
    }
    Result<std::vector<std::string>> list(const std::string& directory) override {
        return files_->list(directory);
    }
    Status make_directory(const std::string& path) override { return files_->make_directory(path); }
    Status rename(const std::string& from, const std::string& to) override {
        return files_->rename(from, to);
    }
    Status remove(const std::string& path) override { return files_->remove(path); }
    Status sync_directory(const std::string& path) override { return files_->sync_directory(path); }

  private:
    const DiskShim shim_;
    std::unique_ptr<engine::FileSystem> files_ = engine::make_posix_file_system();
};

}  // namespace spillway::bench
