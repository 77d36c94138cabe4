// Seeded LogGroups of every shape the service takes, and bytes with a wall behind them.
#pragma once

#include "logstore/model/log_group.h"

#include <cstddef>
#include <random>
#include <string>
#include <string_view>

namespace spillway::wire::testing {

using Random = std::mt19937_64;

/// Any bytes, often none, sometimes long: keys and values of real senders and worse.
std::string random_bytes_like_a_value(Random& random);
LogGroup random_group(Random& random, std::size_t logs_max = 8);

/// A copy of bytes that ends exactly at a page that may not be touched: reading one byte too far
/// crashes in every build.
class WalledBytes {
  public:
    explicit WalledBytes(std::string_view bytes);
    ~WalledBytes();
    WalledBytes(const WalledBytes&) = delete;
    WalledBytes& operator=(const WalledBytes&) = delete;
    std::string_view view() const { return view_; }

  private:
    void* map_ = nullptr;
    std::size_t map_bytes_ = 0;
    std::string_view view_;
};

}  // namespace spillway::wire::testing
