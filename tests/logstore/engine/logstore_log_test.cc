#include "log_fixture.h"

#include <algorithm>
#include <cerrno>
#include <random>

namespace spillway::engine {
namespace {

using Texts = std::vector<std::string>;

class LogTest : public LogFixture {
  protected:
    void SetUp() override {
        LogFixture::SetUp();
        ASSERT_TRUE(open());
    }
};

TEST_F(LogTest, ServesWhatItAcknowledgedInOrder) {
    EXPECT_TRUE(put("a"));
    EXPECT_TRUE(put("b"));
    EXPECT_EQ(texts(), (Texts{"a", "b"}));
    EXPECT_EQ(log_->positions(kShard)->first, 1'000'000);
    EXPECT_EQ(log_->positions(kShard)->next, 1'000'002);
}

TEST_F(LogTest, OneSyncServesEveryWaitingPut) {
    store("first, which also makes the segment");
    const auto before = files_->syncs();
    for (int i = 0; i < 50; ++i) queue({std::to_string(i)});
    log_->run_round();
    EXPECT_EQ(files_->syncs(), before + 1);
    for (const auto& outcome : outcomes_) EXPECT_TRUE(outcome && *outcome);
}

TEST_F(LogTest, KeepsWhatWasSyncedWhenTheMachineStops) {
    store("a");
    store("b");
    crash_and_reopen();
    EXPECT_EQ(texts(), (Texts{"a", "b"}));
    EXPECT_TRUE(put("c"));
    EXPECT_EQ(texts(), (Texts{"a", "b", "c"}));
}

TEST_F(LogTest, CutsAWriteThatWasTornAtAnyByte) {
    store("kept");
    files_->fail_call(1, EIO, true);  // the write goes through; neither the sync nor the cut does
    EXPECT_FALSE(put("torn, never acknowledged"));
    files_->fail_no_call();
    const auto torn_bytes = kRecordHeaderBytes + group_of("torn, never acknowledged").block.size();
    const auto synced = files_->content(files_->only(".seg"));
    for (std::size_t kept = 0; kept < torn_bytes; ++kept) {
        SCOPED_TRACE(kept);
        // The same disk each time, with `kept` bytes of the last write on it.
        auto bytes = synced;
        const auto tail = kSegmentHeaderBytes + kRecordHeaderBytes + group_of("kept").block.size();
        std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(tail + kept), bytes.end(), '\0');
        files_->set_content(files_->only(".seg"), bytes);
        reopen();
        ASSERT_EQ(texts(), Texts{"kept"});
        ASSERT_TRUE(put("next"));
        reopen();
        ASSERT_EQ(texts(), (Texts{"kept", "next"}));
    }
    EXPECT_GT(events_.count("store.torn_tail"), 0);
}

TEST_F(LogTest, ServesNoPartOfARoundWhoseFirstRecordWasLost) {
    store("kept");
    files_->fail_next_sync();
    queue({"lost"}, HashKey{5}, 1);
    queue({"written, but behind a hole"}, HashKey{5}, 2);
    log_->run_round();
    const auto lost_bytes = kRecordHeaderBytes + group_of("lost").block.size();
    crash_and_reopen([&](const std::vector<MemoryFileSystem::Write>& writes) {
        if (writes.empty()) return writes;
        auto write = *std::find_if(writes.rbegin(), writes.rend(),
                                   [](const auto& each) { return !each.resize; });
        write.bytes.erase(0, lost_bytes);
        write.offset += lost_bytes;
        return std::vector{write};
    });
    EXPECT_EQ(texts(), Texts{"kept"});
    EXPECT_TRUE(put("sent again", HashKey{5}, 1)) << "the fence must not know a round that was cut";
    EXPECT_EQ(texts(), (Texts{"kept", "sent again"}));
}

TEST_F(LogTest, DoesNotServeADamagedRecordAndReportsItOnce) {
    for (const auto* text : {"a", "b", "c"}) store(text);
    const auto path = files_->only(".seg");
    auto bytes = files_->content(path);
    const auto record = kRecordHeaderBytes + group_of("a").block.size();
    bytes[kSegmentHeaderBytes + 2 * record - 1] ^= 1;  // the last byte of b's body
    files_->set_content(path, bytes);
    EXPECT_EQ(texts(), (Texts{"a", "c"}));
    EXPECT_EQ(texts(), (Texts{"a", "c"}));
    EXPECT_EQ(events_.count("store.damaged_record"), 1);
}

TEST_F(LogTest, TellsDamageFromATornTailWhenItStarts) {
    for (const auto* text : {"a", "b", "c"}) store(text);
    const auto path = files_->only(".seg");
    const auto whole = files_->content(path);
    const auto record = kRecordHeaderBytes + group_of("a").block.size();
    for (std::size_t offset = 0; offset < record; ++offset) {
        SCOPED_TRACE(offset);
        auto bytes = whole;
        bytes[kSegmentHeaderBytes + record + offset] ^= 0x40;  // somewhere in b
        files_->set_content(path, bytes);
        reopen();
        ASSERT_EQ(texts(), (Texts{"a", "c"}));
        ASSERT_GE(log_->positions(kShard)->next, 1'000'003);
    }
    EXPECT_EQ(events_.count("store.torn_tail"), 0);
}

TEST_F(LogTest, TellsDamageInARoundOfManyRecordsFromATornTail) {
    queue({"a", "b"});
    queue({"c"});
    log_->run_round();
    for (const auto* text : {"d", "e"}) store(text);
    const auto path = files_->only(".seg");
    const auto whole = files_->content(path);
    const auto record = kRecordHeaderBytes + group_of("a").block.size();
    const Texts all{"a", "b", "c", "d", "e"};
    for (std::size_t hit = 0; hit + 1 < all.size(); ++hit) {
        for (const std::size_t offset : {std::size_t{2}, std::size_t{50}, record - 1}) {
            SCOPED_TRACE(::testing::Message() << "record " << hit << ", byte " << offset);
            auto bytes = whole;
            bytes[kSegmentHeaderBytes + hit * record + offset] ^= 0x40;
            files_->set_content(path, bytes);
            reopen();
            auto left = all;
            left.erase(left.begin() + static_cast<std::ptrdiff_t>(hit));
            ASSERT_EQ(texts(), left);
        }
    }
    EXPECT_EQ(events_.count("store.torn_tail"), 0);
}

TEST_F(LogTest, FindsTwoDamagedPlacesInARoundAndATornRoundBehind) {
    for (const auto* text : {"a", "b", "c", "d"}) queue({text});
    log_->run_round();
    store("e");
    store("torn");
    const auto path = files_->only(".seg");
    auto bytes = files_->content(path);
    const auto record = kRecordHeaderBytes + group_of("a").block.size();
    const auto e_at = kSegmentHeaderBytes + 4 * record;
    bytes[kSegmentHeaderBytes + record + 9] ^= 1;      // b's header
    bytes[kSegmentHeaderBytes + 3 * record - 1] ^= 1;  // c's body
    bytes[e_at + record + 20] ^= 1;                    // the last write
    files_->set_content(path, bytes);
    reopen();
    EXPECT_EQ(texts(), (Texts{"a", "d", "e"}));
    EXPECT_EQ(events_.count("store.damaged_range"), 2);
    EXPECT_EQ(events_.count("store.torn_tail"), 1);
    EXPECT_TRUE(put("f"));
    EXPECT_EQ(texts(), (Texts{"a", "d", "e", "f"}));
}

TEST_F(LogTest, StoresAllGroupsOfAPutOrNoneWhereverItsWriteWasTorn) {
    store("kept", HashKey{5}, 1);
    queue({"whole"}, HashKey{5}, 2);
    queue({"a", "b", "c"}, HashKey{5}, 3);
    log_->run_round();
    const auto path = files_->only(".seg");
    const auto bytes = files_->content(path);
    const auto record_of = [](const char* text) {
        return kRecordHeaderBytes + group_of(text).block.size();
    };
    const auto put_at = kSegmentHeaderBytes + record_of("kept") + record_of("whole");
    const auto put_end = put_at + 3 * record_of("a");
    for (auto cut = put_at; cut < put_end; ++cut) {
        SCOPED_TRACE(cut - put_at);
        files_->set_content(path, bytes.substr(0, cut));
        reopen();
        ASSERT_EQ(texts(), (Texts{"kept", "whole"}));
        ASSERT_FALSE(put("again", HashKey{5}, 2));
        queue({"a", "b", "c"}, HashKey{5}, 3);
        log_->run_round();
        ASSERT_TRUE(*outcomes_.back()) << "the fence must not know a put that is not there";
        crash_and_reopen();
        ASSERT_EQ(texts(), (Texts{"kept", "whole", "a", "b", "c"}));
    }
}

TEST_F(LogTest, ServesWhatDamageLeftOfAPutAndKnowsItsSequenceId) {
    queue({"a", "b", "c"}, HashKey{5}, 3);
    log_->run_round();
    store("next round", HashKey{6}, 1);
    const auto path = files_->only(".seg");
    const auto record = kRecordHeaderBytes + group_of("a").block.size();
    auto bytes = files_->content(path);
    bytes[kSegmentHeaderBytes + 3 * record - 1] ^= 1;  // c, the last of the put
    files_->set_content(path, bytes);
    reopen();
    EXPECT_EQ(texts(), (Texts{"a", "b", "next round"}));
    EXPECT_FALSE(put("again", HashKey{5}, 3)) << "it was acknowledged once";
    EXPECT_TRUE(put("b", HashKey{5}, 4));
}

TEST_F(LogTest, ReadsATornWriteFullOfWhatLooksLikeRecordsOnce) {
    store("kept");
    const auto path = files_->only(".seg");
    auto bytes = files_->content(path);
    bytes.resize(kSegmentHeaderBytes + kRecordHeaderBytes + group_of("kept").block.size());
    for (int i = 0; i < 1'200'000; ++i) bytes += "SPR1";
    files_->set_content(path, bytes);
    const auto before = files_->bytes_read();
    reopen();
    EXPECT_LT(files_->bytes_read() - before, 4 * bytes.size());
    EXPECT_EQ(texts(), Texts{"kept"});
    EXPECT_EQ(events_.count("store.torn_tail"), 1);
}

TEST_F(LogTest, TakesDamageInTheLastRecordForDamageAfterACleanStop) {
    store("a");
    store("b");
    const auto tail = log_->close();
    ASSERT_TRUE(tail);
    const auto path = files_->only(".seg");
    auto bytes = files_->content(path);
    bytes[bytes.size() - 1] ^= 1;
    files_->set_content(path, bytes);
    start_.clean_tail = tail;
    reopen();
    EXPECT_EQ(texts(), Texts{"a"});
    EXPECT_EQ(events_.count("store.damaged_range"), 1);
    EXPECT_GE(log_->positions(kShard)->next, 1'000'002) << "a reader may stand behind b";
    start_.clean_tail.reset();
    reopen();
    EXPECT_GE(log_->positions(kShard)->next, 1'000'002);
    EXPECT_TRUE(put("c"));
    EXPECT_EQ(texts(), (Texts{"a", "c"}));
}

TEST_F(LogTest, RefusesASequenceIdThatIsNotGreater) {
    EXPECT_TRUE(put("a", HashKey{7}, 10));
    for (const std::uint64_t old : {1U, 9U, 10U}) {
        auto refused = put("again", HashKey{7}, old);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().service_code, "InvalidSequenceId");
        EXPECT_EQ(refused.error().code, ErrorCode::Conflict);
    }
    EXPECT_TRUE(put("other key", HashKey{8}, 1));
    EXPECT_TRUE(put("b", HashKey{7}, 12));
    EXPECT_EQ(texts(), (Texts{"a", "other key", "b"}));
}

