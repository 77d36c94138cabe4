// The agent with its threads and a real clock.
#include "base/json.h"
#include "tests/logstore/agent/agent_fixture.h"

#include <fstream>
#include <thread>

namespace spillway::agent {
namespace {

using std::chrono::milliseconds;
using test_support::FakeCall;
using Lines = std::vector<std::string>;

class AgentRunTest : public AgentFixture {
  protected:
    AgentRunTest() {
        options_.config_poll = milliseconds(20);
        options_.scan = milliseconds(10);
        options_.linger = milliseconds(10);
        options_.checkpoint_interval = milliseconds(20);
    }
    ~AgentRunTest() override { end(); }

    void begin() {
        auto agent = Agent::open(options_, log_, system_);
        ASSERT_TRUE(agent) << agent.error().to_string();
        agent_ = std::move(*agent);
        running_ = std::jthread([this](std::stop_token stop) { agent_->run(stop); });
    }
    void end() {
        if (!running_.joinable()) return;
        running_.request_stop();
        running_.join();
        agent_.reset();
    }

    SystemClock system_;
    std::jthread running_;
};

TEST_F(AgentRunTest, CollectsUntilItIsStoppedAndRepeatsNothingAfter) {
    serve_config(hz_);
    append("app.log", "one\n");
    begin();
    EXPECT_TRUE(hz_.wait_for([&] { return lines(hz_).size() == 1; }));
    end();
    append("app.log", "two\n");
    begin();
    EXPECT_TRUE(hz_.wait_for([&] { return lines(hz_).size() == 2; }));
    end();
    EXPECT_EQ(lines(hz_), (Lines{"one", "two"}));
}

TEST_F(AgentRunTest, ARegionThatHangsHoldsUpNobodyElse) {
    serve_config(hz_, {.paths = "a.log"});
    serve_config(sh_, {.paths = "b.log"});
    hz_.hold(FakeCall::Put);
    append("a.log", "for hz\n");
    begin();
    hz_.wait_until_held(1);
    append("b.log", "for sh\n");
    EXPECT_TRUE(sh_.wait_for([&] { return lines(sh_).size() == 1; }));
    hz_.hold(FakeCall::Config);
    hz_.wait_until_held(2);
    append("b.log", "for sh again\n");
    EXPECT_TRUE(sh_.wait_for([&] { return lines(sh_).size() == 2; }));
    hz_.release();
    EXPECT_TRUE(hz_.wait_for([&] { return lines(hz_).size() == 1; }));
}

TEST_F(AgentRunTest, SendsWhatItHasReadBeforeItStops) {
    serve_config(hz_);
    hz_.hold(FakeCall::Put);
    append("app.log", "one\n");
    begin();
    hz_.wait_until_held(1);
    running_.request_stop();
    hz_.release();
    end();
    EXPECT_EQ(lines(hz_), Lines{"one"});
    begin();
    EXPECT_TRUE(hz_.wait_for([&] { return hz_.calls(FakeCall::Config) > 20; }));
    end();
    EXPECT_EQ(lines(hz_), Lines{"one"});
}

TEST_F(AgentRunTest, MovesToTheOtherRegionWhenItsConfigsDo) {
    serve_config(hz_);
    begin();
    std::jthread writer([&](std::stop_token stop) {
        for (int line = 0; !stop.stop_requested() && line < 100'000; ++line) {
            append("app.log", std::to_string(line) + "\n");
            if (line % 50 == 0) std::this_thread::yield();
        }
    });
    EXPECT_TRUE(hz_.wait_for([&] { return lines(hz_).size() > 100; }));
    serve_config(sh_, {.allows_others = true, .tail_size_kb = 100'000});
    EXPECT_TRUE(sh_.wait_for([&] { return lines(sh_).size() > 100; }));
    unbind(hz_, "app");
    writer.request_stop();
    writer.join();
    const std::string last = content_of("app.log");
    EXPECT_TRUE(sh_.wait_for([&] { return rebuilt(sh_, inode_of("app.log")) + "\n" == last; }));
}

}  // namespace
}  // namespace spillway::agent
