// Its own program: every `new` in it is counted.
#include "logstore/wire/log_group_writer.h"
#include "transform/transform.h"

#include <atomic>
#include <cstdlib>
#include <new>
#include <string>

#include <gtest/gtest.h>

namespace {
std::atomic<std::uint64_t> allocations{0};
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

namespace spillway::transform {
namespace {

std::string page_of(std::uint32_t logs) {
    wire::LogGroupWriter writer;
    for (std::uint32_t i = 0; i < logs; ++i) {
        writer.begin_log(1'700'000'000 + i);
        writer.content("remote_addr", "10.0.0.1");
        writer.content("level", i % 10 < 7 ? "INFO" : "WARN");
        writer.content("request_id", std::to_string(i));
        writer.content("upstream_addr", "172.16.0.1:8080");
        writer.end_log();
    }
    writer.topic("nginx");
    writer.tag("host", "web-1");
    const std::string group = writer.take();
    std::string page;
    wire::append_group_frame(page, group.size());
    return page + group;
}

/// Of the third run over a page of that many logs: the ones before make room.
std::uint64_t allocations_for(const Program& program, Scratch& scratch, std::uint32_t logs) {
    const RunContext context{WallTime{std::chrono::seconds{1'700'000'000}}};
    const std::string page = page_of(logs);
    std::uint64_t before = 0;
    for (int run = 0; run < 3; ++run) {
        before = allocations.load();
        auto result = program.run_page(page, context, scratch);
        EXPECT_TRUE(result && result->failed.empty());
        scratch.recycle(std::move(*result));
    }
    return allocations.load() - before;
}

void expect_none_for_an_event(std::string_view rule) {
    const auto compiled = Program::compile(rule);
    ASSERT_TRUE(compiled.program.has_value());
    Scratch scratch;
    const auto many = allocations_for(*compiled.program, scratch, 2'000);
    const auto few = allocations_for(*compiled.program, scratch, 10);
    EXPECT_EQ(many, few) << "a page costs the same however many logs it has";
    EXPECT_LE(few, 4U) << "and little";
}

TEST(RuleAllocations, DroppingLogsNeedsNone) {
    expect_none_for_an_event("e_drop(e_search(\"level==INFO\"))");
}

TEST(RuleAllocations, ThreeEditsNeedNone) {
    expect_none_for_an_event(
        "e_drop_fields(\"request_id\")\ne_rename(\"upstream_addr\", \"backend\")\n"
        "e_set(\"env\", \"prod\")");
}

TEST(RuleAllocations, EditsThatCannotBeJoinedNeedNone) {
    expect_none_for_an_event(
        "e_drop_fields(\"request_id\")\ne_rename(\"upstream_addr\", \"level\")\n"
        "e_set(\"level\", v(\"remote_addr\"))");
}

}  // namespace
}  // namespace spillway::transform
