#include "base/storage/durable_file.h"
#include "daemon/quickstart/daemon_view.h"
#include "daemon/quickstart/drill.h"
#include "daemon/quickstart/inputs.h"
#include "daemon/quickstart/layout.h"
#include "daemon/quickstart/observer.h"
#include "daemon/quickstart/screen.h"
#include "daemon/quickstart/store_reader.h"
#include "daemon/quickstart/story.h"
#include "daemon/quickstart/verdict.h"
#include "daemon/quickstart/workspace.h"
#include "logstore/wire/log_group_writer.h"
#include "tests/support/fake_region.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

namespace spillway::daemon::quickstart {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test_support::FakeCall;
using test_support::FakeRegion;

TEST(Story, GoesThroughEveryPhaseInOrder) {
    const StoryLimits limits;
    StoryFacts facts;
    EXPECT_EQ(decide(Phase::Feeding, facts, limits).act, Act::None);
    facts.fed = 0.4;
    EXPECT_EQ(decide(Phase::Feeding, facts, limits).act, Act::KillSource);
    EXPECT_EQ(decide(Phase::SourceDown, facts, limits).act, Act::None);
    facts.source_seen_down = true;
    EXPECT_EQ(decide(Phase::SourceDown, facts, limits).act, Act::StartFailover);
    EXPECT_EQ(decide(Phase::FailingOver, facts, limits).act, Act::None);
    facts.failover_ended = facts.target_active = true;
    EXPECT_EQ(decide(Phase::FailingOver, facts, limits).act, Act::ReleaseFeed);
    EXPECT_EQ(decide(Phase::OnTarget, facts, limits).phase, Phase::OnTarget);
    facts.target_receives = true;
    facts.fed = 0.9;
    EXPECT_EQ(decide(Phase::OnTarget, facts, limits).act, Act::ReturnSource);
    EXPECT_EQ(decide(Phase::Returned, facts, limits).phase, Phase::Returned);
    facts.feed_done = facts.all_arrived = facts.link_caught_up = true;
    EXPECT_EQ(decide(Phase::Returned, facts, limits).phase, Phase::Returned);
    facts.obligations_open = false;
    EXPECT_EQ(decide(Phase::Returned, facts, limits).phase, Phase::Settled);
}

TEST(Story, AsksAgainForAFailoverThatTheDaemonDidNotFinish) {
    StoryFacts facts;
    facts.failover_ended = true;
    EXPECT_EQ(decide(Phase::FailingOver, facts, {}).act, Act::RetryFailover);
}

TEST(Story, SaysWhatItStillWaitsForWhenALimitPasses) {
    const StoryLimits limits;
    StoryFacts facts;
    facts.in_phase = std::chrono::hours(1);
    for (const Phase phase : {Phase::SourceDown, Phase::FailingOver, Phase::OnTarget}) {
        const StoryStep step = decide(phase, facts, limits);
        EXPECT_EQ(step.phase, Phase::Stuck) << name_of(phase);
        EXPECT_FALSE(step.waiting_for.empty()) << name_of(phase);
    }
    facts.feed_done = true;
    facts.source_seen_up = facts.link_caught_up = true;
    const StoryStep step = decide(Phase::Returned, facts, limits);
    EXPECT_EQ(step.phase, Phase::Stuck);
    EXPECT_NE(step.waiting_for.find("last lines"), std::string::npos);
}

TEST(Drill, TakesTheFinishedStepsFromWhatTheCommandPrints) {
    EXPECT_EQ(finished_step("  ok   2026-11-21T04:07:38.985Z sh has project and Logstore"),
              "sh has project and Logstore");
    EXPECT_EQ(finished_step("  ok   all is well"), "all is well");
    EXPECT_EQ(finished_step("  ..   2026-11-21T04:07:38.985Z put twins"), std::nullopt);
    EXPECT_EQ(finished_step(""), std::nullopt);
}

TEST(DaemonView, ReadsWhatTheStatusSaysOfTheDrill) {
    const auto status = parse_json(R"({
        "regions": [{"region": "hz", "state": "failed"}, {"region": "sh", "state": "healthy"}],
        "pairs": [{"pair": "demo", "active": "sh", "state": "dirty", "operation": "demo-e2",
                   "ready": false, "not_ready": ["hz is down"],
                   "obligations": [{"kind": "fence_source", "open": false, "sentence": "done"},
                                   {"kind": "drain_source_tail", "open": true,
                                    "sentence": "hz is down"}]}],
        "links": [{"name": "app-hz-to-sh", "lag": {"seconds": null, "logs": 12},
                   "last_error": {"message": "refused"}}]})");
    ASSERT_TRUE(status);
    const DaemonView view = read_status(*status, "hz", "sh");
    EXPECT_EQ(view.source_state, "failed");
    EXPECT_EQ(view.active, "sh");
    EXPECT_EQ(view.operation, "demo-e2");
    EXPECT_EQ(view.owed, "drain_source_tail: hz is down");
    EXPECT_EQ(view.lag_seconds, std::nullopt);
    EXPECT_EQ(view.lag_logs, 12U);
    EXPECT_EQ(view.link_trouble, "refused");
}

