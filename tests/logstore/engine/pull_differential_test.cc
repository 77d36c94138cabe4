// A page joined from stored blocks against the same page put together from what they decode to: for
// random groups, sent in any codec, read in pages of any size.
#include "base/event_log.h"
#include "logstore/engine/engine.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_writer.h"
#include "tests/logstore/wire/random_groups.h"

#include <filesystem>
#include <fstream>
#include <random>

#include <gtest/gtest.h>
#include <stdlib.h>

namespace spillway::engine {
namespace {

class PullDifferential : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "spillway_pull_XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
        options_.path = folder_;
        options_.log.sync = SyncMode::None;
        options_.log.segment_bytes = 64 * 1024;
    }
    void TearDown() override {
        engine_.reset();
        std::filesystem::remove_all(folder_);
    }
    void open() {
        auto opened = Engine::open(options_, clock_, null_event_log(), nullptr);
        ASSERT_TRUE(opened) << opened.error().message;
        engine_ = *std::move(opened);
        ProjectInfo project;
        project.name = ProjectName("pay");
        (void)engine_->create_project(project);
    }
    LogstoreRef create(const std::string& name, std::uint32_t shards) {
        const LogstoreRef ref{ProjectName("pay"), LogstoreName(name)};
        LogstoreSettings settings;
        settings.shard_count = shards;
        EXPECT_TRUE(engine_->create_logstore(ref, settings));
        return ref;
    }

    static Batch batch_of(const std::string& raw, Codec codec) {
        Batch batch;
        batch.raw_bytes = raw.size();
        batch.codec = codec;
        batch.body = codec == Codec::None ? raw : *wire::compress(codec, raw);
        return batch;
    }

    std::string pull(const LogstoreRef& ref, const Cursor& from, std::uint32_t groups, Codec codec,
                     Cursor& next) {
        PullRequest request;
        request.from = from;
        request.groups_max = groups;
        request.codec = codec;
        auto page = engine_->pull(ref, ShardId(0), request);
        if (!page) return "<" + page.error().message + ">";
        next = page->next;
        auto raw = wire::decompress(page->codec, page->body, page->raw_bytes);
        return raw ? *raw : "<" + raw.error().message + ">";
    }

    std::string folder_;
    SystemClock clock_;
    EngineOptions options_;
    std::unique_ptr<Engine> engine_;
};

TEST_F(PullDifferential, AStitchedPageDecodesToWhatARecompressedOneDoes) {
    constexpr Codec kCodecs[] = {Codec::None, Codec::Lz4, Codec::Zstd, Codec::Deflate};
    open();
    for (std::uint64_t seed = 1; seed <= 25; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        wire::testing::Random random(seed);
        const auto ref = create("random-" + std::to_string(seed), 1);
        std::vector<std::string> lists;
        for (auto count = 1 + random() % 12; count > 0; --count) {
            auto raw = wire::encode(wire::testing::random_group(random));
            if (raw.empty()) continue;
            ASSERT_TRUE(engine_->put(ref, batch_of(raw, kCodecs[random() % 4])));
            std::string framed;
            wire::append_group_frame(framed, raw.size());
            lists.push_back(framed + raw);
        }
        const auto begin = *engine_->cursor(ref, ShardId(0), CursorSeek::begin());
        std::size_t done = 0;
        for (Cursor at = begin, next; done < lists.size(); at = next) {
            const auto groups = static_cast<std::uint32_t>(1 + random() % 5);
            const auto stitched = pull(ref, at, groups, Codec::Lz4, next);
            const auto size = static_cast<std::size_t>(*next.position() - *at.position());
            std::string wanted;
            for (std::size_t i = 0; i < size; ++i) wanted += lists.at(done + i);
            ASSERT_EQ(stitched, wanted);
            for (const auto codec : {Codec::None, Codec::Zstd, Codec::Deflate}) {
                Cursor same;
                ASSERT_EQ(pull(ref, at, groups, codec, same), wanted);
                ASSERT_EQ(same, next);
            }
            done += size;
        }
    }
}

std::size_t open_descriptors() {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        count += !entry.path().empty();
    }
    return count;
}

TEST_F(PullDifferential, ThousandsOfShardsTakeFewDescriptors) {
    constexpr std::uint32_t kStores = 12;
    constexpr std::uint32_t kShards = 256;
    options_.open_files_max = 16;
    options_.open_writers_max = 4;
    options_.log.segment_bytes = 4'096;
    open();
    const auto before = open_descriptors();
    std::vector<LogstoreRef> refs;
    for (std::uint32_t i = 0; i < kStores; ++i) {
        refs.push_back(create("store-" + std::to_string(i), kShards));
    }
    wire::LogGroupWriter group;
    group.begin_log(1'700'000'000);
    group.content("m", "x");
    group.end_log();
    const auto batch = batch_of(group.take(), Codec::None);
    for (std::uint32_t i = 0; i < kShards; ++i) {
        ASSERT_TRUE(engine_->put(refs[i % kStores], batch));
    }
    std::size_t found = 0;
    for (std::uint32_t shard = 0; shard < kShards; ++shard) {
        for (const auto& ref : refs) {
            PullRequest request;
            request.from = *engine_->cursor(ref, ShardId(shard), CursorSeek::begin());
            found += engine_->pull(ref, ShardId(shard), request)->group_count;
        }
    }
    EXPECT_EQ(found, kShards);
    EXPECT_LE(open_descriptors(), before + 16 + 4 + 4) << "and a few of the catalog";
    EXPECT_LE(engine_->open_files(), 20U);
}

}  // namespace
}  // namespace spillway::engine
