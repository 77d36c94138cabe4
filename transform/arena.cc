#include "transform/arena.h"

#include <algorithm>

namespace spillway::transform {

void* Arena::allocate_slow(std::size_t bytes) {
    const std::size_t size = std::max(bytes, kBlockBytes);
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(size));
    full_ += used_;
    current_ = blocks_.back().get();
    capacity_ = size;
    used_ = bytes;
    return current_;
}

void Arena::drop_blocks() {
    // The first block may have been made to measure for one large event: begin anew.
    blocks_.clear();
    current_ = nullptr;
    capacity_ = 0;
}

}  // namespace spillway::transform