TEST(DaemonView, BearsAnAnswerThatIsNoStatus) {
    EXPECT_EQ(read_status(json::value(nullptr), "hz", "sh").active, "");
    EXPECT_EQ(read_status(json::value(json::object{{"pairs", 3}}), "hz", "sh").active, "");
}

TEST(Layout, GivesEachInputAFileNameOfItsOwn) {
    EXPECT_EQ(watched_names({"/a/x.log", "/b/x.log", "/c/syslog", "y.log", ".log"}),
              (std::vector<std::string>{"x.log", "x-2.log", "syslog.log", "y.log", "input.log"}));
}

// ---- what is read back ----

constexpr const char* kOrigin = "v1 link=app-hz-to-sh shard=1 cursor=5-9 epoch=1 hops=1";

LogGroup group_of(const std::string& ip, std::uint64_t inode,
                  const std::vector<std::pair<std::uint64_t, std::string>>& records,
                  bool replicated) {
    LogGroup group;
    group.source = ip;
    group.tags = {{"__path__", "/logs/x.log"}, {"__inode__", std::to_string(inode)}};
    if (replicated) group.tags.push_back({"__spillway_origin__", kOrigin});
    for (const auto& [offset, text] : records) {
        Log log;
        log.time = 1;
        log.contents = {{"content", text}, {"__file_offset__", std::to_string(offset)}};
        group.logs.push_back(log);
    }
    return group;
}

class ReadBack : public testing::Test {
  protected:
    ReadBack() {
        region_.create(ref_, 2);
        std::string name = testing::TempDir() + "/spillway-verdict-XXXXXX";
        directory_ = mkdtemp(name.data());
    }
    ~ReadBack() override { std::filesystem::remove_all(directory_); }

    std::vector<Arrival> read_all(StoreReader& reader) {
        std::vector<Arrival> arrivals;
        auto done = reader.poll([&](const StoredRecord& record) {
            arrivals.push_back(record.arrival);
            arrivals.back().content = {};
        });
        EXPECT_TRUE(done);
        return arrivals;
    }

    FakeClock clock_;
    FakeRegion region_{clock_};
    LogstoreRef ref_{ProjectName("demo-sh"), LogstoreName("app")};
    std::string directory_;
};

