#include "replicator/checkpoint.h"

#include "replicator/next_move.h"

#include <gtest/gtest.h>

namespace spillway::replicator {
namespace {

ShardRecord sample() {
    ShardRecord record;
    record.shard = ShardId(4);
    record.checkpoint = Cursor::from_position(77);
    record.page_number = 1'700'000'000'000;
    record.created_unix_s = 12;
    record.begin_key = std::string(32, '0');
    record.end_key = std::string(32, 'f');
    Intent intent;
    intent.from = Cursor::from_position(77);
    intent.to = Cursor::from_position(99);
    intent.page_number = 1'700'000'000'000;
    intent.now_unix_ns = 1'700'000'000'123'456'789;
    intent.rule_digest = "abc";
    intent.settings_digest = "def";
    intent.bytes_max = 4096;
    intent.logs_max = 10;
    intent.lanes = 4;
    intent.look_first = true;
    record.intent = intent;
    return record;
}

TEST(ShardRecord, ReadsBackWhatItWrote) {
    ShardRecord record = sample();
    EXPECT_EQ(decode_record(ShardId(4), encode_record(record)).value(), record);
    record.intent.reset();
    record.drained = true;
    EXPECT_EQ(decode_record(ShardId(4), encode_record(record)).value(), record);
}

TEST(ShardRecord, CutOrStrangeTextIsCorruptAndNeverAPosition) {
    const std::string whole = encode_record(sample());
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const auto decoded = decode_record(ShardId(4), std::string_view(whole).substr(0, length));
        ASSERT_FALSE(decoded) << length;
        EXPECT_EQ(decoded.error().code, ErrorCode::Corrupt);
    }
    for (const char* text :
         {"[]", "{}", "{\"v\":1}", "null", "\"x\"", "{\"v\":2,\"checkpoint\":\"x\"}"}) {
        EXPECT_FALSE(decode_record(ShardId(4), text)) << text;
    }
}

TEST(CheckpointStore, NeverOverwritesWhatSomeoneElseMoved) {
    auto state = make_memory_state_store();
    CheckpointStore store(*state, "l");
    const auto first = store.save(sample(), 0);
    ASSERT_TRUE(first);
    EXPECT_EQ(store.save(sample(), 0).error().code, ErrorCode::Conflict);
    const auto second = store.save(sample(), *first);
    ASSERT_TRUE(second);
    EXPECT_EQ(store.save(sample(), *first).error().code, ErrorCode::Conflict);
    EXPECT_EQ(store.load(ShardId(4)).value()->revision, *second);
    EXPECT_EQ(store.load_all().value().size(), 1U);
}

TEST(CheckpointStore, NamesTheKeyThatCannotBeRead) {
    auto state = make_memory_state_store();
    ASSERT_TRUE(state->put("link/l/shard/0000000004", "{garbage"));
    CheckpointStore store(*state, "l");
    const auto loaded = store.load_all();
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, ErrorCode::Corrupt);
    EXPECT_NE(loaded.error().message.find("link/l/shard/0000000004"), std::string::npos);
}

TEST(GapRecord, ReadsBackWhatItWrote) {
    GapRecord gap;
    gap.shard = ShardId(2);
    gap.from = Cursor::from_position(1);
    gap.to = Cursor::from_position(9);
    gap.groups = 8;
    gap.cause = "retention";
    gap.detail = "d";
    gap.noticed_unix_s = 5;
    const auto read = decode_gap(encode_gap(gap));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->groups, 8U);
    EXPECT_EQ(read->to, gap.to);
    EXPECT_EQ(read->cause, "retention");
}

TEST(NextMove, NoRefusalOfTheTargetIsEverAnAcknowledgement) {
    for (int code = 0; code <= static_cast<int>(ErrorCode::Internal); ++code) {
        const Error error = make_error(static_cast<ErrorCode>(code), "x");
        const NextMove move = after_put(error);
        EXPECT_EQ(move == NextMove::SetAside, error.code == ErrorCode::InvalidArgument);
        EXPECT_NE(move, NextMove::Look) << "only the fence's own code makes us look";
    }
    Error fenced = make_error(ErrorCode::Conflict, "x");
    fenced.service_code = "InvalidSequenceId";
    EXPECT_EQ(after_put(fenced), NextMove::Look);
}

TEST(NextMove, RequestCodesAreAClosedSet) {
    Error error = make_error(ErrorCode::Unavailable, "connection refused");
    EXPECT_EQ(request_code(error), "network");
    error.message = "the request timed out after 30 s";
    EXPECT_EQ(request_code(error), "timeout");
    error.http_status = 500;
    EXPECT_EQ(request_code(error), "server");
    EXPECT_EQ(request_code(make_error(ErrorCode::Unauthenticated, "")), "auth");
}

}  // namespace
}  // namespace spillway::replicator
