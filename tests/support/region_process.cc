#include "tests/support/region_process.h"

#include "base/result.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace spillway::support {

namespace {

/// The child's output goes to `output`.
pid_t spawn(const std::string& binary, const std::vector<std::string>& arguments, int output) {
    std::vector<char*> words;
    words.push_back(const_cast<char*>(binary.c_str()));
    for (const auto& word : arguments) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    const pid_t pid = ::fork();
    SPILLWAY_INVARIANT(pid >= 0, "no process can be made");
    if (pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // nothing is left behind when the suite is stopped
        ::dup2(output, 1);
        ::dup2(output, 2);
        ::execv(binary.c_str(), words.data());
        std::_Exit(127);
    }
    return pid;
}

int exit_status_of(int status) {
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

RegionProcess::RegionProcess(const std::string& binary, const std::vector<std::string>& arguments) {
    int ends[2];
    SPILLWAY_INVARIANT(::pipe2(ends, O_CLOEXEC) == 0, "no pipe can be made");
    pid_ = spawn(binary, arguments, ends[1]);
    ::close(ends[1]);
    reader_ = std::thread([this, descriptor = ends[0]] { read_lines(descriptor); });
}

RegionProcess::~RegionProcess() {
    kill();
    reader_.join();
}

void RegionProcess::read_lines(int descriptor) {
    std::string held;
    char bytes[4096];
    for (ssize_t got = 0; (got = ::read(descriptor, bytes, sizeof bytes)) > 0;) {
        held.append(bytes, static_cast<std::size_t>(got));
        for (auto end = held.find('\n'); end != std::string::npos; end = held.find('\n')) {
            const std::lock_guard lock(mutex_);
            lines_.push_back(held.substr(0, end));
            held.erase(0, end + 1);
            changed_.notify_all();
        }
    }
    ::close(descriptor);
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
}

std::optional<std::string> RegionProcess::wait_until_ready(std::chrono::seconds limit) {
    std::unique_lock lock(mutex_);
    std::optional<std::string> url;
    changed_.wait_for(lock, limit, [&] {
        for (const auto& line : lines_) {
            const auto at = line.find("ready on ");
            if (at != std::string::npos) url = line.substr(at + 9, line.find(',', at) - at - 9);
        }
        return url || ended_;
    });
    return url;
}

int RegionProcess::reap() {
    int status = 0;
    if (pid_ > 0) ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return exit_status_of(status);
}

void RegionProcess::kill() {
    if (pid_ > 0) ::kill(pid_, SIGKILL);
    (void)reap();
}

int RegionProcess::stop() {
    if (pid_ > 0) ::kill(pid_, SIGTERM);
    return reap();
}

int RegionProcess::said(const std::string& text) const {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(std::count_if(lines_.begin(), lines_.end(), [&](const auto& line) {
        return line.find(text) != std::string::npos;
    }));
}

std::string RegionProcess::last_words() const {
    const std::lock_guard lock(mutex_);
    std::string words;
    for (const auto& line : lines_) words += "    " + line + "\n";
    return words;
}

int run_to_end(const std::string& binary, const std::vector<std::string>& arguments) {
    const pid_t pid = spawn(binary, arguments, 2);
    int status = 0;
    ::waitpid(pid, &status, 0);
    return exit_status_of(status);
}

}  // namespace spillway::support
