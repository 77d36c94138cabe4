#include "base/storage/durable_file.h"
#include "daemon/quickstart/child_process.h"
#include "daemon/quickstart/free_port.h"
#include "daemon/quickstart/supervisor.h"

#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

namespace spillway::daemon::quickstart {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Collects events and waits for them: no test sleeps.
class Events {
  public:
    Supervisor::Handler handler() {
        return [this](const ChildEvent& event) {
            const std::lock_guard lock(mutex_);
            seen_.push_back(event);
            changed_.notify_all();
        };
    }
    ChildEvent wait_for(ChildEvent::Kind kind, std::size_t nth = 1) {
        std::unique_lock lock(mutex_);
        ChildEvent found;
        const bool came = changed_.wait_for(lock, seconds{20}, [&] {
            std::size_t count = 0;
            for (const ChildEvent& event : seen_) {
                if (event.kind == kind && ++count == nth) {
                    found = event;
                    return true;
                }
            }
            return false;
        });
        EXPECT_TRUE(came) << "the event never came";
        return found;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<ChildEvent> seen_;
};

class SupervisorTest : public testing::Test {
  protected:
    SupervisorTest() {
        std::string name = testing::TempDir() + "/spillway-supervisor-XXXXXX";
        directory_ = mkdtemp(name.data());
    }
    ~SupervisorTest() override { std::filesystem::remove_all(directory_); }

    ChildSpec shell(const std::string& script) const {
        return {"worker", {"-c", script}, directory_ + "/worker.log"};
    }

