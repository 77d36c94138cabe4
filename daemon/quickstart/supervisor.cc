#include "daemon/quickstart/supervisor.h"

#include "daemon/quickstart/child_process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace spillway::daemon::quickstart {
namespace {
constexpr std::chrono::milliseconds kLookEvery{20};
}

struct Supervisor::Child {
    ChildSpec spec;
    pid_t pid = 0;  // 0: down
    bool held = false;
    int short_lives = 0;
    MonoTime started{};
    std::optional<MonoTime> restart_at;
};

std::optional<std::chrono::milliseconds> RestartPolicy::wait_before_restart(
    std::chrono::milliseconds lived, int short_lives_so_far) const {
    if (lived >= short_life) return std::chrono::milliseconds{0};
    if (short_lives_so_far >= short_lives_max) return std::nullopt;
    // The first one may be somebody's kill -9 right after the start: no reason to wait.
    return short_lives_so_far <= 1 ? std::chrono::milliseconds{0} : pause;
}

Supervisor::Supervisor(std::string program, RestartPolicy policy, const Clock& clock,
                       Handler on_event)
    : program_(std::move(program)),
      policy_(policy),
      clock_(clock),
      on_event_(std::move(on_event)),
      watcher_([this](const std::stop_token& stop) { watch(stop); }) {}

Supervisor::~Supervisor() {
    stop_all(std::chrono::milliseconds{0});
}

Status Supervisor::start(ChildSpec spec) {
    auto child = std::make_unique<Child>();
    child->spec = std::move(spec);
    Status outcome = make_error(ErrorCode::Cancelled, "everything is being stopped");
    ChildEvent event;
    run_on_watcher([&] {
        outcome = spawn_locked(*child);
        event = {ChildEvent::Kind::Started, child->spec.name, child->pid, {}};
        if (outcome) children_.push_back(std::move(child));
    });
    if (outcome) on_event_(event);
    return outcome;
}

Status Supervisor::kill_and_hold(const std::string& name) {
    const std::lock_guard lock(mutex_);
    Child* child = find_locked(name);
    if (child == nullptr) return make_error(ErrorCode::NotFound, "no child named " + name);
    child->held = true;
    child->restart_at.reset();
    if (child->pid != 0) {
        kill(child->pid, SIGKILL);
        while (waitpid(child->pid, nullptr, 0) < 0 && errno == EINTR) {
        }
        child->pid = 0;
    }
    return {};
}

Status Supervisor::release(const std::string& name) {
    Status outcome = make_error(ErrorCode::NotFound, "no child named " + name);
    ChildEvent event;
    run_on_watcher([&] {
        Child* child = find_locked(name);
        if (child == nullptr) return;
        child->held = false;
        outcome = child->pid == 0 ? spawn_locked(*child) : Status{};
        event = {ChildEvent::Kind::Started, name, child->pid, {}};
    });
    if (outcome) on_event_(event);
    return outcome;
}

std::map<std::string, pid_t> Supervisor::pids() const {
    const std::lock_guard lock(mutex_);
    std::map<std::string, pid_t> result;
    for (const auto& child : children_) result[child->spec.name] = child->pid;
    return result;
}

int Supervisor::restarts() const {
    const std::lock_guard lock(mutex_);
    return restarts_;
}

std::optional<Error> Supervisor::failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
}

void Supervisor::stop_all(std::chrono::milliseconds grace) {
    if (watcher_.joinable()) {
        std::unique_lock lock(mutex_);
        stopping_ = true;
        for (auto child = children_.rbegin(); child != children_.rend(); ++child) {
            (*child)->held = true;
            (*child)->restart_at.reset();
            if ((*child)->pid != 0) kill((*child)->pid, SIGTERM);
        }
        const auto all_down = [this] {
            return std::all_of(children_.begin(), children_.end(),
                               [](const auto& child) { return child->pid == 0; });
        };
        if (!changed_.wait_for(lock, grace, all_down)) {
            for (const auto& child : children_) {
                if (child->pid != 0) kill(child->pid, SIGKILL);
            }
            changed_.wait(lock, all_down);
        }
    }
    watcher_.request_stop();
    if (watcher_.joinable()) watcher_.join();
}

// Our children share the process with other children (run_child), so each is waited for by its own
// pid.
void Supervisor::watch(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested() || !work_.empty()) {
        std::vector<ChildEvent> events;
        for (auto& work : std::exchange(work_, {})) work();
        for (auto& child : children_) {
            reap_locked(*child, events);
            restart_due_locked(*child, events);
        }
        changed_.notify_all();
        lock.unlock();
        for (const ChildEvent& event : events) on_event_(event);
        lock.lock();
        changed_.wait_for(lock, stop, kLookEvery, [this] { return !work_.empty(); });
    }
}

Status Supervisor::spawn_locked(Child& child) {
    const int output =
        open(child.spec.log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (output < 0) return errno_error("open " + child.spec.log_path, errno);
    auto pid = spawn_child({program_, child.spec.arguments}, output);
    close(output);
    if (!pid) return std::move(pid).error();
    child.pid = *pid;
    child.started = clock_.mono();
    return {};
}

void Supervisor::reap_locked(Child& child, std::vector<ChildEvent>& events) {
    int wait_status = 0;
    if (child.pid == 0 || waitpid(child.pid, &wait_status, WNOHANG) != child.pid) return;
    const auto lived =
        std::chrono::duration_cast<std::chrono::milliseconds>(clock_.mono() - child.started);
    const pid_t pid = std::exchange(child.pid, 0);
    if (child.held) return;
    const std::string reason = describe_wait_status(wait_status);
    child.short_lives = lived < policy_.short_life ? child.short_lives + 1 : 0;
    const auto wait = policy_.wait_before_restart(lived, child.short_lives);
    events.push_back({ChildEvent::Kind::Died, child.spec.name, pid, reason});
    if (wait) {
        child.restart_at = clock_.mono() + *wait;
        return;
    }
    failure_ = make_error(ErrorCode::Internal, child.spec.name + " does not stay up (" + reason +
                                                   "); its output is in " + child.spec.log_path);
    events.push_back({ChildEvent::Kind::Failed, child.spec.name, 0, failure_->message});
}

void Supervisor::restart_due_locked(Child& child, std::vector<ChildEvent>& events) {
    if (!child.restart_at || clock_.mono() < *child.restart_at) return;
    child.restart_at.reset();
    if (auto outcome = spawn_locked(child); !outcome) {
        failure_ = outcome.error();
        events.push_back({ChildEvent::Kind::Failed, child.spec.name, 0, failure_->message});
        return;
    }
    ++restarts_;
    events.push_back({ChildEvent::Kind::Restarted, child.spec.name, child.pid, {}});
}

void Supervisor::run_on_watcher(std::function<void()> work) {
    std::unique_lock lock(mutex_);
    if (stopping_) return;
    bool done = false;
    work_.push_back([&] {
        work();
        done = true;
    });
    changed_.notify_all();
    changed_.wait(lock, [&] { return done; });
}

Supervisor::Child* Supervisor::find_locked(const std::string& name) {
    const auto found = std::find_if(children_.begin(), children_.end(),
                                    [&](const auto& child) { return child->spec.name == name; });
    return found == children_.end() ? nullptr : found->get();
}

}  // namespace spillway::daemon::quickstart
