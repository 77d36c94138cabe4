// spillway_tiers [PAIRS, a million unless told] [FIRST SEED, 1 unless told]: random rules on random
// pages, run every way there is; all must give the same bytes. A seed makes the same pair again.
#include "tier_pairs.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
    using namespace spillway::transform::testing;
    const std::uint64_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
    const std::uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const auto pair = TierPairMaker(seed).make();
        const auto difference = difference_between_tiers(pair);
        if (difference.empty()) continue;
        std::printf(
            "seed %llu: %s and step by step differ; the rule:\n%s\nagain: spillway_tiers 1 %llu\n",
            static_cast<unsigned long long>(seed), difference.c_str(), pair.rule.c_str(),
            static_cast<unsigned long long>(seed));
        return 1;
    }
    std::printf("tiers            %llu pairs from seed %llu, all ways agree\n",
                static_cast<unsigned long long>(count), static_cast<unsigned long long>(first));
    return 0;
}