TEST_F(ReadBack, TellsDirectFromReplicatedAndPassesOverWhatHasNoFile) {
    region_.append(ref_, ShardId(0), group_of("127.0.0.11", 7, {{0, "a"}, {2, "b"}}, false));
    region_.append(ref_, ShardId(1), group_of("127.0.0.11", 7, {{4, "c"}}, true));
    LogGroup canary;
    canary.logs.push_back({1, std::nullopt, {{"seq", "1"}}});
    region_.append(ref_, ShardId(1), canary);
    StoreReader reader(region_, ref_);
    const auto arrivals = read_all(reader);
    ASSERT_EQ(arrivals.size(), 3U);
    EXPECT_EQ(arrivals[0].delivery, Delivery::Direct);
    EXPECT_EQ(arrivals[2].delivery, Delivery::Replicated);
    EXPECT_TRUE(read_all(reader).empty());
}

TEST_F(ReadBack, CallsReplicatedRecordsBehindTheMarkLate) {
    region_.append(ref_, ShardId(0), group_of("127.0.0.11", 7, {{0, "a"}}, true));
    auto marks = StoreReader::marks(region_, ref_, CursorSeek::end());
    ASSERT_TRUE(marks);
    region_.append(ref_, ShardId(0), group_of("127.0.0.11", 7, {{2, "b"}}, true));
    region_.append(ref_, ShardId(0), group_of("127.0.0.11", 7, {{4, "c"}}, false));
    StoreReader reader(region_, ref_);
    reader.set_marks(*marks);
    const auto arrivals = read_all(reader);
    ASSERT_EQ(arrivals.size(), 3U);
    EXPECT_FALSE(arrivals[0].late);
    EXPECT_TRUE(arrivals[1].late);
    EXPECT_FALSE(arrivals[2].late);
}

TEST_F(ReadBack, GoesOnWhereItWasAfterAnError) {
    region_.append(ref_, ShardId(0), group_of("127.0.0.11", 7, {{0, "a"}}, false));
    region_.append(ref_, ShardId(1), group_of("127.0.0.11", 7, {{2, "b"}}, false));
    StoreReader reader(region_, ref_);
    std::size_t seen = 0;
    const auto count = [&](const StoredRecord&) { ++seen; };
    region_.refuse_next(FakeCall::Pull, make_error(ErrorCode::Unavailable, "down"));
    EXPECT_FALSE(reader.poll(count));
    EXPECT_TRUE(reader.poll(count));
    EXPECT_TRUE(reader.poll(count));
    EXPECT_EQ(seen, 2U);
}

TEST_F(ReadBack, CountsDifferentLinesLive) {
    LiveCount count;
    const FileId file{"127.0.0.11", 7};
    count.add({file, "", {0, "abc", Delivery::Replicated, 0, false}});
    count.add({file, "", {0, "abc", Delivery::Direct, 0, false}});
    count.add({file, "", {4, "d", Delivery::Direct, 0, false}});
    EXPECT_EQ(count.lines(), 2U);
    EXPECT_EQ(count.direct_lines(), 2U);
    EXPECT_TRUE(count.covers(file, 6));
    EXPECT_FALSE(count.covers(file, 7));
    EXPECT_TRUE(count.covers({"127.0.0.12", 9}, 0));
}

// ---- the verdict ----

