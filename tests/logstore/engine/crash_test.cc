// The process is killed under load, at random points, again and again on the same folder. After
// each kill: every acknowledged LogGroup is there exactly once and in its writer's order, what was
// under way is there whole or not at all, and the fence forgot nothing.
#include "base/event_log.h"
#include "logstore/engine/engine.h"
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/log_group_writer.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <random>
#include <thread>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace spillway::engine {
namespace {

constexpr int kKills = 20;
constexpr std::size_t kWriters = 6;

using Counts = std::array<std::uint64_t, kWriters>;  ///< by writer: how many puts, from the first

const LogstoreRef kRef{ProjectName("pay"), LogstoreName("app")};

/// Every fourth put has several groups: stored whole or not at all.
std::size_t parts_of(std::uint64_t number) {
    return number % 4 == 2 ? 5 : 1;
}

Batch batch_of(std::size_t writer, std::uint64_t number, std::size_t part) {
    wire::LogGroupWriter group;
    group.begin_log(1'700'000'000);
    group.content("writer", std::to_string(writer));
    group.content("number", std::to_string(number));
    group.content("part", std::to_string(part));
    group.content("padding", std::string(number % 700, 'p'));
    group.end_log();
    Batch batch;
    batch.body = group.take();
    batch.raw_bytes = batch.body.size();
    batch.route_key = RouteKey(std::string(1, "048cf2"[writer]));
    batch.sequence_id = SequenceId(number + 1);
    return batch;
}

Status put(Engine& engine, std::size_t writer, std::uint64_t number) {
    std::vector<Batch> batches;
    for (std::size_t part = 0; part < parts_of(number); ++part) {
        batches.push_back(batch_of(writer, number, part));
    }
    std::promise<Status> promise;
    auto stored = promise.get_future();
    engine.put_async(kRef, batches, {},
                     [&](Status status) { promise.set_value(std::move(status)); });
    return stored.get();
}

EngineOptions options_of(const std::string& path) {
    EngineOptions options;
    options.path = path;
    options.log.segment_bytes = 48 * 1024;  // many segments are sealed on the way
    return options;
}

struct Acknowledgement {
    std::uint32_t writer;
    std::uint32_t number;
};

/// The process that is killed: writes until then, and tells the pipe of every acknowledgement.
[[noreturn]] void write_until_killed(const std::string& path, int pipe, const Counts& from,
                                     bool splits) {
    SystemClock clock;
    auto engine = Engine::open(options_of(path), clock, null_event_log(), nullptr);
    if (!engine) std::_Exit(3);
    std::vector<std::thread> writers;
    for (std::size_t writer = 0; writer < kWriters; ++writer) {
        writers.emplace_back([&, writer] {
            for (auto number = from[writer];; ++number) {
                if (!put(**engine, writer, number)) std::_Exit(4);
                const Acknowledgement told{static_cast<std::uint32_t>(writer),
                                           static_cast<std::uint32_t>(number)};
                if (::write(pipe, &told, sizeof told) != sizeof told) std::_Exit(5);
            }
        });
    }
    if (splits) {
        const auto shards = (*engine)->shards(kRef);
        for (const auto& shard : *shards) {
            if (shard.status != ShardStatus::ReadWrite) continue;
            if (!(*engine)->split_shard(kRef, shard.id, {})) std::_Exit(6);
            break;
        }
    }
    for (auto& writer : writers) writer.join();
    std::_Exit(7);
}

/// Kills the writer after that many acknowledgements. Returns how far each writer was acknowledged.
Counts run_and_kill(const std::string& path, const Counts& from, int after, bool splits) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(ends[0]);
        write_until_killed(path, ends[1], from, splits);
    }
    ::close(ends[1]);
    Counts acknowledged = from;
    Acknowledgement told{};
    for (int seen = 0; ::read(ends[0], &told, sizeof told) == sizeof told; ++seen) {
        EXPECT_EQ(told.number, acknowledged[told.writer]);
        acknowledged[told.writer] = told.number + 1;
        if (seen == after) ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself: " << WEXITSTATUS(status);
    return acknowledged;
}

/// Reads everything, parents before children, and checks order and uniqueness per writer.
Counts count_stored(Engine& engine) {
    Counts stored{};
    std::array<std::size_t, kWriters> next_part{};
    const auto shards = engine.shards(kRef);
    for (const auto& shard : *shards) {
        PullRequest request;
        request.codec = Codec::None;
        request.from = *engine.cursor(kRef, shard.id, CursorSeek::begin());
        while (true) {
            auto page = engine.pull(kRef, shard.id, request);
            if (!page || page->next == request.from) break;
            request.from = page->next;
            EXPECT_TRUE(wire::for_each_group(page->body, [&](std::string_view bytes) {
                wire::LogGroupView::parse(bytes)->for_each_log([&](const wire::LogView& log) {
                    const auto writer = std::stoul(std::string(*log.find("writer")));
                    EXPECT_EQ(*log.find("number"), std::to_string(stored[writer]));
                    EXPECT_EQ(*log.find("part"), std::to_string(next_part[writer]));
                    if (++next_part[writer] < parts_of(stored[writer])) return true;
                    next_part[writer] = 0;
                    ++stored[writer];
                    return true;
                });
                return true;
            }));
        }
        EXPECT_EQ(request.from, *engine.cursor(kRef, shard.id, CursorSeek::end()));
    }
    for (const auto part : next_part) EXPECT_EQ(part, 0U) << "half a put is there";
    return stored;
}

TEST(Crash, NothingAcknowledgedIsLostOrDoubledByKillsUnderLoad) {
    std::string pattern = ::testing::TempDir() + "spillway_crash_XXXXXX";
    const std::string folder = ::mkdtemp(pattern.data());
    const auto path = folder + "/region";
    const auto seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    SystemClock clock;
    Counts stored{};
    {
        auto engine = Engine::open(options_of(path), clock, null_event_log(), nullptr);
        ASSERT_TRUE(engine) << engine.error().message;
        ProjectInfo project;
        project.name = kRef.project;
        ASSERT_TRUE((*engine)->create_project(project));
        LogstoreSettings settings;
        settings.shard_count = 2;
        ASSERT_TRUE((*engine)->create_logstore(kRef, settings));
    }
    for (int kill = 0; kill < kKills && !::testing::Test::HasFailure(); ++kill) {
        SCOPED_TRACE("kill " + std::to_string(kill));
        const auto after = static_cast<int>(random() % 250);
        const auto acknowledged = run_and_kill(path, stored, after, kill % 5 == 4);
        auto engine = Engine::open(options_of(path), clock, null_event_log(), nullptr);
        ASSERT_TRUE(engine) << engine.error().message;
        stored = count_stored(**engine);
        for (std::size_t writer = 0; writer < kWriters; ++writer) {
            EXPECT_GE(stored[writer], acknowledged[writer]) << "lost, writer " << writer;
            EXPECT_LE(stored[writer], acknowledged[writer] + 1) << "one put was under way";
            if (stored[writer] == 0) continue;
            auto again = put(**engine, writer, stored[writer] - 1);
            ASSERT_FALSE(again);
            EXPECT_EQ(again.error().service_code, "InvalidSequenceId");
        }
    }
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace spillway::engine
