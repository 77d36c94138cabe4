// Dead letters that are replayed, and places translated between source and target.
#include "logstore/wire/log_group_reader.h"
#include "tests/replicator/world.h"

#include <gtest/gtest.h>

namespace spillway::replicator::test {
namespace {

using test_support::FakeCall;

Error invalid() {
    return make_error(ErrorCode::InvalidArgument, "the post data time is out of range");
}

TEST(DeadLetters, AreWrittenOnceWhenReplayed) {
    World world(1, {}, 1, 2);
    world.start();
    world.target.refuse_next(FakeCall::Put, invalid());
    world.produce(0, 2);
    ASSERT_TRUE(world.run_until_copied());
    const auto letters = world.core->dead_letters();
    ASSERT_TRUE(letters);
    ASSERT_EQ(letters->size(), 1U);
    // The answer is lost: it has to be asked for again, and must not be there twice.
    world.target.drop_reply(FakeCall::Put);
    EXPECT_FALSE(world.core->replay_dead_letter(letters->front().id));
    EXPECT_EQ(world.core->dead_letters()->size(), 1U);
    ASSERT_TRUE(world.core->replay_dead_letter(letters->front().id));
    EXPECT_EQ(world.arrived(0), world.produced(0));
    EXPECT_EQ(world.core->dead_letters()->size(), 0U);
    EXPECT_EQ(world.status().dead_letters_held, 0U);
    EXPECT_EQ(world.core->replay_dead_letter(letters->front().id).error().code,
              ErrorCode::NotFound);
    const auto report = world.core->verify(0, INT64_MAX / 2, {});
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->is_exact()) << "what was replayed is not a doubling";
}

TEST(DeadLetters, GoThroughTheRuleOfNow) {
    World world(1, {}, 1, 1);
    world.rule = drop_debug();
    world.start();
    world.produce(0, 1, "POISON");
    ASSERT_TRUE(world.run_until_copied());
    const auto letters = world.core->dead_letters();
    ASSERT_EQ(letters->size(), 1U);
    const auto again = world.core->replay_dead_letter(letters->front().id);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::Refused);
    world.crash();
    world.rule = Rule();
    world.start();
    ASSERT_TRUE(world.core->replay_dead_letter(letters->front().id));
    EXPECT_EQ(world.arrived(0), world.produced(0));
    const auto provenance = parse_provenance(world.network.arrived().back().tags.back().value);
    ASSERT_TRUE(provenance);
    EXPECT_TRUE(provenance->late);
}

TEST(DeadLetters, AreGivenUpWhenDropped) {
    World world(1, {}, 1, 1);
    world.start();
    world.target.refuse_next(FakeCall::Put, invalid());
    world.produce(0, 2);
    ASSERT_TRUE(world.run_until_copied());
    const auto letters = world.core->dead_letters();
    ASSERT_EQ(letters->size(), 1U);
    ASSERT_TRUE(world.core->drop_dead_letter(letters->front().id));
    EXPECT_EQ(world.core->dead_letters()->size(), 0U);
    EXPECT_EQ(world.core->drop_dead_letter(letters->front().id).error().code, ErrorCode::NotFound);
}

/// Ids of the logs from those places of the target on, or of the source.
std::set<std::string> ids_from(test_support::FakeRegion& region, const LogstoreRef& ref,
                               const std::vector<TranslatedCursor>& places) {
    std::set<std::string> ids;
    for (const TranslatedCursor& place : places) {
        const auto stored = region.stored(ref, place.shard);
        for (const auto& group : stored) {
            if (group.position < *place.cursor.position()) continue;
            const auto owned = wire::LogGroupView::parse(group.bytes)->to_owned();
            for (const Log& log : owned->logs) ids.insert(id_of(log));
        }
    }
    return ids;
}

TEST(Translate, AReaderMovesToTheTargetAndMissesNothing) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        World world(seed, {}, 1, 3);
        world.start();
        for (int round = 0; round < 15; ++round) {
            for (std::uint32_t agent = 0; agent < 4; ++agent) world.produce(agent, 1);
            world.run_for(std::chrono::seconds(30));
            if (round == 7) world.split_target();
        }
        ASSERT_TRUE(world.run_until_copied());
        const auto source = world.source.stored(world.source_ref, ShardId(0));
        const std::size_t read = world.dice.roll(source.size());
        const Cursor at = Cursor::from_position(source[read].position);
        const auto places = world.core->translate_to_target(ShardId(0), at);
        ASSERT_TRUE(places) << places.error().message;
        const auto rest = ids_from(world.source, world.source_ref, {{ShardId(0), at}});
        const auto found = ids_from(world.target, world.target_ref, *places);
        EXPECT_TRUE(std::includes(found.begin(), found.end(), rest.begin(), rest.end()))
            << "seed " << seed;
        // What is read again comes from writes that hold later groups too.
        EXPECT_LE(found.size(), rest.size() + 4 * places->size()) << "seed " << seed;
        const auto back = world.core->translate_to_source(*places);
        ASSERT_TRUE(back);
        ASSERT_EQ(back->size(), 1U);
        EXPECT_LE(*back->front().cursor.position(), *at.position()) << "never skips ahead";
    }
}

TEST(Translate, AReaderAtTheEndIsAtTheEnd) {
    World world(3, {}, 1, 2);
    world.start();
    for (std::uint32_t agent = 0; agent < 4; ++agent) world.produce(agent, 1);
    ASSERT_TRUE(world.run_until_copied());
    const Cursor end = world.source.cursor(world.source_ref, ShardId(0), CursorSeek::end()).value();
    const auto places = world.core->translate_to_target(ShardId(0), end);
    ASSERT_TRUE(places);
    for (const TranslatedCursor& place : *places) {
        EXPECT_EQ(place.cursor,
                  world.target.cursor(world.target_ref, place.shard, CursorSeek::end()).value());
    }
    const auto back = world.core->translate_to_source(*places);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->front().cursor, end);
}

}  // namespace
}  // namespace spillway::replicator::test
