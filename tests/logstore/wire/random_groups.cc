#include "random_groups.h"

#include "base/result.h"

#include <cstring>

#include <sys/mman.h>
#include <unistd.h>

namespace spillway::wire::testing {

namespace {

std::size_t below(Random& random, std::size_t limit) {
    return static_cast<std::size_t>(random() % limit);
}

bool one_in(Random& random, std::size_t times) {
    return below(random, times) == 0;
}

}  // namespace

std::string random_bytes_like_a_value(Random& random) {
    if (one_in(random, 6)) return {};
    const std::size_t size = one_in(random, 20) ? below(random, 40'000) : below(random, 60);
    std::string out(size, '\0');
    const bool text = one_in(random, 2);
    for (char& c : out) {
        c = static_cast<char>(text ? 'a' + below(random, 6) : below(random, 256));
    }
    return out;
}

LogGroup random_group(Random& random, std::size_t logs_max) {
    LogGroup group;
    const auto logs = below(random, logs_max + 1);
    for (std::size_t i = 0; i < logs; ++i) {
        Log log;
        log.time = static_cast<std::uint32_t>(one_in(random, 4) ? random() : 1'700'000'000 + i);
        if (one_in(random, 2)) log.time_ns = static_cast<std::uint32_t>(random());
        for (auto n = below(random, 14); n > 0; --n) {
            log.contents.push_back(
                {random_bytes_like_a_value(random), random_bytes_like_a_value(random)});
        }
        group.logs.push_back(std::move(log));
    }
    group.topic = random_bytes_like_a_value(random);
    group.source = random_bytes_like_a_value(random);
    if (one_in(random, 3)) group.category = random_bytes_like_a_value(random);
    if (one_in(random, 3)) group.machine_uuid = random_bytes_like_a_value(random);
    for (auto n = below(random, 5); n > 0; --n) {
        group.tags.push_back(
            {random_bytes_like_a_value(random), random_bytes_like_a_value(random)});
    }
    return group;
}

WalledBytes::WalledBytes(std::string_view bytes) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t used = (bytes.size() + page - 1) / page * page;
    map_bytes_ = used + page;
    map_ = mmap(nullptr, map_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    SPILLWAY_INVARIANT(map_ != MAP_FAILED, "no memory for a test's bytes");
    char* const wall = static_cast<char*>(map_) + used;
    SPILLWAY_INVARIANT(mprotect(wall, page, PROT_NONE) == 0, "no wall behind a test's bytes");
    char* const begin = wall - bytes.size();
    if (!bytes.empty()) std::memcpy(begin, bytes.data(), bytes.size());
    view_ = std::string_view(begin, bytes.size());
}

WalledBytes::~WalledBytes() {
    munmap(map_, map_bytes_);
}

}  // namespace spillway::wire::testing
