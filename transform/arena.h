// A bump allocator for everything an event needs while a rule runs. Nothing in it is destroyed; it
// is forgotten as a whole by reset(). One owner at a time.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace spillway::transform {

class Arena {
  public:
    /// Never fails; a size above the block size gets a block of its own.
    void* allocate(std::size_t bytes, std::size_t align) {
        const std::size_t at = (used_ + align - 1) & ~(align - 1);
        if (current_ == nullptr || at + bytes > capacity_) return allocate_slow(bytes);
        used_ = at + bytes;
        return current_ + at;
    }

    char* text(std::size_t bytes) { return static_cast<char*>(allocate(bytes, 1)); }

    template <class T>
    T* array(std::size_t count) {
        return static_cast<T*>(allocate(count * sizeof(T), alignof(T)));
    }

    std::string_view copy(std::string_view from) {
        if (from.empty()) return {"", 0};
        char* to = text(from.size());
        std::memcpy(to, from.data(), from.size());
        return {to, from.size()};
    }

    std::string_view concat(std::string_view left, std::string_view right) {
        char* to = text(left.size() + right.size() + 1);
        if (!left.empty()) std::memcpy(to, left.data(), left.size());
        if (!right.empty()) std::memcpy(to + left.size(), right.data(), right.size());
        return {to, left.size() + right.size()};
    }

    /// Forgets everything; keeps the first block for the next event.
    void reset() {
        full_ = 0;
        used_ = 0;
        if (blocks_.size() > 1 || capacity_ > kBlockBytes) drop_blocks();
    }

    /// Bytes handed out since the last reset, counting whole blocks.
    std::size_t used() const { return full_ + used_; }

  private:
    void* allocate_slow(std::size_t bytes);
    void drop_blocks();

    static constexpr std::size_t kBlockBytes = 64 * 1024;
    char* current_ = nullptr;
    std::size_t used_ = 0;
    std::size_t capacity_ = 0;
    std::size_t full_ = 0;
    std::vector<std::unique_ptr<char[]>> blocks_;
};

}  // namespace spillway::transform
