#include "daemon/logstore_tool/line_input.h"

#include "base/text.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace spillway::daemon {

namespace {

class DescriptorSource : public ByteSource {
  public:
    explicit DescriptorSource(int descriptor) : descriptor_(descriptor) {}

    Result<std::size_t> read(char* into, std::size_t bytes_max) override {
        while (true) {
            const auto got = ::read(descriptor_, into, bytes_max);
            if (got >= 0) return static_cast<std::size_t>(got);
            if (errno != EINTR) return errno_error("reading the input", errno);
        }
    }

    bool ready_within(std::chrono::milliseconds time) override {
        pollfd entry{descriptor_, POLLIN, 0};
        return ::poll(&entry, 1, static_cast<int>(time.count())) != 0;
    }

  protected:
    int descriptor_;
};

class FileSource final : public DescriptorSource {
  public:
    using DescriptorSource::DescriptorSource;
    FileSource(const FileSource&) = delete;
    FileSource& operator=(const FileSource&) = delete;
    ~FileSource() override { ::close(descriptor_); }
};

class StreamSource final : public ByteSource {
  public:
    explicit StreamSource(std::istream& stream) : stream_(stream) {}

    Result<std::size_t> read(char* into, std::size_t bytes_max) override {
        stream_.read(into, static_cast<std::streamsize>(bytes_max));
        return static_cast<std::size_t>(stream_.gcount());
    }
    bool ready_within(std::chrono::milliseconds) override { return true; }

  private:
    std::istream& stream_;
};

}  // namespace

std::unique_ptr<ByteSource> ByteSource::of_descriptor(int descriptor) {
    return std::make_unique<DescriptorSource>(descriptor);
}

std::unique_ptr<ByteSource> ByteSource::of_stream(std::istream& stream) {
    return std::make_unique<StreamSource>(stream);
}

Result<std::unique_ptr<ByteSource>> ByteSource::of_file(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return errno_error("open " + path, errno);
    return std::unique_ptr<ByteSource>(std::make_unique<FileSource>(descriptor));
}

LineInput::LineInput(std::unique_ptr<ByteSource> source, std::size_t line_bytes_max)
    : source_(std::move(source)), line_bytes_max_(line_bytes_max) {}

/// Reads some more. False at the end.
Result<bool> LineInput::fill() {
    constexpr std::size_t kChunk = 64 * 1024;
    held_.erase(0, begin_);
    scanned_ -= begin_;
    begin_ = 0;
    const std::size_t before = held_.size();
    held_.resize(before + kChunk);
    const auto got = source_->read(held_.data() + before, kChunk);
    held_.resize(before + (got ? *got : 0));
    if (!got) return got.error();
    ended_ = *got == 0;
    return !ended_;
}

Result<std::optional<std::string>> LineInput::next() {
    const auto where = [this] { return "line " + std::to_string(line_number_ + 1); };
    while (true) {
        const auto end = held_.find('\n', scanned_);
        scanned_ = end == std::string::npos ? held_.size() : end;
        if (scanned_ - begin_ > line_bytes_max_) {
            return make_error(ErrorCode::InvalidArgument, where() + " has more than " +
                                                              human_bytes(line_bytes_max_) +
                                                              ", more than a log may have");
        }
        if (end == std::string::npos && !ended_) {
            const auto more = fill();
            if (!more) return Error(more.error()).while_doing(where());
            continue;
        }
        if (end == std::string::npos && scanned_ == begin_) return std::optional<std::string>();
        std::string line = held_.substr(begin_, scanned_ - begin_);
        begin_ = scanned_ = end == std::string::npos ? scanned_ : scanned_ + 1;
        ++line_number_;
        return std::optional(std::move(line));
    }
}

bool LineInput::ready_within(std::chrono::milliseconds time) {
    return ended_ || held_.find('\n', scanned_) != std::string::npos || source_->ready_within(time);
}

}  // namespace spillway::daemon
