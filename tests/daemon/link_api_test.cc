// The admin API's answers about links, over a real link between two regions in memory.
#include "daemon/link_api.h"

#include "base/task_runner.h"
#include "daemon/link_text.h"
#include "tests/support/fake_region.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace spillway::daemon {
namespace {

using switchover::ApiRequest;
using test_support::FakeRegion;

class LinkCalls : public testing::Test {
  protected:
    LinkCalls() {
        hz_.create(hz_ref_, 2);
        sh_.create(sh_ref_, 2);
        topology_.logstores["hz/app"] = {"hz/app", RegionName("hz"), hz_ref_};
        topology_.logstores["sh/app"] = {"sh/app", RegionName("sh"), sh_ref_};
        LinkSpec spec;
        spec.name = "hz-to-sh";
        spec.source = "hz/app";
        spec.target = "sh/app";
        topology_.links.push_back(spec);
    }
    ~LinkCalls() override {
        api_.reset();
        if (links_.contains("hz-to-sh")) links_["hz-to-sh"]->stop();
    }

    void open(const std::string& rule = {}) {
        replicator::LinkOptions options;
        options.name = "hz-to-sh";
        options.source = hz_ref_;
        options.rule = rule;
        options.poll = std::chrono::milliseconds(5);
        options.shard_refresh = std::chrono::milliseconds(20);
        options.retry.initial = std::chrono::milliseconds(1);
        auto link = replicator::Link::open(
            options,
            {hz_, {{"", sh_ref_, &sh_, &sh_}}, *state_, clock_, null_event_log(), metrics_});
        ASSERT_TRUE(link) << link.error().message;
        links_["hz-to-sh"] = *std::move(link);
        api_ = std::make_unique<LinkApi>(
            topology_, links_, *state_, [this](const LinkSpec&) -> LogSource& { return hz_; },
            clock_, null_event_log());
        links_["hz-to-sh"]->start(runner_);
    }
    void restart() {
        api_.reset();
        links_["hz-to-sh"]->stop();
        links_.clear();
        open();
    }