TEST_F(LogTest, StoresOneOfTwoEqualSequenceIdsInTheSameRound) {
    queue({"first"}, HashKey{7}, 1);
    queue({"again"}, HashKey{7}, 1);
    log_->run_round();
    EXPECT_TRUE(*outcomes_[0]);
    ASSERT_FALSE(*outcomes_[1]);
    EXPECT_EQ(outcomes_[1]->error().service_code, "InvalidSequenceId");
    EXPECT_EQ(texts(), Texts{"first"});
}

TEST_F(LogTest, DoesNotCallAPutStoredWhoseTwinFailed) {
    store("segment");
    files_->set_room(0);
    std::string large(1'000'000, 'x');
    for (auto& c : large) c = static_cast<char>(rand() % 256);
    queue({large}, HashKey{7}, 1);
    queue({large}, HashKey{7}, 1);
    log_->run_round();
    ASSERT_FALSE(*outcomes_[1]);
    EXPECT_EQ(outcomes_[1]->error().code, ErrorCode::Exhausted);
    ASSERT_FALSE(*outcomes_[2]);
    EXPECT_EQ(outcomes_[2]->error().code, ErrorCode::Exhausted)
        << "\"sent before\" would make the writer forget a group that is not stored";
}

TEST_F(LogTest, RemembersTheFenceAfterARestart) {
    store("a", HashKey{7}, 10);
    crash_and_reopen();
    EXPECT_FALSE(put("again", HashKey{7}, 10));
    EXPECT_TRUE(put("b", HashKey{7}, 11));
}

