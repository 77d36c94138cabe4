// Runs every fuzz target over its kept seeds and over seeded mutations of them, so that a finding
// that was mended stays mended without a fuzzer at hand.
#include "targets.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace spillway::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr int kMutationsOfASeed = 20;

std::vector<std::string> seeds_of(const Target& target) {
    const fs::path folder = fs::path(SPILLWAY_SOURCE_DIR) / "tests/fuzz/seeds" / target.name;
    std::vector<fs::path> files;
    if (fs::exists(folder)) {
        for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    std::vector<std::string> seeds;
    for (const auto& file : files) {
        std::ifstream in(file, std::ios::binary);
        seeds.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
    return seeds;
}

/// Flips, cuts, doubles or replaces a stretch.
std::string mutated(std::string bytes, std::mt19937& random) {
    const auto at = bytes.empty() ? 0 : random() % bytes.size();
    const auto size = bytes.empty() ? 0 : random() % std::min<std::size_t>(16, bytes.size() - at);
    switch (random() % 4) {
        case 0:
            if (!bytes.empty()) bytes[at] = static_cast<char>(random());
            break;
        case 1:
            bytes.erase(at, size);
            break;
        case 2:
            bytes.insert(at, bytes.substr(at, size));
            break;
        default:
            bytes.resize(at);
    }
    return bytes;
}

class Fuzz : public ::testing::TestWithParam<Target> {};

TEST_P(Fuzz, TakesItsSeedsAndMutationsOfThem) {
    const Target& target = GetParam();
    const auto seeds = seeds_of(target);
    ASSERT_FALSE(seeds.empty()) << "tests/fuzz/seeds/" << target.name << " holds no seed";
    std::mt19937 random(20'240'229);
    target.run("");
    for (const auto& seed : seeds) {
        target.run(seed);
        std::string bytes = seed;
        for (int i = 0; i < kMutationsOfASeed; ++i) {
            bytes = mutated(i % 5 == 0 ? seed : std::move(bytes), random);
            target.run(bytes);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Targets, Fuzz, ::testing::ValuesIn(targets().begin(), targets().end()),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

}  // namespace
}  // namespace spillway::fuzz
