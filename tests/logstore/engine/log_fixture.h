// A Logstore's log on files in memory, and words to write to it and read it back.
#pragma once

#include "base/clock.h"
#include "base/event_log.h"
#include "base/hash.h"
#include "base/metrics.h"
#include "logstore/engine/logstore_log.h"
#include "logstore/engine/prepare.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/log_group_writer.h"
#include "memory_file_system.h"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace spillway::engine {

/// Keeps the event names, so that a test can ask what was reported.
class RecordedEvents final : public EventLog {
  public:
    void write(LogLevel, std::string_view event, std::string_view sentence, LogFields) override {
        const std::lock_guard lock(mutex_);
        events_.emplace_back(event, sentence);
    }
    int count(std::string_view event) {
        const std::lock_guard lock(mutex_);
        int count = 0;
        for (const auto& [name, sentence] : events_) count += name == event;
        return count;
    }

  private:
    std::mutex mutex_;
    std::vector<std::pair<std::string, std::string>> events_;
};

/// One log with one content: "m" = text. Text of `bytes` more makes it larger.
inline PreparedGroup group_of(const std::string& text) {
    wire::LogGroupWriter writer;
    writer.begin_log(1'700'000'000);
    writer.content("m", text);
    writer.end_log();
    Batch batch;
    batch.body = writer.take();
    batch.raw_bytes = batch.body.size();
    auto prepared = prepare(batch);
    EXPECT_TRUE(prepared);
    return *std::move(prepared);
}

inline std::string text_of(const StoredRange& range, std::size_t i) {
    auto raw = wire::decompress(Codec::Lz4, range.block(i), range.blocks[i].raw_bytes);
    if (!raw) return "<" + raw.error().message + ">";
    std::string text;
    auto view = wire::LogGroupView::parse(*raw);
    if (!view) return "<" + view.error().message + ">";
    view->for_each_log([&](const wire::LogView& log) {
        text = std::string(log.find("m").value_or("<none>"));
        return true;
    });
    return text;
}

class LogFixture : public ::testing::Test {
  protected:
    static constexpr ShardId kShard{0};

    void start_with_shards(std::uint32_t count) {
        start_.id = 1;
        start_.name = "pay/app";
        start_.directory = "/logs/1";
        start_.shards = initial_shards(count, 1'000'000);
    }
    void SetUp() override { start_with_shards(1); }

    Status open() {
        cache_ = std::make_unique<FileCache>(*files_, 16);
        const LogContext context{*files_, *cache_, clock_, events_, metrics_, settings_};
        auto opened = LogstoreLog::open(context, start_);
        if (!opened) return std::move(opened).error();
        log_ = *std::move(opened);
        return {};
    }
    /// The process ends without a word and starts again.
    void reopen() {
        log_.reset();
        ASSERT_TRUE(open());
    }
    void crash_and_reopen(const MemoryFileSystem::Survives& survives = {}) {
        files_->crash(survives);
        reopen();
    }

    /// Queues a put; the outcome appears in outcomes_ when a round was run.
    void queue(std::vector<std::string> texts, std::optional<HashKey> key = {},
               std::optional<std::uint64_t> sequence = {}) {
        PutRequest request;
        for (const auto& text : texts) request.groups.push_back(group_of(text));
        request.route_key = key;
        request.sequence_id = sequence;
        const auto place = outcomes_.size();
        outcomes_.emplace_back();
        request.done = [this, place](Status status) { outcomes_[place] = std::move(status); };
        log_->enqueue(std::move(request));
    }
    Status put(const std::string& text, std::optional<HashKey> key = {},
               std::optional<std::uint64_t> sequence = {}) {
        return put_groups({text}, key, sequence);
    }
    Status put_groups(std::vector<std::string> texts, std::optional<HashKey> key = {},
                      std::optional<std::uint64_t> sequence = {}) {
        queue(std::move(texts), key, sequence);
        log_->run_round();
        return outcomes_.back().value_or(make_error(ErrorCode::Internal, "not answered"));
    }

    void store(const std::string& text, std::optional<HashKey> key = {},
               std::optional<std::uint64_t> sequence = {}) {
        EXPECT_TRUE(put(text, key, sequence)) << text;
    }

    std::vector<std::string> texts(ShardId shard = kShard) {
        std::vector<std::string> all;
        auto bounds = log_->positions(shard);
        if (!bounds) return {"<" + bounds.error().message + ">"};
        for (auto at = bounds->first; at < bounds->next;) {
            auto range = log_->read(shard, at, {});
            if (!range) return {"<" + range.error().message + ">"};
            for (std::size_t i = 0; i < range->blocks.size(); ++i) {
                all.push_back(text_of(*range, i));
            }
            if (range->next == at) return {"<stuck>"};
            at = range->next;
        }
        return all;
    }

    FakeClock clock_;
    std::unique_ptr<MemoryFileSystem> files_ = std::make_unique<MemoryFileSystem>();
    RecordedEvents events_;
    MetricsRegistry registry_;
    EngineMetrics metrics_{registry_};
    LogSettings settings_;
    LogStart start_;
    std::unique_ptr<FileCache> cache_;
    std::shared_ptr<LogstoreLog> log_;
    std::vector<std::optional<Status>> outcomes_;
};

}  // namespace spillway::engine
