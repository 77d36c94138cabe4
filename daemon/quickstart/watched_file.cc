#include "daemon/quickstart/watched_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace spillway::daemon::quickstart {

std::chrono::milliseconds ProducedFile::written_at(std::uint64_t offset) const {
    const auto found = std::upper_bound(
        growth.begin(), growth.end(), offset,
        [](std::uint64_t at, const GrowthPoint& point) { return at < point.bytes; });
    if (found != growth.end()) return found->at;
    return growth.empty() ? std::chrono::milliseconds{0} : growth.back().at;
}

Result<WatchedFile> WatchedFile::create(const std::string& path) {
    WatchedFile file(path);
    if (auto opened = file.open_new(); !opened) return std::move(opened).error();
    return file;
}

WatchedFile::WatchedFile(WatchedFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      at_line_start_(other.at_line_start_),
      files_(std::move(other.files_)) {}

WatchedFile::~WatchedFile() {
    if (descriptor_ >= 0) close(descriptor_);
}

Status WatchedFile::open_new() {
    const int descriptor =
        open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
    if (descriptor < 0) return errno_error("create " + path_, errno);
    struct stat about {};
    fstat(descriptor, &about);
    if (descriptor_ >= 0) close(descriptor_);
    descriptor_ = descriptor;
    files_.push_back({path_, static_cast<std::uint64_t>(about.st_ino), 0, 0, {}});
    return {};
}

Status WatchedFile::append(std::string_view bytes, std::chrono::milliseconds at) {
    ProducedFile& file = files_.back();
    while (!bytes.empty()) {
        const ssize_t written = write(descriptor_, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno_error("write " + path_, errno);
        const std::string_view done = bytes.substr(0, static_cast<std::size_t>(written));
        const auto newlines =
            static_cast<std::uint64_t>(std::count(done.begin(), done.end(), '\n'));
        // An unfinished line was counted when it began; its newline does not count again.
        file.lines += newlines - (at_line_start_ ? 0 : 1) + (done.back() == '\n' ? 0 : 1);
        at_line_start_ = done.back() == '\n';
        file.bytes += done.size();
        bytes.remove_prefix(done.size());
    }
    file.growth.push_back({at, file.bytes});
    return {};
}

Status WatchedFile::rotate() {
    const std::string aside = path_ + "." + std::to_string(files_.size());
    if (rename(path_.c_str(), aside.c_str()) != 0) return errno_error("rename " + path_, errno);
    files_.back().path = aside;
    at_line_start_ = true;
    return open_new();
}

}  // namespace spillway::daemon::quickstart
