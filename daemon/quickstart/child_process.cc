#include "daemon/quickstart/child_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace spillway::daemon::quickstart {
namespace {

// Between fork and exec of a process with threads only async-signal-safe calls are allowed:
// everything the child needs is made before.
struct ExecPlan {
    const char* program;
    char* const* arguments;
    int output;
    int null_input;
    int error_pipe;
    pid_t parent;
};

[[noreturn]] void report_and_exit(int error_pipe) {
    const int reason = errno;
    [[maybe_unused]] const auto written = write(error_pipe, &reason, sizeof reason);
    _exit(127);
}

[[noreturn]] void become_child(const ExecPlan& plan) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have died before prctl: then nobody will ever send the signal.
    if (getppid() != plan.parent) _exit(127);
    setpgid(0, 0);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD, SIGUSR1, SIGUSR2}) {
        signal(number, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    if (dup2(plan.null_input, 0) < 0 || dup2(plan.output, 1) < 0 || dup2(plan.output, 2) < 0) {
        report_and_exit(plan.error_pipe);
    }
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    execv(plan.program, plan.arguments);
    report_and_exit(plan.error_pipe);
}

struct Descriptor {
    int number = -1;
    explicit Descriptor(int opened) : number(opened) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { reset(); }
    void reset() {
        if (number >= 0) close(number);
        number = -1;
    }
};

int wait_for_end(pid_t pid) {
    int wait_status = 0;
    while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR) {
    }
    return wait_status;
}

// Hands over whole lines; what is left waits for more.
void take_lines(std::string& text, const std::function<void(std::string_view)>& on_line) {
    std::size_t begin = 0;
    for (std::size_t newline; (newline = text.find('\n', begin)) != std::string::npos;
         begin = newline + 1) {
        on_line(std::string_view(text).substr(begin, newline - begin));
    }
    text.erase(0, begin);
}

}  // namespace

Result<pid_t> spawn_child(const ChildCommand& command, int output_descriptor) {
    std::vector<std::string> words = command.arguments;
    words.insert(words.begin(), command.program);
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);

    const Descriptor null_input(open("/dev/null", O_RDONLY | O_CLOEXEC));
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error("make a pipe", errno);
    Descriptor read_end(ends[0]);
    Descriptor write_end(ends[1]);
    const ExecPlan plan{command.program.c_str(), pointers.data(),  output_descriptor,
                        null_input.number,       write_end.number, getpid()};
    const pid_t pid = fork();
    if (pid < 0) return errno_error("fork", errno);
    if (pid == 0) become_child(plan);
    write_end.reset();
    int reason = 0;
    ssize_t got = 0;
    while ((got = read(read_end.number, &reason, sizeof reason)) < 0 && errno == EINTR) {
    }
    if (got == static_cast<ssize_t>(sizeof reason)) {
        wait_for_end(pid);
        return errno_error("start " + command.program, reason);
    }
    return pid;
}

std::string describe_wait_status(int wait_status) {
    if (WIFEXITED(wait_status)) return "exit " + std::to_string(WEXITSTATUS(wait_status));
    const int number = WTERMSIG(wait_status);
    return "killed by signal " + std::to_string(number) + " (" + strsignal(number) + ")";
}

Result<int> run_child(const ChildCommand& command, std::chrono::milliseconds limit,
                      const std::function<void(std::string_view line)>& on_line,
                      std::stop_token stop) {
    using Steady = std::chrono::steady_clock;
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error("make a pipe", errno);
    const Descriptor read_end(ends[0]);
    Descriptor write_end(ends[1]);
    auto pid = spawn_child(command, write_end.number);
    if (!pid) return std::move(pid).error();
    write_end.reset();

    const auto deadline = Steady::now() + limit;
    const char* why_killed = nullptr;
    std::string text;
    std::array<char, 4096> chunk{};
    for (;;) {
        pollfd watched{read_end.number, POLLIN, 0};
        const int ready = poll(&watched, 1, 50);
        if (ready > 0) {
            const ssize_t got = read(read_end.number, chunk.data(), chunk.size());
            if (got == 0) break;
            if (got > 0) text.append(chunk.data(), static_cast<std::size_t>(got));
            take_lines(text, on_line);
        }
        if (why_killed == nullptr && (stop.stop_requested() || Steady::now() > deadline)) {
            why_killed = stop.stop_requested() ? "stopped" : "it took too long";
            kill(*pid, SIGKILL);
        }
    }
    if (!text.empty()) on_line(text);
    const int wait_status = wait_for_end(*pid);
    if (why_killed != nullptr) {
        return make_error(stop.stop_requested() ? ErrorCode::Cancelled : ErrorCode::Unavailable,
                          command.program + ": " + why_killed);
    }
    return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

std::string own_program() {
    std::array<char, 4096> path{};
    const ssize_t length = readlink("/proc/self/exe", path.data(), path.size() - 1);
    if (length <= 0) return "/proc/self/exe";
    std::string name(path.data(), static_cast<std::size_t>(length));
    return access(name.c_str(), X_OK) == 0 ? name : "/proc/self/exe";
}

}  // namespace spillway::daemon::quickstart
