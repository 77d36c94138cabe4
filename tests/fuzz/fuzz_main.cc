// spillway_fuzz: one libFuzzer program for every target.
//   spillway_fuzz --list
//   spillway_fuzz NAME [libFuzzer options] [corpus folders or inputs to replay]
#include "targets.h"

#include <cstdio>
#include <string_view>

extern "C" int LLVMFuzzerRunDriver(int* argc, char*** argv,
                                   int (*run_one)(const std::uint8_t* data, std::size_t size));

namespace {

using spillway::fuzz::Target;

const Target* chosen = nullptr;  // libFuzzer's callback takes no argument of ours

int run_one(const std::uint8_t* data, std::size_t size) {
    chosen->run(std::string_view(reinterpret_cast<const char*>(data), size));
    return 0;
}

int list() {
    for (const Target& target : spillway::fuzz::targets()) {
        std::printf("%-16.*s %.*s\n", static_cast<int>(target.name.size()), target.name.data(),
                    static_cast<int>(target.what.size()), target.what.data());
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1 && std::string_view(argv[1]) == "--list") return list();
    chosen = argc > 1 ? spillway::fuzz::find_target(argv[1]) : nullptr;
    if (chosen == nullptr) {
        std::fprintf(stderr, "usage: spillway_fuzz NAME [libFuzzer options]; the names are:\n");
        list();
        return 2;
    }
    argv[1] = argv[0];
    ++argv;
    --argc;
    return LLVMFuzzerRunDriver(&argc, &argv, run_one);
}
