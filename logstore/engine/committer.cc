#include "logstore/engine/committer.h"

#include <utility>

namespace spillway::engine {

Committer::Committer(int threads, std::size_t waiting_bytes_max, OpenWriters& writers)
    : waiting_bytes_max_(waiting_bytes_max), writers_(writers) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

Committer::~Committer() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    ready_changed_.notify_all();
    for (auto& thread : threads_) thread.join();
}

void Committer::put(std::shared_ptr<LogstoreLog> log, PutRequest request) {
    const auto bytes = request.bytes();
    {
        std::unique_lock lock(mutex_);
        // A single put is admitted however large it is.
        room_changed_.wait(lock, [&] {
            return waiting_bytes_ == 0 || waiting_bytes_ + bytes <= waiting_bytes_max_;
        });
        waiting_bytes_ += bytes;
    }
    request.done = [this, bytes, done = std::move(request.done)](Status status) {
        {
            const std::lock_guard lock(mutex_);
            waiting_bytes_ -= bytes;
        }
        room_changed_.notify_all();
        done(std::move(status));
    };
    if (log->enqueue(std::move(request))) schedule(std::move(log));
}

std::size_t Committer::waiting_bytes() const {
    const std::lock_guard lock(mutex_);
    return waiting_bytes_;
}

void Committer::schedule(std::shared_ptr<LogstoreLog> log) {
    {
        const std::lock_guard lock(mutex_);
        ready_.push_back(std::move(log));
    }
    ready_changed_.notify_one();
}

void Committer::run() {
    while (true) {
        std::shared_ptr<LogstoreLog> log;
        {
            std::unique_lock lock(mutex_);
            ready_changed_.wait(lock, [&] { return stopping_ || !ready_.empty(); });
            if (ready_.empty()) return;
            log = std::move(ready_.front());
            ready_.pop_front();
        }
        const bool has_more = log->run_round();
        writers_.touch(log);
        if (has_more) schedule(std::move(log));
    }
}

}  // namespace spillway::engine
