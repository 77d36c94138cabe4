#include "logstore/wire/log_group_reader.h"

#include "base/text.h"
#include "logstore/wire/log_group_writer.h"
#include "random_groups.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace spillway::wire {
namespace {

using testing::WalledBytes;

/// One log, a topic, a source and a tag, as an official client encodes them.
const std::string kKnownGroup = *from_hex(
    "0a2c0880e2cfaa06120d0a056c6576656c1204494e464f12100a036d7367120968656c6c6f20736c73"
    "2515cd5b071a07746f7069632d61220831302e302e302e3132160a0c5f5f686f73746e616d655f5f12"
    "06686f73742d31");

std::string bytes(std::initializer_list<int> values) {
    std::string out;
    for (const int value : values) out += static_cast<char>(value);
    return out;
}

/// A LogGroup of one log with that body.
std::string group_of(std::string_view log_body) {
    LogGroupWriter writer;
    writer.append_log(log_body);
    return writer.take();
}

TEST(LogGroupReader, ReadsWhatAnOfficialClientEncoded) {
    const auto group = LogGroupView::parse(kKnownGroup);
    ASSERT_TRUE(group);
    EXPECT_EQ(group->log_count(), 1U);
    EXPECT_EQ(group->topic(), "topic-a");
    EXPECT_EQ(group->source(), "10.0.0.1");
    EXPECT_EQ(group->find_tag("__hostname__"), "host-1");
    EXPECT_EQ(group->find_tag("other"), std::nullopt);
    EXPECT_TRUE(group->validate());
    group->for_each_log([](LogView log) {
        EXPECT_EQ(log.time(), 1'700'000'000U);
        EXPECT_EQ(log.time_ns(), 123'456'789U);
        EXPECT_EQ(log.find("level"), "INFO");
        EXPECT_EQ(log.find("msg"), "hello sls");
        EXPECT_EQ(log.find("absent"), std::nullopt);
        return true;
    });
}

TEST(LogGroupReader, GivesFramesThatCopyAFieldAsItIs) {
    const auto group = LogGroupView::parse(kKnownGroup);
    ASSERT_TRUE(group);
    std::string logs;
    std::string contents;
    group->for_each_log([&](LogView log) {
        logs += log.frame();
        EXPECT_TRUE(log.for_each_content([&](const ContentView& content) {
            contents += content.frame;
            return true;
        }));
        return true;
    });
    std::string tags;
    group->for_each_tag_view([&](const TagView& tag) {
        tags += tag.frame;
        return true;
    });
    EXPECT_EQ(logs, kKnownGroup.substr(0, 46));
    EXPECT_NE(logs.find(contents), std::string::npos);
    EXPECT_EQ(tags, encode_tag("__hostname__", "host-1"));
}

TEST(LogGroupReader, StopsWhenTheVisitorHasSeenEnough) {
    LogGroupWriter writer;
    for (std::uint32_t i = 0; i < 3; ++i) {
        writer.begin_log(i);
        writer.content("a", "1");
        writer.content("a", "2");
        writer.end_log();
    }
    const std::string encoded = writer.take();
    const auto group = LogGroupView::parse(encoded);
    ASSERT_TRUE(group);
    int logs = 0;
    int contents = 0;
    group->for_each_log([&](LogView log) {
        EXPECT_TRUE(log.for_each_content([&](const ContentView&) {
            ++contents;
            return false;
        }));
        return ++logs < 2;
    });
    EXPECT_EQ(logs, 2);
    EXPECT_EQ(contents, 2);
}

TEST(LogGroupReader, FindsTheFirstOfEqualKeys) {
    LogGroupWriter writer;
    writer.begin_log(1);
    writer.content("k", "first");
    writer.content("k", "second");
    writer.end_log();
    writer.tag("t", "one");
    writer.tag("t", "two");
    const std::string encoded = writer.take();
    const auto group = LogGroupView::parse(encoded);
    ASSERT_TRUE(group);
    EXPECT_EQ(group->find_tag("t"), "one");
    group->for_each_log([](LogView log) {
        EXPECT_EQ(log.find("k"), "first");
        return true;
    });
}

TEST(LogGroupReader, PassesOverUnknownFieldsOfEveryWireTypeButGroups) {
    const std::string unknown = bytes({0x78, 0x96, 0x01}) +              // 15: varint
                                bytes({0x79, 1, 2, 3, 4, 5, 6, 7, 8}) +  // fixed64
                                bytes({0x7A, 2, 'h', 'i'}) +             // bytes
                                bytes({0x7D, 1, 2, 3, 4}) +
                                bytes({0xFA, 0x7F, 1, 'x'});  // far number
    const std::string pair =
        unknown + bytes({0x0A, 1, 'k'}) + unknown + bytes({0x12, 1, 'v'}) + unknown;
    std::string log = unknown + bytes({0x08, 5}) + unknown + bytes({0x12});
    append_varint(log, pair.size());
    log += pair + unknown;
    const std::string encoded = unknown + group_of(log) + unknown + encode_tag("a", "b") + unknown;
    const auto group = LogGroupView::parse(encoded);
    ASSERT_TRUE(group);
    ASSERT_TRUE(group->validate());
    const auto owned = group->to_owned();
    ASSERT_TRUE(owned);
    LogGroup wanted;
    wanted.logs.push_back({5, std::nullopt, {{"k", "v"}}});
    wanted.tags.push_back({"a", "b"});
    EXPECT_EQ(*owned, wanted);
}

TEST(LogGroupReader, TakesValueBeforeKeyAndTheLastOfRepeatedParts) {
    const std::string pair = bytes({0x12, 1, 'o', 0x12, 1, 'v', 0x0A, 1, 'x', 0x0A, 1, 'k'});
    std::string log = bytes({0x08, 1, 0x08, 7, 0x12});
    append_varint(log, pair.size());
    log += pair;
    const std::string encoded = group_of(log);
    const auto group = LogGroupView::parse(encoded);
    ASSERT_TRUE(group);
    group->for_each_log([](LogView view) {
        EXPECT_EQ(view.time(), 7U);
        EXPECT_EQ(view.find("k"), "v");
        return true;
    });
}

TEST(LogGroupReader, TakesAContentWhoseTagHasMoreBytesThanItNeeds) {
    const std::string log = bytes({0x08, 1, 0x92, 0x00, 6, 0x0A, 1, 'k', 0x12, 1, 'v'});
    EXPECT_EQ(LogView(log).find("k"), "v");
}

TEST(LogGroupReader, RefusesWhatLacksARequiredField) {
    struct Case {
        const char* what;
        std::string encoded;
    };
    const std::vector<Case> cases = {
        {"no Time", group_of(bytes({0x12, 6, 0x0A, 1, 'k', 0x12, 1, 'v'}))},
        {"no Key", group_of(bytes({0x08, 1, 0x12, 3, 0x12, 1, 'v'}))},
        {"no Value", group_of(bytes({0x08, 1, 0x12, 3, 0x0A, 1, 'k'}))},
        {"empty content", group_of(bytes({0x08, 1, 0x12, 0}))},
        {"tag without value", bytes({0x32, 3, 0x0A, 1, 'k'})},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.what);
        const auto group = LogGroupView::parse(c.encoded);
        ASSERT_TRUE(group);
        const auto valid = group->validate();
        ASSERT_FALSE(valid);
        EXPECT_EQ(valid.error().code, ErrorCode::Corrupt);
        EXPECT_FALSE(group->to_owned());
    }
}

TEST(LogGroupReader, RefusesMalformedFramesAndSaysWhere) {
    struct Case {
        const char* what;
        std::string encoded;
    };
    const std::vector<Case> cases = {
        {"length past the end", bytes({0x1A, 5, 'a'})},
        {"endless varint", std::string(11, '\xFF')},
        {"tag of more than 32 bits", bytes({0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0})},
        {"field number 0", bytes({0x02, 0})},
        {"start of a group", bytes({0x7B})},
        {"end of a group", bytes({0x7C})},
        {"unknown wire type", bytes({0x7F})},
        {"cut fixed32", bytes({0x7D, 1, 2})},
        {"cut fixed64", bytes({0x79, 1, 2})},
        {"length of 2^64 - 1",
         bytes({0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1})},
        {"only a tag", bytes({0x0A})},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.what);
        const WalledBytes walled(c.encoded);
        const auto group = LogGroupView::parse(walled.view());
        ASSERT_FALSE(group);
        EXPECT_EQ(group.error().code, ErrorCode::Corrupt);
        EXPECT_NE(group.error().message.find("at byte 0"), std::string::npos)
            << group.error().message;
    }
}