    std::string directory_;
    SystemClock clock_;
    Events events_;
};

bool is_alive(pid_t pid) {
    return kill(pid, 0) == 0;
}

TEST_F(SupervisorTest, StartsAChildAgainWhenSomebodyKillsIt) {
    Supervisor supervisor("/bin/sh", {}, clock_, events_.handler());
    ASSERT_TRUE(supervisor.start(shell("exec sleep 600")));
    const pid_t first = supervisor.pids().at("worker");
    kill(first, SIGKILL);
    const ChildEvent died = events_.wait_for(ChildEvent::Kind::Died);
    EXPECT_EQ(died.pid, first);
    EXPECT_NE(died.reason.find("signal 9"), std::string::npos);
    const ChildEvent again = events_.wait_for(ChildEvent::Kind::Restarted);
    EXPECT_TRUE(is_alive(again.pid));
    EXPECT_EQ(supervisor.restarts(), 1);
    supervisor.stop_all(seconds{5});
    EXPECT_FALSE(is_alive(again.pid));
}

TEST_F(SupervisorTest, LeavesAHeldChildDownUntilReleased) {
    Supervisor supervisor("/bin/sh", {}, clock_, events_.handler());
    ASSERT_TRUE(supervisor.start(shell("exec sleep 600")));
    const pid_t first = supervisor.pids().at("worker");
    ASSERT_TRUE(supervisor.kill_and_hold("worker"));
    EXPECT_FALSE(is_alive(first));
    EXPECT_EQ(supervisor.pids().at("worker"), 0);
    ASSERT_TRUE(supervisor.release("worker"));
    EXPECT_TRUE(is_alive(supervisor.pids().at("worker")));
    EXPECT_EQ(supervisor.restarts(), 0);
    EXPECT_EQ(supervisor.kill_and_hold("nobody").error().code, ErrorCode::NotFound);
}

TEST_F(SupervisorTest, GivesUpOnAChildThatNeverStaysUpAndSaysWhereItsOutputIs) {
    RestartPolicy policy;
    policy.pause = milliseconds{1};
    policy.short_lives_max = 3;
    Supervisor supervisor("/bin/sh", policy, clock_, events_.handler());
    ASSERT_TRUE(supervisor.start(shell("echo port in use; exit 1")));
    events_.wait_for(ChildEvent::Kind::Failed);
    ASSERT_TRUE(supervisor.failure());
    EXPECT_NE(supervisor.failure()->message.find("worker.log"), std::string::npos);
    EXPECT_NE(supervisor.failure()->message.find("exit 1"), std::string::npos);
    EXPECT_NE(read_file(directory_ + "/worker.log").value().find("port in use"), std::string::npos);
}

TEST_F(SupervisorTest, KillsWhatDoesNotListenToTheRequestToStop) {
    Supervisor supervisor("/bin/sh", {}, clock_, events_.handler());
    ASSERT_TRUE(supervisor.start(shell("trap '' TERM; while :; do sleep 600; done")));
    const pid_t pid = supervisor.pids().at("worker");
    supervisor.stop_all(milliseconds{50});
    EXPECT_FALSE(is_alive(pid));
}

TEST_F(SupervisorTest, RefusesToStartAnythingOnceStopped) {
    Supervisor supervisor("/bin/sh", {}, clock_, events_.handler());
    supervisor.stop_all(milliseconds{0});
    EXPECT_EQ(supervisor.start(shell("exit 0")).error().code, ErrorCode::Cancelled);
}

TEST_F(SupervisorTest, LeavesNoChildBehindWhenItsOwnProcessIsKilled) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t middle = fork();
    if (middle == 0) {
        SystemClock clock;
        Supervisor supervisor("/bin/sh", {}, clock, [](const ChildEvent&) {});
        if (!supervisor.start(shell("exec sleep 600"))) _exit(1);
        const pid_t grandchild = supervisor.pids().at("worker");
        if (write(ends[1], &grandchild, sizeof grandchild) < 0) _exit(1);
        pause();
        _exit(0);
    }
    pid_t grandchild = 0;
    ASSERT_EQ(read(ends[0], &grandchild, sizeof grandchild), ssize_t{sizeof grandchild});
    EXPECT_TRUE(is_alive(grandchild));
    kill(middle, SIGKILL);
    waitpid(middle, nullptr, 0);
    // The kernel sends the signal while `middle` dies; its reaping by init takes a moment more.
    bool gone = false;
    for (int i = 0; i < 1'000 && !gone; ++i) {
        const std::string stat =
            read_file("/proc/" + std::to_string(grandchild) + "/stat").value_or(std::string());
        gone = stat.empty() || stat.find(") Z ") != std::string::npos;
        if (!gone) usleep(5'000);
    }
    EXPECT_TRUE(gone);
    close(ends[0]);
    close(ends[1]);
}

TEST(RunChild, HandsOverEveryLineAndTheExitStatus) {
    std::vector<std::string> lines;
    auto status =
        run_child({"/bin/sh", {"-c", "echo one; echo two >&2; printf three; exit 5"}}, seconds{20},
                  [&](std::string_view line) { lines.emplace_back(line); }, {});
    ASSERT_TRUE(status);
    EXPECT_EQ(*status, 5);
    EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "three"}));
}

TEST(RunChild, KillsAChildThatTakesTooLong) {
    auto status = run_child({"/bin/sh", {"-c", "exec sleep 600"}}, milliseconds{30},
                            [](std::string_view) {}, {});
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::Unavailable);
}

TEST(RunChild, SaysWhatCouldNotBeStarted) {
    auto status = run_child({"/nowhere/at/all", {}}, seconds{1}, [](std::string_view) {}, {});
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::NotFound);
    EXPECT_NE(status.error().message.find("/nowhere/at/all"), std::string::npos);
}

TEST(RestartPolicy, IsPatientOnlyWithShortLives) {
    RestartPolicy policy;
    EXPECT_EQ(policy.wait_before_restart(seconds{10}, 0), milliseconds{0});
    EXPECT_EQ(policy.wait_before_restart(milliseconds{10}, 1), milliseconds{0});
    EXPECT_EQ(policy.wait_before_restart(milliseconds{10}, 2), policy.pause);
    EXPECT_EQ(policy.wait_before_restart(milliseconds{10}, policy.short_lives_max), std::nullopt);
}

TEST(FreePorts, AreDifferentAndOutsideTheRangeOfOutgoingConnections) {
    auto ports = choose_free_ports(6);
    ASSERT_TRUE(ports);
    for (std::size_t i = 0; i < ports->size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) EXPECT_NE((*ports)[i], (*ports)[j]);
    }
}

}  // namespace
}  // namespace spillway::daemon::quickstart
