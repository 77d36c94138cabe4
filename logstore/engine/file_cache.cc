#include "logstore/engine/file_cache.h"

namespace spillway::engine {

Result<std::shared_ptr<File>> FileCache::open(const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (const auto found = by_path_.find(path); found != by_path_.end()) {
        if (found_ != nullptr) found_->add();
        slots_.splice(slots_.begin(), slots_, found->second);
        return found->second->file;
    }
    auto opened = files_.open(path, OpenMode::Read);
    if (!opened) return std::move(opened).error();
    if (opened_ != nullptr) opened_->add();
    while (slots_.size() >= open_max_) {
        by_path_.erase(slots_.back().path);
        slots_.pop_back();
    }
    slots_.push_front({path, std::shared_ptr<File>(std::move(*opened))});
    by_path_[path] = slots_.begin();
    return slots_.front().file;
}

void FileCache::forget(const std::string& path) {
    const std::lock_guard lock(mutex_);
    const auto found = by_path_.find(path);
    if (found == by_path_.end()) return;
    slots_.erase(found->second);
    by_path_.erase(found);
}

std::size_t FileCache::open_count() const {
    const std::lock_guard lock(mutex_);
    return slots_.size();
}

}  // namespace spillway::engine
