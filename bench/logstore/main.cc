// spillway_logstore_bench: what the embedded Logstore does on this disk, with this memory, beside
// these clients. `./dev bench logstore` runs it after the contests.
#include "base/text.h"
#include "bench/logstore/measure.h"

#include <iostream>

#include <fmt/format.h>

namespace spillway::bench {
namespace {

constexpr const char* kUsage =
    "usage: spillway_logstore_bench [--only PART] [--rounds N] [--full]\n"
    "  --only PART   commits, traffic, store or hostile\n"
    "  --rounds N    of what is compared (3)\n"
    "  --full        the store has 10 GB instead of 1 GB\n";

struct Part {
    std::string_view name;
    bool (*measure)(const LogstoreBenchOptions& options);
};
constexpr Part kParts[] = {{"commits", measure_commits},
                           {"traffic", measure_traffic},
                           {"store", measure_store},
                           {"hostile", measure_hostile}};

int usage_error(const std::string& what) {
    std::cerr << "spillway_logstore_bench: " << what << "\n" << kUsage;
    return 2;
}

int measure(const LogstoreBenchOptions& options) {
    bool good = true;
    bool found = false;
    for (const auto& part : kParts) {
        if (!options.only.empty() && part.name != options.only) continue;
        found = true;
        good &= part.measure(options);
    }
    if (!found) return usage_error("there is no part " + options.only);
    return good ? 0 : 1;
}

int run(const std::vector<std::string>& words) {
    LogstoreBenchOptions options;
    options.program = words.front();
    std::string folder;
    std::string sync = "commit";
    for (std::size_t i = 1; i < words.size(); ++i) {
        const auto& flag = words[i];
        if (flag == "--full") {
            options.full = true;
            continue;
        }
        if (i + 1 == words.size()) return usage_error(flag + " is unknown or lacks its value");
        const auto& value = words[++i];
        const auto number = parse_uint(value).value_or(0);
        if (flag == "--only") {
            options.only = value;
        } else if (flag == "--rounds" && number > 0 && number < 1'000) {
            options.rounds = static_cast<int>(number);
        } else if (flag == "--serve") {
            folder = value;
        } else if (flag == "--sync") {
            sync = value;
        } else if (flag == "--generate" && i + 1 < words.size()) {
            return generate_store(value, parse_uint(words[i + 1]).value_or(0));
        } else {
            return usage_error(fmt::format("{} {} is not understood", flag, value));
        }
    }
    return folder.empty() ? measure(options) : serve_region(folder, sync);
}

}  // namespace
}  // namespace spillway::bench

int main(int count, char** words) {
    return spillway::bench::run({words, words + count});
}
