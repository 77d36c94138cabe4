// Our reader and writer against protobuf: what one accepts and understands, the other does too.
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/log_group_writer.h"
#include "random_groups.h"
#include "sls_logs.pb.h"

#include <string>

#include <gtest/gtest.h>

namespace spillway::wire {
namespace {

using testing::Random;
using testing::WalledBytes;

sls::LogGroup to_protobuf(const LogGroup& group) {
    sls::LogGroup out;
    for (const Log& log : group.logs) {
        auto* made = out.add_logs();
        made->set_time(log.time);
        if (log.time_ns) made->set_time_ns(*log.time_ns);
        for (const auto& content : log.contents) {
            auto* pair = made->add_contents();
            pair->set_key(content.key);
            pair->set_value(content.value);
        }
    }
    if (!group.topic.empty()) out.set_topic(group.topic);
    if (!group.source.empty()) out.set_source(group.source);
    if (group.category) out.set_category(*group.category);
    if (group.machine_uuid) out.set_machineuuid(*group.machine_uuid);
    for (const auto& tag : group.tags) {
        auto* pair = out.add_logtags();
        pair->set_key(tag.key);
        pair->set_value(tag.value);
    }
    return out;
}

LogGroup from_protobuf(const sls::LogGroup& group) {
    LogGroup out;
    for (const auto& log : group.logs()) {
        Log made;
        made.time = log.time();
        if (log.has_time_ns()) made.time_ns = log.time_ns();
        for (const auto& pair : log.contents()) made.contents.push_back({pair.key(), pair.value()});
        out.logs.push_back(std::move(made));
    }
    out.topic = group.topic();
    out.source = group.source();
    if (group.has_category()) out.category = group.category();
    if (group.has_machineuuid()) out.machine_uuid = group.machineuuid();
    for (const auto& pair : group.logtags()) out.tags.push_back({pair.key(), pair.value()});
    return out;
}

/// A LogGroup that parses and is whole, read by us; nothing when we refuse it.
std::optional<LogGroup> read_by_us(std::string_view bytes) {
    const auto view = LogGroupView::parse(bytes);
    if (!view || !view->validate()) return std::nullopt;
    auto owned = view->to_owned();
    EXPECT_TRUE(owned) << "what validates can be copied";
    return *std::move(owned);
}

std::optional<LogGroup> read_by_protobuf(std::string_view bytes) {
    sls::LogGroup group;
    if (!group.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
    return from_protobuf(group);
}

/// The cheap calls must agree with the thorough one, or at least not crash, on any bytes.
void exercise(std::string_view bytes) {
    const auto view = LogGroupView::parse(bytes);
    if (!view) return;
    std::uint32_t logs = 0;
    view->for_each_log([&logs](LogView log) {
        ++logs;
        (void)log.time();
        (void)log.time_ns();
        (void)log.find("nothing");
        return true;
    });
    EXPECT_EQ(logs, view->log_count());
    view->for_each_tag([](std::string_view, std::string_view) { return true; });
}

TEST(AgainstProtobuf, WritesTheSameBytes) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Random random(seed);
        const LogGroup group = testing::random_group(random);
        ASSERT_EQ(encode(group), to_protobuf(group).SerializeAsString());
    }
}

TEST(AgainstProtobuf, ReadsTheSameGroup) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Random random(seed);
        const LogGroup group = testing::random_group(random);
        const WalledBytes walled(to_protobuf(group).SerializeAsString());
        const auto read = read_by_us(walled.view());
        ASSERT_TRUE(read);
        ASSERT_EQ(*read, group);
    }
}

TEST(AgainstProtobuf, AgreesOnEveryTruncation) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        Random random(seed);
        LogGroup group = testing::random_group(random, 3);
        for (auto& log : group.logs) {
            for (auto& content : log.contents) {  // short enough to cut at each byte
                content.key.resize(std::min<std::size_t>(content.key.size(), 12));
                content.value.resize(std::min<std::size_t>(content.value.size(), 150));
            }
        }
        group.topic.resize(std::min<std::size_t>(group.topic.size(), 20));
        const std::string whole = encode(group).substr(0, 3'000);
        for (std::size_t size = 0; size <= whole.size(); ++size) {
            SCOPED_TRACE("seed " + std::to_string(seed) + ", cut at " + std::to_string(size));
            const WalledBytes walled(std::string_view(whole).substr(0, size));
            exercise(walled.view());
            ASSERT_EQ(read_by_us(walled.view()), read_by_protobuf(walled.view()));
        }
    }
}

TEST(AgainstProtobuf, NeverAcceptsDamageThatProtobufReadsOtherwise) {
    std::size_t accepted = 0;
    for (std::uint64_t seed = 1; seed <= 4'000; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Random random(seed);
        LogGroup group = testing::random_group(random, 2);
        std::string damaged = encode(group);
        if (damaged.empty() || damaged.size() > 4'000) continue;
        for (auto flips = 1 + random() % 3; flips > 0; --flips) {
            damaged[random() % damaged.size()] = static_cast<char>(random());
        }
        const WalledBytes walled(damaged);
        exercise(walled.view());
        const auto ours = read_by_us(walled.view());
        if (!ours) continue;  // we may be stricter: groups, over-long tags
        ++accepted;
        ASSERT_EQ(ours, read_by_protobuf(walled.view()));
    }
    EXPECT_GT(accepted, 500U) << "most damage lands in values, so much of it must pass";
}

TEST(AgainstProtobuf, ReadsTheSameList) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Random random(seed);
        sls::LogGroupList list;
        std::string ours;
        for (auto n = random() % 5; n > 0; --n) {
            const LogGroup group = testing::random_group(random, 3);
            *list.add_loggroups() = to_protobuf(group);
            const std::string encoded = encode(group);
            append_group_frame(ours, encoded.size());
            ours += encoded;
        }
        ASSERT_EQ(ours, list.SerializeAsString());
        int index = 0;
        ASSERT_TRUE(for_each_group(ours, [&](std::string_view group) {
            EXPECT_EQ(group, list.loggroups(index++).SerializeAsString());
            return true;
        }));
        EXPECT_EQ(index, list.loggroups_size());
    }
}

}  // namespace
}  // namespace spillway::wire