    void produce(std::uint32_t shard, const std::string& text) {
        LogGroup group;
        group.source = "agent";
        group.logs.push_back({1'700'000'000, std::nullopt, {{"m", text}}});
        hz_.append(hz_ref_, ShardId(shard), group);
    }
    bool arrived(std::uint64_t logs) {
        return sh_.wait_for([&] { return sh_.log_count(sh_ref_) >= logs; });
    }

    Result<json::value> call(std::string_view method, std::vector<std::string> path,
                             json::object body = {}) {
        path.insert(path.begin(), "links");
        return api_->handle({method, std::move(path), {}, std::move(body), "ann"});
    }
    json::object get(std::vector<std::string> path) {
        auto answer = call("GET", std::move(path));
        EXPECT_TRUE(answer) << answer.error().message;
        return answer ? answer->as_object() : json::object{};
    }
    /// Begins a verification and waits for its end.
    json::object verified() {
        const std::int64_t now = unix_seconds(clock_.wall());
        auto begun = call("POST", {"hz-to-sh", "verify"},
                          {{"from_unix_s", now - 3600}, {"to_unix_s", now + 60}});
        EXPECT_TRUE(begun) << begun.error().message;
        json::object job;
        hz_.wait_for([&] {
            job = get({"hz-to-sh", "verify"});
            return job.at("state").as_string() != "running";
        });
        return job;
    }

    SystemClock clock_;
    FakeRegion hz_{clock_};
    FakeRegion sh_{clock_};
    LogstoreRef hz_ref_{ProjectName("pay-hz"), LogstoreName("app")};
    LogstoreRef sh_ref_{ProjectName("pay-sh"), LogstoreName("app")};
    Topology topology_;
    std::unique_ptr<StateStore> state_ = make_memory_state_store();
    MetricsRegistry metrics_;
    TaskRunner runner_{4};
    LinkMap links_;
    std::unique_ptr<LinkApi> api_;
};

TEST_F(LinkCalls, ListAndDescribeEveryLink) {
    open();
    produce(0, "a");
    ASSERT_TRUE(arrived(1));
    const auto list = get({});
    ASSERT_EQ(list.at("links").as_array().size(), 1U);
    EXPECT_NE(links_text(list).find("hz-to-sh"), std::string::npos);
    const auto one = get({"hz-to-sh"});
    EXPECT_EQ(one.at("shards").as_array().size(), 2U);
    EXPECT_NE(link_text(one).find("hz-to-sh: hz/app -> sh/app"), std::string::npos);
    EXPECT_NE(gaps_text(get({"hz-to-sh", "gaps"})).find("no gaps"), std::string::npos);
}

TEST_F(LinkCalls, NameTheLinksThereAreWhenOneIsUnknown) {
    open();
    const auto answer = call("GET", {"hz-to-bj"});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::NotFound);
    EXPECT_NE(answer.error().message.find("hz-to-sh"), std::string::npos);
    EXPECT_EQ(call("POST", {"hz-to-sh", "explode"}).error().code, ErrorCode::NotFound);
    EXPECT_EQ(call("DELETE", {}).error().code, ErrorCode::NotFound);
}

TEST_F(LinkCalls, APauseStopsTheCopyAndOutlivesARestart) {
    open();
    ASSERT_TRUE(call("POST", {"hz-to-sh", "pause"}));
    EXPECT_EQ(get({"hz-to-sh"}).at("state").as_string(), "paused");
    restart();
    ASSERT_TRUE(api_->restore_pauses());
    EXPECT_EQ(get({"hz-to-sh"}).at("state").as_string(), "paused");
    produce(0, "a");
    ASSERT_TRUE(call("POST", {"hz-to-sh", "resume"}));
    ASSERT_TRUE(arrived(1));
    restart();
    ASSERT_TRUE(api_->restore_pauses());
    EXPECT_NE(get({"hz-to-sh"}).at("state").as_string(), "paused");
}

TEST_F(LinkCalls, VerifyReadsTheTargetBackAndFindsItExact) {
    open();
    for (std::uint32_t i = 0; i < 20; ++i) produce(i % 2, std::to_string(i));
    ASSERT_TRUE(arrived(20));
    ASSERT_TRUE(call("POST", {"hz-to-sh", "drain"}));
    ASSERT_TRUE(hz_.wait_for([&] { return links_["hz-to-sh"]->status().drained; }));
    const auto job = verified();
    EXPECT_EQ(job.at("state").as_string(), "exact") << json::serialize(job);
    EXPECT_EQ(job.at("report").at("logs_checked").to_number<int>(), 20);
    EXPECT_NE(verify_text(job).find("20 logs"), std::string::npos);
}

TEST_F(LinkCalls, VerifyRefusesAnEmptyRangeAndNotABodyAtAll) {
    open();
    EXPECT_EQ(call("GET", {"hz-to-sh", "verify"}).error().code, ErrorCode::NotFound);
    EXPECT_EQ(call("POST", {"hz-to-sh", "verify"}).error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(
        call("POST", {"hz-to-sh", "verify"}, {{"from_unix_s", 5}, {"to_unix_s", 5}}).error().code,
        ErrorCode::InvalidArgument);
    EXPECT_EQ(call("POST", {"hz-to-sh", "verify", "cancel"}).error().code, ErrorCode::NotFound);
}

TEST_F(LinkCalls, AVerificationThatCannotReadSaysSo) {
    open();
    produce(0, "a");
    ASSERT_TRUE(arrived(1));
    ASSERT_TRUE(call("POST", {"hz-to-sh", "drain"}));
    ASSERT_TRUE(hz_.wait_for([&] { return links_["hz-to-sh"]->status().drained; }));
    sh_.go_dark();
    const auto job = verified();
    EXPECT_EQ(job.at("state").as_string(), "failed");
    EXPECT_FALSE(job.at("error").is_null());
}

TEST_F(LinkCalls, TranslateGoesThereAndBack) {
    open();
    for (int i = 0; i < 5; ++i) produce(0, std::to_string(i));
    ASSERT_TRUE(arrived(5));
    const Cursor middle = hz_.cursor(hz_ref_, ShardId(0), CursorSeek::begin()).value();
    const auto there =
        call("POST", {"hz-to-sh", "translate"},
             {{"to", "target"},
              {"places", json::array{json::object{{"shard", 0}, {"cursor", middle.str()}}}}});
    ASSERT_TRUE(there) << there.error().message;
    EXPECT_EQ(there->at("logstore").as_string(), "sh/app");
    EXPECT_EQ(there->at("places").as_array().size(), 2U);
    const auto back = call("POST", {"hz-to-sh", "translate"},
                           {{"to", "source"}, {"places", there->at("places")}});
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->at("places").as_array().front().at("cursor").as_string(), middle.str());
    const auto by_time =
        call("POST", {"hz-to-sh", "translate"}, {{"to", "target"}, {"time_unix_s", 0}});
    ASSERT_TRUE(by_time) << by_time.error().message;
    EXPECT_EQ(by_time->at("places"), there->at("places"));
}

TEST_F(LinkCalls, TranslateNamesTheMemberThatIsWrong) {
    open();
    for (const auto& [body, member] : std::vector<std::pair<json::object, std::string>>{
             {{}, "\"to\""},
             {{{"to", "moon"}}, "\"to\""},
             {{{"to", "target"}}, "\"places\""},
             {{{"to", "target"}, {"places", json::array{1}}}, "\"places\""},
             {{{"to", "source"}, {"time_unix_s", 5}}, "time"}}) {
        const auto answer = call("POST", {"hz-to-sh", "translate"}, body);
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().code, ErrorCode::InvalidArgument);
        EXPECT_NE(answer.error().message.find(member), std::string::npos) << answer.error().message;
    }
}

TEST_F(LinkCalls, DeadLettersAreShownReplayedAndDropped) {
    open(R"(e_set("n", op_div_floor(1, ct_int(v("m")))))");
    produce(0, "0");
    produce(0, "also no number");
    ASSERT_TRUE(hz_.wait_for([&] { return links_["hz-to-sh"]->status().dead_letters_held == 2; }));
    const auto list = get({"hz-to-sh", "dead-letters"});
    const auto& letters = list.at("dead_letters").as_array();
    ASSERT_EQ(letters.size(), 2U);
    const std::string first(letters[0].at("id").as_string());
    const std::string second(letters[1].at("id").as_string());
    EXPECT_NE(dead_letters_text(list).find(first), std::string::npos);
    EXPECT_NE(dead_letter_text(get({"hz-to-sh", "dead-letters", first})).find("m: 0"),
              std::string::npos);
    EXPECT_FALSE(call("POST", {"hz-to-sh", "dead-letters", first, "replay"}))
        << "the rule still fails on it";
    ASSERT_TRUE(call("POST", {"hz-to-sh", "dead-letters", second, "drop"}));
    EXPECT_EQ(get({"hz-to-sh", "dead-letters"}).at("dead_letters").as_array().size(), 1U);
    EXPECT_EQ(call("GET", {"hz-to-sh", "dead-letters", second}).error().code, ErrorCode::NotFound);
}

}  // namespace
}  // namespace spillway::daemon
