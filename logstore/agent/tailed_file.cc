#include "logstore/agent/tailed_file.h"

#include "base/hash.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace spillway::agent {
namespace {

constexpr std::size_t kSignatureBytes = 1024;
// One byte more than the longest line and its newline, so that a line of exactly that length is
// seen whole.
constexpr std::size_t kReadBytes = kLineBytesMax + 2;

}  // namespace

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
        if (descriptor_ >= 0) ::close(descriptor_);
        descriptor_ = other.release();
    }
    return *this;
}

UniqueFd::~UniqueFd() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

int UniqueFd::release() {
    const int descriptor = descriptor_;
    descriptor_ = -1;
    return descriptor;
}

Result<TailedFile> TailedFile::open(const std::string& path) {
    // O_NONBLOCK: should the name have become a pipe since it was seen, opening it must not hang.
    UniqueFd descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (descriptor.get() < 0) return errno_error("open " + path, errno);
    struct stat seen {};
    if (fstat(descriptor.get(), &seen) != 0) return errno_error("look at " + path, errno);
    if (!S_ISREG(seen.st_mode)) {
        return make_error(ErrorCode::InvalidArgument, path + " is not a regular file");
    }
    TailedFile file(std::move(descriptor), FileId{seen.st_dev, seen.st_ino});
    file.size_ = static_cast<std::uint64_t>(seen.st_size);
    file.extend_signature();
    return file;
}

Result<std::string> TailedFile::read_at(std::uint64_t offset, std::size_t bytes) const {
    std::string out(bytes, '\0');
    std::size_t have = 0;
    while (have < bytes) {
        const ssize_t got = pread(descriptor_.get(), out.data() + have, bytes - have,
                                  static_cast<off_t>(offset + have));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return errno_error("read", errno);
        if (got == 0) break;
        have += static_cast<std::size_t>(got);
    }
    out.resize(have);
    return out;
}

Result<std::uint64_t> TailedFile::tail_start(std::uint64_t tail_bytes) const {
    if (size_ <= tail_bytes) return std::uint64_t{0};
    const std::uint64_t start = size_ - tail_bytes;
    // From the byte before: if that is a newline, `start` already is the start of a line.
    auto around = read_at(start - 1, kReadBytes);
    if (!around) return std::move(around).error();
    return start + distance_to_line_start(*around);
}

bool TailedFile::fits(const FileSignature& signature) const {
    if (signature.bytes == 0) return true;
    const auto head = read_at(0, signature.bytes);
    return head && head->size() == signature.bytes && hash64(*head) == signature.digest;
}

void TailedFile::extend_signature() {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(size_, kSignatureBytes));
    if (signature_.bytes >= wanted) return;
    const auto head = read_at(0, wanted);
    if (head && !head->empty()) {
        signature_ = {static_cast<std::uint32_t>(head->size()), hash64(*head)};
    }
}

void TailedFile::begin_at(std::uint64_t offset) {
    read_offset_ = offset;
    window.restart(offset);
    // A start inside a line: the byte before it is no newline, so what comes first continues
    // something.
    const auto before =
        offset == 0 ? Result<std::string>(std::string("\n")) : read_at(offset - 1, 1);
    continues_line_ = before && !before->empty() && before->front() != '\n';
}

void TailedFile::restart() {
    read_offset_ = 0;
    continues_line_ = false;
    signature_ = {};
    window.restart(0);
    if (limit_) limit_ = 0;
}

Result<FileChange> TailedFile::refresh(MonoTime now) {
    struct stat seen {};
    if (fstat(descriptor_.get(), &seen) != 0) return errno_error("look at an open file", errno);
    links_ = seen.st_nlink;
    const auto size = static_cast<std::uint64_t>(seen.st_size);
    const std::int64_t modified =
        std::int64_t{seen.st_mtim.tv_sec} * 1'000'000'000 + seen.st_mtim.tv_nsec;
    if (size == size_ && modified == modified_ns_) return FileChange::None;
    const bool first_look = modified_ns_ < 0;
    modified_ns_ = modified;
    const bool restarted = size < read_offset_ || !fits(signature_);
    if (restarted) restart();
    const bool grown = restarted || size != size_;
    if (grown || first_look) last_growth_ = now;
    size_ = size;
    extend_signature();
    if (restarted) return FileChange::Restarted;
    return grown ? FileChange::Grown : FileChange::None;
}

Result<SplitResult> TailedFile::next_lines(std::string& buffer, bool flush_rest) const {
    const std::uint64_t wanted = std::min<std::uint64_t>(unread(), kReadBytes);
    auto bytes = read_at(read_offset_, static_cast<std::size_t>(wanted));
    if (!bytes) return std::move(bytes).error();
    buffer = std::move(*bytes);
    SplitRequest request;
    request.bytes = buffer;
    request.offset = read_offset_;
    request.continues_line = continues_line_;
    request.flush_rest = flush_rest && wanted == unread() && buffer.size() == wanted;
    return split_lines(request);
}

std::uint64_t TailedFile::sent(const SplitResult& lines) {
    read_offset_ += lines.consumed;
    continues_line_ = lines.continues_line;
    return window.begin(read_offset_);
}

}  // namespace spillway::agent
