#include "daemon/quickstart/source_follower.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace spillway::daemon::quickstart {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::size_t kHeadBytes = 256;

Result<std::string> read_at(int descriptor, std::uint64_t offset, std::size_t bytes_max) {
    std::string bytes(bytes_max, '\0');
    std::size_t filled = 0;
    while (filled < bytes_max) {
        const ssize_t got = pread(descriptor, bytes.data() + filled, bytes_max - filled,
                                  static_cast<off_t>(offset + filled));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return errno_error("read", errno);
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
    }
    bytes.resize(filled);
    return bytes;
}

std::uint64_t size_of(int descriptor) {
    struct stat about {};
    if (fstat(descriptor, &about) != 0) return 0;
    return static_cast<std::uint64_t>(about.st_size);
}

}  // namespace

Result<SourceFollower> SourceFollower::open(const std::string& path) {
    SourceFollower follower(path);
    if (auto added = follower.add_generation(); !added) return std::move(added).error();
    return follower;
}

SourceFollower::SourceFollower(SourceFollower&& other) noexcept
    : path_(std::move(other.path_)),
      generations_(std::exchange(other.generations_, {})),
      segments_(std::move(other.segments_)),
      pending_(std::move(other.pending_)),
      taken_(other.taken_),
      at_end_(other.at_end_) {}

SourceFollower::~SourceFollower() {
    for (const Generation& generation : generations_) close(generation.descriptor);
}

Status SourceFollower::add_generation() {
    const int descriptor = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) return errno_error("open " + path_, errno);
    struct stat about {};
    if (fstat(descriptor, &about) != 0 || !S_ISREG(about.st_mode)) {
        close(descriptor);
        return make_error(ErrorCode::InvalidArgument, path_ + " is not a regular file");
    }
    generations_.push_back({descriptor, about.st_ino, 0, false, {}});
    return {};
}

// A generation that is renamed away may still be written by a program that has not reopened its
// log, so all of them are read on, the oldest first.
Status SourceFollower::poll(std::size_t pending_bytes_max) {
    at_end_ = true;
    const std::size_t count = generations_.size();
    for (std::size_t i = 0; i < count; ++i) {
        if (was_cut_back(generations_[i])) {
            generations_[i].cut_back = true;
            if (i + 1 == count) {
                if (auto added = add_generation(); !added) return added;
            }
        }
        if (auto done = read_more(i, pending_bytes_max); !done) return done;
    }
    if (auto done = follow_path(); !done) return done;
    for (std::size_t i = count; i < generations_.size(); ++i) {
        if (auto done = read_more(i, pending_bytes_max); !done) return done;
    }
    return {};
}

bool SourceFollower::was_cut_back(const Generation& generation) const {
    if (generation.cut_back) return false;
    if (size_of(generation.descriptor) < generation.read_to) return true;
    if (generation.head.empty()) return false;
    auto head = read_at(generation.descriptor, 0, generation.head.size());
    return head && *head != generation.head;
}

// A path that is missing for a moment is a rotation in progress: look again next time.
Status SourceFollower::follow_path() {
    struct stat about {};
    if (stat(path_.c_str(), &about) != 0 || !S_ISREG(about.st_mode)) return {};
    if (about.st_ino == generations_.back().inode) return {};
    at_end_ = false;
    auto added = add_generation();
    if (!added && added.error().code == ErrorCode::NotFound) return {};
    return added;
}

Status SourceFollower::read_more(std::size_t index, std::size_t pending_bytes_max) {
    if (generations_[index].cut_back) return {};
    while (pending().size() < pending_bytes_max) {
        Generation& generation = generations_[index];
        auto bytes = read_at(generation.descriptor, generation.read_to, kReadBytes);
        if (!bytes) return std::move(bytes).error().while_doing(path_);
        if (bytes->empty()) return {};
        if (generation.head.size() < kHeadBytes && generation.read_to == generation.head.size()) {
            generation.head += bytes->substr(0, kHeadBytes - generation.head.size());
        }
        const bool touches = !segments_.empty() && segments_.back().generation == index;
        if (touches) {
            segments_.back().length += bytes->size();
        } else {
            segments_.push_back({index, generation.read_to, bytes->size()});
        }
        generation.read_to += bytes->size();
        pending_ += *bytes;
    }
    at_end_ = false;
    return {};
}

void SourceFollower::take(std::size_t bytes) {
    taken_ += std::min(bytes, pending_.size() - taken_);
    if (taken_ > pending_.size() / 2) {
        pending_.erase(0, taken_);
        taken_ = 0;
    }
}

std::uint64_t SourceFollower::backlog() const {
    std::uint64_t unread = 0;
    for (const Generation& generation : generations_) {
        if (generation.cut_back) continue;
        unread += size_of(generation.descriptor) -
                  std::min(size_of(generation.descriptor), generation.read_to);
    }
    return pending().size() + unread;
}

Result<SourceComparison> SourceFollower::compare(std::string_view fed) const {
    SourceComparison result;
    std::uint64_t fed_to = 0;
    for (const Segment& segment : segments_) {
        const Generation& generation = generations_[segment.generation];
        for (std::uint64_t done = 0; done < segment.length && fed_to < fed.size();) {
            const std::uint64_t step =
                std::min<std::uint64_t>({kReadBytes, segment.length - done, fed.size() - fed_to});
            auto bytes = read_at(generation.descriptor, segment.offset + done, step);
            if (!bytes) return std::move(bytes).error().while_doing(path_);
            const bool gone = generation.cut_back || was_cut_back(generation);
            const bool equal = *bytes == fed.substr(fed_to, step);
            (gone    ? result.bytes_gone
             : equal ? result.bytes_equal
                     : result.bytes_different) += step;
            done += step;
            fed_to += step;
        }
    }
    result.bytes_different += fed.size() - fed_to;  // fed without ever being read: our own fault
    for (const Generation& generation : generations_) {
        const std::uint64_t size = size_of(generation.descriptor);
        if (!generation.cut_back && size > generation.read_to) {
            result.bytes_not_fed += size - generation.read_to;
        }
    }
    return result;
}

}  // namespace spillway::daemon::quickstart
