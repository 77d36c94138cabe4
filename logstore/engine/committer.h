// The threads that make puts durable. A log with waiting puts is handed to one of them, which runs
// its rounds; puts that arrive during a round's sync share the next one. Thread-safe.
#pragma once

#include "logstore/engine/logstore_log.h"
#include "logstore/engine/open_writers.h"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace spillway::engine {

class Committer {
  public:
    /// `waiting_bytes_max`: how much may wait to be written; put() blocks above that.
    /// `writers` must outlive it.
    Committer(int threads, std::size_t waiting_bytes_max, OpenWriters& writers);
    /// Finishes what waits, then stops.
    ~Committer();
    Committer(const Committer&) = delete;
    Committer& operator=(const Committer&) = delete;

    /// Blocks while too much is waiting: a slow disk slows the senders instead of filling memory.
    void put(std::shared_ptr<LogstoreLog> log, PutRequest request);
    std::size_t waiting_bytes() const;

  private:
    void run();
    void schedule(std::shared_ptr<LogstoreLog> log);

    const std::size_t waiting_bytes_max_;
    OpenWriters& writers_;
    mutable std::mutex mutex_;  // guards ready_, waiting_bytes_, stopping_
    std::condition_variable ready_changed_;
    std::condition_variable room_changed_;
    std::deque<std::shared_ptr<LogstoreLog>> ready_;
    std::size_t waiting_bytes_ = 0;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace spillway::engine
