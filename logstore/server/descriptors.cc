#include "logstore/server/descriptors.h"

#include <algorithm>

namespace spillway::server {

namespace {

constexpr std::uint64_t kForTheStore = 600;
constexpr std::uint64_t kConnectionsLeast = 64;
constexpr std::uint64_t kConnectionsMost = 16'384;

}  // namespace

std::size_t connections_for(std::uint64_t descriptors_max) {
    const auto left = descriptors_max - std::min(descriptors_max, kForTheStore);
    return static_cast<std::size_t>(std::clamp(left, kConnectionsLeast, kConnectionsMost));
}

}  // namespace spillway::server
