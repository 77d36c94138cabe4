#include "base/storage/durable_file.h"

#include "base/text.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace spillway {

namespace {

class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    int number() const { return number_; }
    int release() { return std::exchange(number_, -1); }
    /// Some file systems tell only here that a write did not fit.
    int close() { return ::close(release()); }

  private:
    int number_;
};

Error file_error(std::string_view action, const std::string& path, int errno_value) {
    auto error = errno_error(fmt::format("{} {}", action, path), errno_value);
    // A limit on the file's size is a full disk to the one who writes.
    if (errno_value == EFBIG) error.code = ErrorCode::Exhausted;
    return error;
}

std::string parent_of(const std::string& path) {
    const auto slash = path.find_last_of('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

Status write_all(const Descriptor& file, std::string_view content, const std::string& path) {
    while (!content.empty()) {
        const ssize_t written = ::write(file.number(), content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return file_error("write", path, errno);
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Status write_and_sync(const std::string& path, std::string_view content) {
    constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
    Descriptor file(::open(path.c_str(), kFlags, 0600));
    if (file.number() < 0) return file_error("create", path, errno);
    if (auto written = write_all(file, content, path); !written) return written;
    if (::fsync(file.number()) != 0) return file_error("sync", path, errno);
    if (file.close() != 0) return file_error("close", path, errno);
    return {};
}

}  // namespace

Status write_file_durably(const std::string& path, std::string_view content) {
    // One fixed name beside it: what a crash leaves behind, the next write replaces.
    const std::string beside = path + ".new";
    if (auto written = write_and_sync(beside, content); !written) {
        ::unlink(beside.c_str());
        return written;
    }
    if (::rename(beside.c_str(), path.c_str()) != 0) {
        const int failure = errno;
        ::unlink(beside.c_str());
        return file_error("replace", path, failure);
    }
    return sync_directory(parent_of(path));
}

Result<std::string> read_file(const std::string& path, std::uint64_t bytes_max) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.number() < 0) return file_error("open", path, errno);
    std::string content;
    for (;;) {
        constexpr std::size_t kStep = 64 * 1024;
        const std::size_t held = content.size();
        content.resize(held + kStep);
        const ssize_t got = ::read(file.number(), content.data() + held, kStep);
        const int failure = errno;
        content.resize(held + static_cast<std::size_t>(got < 0 ? 0 : got));
        if (got < 0 && failure == EINTR) continue;
        if (got < 0) return file_error("read", path, failure);
        if (content.size() > bytes_max) {
            return make_error(
                ErrorCode::Exhausted,
                fmt::format("read {}: larger than the {} allowed", path, human_bytes(bytes_max)));
        }
        if (got == 0) return content;
    }
}

Status make_directories(const std::string& path) {
    struct stat found {};
    if (::stat(path.c_str(), &found) == 0) {
        if (S_ISDIR(found.st_mode)) return {};
        return make_error(ErrorCode::AlreadyExists,
                          fmt::format("create folder {}: a file of that name is there", path));
    }
    const std::string parent = parent_of(path);
    if (auto made = make_directories(parent); !made) return made;
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        return file_error("create folder", path, errno);
    }
    return sync_directory(parent);
}

Status sync_directory(const std::string& path) {
    const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.number() < 0) return file_error("open folder", path, errno);
    if (::fsync(folder.number()) != 0) return file_error("sync folder", path, errno);
    return {};
}

// flock() belongs to the open file, so the kernel lets go of it however the process ends. The file
// itself stays: deleting it would let two processes lock two different files of one name.
Result<FileLock> FileLock::acquire(const std::string& path) {
    Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file.number() < 0) return file_error("open lock", path, errno);
    if (::flock(file.number(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return file_error("lock", path, errno);
        const auto holder = read_file(path, 64);
        const bool known = holder && parse_uint(trim(split(*holder, '\n').front()));
        return make_error(
            ErrorCode::Conflict,
            fmt::format("{} is locked by {}: stop that process first", path,
                        known ? fmt::format("process {}", split(*holder, '\n').front())
                              : std::string("another process")));
    }
    // The pid is for the message above only: on a full disk the lock holds without it.
    const std::string pid = fmt::format("{}\n", ::getpid());
    if (::ftruncate(file.number(), 0) == 0) (void)write_all(file, pid, path);
    return FileLock(file.release());
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

FileLock::~FileLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace spillway
