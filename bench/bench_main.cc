// spillway_bench: what the hot paths cost beside what they could cost, in about a minute.
#include "base/text.h"
#include "bench/contests.h"
#include "bench/region_process.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include <fmt/format.h>

namespace spillway::bench {
namespace {

struct Group {
    std::string_view name;
    void (*add)(std::vector<Contest>& contests, const Pages& pages);
};
constexpr Group kGroups[] = {
    {"wire", add_wire_contests},
    {"transform", add_transform_contests},
    {"logstore", add_http_contests},
    {"logstore", add_region_contests},
    {"replicate", add_replication_contests},
    {"logstore", add_commit_contests},
};

struct Arguments {
    std::vector<std::string> groups;  ///< empty: all
    std::string json_file;
    std::string only;  ///< part of a contest's name
    bool list = false;
    ContestOptions contest;
};

constexpr const char* kUsage =
    "usage: spillway_bench [GROUP...] [--only TEXT] [--rounds N] [--window-ms N] [--json FILE]\n"
    "                      [--list]\n"
    "  GROUP            wire, transform, logstore, replicate; none: all of them\n"
    "  --only TEXT      contests whose name holds TEXT\n"
    "  --rounds N       rounds of every contest, at least 1 (5)\n"
    "  --window-ms N    length of one measurement (300)\n"
    "  --json FILE      write the results there too\n"
    "  --list           name the contests and stop\n";

[[noreturn]] void usage_error(const std::string& what) {
    std::cerr << "spillway_bench: " << what << "\n" << kUsage;
    std::exit(2);
}

int positive(std::string_view flag, std::string_view text) {
    const auto number = parse_uint(text);
    if (!number || *number == 0 || *number > 1'000'000) {
        usage_error(fmt::format("{} wants a number from 1 to 1000000, not \"{}\"", flag, text));
    }
    return static_cast<int>(*number);
}

Arguments parse(int count, char** words) {
    Arguments out;
    for (int i = 1; i < count; ++i) {
        const std::string_view flag = words[i];
        if (flag == "--help" || flag == "-h") {
            std::cout << kUsage;
            std::exit(0);
        }
        if (flag == "--list") {
            out.list = true;
            continue;
        }
        if (!flag.starts_with("-")) {
            const bool known = std::any_of(std::begin(kGroups), std::end(kGroups),
                                           [&](const Group& group) { return group.name == flag; });
            if (!known) usage_error(fmt::format("there is no group \"{}\"", flag));
            out.groups.emplace_back(flag);
            continue;
        }
        if (i + 1 == count) usage_error(fmt::format("{} is unknown or lacks its value", flag));
        const std::string_view value = words[++i];
        if (flag == "--json") {
            out.json_file = value;
        } else if (flag == "--only") {
            out.only = value;
        } else if (flag == "--rounds") {
            out.contest.rounds = positive(flag, value);
        } else if (flag == "--window-ms") {
            out.contest.window = std::chrono::milliseconds{positive(flag, value)};
        } else {
            usage_error(fmt::format("{} is unknown", flag));
        }
    }
    return out;
}

bool is_wanted(const Arguments& arguments, std::string_view group) {
    const auto& wanted = arguments.groups;
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), group) != wanted.end();
}

int run(const Arguments& arguments) {
    const Pages pages = make_pages(4);
    std::vector<Contest> contests;
    for (const Group& group : kGroups) {
        if (is_wanted(arguments, group.name)) group.add(contests, pages);
    }
    std::erase_if(contests, [&](const Contest& contest) {
        return contest.name.find(arguments.only) == std::string::npos;
    });
    if (contests.empty()) usage_error(fmt::format("no contest holds \"{}\"", arguments.only));
    if (arguments.list) {
        for (const auto& contest : contests) std::cout << contest.name << "\n";
        return 0;
    }
    const auto outcomes = run_contests(contests, arguments.contest);
    std::cout << fmt::format(
        "{} of logs in {} pages, {} a log, LZ4 {:.1f}:1. Raw MB for each second of processor "
        "time\n(acknowledged puts: of real time); medians of {} rounds, product and limit in "
        "turn.\n\n",
        human_bytes(raw_bytes(pages)), pages.size(),
        human_bytes(pages.front().raw.size() / pages.front().logs),
        static_cast<double>(pages.front().raw.size()) /
            static_cast<double>(pages.front().lz4.size()),
        arguments.contest.rounds);
    std::cout << as_table(outcomes);
    if (arguments.only.empty() && is_wanted(arguments, "transform")) {
        std::cout << "\n" << as_table(transform_facts(pages));
    }
    if (arguments.json_file.empty()) return 0;
    std::ofstream file(arguments.json_file);
    file << as_json(outcomes, arguments.contest);
    file.close();
    if (file) return 0;
    std::cerr << fmt::format("spillway_bench: cannot write {}\n", arguments.json_file);
    return 1;
}

}  // namespace
}  // namespace spillway::bench

int main(int count, char** words) {
    if (count == 2 && std::string_view(words[1]) == spillway::bench::kServeFlag) {
        return spillway::bench::serve_region();
    }
    return spillway::bench::run(spillway::bench::parse(count, words));
}