TEST_F(LogTest, RefusesWritesWhileTheDiskIsFullAndTakesThemAgain) {
    store("a");
    files_->set_room(files_->content(files_->only(".seg")).size());
    std::string large(3'000'000, 'x');
    std::mt19937 random(1);
    for (auto& c : large) c = static_cast<char>(random());
    auto refused = put(large);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Exhausted);
    EXPECT_EQ(texts(), Texts{"a"});
    EXPECT_EQ(events_.count("store.disk_full"), 1);
    files_->set_room(std::nullopt);
    EXPECT_TRUE(put("b"));
    EXPECT_EQ(events_.count("store.disk_has_room"), 1);
    EXPECT_EQ(texts(), (Texts{"a", "b"}));
    crash_and_reopen();
    EXPECT_EQ(texts(), (Texts{"a", "b"}));
}

TEST_F(LogTest, TellsTooManyOpenFilesFromAFullDisk) {
    files_->fail_call(0, EMFILE, false);  // the segment is not made
    const auto refused = put("a");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Exhausted);
    EXPECT_EQ(events_.count("store.too_many_files"), 1);
    EXPECT_EQ(events_.count("store.disk_full"), 0);
    EXPECT_TRUE(put("b"));
    EXPECT_EQ(events_.count("store.opens_files_again"), 1);
    EXPECT_EQ(texts(), Texts{"b"});
}

