// spillway_kills --spillway BINARY [--kills N] [--seed N]: exit status 0 when the copy is exact.
#include "tests/base/temp_dir.h"
#include "tests/scenarios/link_kills.h"

#include <cstdio>
#include <random>
#include <string>

int main(int argc, char** argv) {
    using namespace spillway;
    scenarios::KillOptions options;
    options.seed = std::random_device{}();
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string flag = argv[i];
        if (flag == "--spillway") options.program = argv[i + 1];
        if (flag == "--kills") options.kills = std::stoi(argv[i + 1]);
        if (flag == "--seed") options.seed = std::stoull(argv[i + 1]);
    }
    if (options.program.empty()) {
        std::fputs("usage: spillway_kills --spillway BINARY [--kills N] [--seed N]\n", stderr);
        return 2;
    }
    const test::TempDir folder;
    options.folder = folder.path();
    options.say = [](const std::string& line) { std::printf("%s\n", line.c_str()); };
    std::printf("seed %llu\n", static_cast<unsigned long long>(options.seed));
    const auto outcome = scenarios::kill_and_compare(options);
    if (!outcome) {
        std::fprintf(stderr, "error: %s\n", outcome.error().message.c_str());
        return 1;
    }
    std::fputs(outcome->to_string().c_str(), stdout);
    return outcome->is_exact() ? 0 : 1;
}
