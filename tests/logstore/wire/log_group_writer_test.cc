#include "logstore/wire/log_group_writer.h"

#include "base/text.h"
#include "logstore/wire/log_group_reader.h"
#include "random_groups.h"

#include <string>

#include <gtest/gtest.h>

namespace spillway::wire {
namespace {

LogGroup known_group() {
    LogGroup group;
    group.logs.push_back({1'700'000'000, 123'456'789, {{"level", "INFO"}, {"msg", "hello sls"}}});
    group.topic = "topic-a";
    group.source = "10.0.0.1";
    group.tags.push_back({"__hostname__", "host-1"});
    return group;
}

TEST(LogGroupWriter, WritesTheBytesOfAnOfficialClient) {
    EXPECT_EQ(to_hex(encode(known_group())),
              "0a2c0880e2cfaa06120d0a056c6576656c1204494e464f12100a036d7367120968656c6c6f20736c73"
              "2515cd5b071a07746f7069632d61220831302e302e302e3132160a0c5f5f686f73746e616d655f5f12"
              "06686f73742d31");
}

TEST(LogGroupWriter, IsEmptyAndReadyAgainAfterTake) {
    LogGroupWriter writer;
    writer.begin_log(1, 2);
    writer.content("k", "v");
    writer.end_log();
    writer.topic("t");
    const std::string first = writer.take();
    EXPECT_EQ(writer.log_count(), 0U);
    EXPECT_EQ(writer.size(), 0U);

    writer.begin_log(1);  // without nanoseconds: those of the log before must not leak
    writer.end_log();
    EXPECT_EQ(writer.log_count(), 1U);
    const std::string second = writer.take();
    const auto group = LogGroupView::parse(second);
    ASSERT_TRUE(group);
    group->for_each_log([](LogView log) {
        EXPECT_EQ(log.time_ns(), std::nullopt);
        return true;
    });
    EXPECT_NE(first, second);
}

TEST(LogGroupWriter, CopiesLogsAndContentsAsTheyStand) {
    const std::string original = encode(known_group());
    const auto group = LogGroupView::parse(original);
    ASSERT_TRUE(group);
    LogGroupWriter whole;
    LogGroupWriter by_content;
    group->for_each_log([&](LogView log) {
        whole.append_log(log.body());
        by_content.begin_log(log.time(), log.time_ns());
        EXPECT_TRUE(log.for_each_content([&](const ContentView& content) {
            by_content.append_content(content.frame);
            return true;
        }));
        by_content.end_log();
        return true;
    });
    for (auto* writer : {&whole, &by_content}) {
        writer->topic(group->topic());
        writer->source(group->source());
        writer->tag("__hostname__", "host-1");
        EXPECT_EQ(writer->take(), original);
    }
}

TEST(LogGroupWriter, AppendsATagToAnEncodedGroup) {
    LogGroup group = known_group();
    const std::string longer = encode(group) + encode_tag("origin", "hz");
    group.tags.push_back({"origin", "hz"});
    const auto view = LogGroupView::parse(longer);
    ASSERT_TRUE(view);
    EXPECT_EQ(*view->to_owned(), group);
}

TEST(LogGroupWriter, ReadsBackEveryRandomGroup) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        testing::Random random(seed);
        const LogGroup group = testing::random_group(random);
        const std::string encoded = encode(group);
        const auto view = LogGroupView::parse(encoded);
        ASSERT_TRUE(view);
        ASSERT_TRUE(view->validate());
        EXPECT_EQ(view->log_count(), group.logs.size());
        ASSERT_EQ(*view->to_owned(), group);
    }
}

TEST(LogGroupWriter, WritesVarintsOfEverySize) {
    for (int bits = 0; bits < 64; ++bits) {
        const std::uint64_t value = (std::uint64_t{1} << bits) | 1U;
        std::string out;
        append_varint(out, value);
        std::uint64_t read = 0;
        EXPECT_EQ(read_varint(out.data(), out.data() + out.size(), read), out.data() + out.size());
        EXPECT_EQ(read, value);
    }
}

}  // namespace
}  // namespace spillway::wire