TEST_F(LogTest, RefusesASegmentOfALaterVersionAndReportsADamagedHeader) {
    store("a");
    const auto path = files_->only(".seg");
    const auto good = files_->content(path);
    auto bytes = good;
    bytes[20] ^= 1;
    files_->set_content(path, bytes);
    reopen();
    EXPECT_EQ(texts(), Texts{"a"});
    EXPECT_EQ(events_.count("store.header_damaged"), 1);
    bytes = good;
    bytes[12] = 2;
    const auto checksum = crc32c(std::string_view(bytes).substr(12, kSegmentHeaderBytes - 12));
    for (int i = 0; i < 4; ++i)
        bytes[8 + static_cast<std::size_t>(i)] = static_cast<char>(checksum >> (8 * i));
    files_->set_content(path, bytes);
    log_.reset();
    const auto opened = open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::Unsupported);
    EXPECT_EQ(files_->content(path), bytes) << "what is not understood is not changed";
}

TEST_F(LogTest, StopsAcknowledgingAfterAFailedSyncUntilItIsOpenedAgain) {
    store("a");
    files_->fail_next_sync();
    auto failed = put("b");
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::Unavailable);
    EXPECT_FALSE(put("c")) << "the disk would take it, but what it holds is not known";
    EXPECT_EQ(texts(), Texts{"a"});
    EXPECT_EQ(events_.count("store.stopped"), 1);
    crash_and_reopen();
    EXPECT_TRUE(put("d"));
    EXPECT_EQ(texts(), (Texts{"a", "d"}));
}

