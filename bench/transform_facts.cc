// What is counted rather than raced. Every `new` of the program passes here.
#include "bench/contests.h"
#include "bench/transform_rule.h"
#include "logstore/wire/log_group_writer.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <new>

#include <fmt/format.h>

namespace {
std::atomic<std::uint64_t> allocations{0};  // all threads
}  // namespace

void* operator new(std::size_t bytes) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    void* const memory = std::malloc(bytes == 0 ? 1 : bytes);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace spillway::bench {

namespace {

/// Steps of the kinds that long rules are made of.
std::string long_rule(int steps) {
    std::string rule;
    for (int i = 0; i < steps; ++i) {
        switch (i % 5) {
            case 0:
                rule += fmt::format("e_set(\"field{}\", str_upper(v(\"source{}\")))\n", i, i);
                break;
            case 1:
                rule += fmt::format(
                    "e_if(e_search(\"level==WARN and status>={}\"), e_set(\"w{}\", \"1\"))\n", i,
                    i);
                break;
            case 2:
                rule += fmt::format("e_regex(\"line{}\", r'(?<a{}>\\d+)-(?<b{}>[a-z]+) (\\S+)')\n",
                                    i, i, i);
                break;
            case 3:
                rule += fmt::format("e_rename(\"old{}\", \"new{}\")\n", i, i);
                break;
            default:
                rule += fmt::format("e_drop_fields(\"tmp{}_.*\", \"scratch{}\")\n", i, i);
        }
    }
    return rule;
}

double compile_milliseconds(const std::string& rule) {
    std::vector<double> times;
    for (int i = 0; i < 11; ++i) {
        const auto begun = std::chrono::steady_clock::now();
        const BenchRule compiled(rule);
        const std::chrono::duration<double, std::milli> spent =
            std::chrono::steady_clock::now() - begun;
        times.push_back(spent.count());
    }
    std::nth_element(times.begin(), times.begin() + 5, times.end());
    return times[5];
}

/// A page's own allocations (its result) are not an event's: of a page of a thousand logs more they
/// would be no more.
double allocations_per_event(const Pages& pages, const char* text) {
    BenchRule rule(text);
    for (const auto& page : pages) (void)rule.run(page);
    const auto count = [&](const BenchPage& page) {
        const auto before = allocations.load();
        (void)rule.run(page);
        return allocations.load() - before;
    };
    BenchPage longer = pages.front();
    longer.raw.clear();
    for (const auto& group : pages.front().groups) {
        // The same message twice over is one message of twice the logs.
        std::string doubled = group + group;
        wire::append_group_frame(longer.raw, doubled.size());
        longer.raw += doubled;
    }
    (void)rule.run(longer);
    const auto once = static_cast<double>(count(pages.front()));
    const auto twice = static_cast<double>(count(longer));
    return (twice - once) / static_cast<double>(pages.front().logs);
}

}  // namespace

std::vector<Fact> transform_facts(const Pages& pages) {
    return {{"compile a rule of 200 steps", compile_milliseconds(long_rule(200)), "ms", 20.0},
            {"heap allocations an event: drop 70 % by one field",
             allocations_per_event(pages, kDropRule), "", 0.0},
            {"heap allocations an event: drop, rename, set a field",
             allocations_per_event(pages, kThreeEdits), "", 0.0}};
}

}  // namespace spillway::bench