TEST(LogGroupReader, ReportsAMalformedContentWithItsOffset) {
    const std::string log = bytes({0x08, 1, 0x12, 6, 0x0A, 1, 'k', 0x12, 9, 'v'});
    const auto visited = LogView(log).for_each_content([](const ContentView&) { return true; });
    ASSERT_FALSE(visited);
    EXPECT_EQ(visited.error().code, ErrorCode::Corrupt);
    EXPECT_NE(visited.error().message.find("at byte 2"), std::string::npos);
}

TEST(LogGroupReader, WalksAListGroupByGroup) {
    std::string list;
    for (const std::string_view group : {std::string_view(kKnownGroup), std::string_view()}) {
        append_group_frame(list, group.size());
        list += group;
    }
    std::vector<std::string_view> groups;
    const auto collect = [&groups](std::string_view group) {
        groups.push_back(group);
        return true;
    };
    ASSERT_TRUE(for_each_group(list, collect));
    ASSERT_EQ(groups.size(), 2U);
    EXPECT_EQ(groups[0], kKnownGroup);
    EXPECT_EQ(groups[1], "");

    groups.clear();
    const auto cut = for_each_group(std::string_view(list).substr(0, list.size() - 1), collect);
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().code, ErrorCode::Corrupt);
    EXPECT_EQ(groups.size(), 1U) << "the groups before the damage are still given";
}

TEST(LogGroupReader, AnEmptyGroupIsAGroup) {
    const auto group = LogGroupView::parse("");
    ASSERT_TRUE(group);
    EXPECT_EQ(group->log_count(), 0U);
    EXPECT_TRUE(group->validate());
    EXPECT_EQ(*group->to_owned(), LogGroup{});
}

}  // namespace
}  // namespace spillway::wire