TEST_F(LogTest, StopsAcknowledgingAfterAFailedWrite) {
    store("a");
    files_->fail_next_write();
    EXPECT_FALSE(put("b"));
    EXPECT_FALSE(put("c"));
    reopen();
    EXPECT_EQ(texts(), Texts{"a"});
    EXPECT_TRUE(put("d"));
}

TEST_F(LogTest, GivesNoPositionOutTwiceWhereASyncMayHaveBeenMissed) {
    settings_.sync = SyncMode::Interval;
    reopen();
    store("synced");
    log_->sync_written();
    store("lost with the machine");
    const auto seen = log_->positions(kShard)->next;
    crash_and_reopen();
    EXPECT_EQ(texts(), Texts{"synced"});
    EXPECT_GE(log_->positions(kShard)->next, seen);
    store("new");
    EXPECT_EQ(texts(), (Texts{"synced", "new"}));
}

TEST_F(LogTest, StoresAllGroupsOfAPutOrNone) {
    queue({"a", "b", "c"});
    log_->run_round();
    EXPECT_TRUE(*outcomes_[0]);
    EXPECT_EQ(texts(), (Texts{"a", "b", "c"}));
    EXPECT_EQ(log_->positions(kShard)->next - log_->positions(kShard)->first, 3);
}

class SmallSegments : public LogFixture {
  protected:
    void SetUp() override {
        LogFixture::SetUp();
        settings_.segment_bytes = 1'000;
        ASSERT_TRUE(open());
    }
    Texts fill(int count) {
        Texts all;
        for (int i = 0; i < count; ++i) {
            all.push_back("text " + std::to_string(i));
            EXPECT_TRUE(put(all.back(), HashKey{static_cast<unsigned>(i % 3)},
                            static_cast<std::uint64_t>(i + 1)));
            clock_.advance(std::chrono::seconds(10));
        }
        return all;
    }
};

TEST_F(SmallSegments, ReadAcrossSegmentsAndRestarts) {
    const auto all = fill(100);
    EXPECT_GT(files_->all(".idx").size(), 5U);
    EXPECT_EQ(texts(), all);
    crash_and_reopen();
    EXPECT_EQ(texts(), all);
    EXPECT_FALSE(put("again", HashKey{0}, 100)) << "key 0 reached 100";
}

TEST_F(SmallSegments, RebuildALostOrDamagedIndex) {
    const auto all = fill(60);
    const auto indexes = files_->all(".idx");
    (void)files_->remove(indexes[1]);
    auto damaged = files_->content(indexes[2]);
    damaged[20] ^= 1;
    files_->set_content(indexes[2], damaged);
    reopen();
    EXPECT_EQ(texts(), all);
    EXPECT_EQ(events_.count("store.index_damaged"), 1);
    EXPECT_EQ(files_->all(".idx").size(), indexes.size());
}

TEST_F(SmallSegments, SayNoPathWhenAFileIsGone) {
    fill(60);
    cache_->forget(files_->all(".seg").front());
    (void)files_->remove(files_->all(".seg").front());
    const auto first = log_->positions(kShard)->first;
    const auto range = log_->read(kShard, first, {});
    ASSERT_FALSE(range);
    EXPECT_EQ(range.error().code, ErrorCode::Unavailable) << "it should be there";
    EXPECT_EQ(range.error().message.find(".seg"), std::string::npos) << range.error().message;
    EXPECT_EQ(events_.count("store.read_failed"), 1);
}