class VerdictTest : public ReadBack {
  protected:
    // One input of two lines that was rotated after the first.
    std::vector<FedInput> fed() {
        const std::string first = directory_ + "/x.log.1";
        const std::string second = directory_ + "/x.log";
        std::ofstream(first) << "one\n";
        std::ofstream(second) << "two\n";
        FedInput input;
        input.source = "/var/log/x.log";
        input.agent = 1;
        input.files = {{first, 7, 4, 1, {{milliseconds{1'000}, 4}}},
                       {second, 8, 4, 1, {{milliseconds{3'000}, 4}}}};
        input.comparison.bytes_equal = 8;
        return {input};
    }
    static StoredRecord record(std::uint64_t inode, std::string_view text, Delivery delivery,
                               bool late = false) {
        return {{"127.0.0.11", inode}, "", {0, text, delivery, 0, late}};
    }
};

TEST_F(VerdictTest, HoldsWhenEveryLineIsThere) {
    auto builder = VerdictBuilder::open(fed());
    ASSERT_TRUE(builder);
    builder->add_source(record(7, "one", Delivery::Direct));
    builder->add_target(record(7, "one", Delivery::Replicated, true));
    builder->add_target(record(8, "two", Delivery::Direct));
    const Verdict verdict = builder->judge();
    EXPECT_TRUE(verdict.holds());
    EXPECT_EQ(verdict.lines_in_source, 1U);
    EXPECT_EQ(verdict.late.lines, 1U);
    EXPECT_EQ(verdict.late.from, milliseconds{1'000});
    const json::object report = verdict_json(verdict, {});
    EXPECT_EQ(find_string(report, "schema"), "spillway/v1/quickstart-report");
    EXPECT_EQ(find_bool(report, "holds"), true);
    EXPECT_EQ(report.at("missing").at("lines").to_number<int>(), 0);
    EXPECT_NE(verdict_text(verdict, {}).find("nothing is missing"), std::string::npos);
}

TEST_F(VerdictTest, FailsAndShowsTheRangeWhenALineIsMissing) {
    auto builder = VerdictBuilder::open(fed());
    ASSERT_TRUE(builder);
    builder->add_target(record(8, "two", Delivery::Direct));
    const Verdict verdict = builder->judge();
    EXPECT_FALSE(verdict.holds());
    const std::string text = verdict_text(verdict, {});
    EXPECT_NE(text.find("FAILED"), std::string::npos);
    EXPECT_NE(text.find("x.log.1 bytes 0 to 3"), std::string::npos) << text;
}

TEST_F(VerdictTest, BlamesTheLinkOnlyForCopiesTheSourceDoesNotHold) {
    auto builder = VerdictBuilder::open(fed());
    ASSERT_TRUE(builder);
    builder->add_source(record(7, "one", Delivery::Direct));
    builder->add_source(record(7, "one", Delivery::Direct));
    for (int i = 0; i < 3; ++i) builder->add_target(record(7, "one", Delivery::Replicated));
    builder->add_target(record(8, "two", Delivery::Direct));
    const Verdict verdict = builder->judge();
    EXPECT_EQ(verdict.total.copies_replicated_again, 2U);
    EXPECT_EQ(verdict.copies_by_the_link, 1U);
    EXPECT_TRUE(verdict.holds());
}

TEST_F(VerdictTest, DoesNotHoldWhenRecordsComeFromNowhereOrTheInputWasNotFedAsItIs) {
    auto inputs = fed();
    auto builder = VerdictBuilder::open(inputs);
    ASSERT_TRUE(builder);
    builder->add_target(record(7, "one", Delivery::Direct));
    builder->add_target(record(8, "two", Delivery::Direct));
    EXPECT_TRUE(builder->judge().holds());
    builder->add_target(record(99, "x", Delivery::Direct));
    EXPECT_FALSE(builder->judge().holds());
    inputs[0].comparison.bytes_different = 1;
    auto other = VerdictBuilder::open(inputs);
    ASSERT_TRUE(other);
    other->add_target(record(7, "one", Delivery::Direct));
    other->add_target(record(8, "two", Delivery::Direct));
    EXPECT_FALSE(other->judge().holds());
}

TEST_F(VerdictTest, NeverShowsAnUnknownFigureAsZero) {
    auto builder = VerdictBuilder::open(fed());
    ASSERT_TRUE(builder);
    RunFacts facts;
    facts.operation_report = json::object{
        {"loss_logs", json::object{{"value", nullptr}, {"bound", "unknown"}, {"reason", "hz"}}},
        {"loss_seconds", json::object{{"value", 2.5}, {"bound", "upper_bound"}, {"reason", ""}}}};
    const std::string text = verdict_text(builder->judge(), facts);
    EXPECT_NE(text.find("unknown (hz)"), std::string::npos) << text;
    EXPECT_NE(text.find("at most 2.5 s"), std::string::npos) << text;
}

// ---- screen, folder, inputs ----

TEST(Screen, PrintsOneLineAnEventWhereThereIsNoTerminal) {
    std::ostringstream out;
    Screen screen(out, {});
    screen.say(milliseconds{65'400}, "region hz died", Tone::Bad);
    LiveState state;
    state.lag = "unknown";
    screen.show(state);
    screen.show(state);
    const std::string text = out.str();
    EXPECT_EQ(text.find('\033'), std::string::npos);
    EXPECT_NE(text.find("01:05.4  region hz died\n"), std::string::npos);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
}

TEST(Screen, DrawsTheBlockAgainInPlaceOnATerminal) {
    std::ostringstream out;
    {
        Screen screen(out, {true, false, 60});
        LiveState state;
        screen.show(state);
        screen.show(state);
    }
    const std::string rows = std::to_string(live_lines({}).size() + 1);
    EXPECT_NE(out.str().find("\033[" + rows + "A"), std::string::npos);
    EXPECT_EQ(out.str().find("\033[1m"), std::string::npos);
}

TEST(Screen, ClipsByCodePoints) {
    EXPECT_EQ(clipped("héllo", 3), "hél");
    EXPECT_EQ(clipped("ab", 5), "ab");
    EXPECT_EQ(clipped("", 5), "");
}

class WorkspaceTest : public testing::Test {
  protected:
    WorkspaceTest() {
        std::string name = testing::TempDir() + "/spillway-workspace-XXXXXX";
        directory_ = mkdtemp(name.data());
    }
    ~WorkspaceTest() override { std::filesystem::remove_all(directory_); }
    std::string directory_;
};

TEST_F(WorkspaceTest, RefusesAFolderThatHoldsSomething) {
    std::ofstream(directory_ + "/precious") << "x";
    auto opened = Workspace::open(directory_);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::Refused);
    EXPECT_TRUE(std::filesystem::exists(directory_ + "/precious"));
}

TEST_F(WorkspaceTest, LeavesAnEmptyFolderEmptyAndRemovesOneItMade) {
    {
        auto given = Workspace::open(directory_);
        ASSERT_TRUE(given);
        std::ofstream(given->path() + "/x") << "x";
    }
    EXPECT_TRUE(std::filesystem::is_empty(directory_));
    {
        auto made = Workspace::open(directory_ + "/new/one");
        ASSERT_TRUE(made);
        std::ofstream(made->path() + "/x") << "x";
    }
    EXPECT_FALSE(std::filesystem::exists(directory_ + "/new/one"));
}

TEST_F(WorkspaceTest, KeepsWhatIsToBeKept) {
    {
        auto given = Workspace::open(directory_ + "/kept");
        ASSERT_TRUE(given);
        given->keep();
    }
    EXPECT_TRUE(std::filesystem::exists(directory_ + "/kept"));
}

TEST_F(WorkspaceTest, RefusesNamesThatPathPatternsWouldRead) {
    EXPECT_EQ(Workspace::open(directory_ + "/a*b").error().code, ErrorCode::InvalidArgument);
}

TEST(Inputs, ChooseTheLargestLogsThatAreNotTooLarge) {
    EXPECT_EQ(choose_logs({{"/a", 60'000}, {"/b", 70'000}, {"/huge", 1ULL << 40}, {"/empty", 0}}),
              (std::vector<std::string>{"/b", "/a"}));
    EXPECT_TRUE(choose_logs({{"/a", 500}}).empty());
}

TEST(Inputs, SamplesHoldWhatGoesWrongElsewhere) {
    std::string all;
    for (int i = 0; i < 3; ++i) all += sample_log(i);
    EXPECT_NE(all.find("\r\n"), std::string::npos);
    EXPECT_NE(all.find("\n\n"), std::string::npos);
    EXPECT_NE(all.find('\xff'), std::string::npos);
    EXPECT_NE(sample_log(0).back(), '\n');
}

}  // namespace
}  // namespace spillway::daemon::quickstart
