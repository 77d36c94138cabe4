#include "replicator/verify.h"

#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/log_group_writer.h"
#include "tests/replicator/world.h"

#include <gtest/gtest.h>

namespace spillway::replicator::test {
namespace {

using test_support::FakeCall;

class Verify : public testing::Test {
  protected:
    Verify() : world_(1) {
        world_.start();
        for (int minute = 0; minute < 4; ++minute) {
            for (std::uint32_t agent = 0; agent < 5; ++agent) world_.produce(agent, 3);
            EXPECT_TRUE(world_.run_until_copied());
            world_.run_for(std::chrono::seconds(70));
        }
    }

    VerifyReport verify() {
        VerifyRequest request;
        request.link = "hz-to-sh";
        request.source = world_.source_ref;
        request.to_minute = INT64_MAX / 120;
        auto report = verify_link(request,
                                  {world_.source,
                                   {{"", world_.target_ref, &world_.network, &world_.target}},
                                   world_.state,
                                   world_.clock,
                                   null_event_log(),
                                   world_.metrics},
                                  world_.compile);
        EXPECT_TRUE(report) << report.error().message;
        return report ? *report : VerifyReport{};
    }

    /// Writes the target anew, each stored group as `edit` leaves it, absent where it returns
    /// false.
    void rewrite_target(const std::function<bool(LogGroup&)>& edit) {
        std::vector<LogGroup> kept;
        for (LogGroup group : world_.target.groups(world_.target_ref)) {
            if (edit(group)) kept.push_back(std::move(group));
        }
        ASSERT_TRUE(world_.target.delete_logstore(world_.target_ref));
        ASSERT_TRUE(world_.target.create_logstore(world_.target_ref, {}));
        for (const LogGroup& group : kept) {
            world_.target.append(world_.target_ref, ShardId(0), group);
        }
    }

    World world_;
};

TEST_F(Verify, FindsNothingInAnHonestCopy) {
    const VerifyReport report = verify();
    EXPECT_TRUE(report.is_exact());
    EXPECT_EQ(report.logs_checked, 60U);
    EXPECT_GE(report.minutes_checked, 4U);
}

TEST_F(Verify, IsNotDisturbedByDirectDataOrOtherLinks) {
    LogGroup direct;
    direct.source = "agent-0";
    direct.logs.push_back({1, std::nullopt, {{"id", "direct"}}});
    world_.target.append(world_.target_ref, ShardId(0), direct);
    direct.tags.push_back({std::string(kOriginTag), "v1 link=other shard=0 cursor=1-2"});
    world_.target.append(world_.target_ref, ShardId(0), direct);
    EXPECT_TRUE(verify().is_exact());
}

TEST_F(Verify, NamesARecordThatIsMissing) {
    bool done = false;
    rewrite_target([&](LogGroup& group) {
        if (done || group.source != "agent-2") return true;
        done = true;
        group.logs.erase(group.logs.begin() + 1);
        return true;
    });
    const VerifyReport report = verify();
    ASSERT_EQ(report.findings.size(), 1U);
    EXPECT_EQ(report.minutes_differing, 1U);
    EXPECT_EQ(report.findings[0].difference, Difference::Missing);
    EXPECT_TRUE(report.findings[0].position);
    EXPECT_EQ(report.findings[0].expected.logs, report.findings[0].actual.logs + 1);
}

TEST_F(Verify, NamesAWriteThatIsDoubled) {
    std::optional<LogGroup> again;
    rewrite_target([&](LogGroup& group) {
        if (!again) again = group;
        return true;
    });
    world_.target.append(world_.target_ref, ShardId(1), *again);
    const VerifyReport report = verify();
    ASSERT_EQ(report.findings.size(), 1U);
    EXPECT_EQ(report.findings[0].difference, Difference::Doubled);
    EXPECT_NE(report.findings[0].detail.find("2 times"), std::string::npos);
}

TEST_F(Verify, NamesARecordThatWasChanged) {
    bool done = false;
    rewrite_target([&](LogGroup& group) {
        if (!done) group.logs[0].contents[0].value += "!";
        done = true;
        return true;
    });
    const VerifyReport report = verify();
    ASSERT_EQ(report.findings.size(), 1U);
    EXPECT_EQ(report.findings[0].difference, Difference::Changed);
    EXPECT_TRUE(report.findings[0].position);
}

TEST_F(Verify, ALossAndADoublingDoNotCancelOut) {
    std::optional<LogGroup> doubled;
    rewrite_target([&](LogGroup& group) {
        if (!doubled) {
            doubled = group;
            group.logs[1] = group.logs[0];
        }
        return true;
    });
    const VerifyReport report = verify();
    ASSERT_EQ(report.findings.size(), 1U);
    EXPECT_EQ(report.findings[0].expected.logs, report.findings[0].actual.logs);
    EXPECT_EQ(report.findings[0].difference, Difference::Changed);
}

TEST_F(Verify, TellsTheMinuteWhenTheSourceIsGone) {
    rewrite_target([&](LogGroup& group) { return group.source != "agent-2"; });
    world_.source.expire(world_.source_ref, ShardId(0), 1000);
    world_.source.expire(world_.source_ref, ShardId(1), 1000);
    const VerifyReport report = verify();
    ASSERT_FALSE(report.findings.empty());
    EXPECT_EQ(report.findings[0].difference, Difference::Unknown);
    EXPECT_NE(report.findings[0].detail.find("cannot be read again"), std::string::npos);
}

TEST_F(Verify, ReadsBackItsEntries) {
    const auto entries = read_ledger(world_.state, "hz-to-sh", 0, INT64_MAX);
    ASSERT_TRUE(entries);
    ASSERT_FALSE(entries->empty());
    for (const LedgerEntry& entry : *entries) {
        EXPECT_EQ(decode_entry(encode_entry(entry)).value(), entry);
        EXPECT_EQ(entry.logs_read, entry.acknowledged.logs);
    }
    EXPECT_EQ(decode_entry("{}").error().code, ErrorCode::Corrupt);
}

}  // namespace
}  // namespace spillway::replicator::test
