// Between two stages: a queue bounded in bytes that always admits one item, however large, so that
// nothing can be stuck for ever. Thread-safe; many producers, many consumers.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace spillway {

template <class Item>
class ByteQueue {
  public:
    explicit ByteQueue(std::size_t capacity_bytes) : capacity_bytes_(capacity_bytes) {}

    /// Waits for room. False when stopped or closed: the item was not taken.
    bool push(Item item, std::size_t bytes, std::stop_token stop = {}) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, stop, [&] { return closed_ || fits(bytes); });
        if (closed_ || !fits(bytes)) return false;
        add(std::move(item), bytes);
        return true;
    }

    /// False when there is no room now: the item was not taken.
    bool try_push(Item& item, std::size_t bytes) {
        const std::lock_guard lock(mutex_);
        if (closed_ || !fits(bytes)) return false;
        add(std::move(item), bytes);
        return true;
    }

    /// Waits for an item. Nothing when stopped, or closed and empty.
    std::optional<Item> pop(std::stop_token stop = {}) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, stop, [&] { return closed_ || !items_.empty(); });
        if (items_.empty() || stop.stop_requested()) return std::nullopt;
        auto [item, bytes] = std::move(items_.front());
        items_.pop_front();
        held_bytes_ -= bytes;
        changed_.notify_all();
        return std::move(item);
    }

    /// No more pushes; what is held can still be popped.
    void close() {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        changed_.notify_all();
    }

    std::size_t held_bytes() const {
        const std::lock_guard lock(mutex_);
        return held_bytes_;
    }
    std::size_t size() const {
        const std::lock_guard lock(mutex_);
        return items_.size();
    }

  private:
    bool fits(std::size_t bytes) const {
        return items_.empty() || held_bytes_ + bytes <= capacity_bytes_;
    }
    void add(Item item, std::size_t bytes) {
        items_.emplace_back(std::move(item), bytes);
        held_bytes_ += bytes;
        changed_.notify_all();
    }

    const std::size_t capacity_bytes_;
    mutable std::mutex mutex_;  // guards everything below
    std::condition_variable_any changed_;
    std::deque<std::pair<Item, std::size_t>> items_;
    std::size_t held_bytes_ = 0;
    bool closed_ = false;
};

}  // namespace spillway
