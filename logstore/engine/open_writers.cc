#include "logstore/engine/open_writers.h"

namespace spillway::engine {

void OpenWriters::touch(const std::shared_ptr<LogstoreLog>& log) {
    std::shared_ptr<LogstoreLog> idle;
    {
        const std::lock_guard lock(mutex_);
        if (const auto found = places_.find(log.get()); found != places_.end()) {
            slots_.splice(slots_.begin(), slots_, found->second);
            slots_.front().log = log;
        } else {
            slots_.push_front({log.get(), log});
            places_[log.get()] = slots_.begin();
        }
        if (slots_.size() <= open_max_) return;
        idle = slots_.back().log.lock();
        places_.erase(slots_.back().key);
        slots_.pop_back();
    }
    // One that is busy this very moment stays open, and takes its place at the front again.
    if (idle && !idle->rest()) {
        const std::lock_guard lock(mutex_);
        if (places_.contains(idle.get())) return;
        slots_.push_front({idle.get(), idle});
        places_[idle.get()] = slots_.begin();
    }
}

void OpenWriters::forget(const LogstoreLog& log) {
    const std::lock_guard lock(mutex_);
    const auto found = places_.find(&log);
    if (found == places_.end()) return;
    slots_.erase(found->second);
    places_.erase(found);
}

std::size_t OpenWriters::open_count() const {
    const std::lock_guard lock(mutex_);
    return slots_.size();
}

}  // namespace spillway::engine