TEST_F(SmallSegments, FindTheFirstRecordReceivedAtATime) {
    const auto begin = unix_seconds(clock_.wall());
    fill(60);
    const auto first = log_->positions(kShard)->first;
    EXPECT_EQ(*log_->position_at(kShard, 0), first);
    EXPECT_EQ(*log_->position_at(kShard, begin), first);
    EXPECT_EQ(*log_->position_at(kShard, begin + 1), first + 1);
    EXPECT_EQ(*log_->position_at(kShard, begin + 295), first + 30);
    EXPECT_EQ(*log_->position_at(kShard, begin + 300), first + 30);
    EXPECT_EQ(*log_->position_at(kShard, begin + 10'000), first + 60);
    EXPECT_EQ(*log_->receive_unix_s(kShard, first + 30), begin + 300);
    EXPECT_EQ(log_->receive_unix_s(kShard, first + 60).error().service_code, "InvalidCursor");
}

TEST_F(SmallSegments, RetentionTakesWholeSegmentsAndKeepsFenceAndPositions) {
    fill(60);
    const auto next = log_->positions(kShard)->next;
    Trim kept;
    auto dropped = log_->drop_before(clock_.wall().time_since_epoch().count(),
                                     [&](const Trim& trim) -> Status {
                                         kept = trim;
                                         return {};
                                     });
    ASSERT_TRUE(dropped);
    EXPECT_GT(*dropped, 3U);
    EXPECT_TRUE(files_->all(".seg").empty());
    EXPECT_EQ(log_->positions(kShard)->first, next);
    EXPECT_EQ(log_->read(kShard, next - 1, {}).error().service_code, "InvalidCursor");
    start_.trimmed_to = kept.trimmed_to;
    start_.fences = kept.fences;
    reopen();
    EXPECT_EQ(log_->positions(kShard)->next, next);
    EXPECT_FALSE(put("again", HashKey{2}, 60));
    EXPECT_TRUE(put("new", HashKey{2}, 61));
}

TEST_F(LogTest, RetentionReachesTheRecordsOfASlowLogstore) {
    const auto ttl = std::chrono::hours(4 * 24);
    const auto no_catalog = [](const Trim&) -> Status { return {}; };
    for (int i = 0; i < 20; ++i) {
        store("text " + std::to_string(i));
        clock_.advance(std::chrono::hours(13));
        const auto oldest = clock_.wall() - ttl;
        ASSERT_TRUE(log_->drop_before(oldest.time_since_epoch().count(), no_catalog));
    }
    EXPECT_EQ(texts().front(), "text 13") << "seven are younger than 96 hours";
    EXPECT_EQ(texts().size(), 7U);
}

TEST_F(SmallSegments, ARestartFinishesADeletionThatWasCutShort) {
    fill(60);
    const auto segments = files_->all(".seg");
    std::map<std::string, std::string> before;
    for (const auto& path : files_->all("")) before[path] = files_->content(path);
    Trim kept;
    ASSERT_TRUE(log_->drop_before(clock_.wall().time_since_epoch().count(),
                                  [&](const Trim& trim) -> Status {
                                      kept = trim;
                                      return {};
                                  }));
    for (const auto& path : {segments[0], segments[1]}) files_->set_content(path, before[path]);
    start_.trimmed_to = kept.trimmed_to;
    start_.fences = kept.fences;
    reopen();
    EXPECT_TRUE(texts().empty());
    EXPECT_TRUE(files_->all(".seg").empty());
}

class FourShards : public LogFixture {
  protected:
    void SetUp() override {
        start_with_shards(4);
        ASSERT_TRUE(open());
    }
    Status no_catalog(const ShardChange& change) {
        apply_change(start_.shards, change);
        return {};
    }
    void split(ShardId shard) {
        ASSERT_TRUE(log_->change_shards(
            [&](const auto& shards) { return split_shard(shards, shard, {}, 2'000'000); },
            [&](const auto& change) { return no_catalog(change); }));
    }
};

TEST_F(FourShards, RouteByKeyAndBalanceWithout) {
    store("low", HashKey{1});
    store("high", kHashKeyMax);
    EXPECT_EQ(texts(ShardId(0)), Texts{"low"});
    EXPECT_EQ(texts(ShardId(3)), Texts{"high"});
    for (int i = 0; i < 8; ++i) store("any");
    for (std::uint32_t shard = 0; shard < 4; ++shard) {
        EXPECT_EQ(std::ranges::count(texts(ShardId(shard)), "any"), 2);
    }
}

TEST_F(FourShards, KeepTheFenceOverSplitMergeAndRestart) {
    store("a", HashKey{1}, 5);
    split(ShardId(0));
    EXPECT_FALSE(put("again", HashKey{1}, 5));
    EXPECT_TRUE(put("b", HashKey{1}, 6));
    EXPECT_EQ(texts(ShardId(4)), Texts{"b"});
    EXPECT_EQ(texts(ShardId(0)), Texts{"a"}) << "the parent can be read to its end";
    ASSERT_TRUE(log_->change_shards(
        [&](const auto& shards) { return merge_shard(shards, ShardId(4), 3'000'000); },
        [&](const auto& change) { return no_catalog(change); }));
    EXPECT_FALSE(put("again", HashKey{1}, 6));
    crash_and_reopen();
    EXPECT_FALSE(put("again", HashKey{1}, 6));
    EXPECT_TRUE(put("c", HashKey{1}, 7));
    EXPECT_EQ(texts(ShardId(6)), Texts{"c"});
}

TEST_F(FourShards, KeepTheFenceOfADeletedShard) {
    store("a", HashKey{1}, 5);
    split(ShardId(0));
    const auto forget = [&]() -> Status {
        std::erase_if(start_.shards, [](const auto& shard) { return shard.id == ShardId(0); });
        return {};
    };
    ASSERT_TRUE(log_->remove_shard(ShardId(0), forget));
    for (int restart = 0; restart < 3; ++restart) {
        crash_and_reopen();
        EXPECT_FALSE(put("again", HashKey{1}, 5)) << restart;
    }
    clock_.advance(std::chrono::hours(1) + std::chrono::seconds(1));
    const auto save = [&](const Trim& trim) -> Status {
        start_.fences = trim.fences;
        return {};
    };
    const auto now_ns = clock_.wall().time_since_epoch().count();
    EXPECT_EQ(*log_->drop_before(now_ns - 7'200'000'000'000, save), 1U);
    EXPECT_TRUE(files_->all(".seg").empty()) << "nobody can read it any more";
    reopen();
    EXPECT_FALSE(put("again", HashKey{1}, 5));
    EXPECT_TRUE(put("b", HashKey{1}, 6));
}

/// Random puts, splits and crashes against a simple model of what must be there.
TEST_F(FourShards, HoldExactlyWhatWasAcknowledgedUnderRandomCrashes) {
    settings_.segment_bytes = 4'000;
    const auto seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    reopen();
    std::map<std::uint32_t, Texts> wanted;  // by shard
    for (int step = 0; step < 400; ++step) {
        const auto dice = random() % 100;
        if (dice < 80) {
            const auto key = HashKey{random() % 4} << 126;
            const auto text = "step " + std::to_string(step);
            if (put(text, key, static_cast<std::uint64_t>(step + 1))) {
                wanted[route(log_->shards(), key)->value()].push_back(text);
            }
        } else if (dice < 90) {
            files_->fail_next_sync();
            (void)put("unsure", HashKey{random()} << 96);
            crash_and_reopen(sectors_survive(random));
        } else {
            crash_and_reopen();
        }
    }
    for (const auto& shard : log_->shards()) {
        auto found = texts(shard.id);
        std::erase(found, "unsure");
        ASSERT_EQ(found, wanted[shard.id.value()]) << "shard " << shard.id.value();
    }
}

}  // namespace
}  // namespace spillway::engine
