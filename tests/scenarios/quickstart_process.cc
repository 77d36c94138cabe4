#include "tests/scenarios/quickstart_process.h"

#include "daemon/quickstart/child_process.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace spillway::scenarios {

namespace {

/// The number behind `before` in a line; 0: none.
pid_t number_behind(const std::string& line, const std::string& before) {
    const auto at = line.find(before);
    return at == std::string::npos ? 0 : std::atoi(line.c_str() + at + before.size());
}

bool is_running(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::stringstream text;
    text << file.rdbuf();
    return !text.str().empty() && text.str().find(") Z ") == std::string::npos;
}

}  // namespace

QuickstartProcess::QuickstartProcess(const std::string& scratch,
                                     const std::vector<std::string>& arguments, LineHandler on_line)
    : on_line_(std::move(on_line)) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
    std::vector<std::string> words{"TMPDIR=" + scratch, "NO_COLOR=1", SPILLWAY_BINARY,
                                   "quickstart"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    auto pid = daemon::quickstart::spawn_child({"/usr/bin/env", words}, ends[1]);
    close(ends[1]);
    pid_ = pid.value();
    reader_ = std::jthread([this, descriptor = ends[0]] { read_output(descriptor); });
}

QuickstartProcess::~QuickstartProcess() {
    if (!wait_status_) finish(std::chrono::seconds{0});
}

void QuickstartProcess::read_output(int descriptor) {
    FILE* stream = fdopen(descriptor, "r");
    std::string line;
    for (int byte; (byte = std::fgetc(stream)) != EOF;) {
        if (byte != '\n') {
            line.push_back(static_cast<char>(byte));
            continue;
        }
        {
            const std::lock_guard lock(mutex_);
            lines_.push_back(line);
        }
        changed_.notify_all();
        if (on_line_) on_line_(line);
        line.clear();
    }
    std::fclose(stream);
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
}

std::optional<std::string> QuickstartProcess::wait_for(const std::string& text,
                                                       std::chrono::seconds limit) {
    std::unique_lock lock(mutex_);
    std::optional<std::string> found;
    changed_.wait_for(lock, limit, [&] {
        const auto line = std::find_if(lines_.begin(), lines_.end(), [&](const std::string& each) {
            return each.find(text) != std::string::npos;
        });
        if (line != lines_.end()) found = *line;
        return found.has_value() || ended_;
    });
    return found;
}

void QuickstartProcess::send(int signal) const {
    kill(pid_, signal);
}

int QuickstartProcess::finish(std::chrono::seconds limit) {
    {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, limit, [this] { return ended_; })) kill(pid_, SIGKILL);
    }
    int status = 0;
    waitpid(pid_, &status, 0);
    wait_status_ = status;
    reader_.join();
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string QuickstartProcess::output() const {
    const std::lock_guard lock(mutex_);
    std::string text;
    for (const std::string& line : lines_) text += line + "\n";
    return text;
}

std::vector<pid_t> QuickstartProcess::living_children() const {
    const std::lock_guard lock(mutex_);
    std::vector<pid_t> living;
    for (const std::string& line : lines_) {
        const pid_t pid = number_behind(line, "(pid ");
        if (pid > 0 && is_running(pid)) living.push_back(pid);
    }
    return living;
}

pid_t QuickstartProcess::pid_of(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    pid_t last = 0;
    for (const std::string& line : lines_) {
        for (const char* said : {" runs (pid ", " was started again (pid "}) {
            if (line.find(name + said) != std::string::npos) last = number_behind(line, "(pid ");
        }
    }
    return last;
}

}  // namespace spillway::scenarios
