#include "logstore/engine/file_system.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace spillway::engine {

namespace {

Error file_error(std::string_view action, const std::string& path, int errno_value) {
    auto error = errno_error(std::string(action) + " " + path, errno_value);
    // A size limit of the process is the same to us as a full disk: nothing more fits.
    if (errno_value == EFBIG) error.code = ErrorCode::Exhausted;
    return error;
}

class PosixFile final : public File {
  public:
    PosixFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
    ~PosixFile() override { ::close(descriptor_); }

    Status write_at(std::uint64_t offset, std::span<const std::string_view> pieces) override {
        while (!pieces.empty()) {
            std::array<iovec, 512> vectors;
            const auto count = std::min(pieces.size(), vectors.size());
            std::size_t bytes = 0;
            for (std::size_t i = 0; i < count; ++i) {
                vectors[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
                bytes += pieces[i].size();
            }
            auto written = write_vectors(offset, std::span(vectors.data(), count));
            if (!written) return written;
            offset += bytes;
            pieces = pieces.subspan(count);
        }
        return {};
    }

    Result<std::size_t> read_at(std::uint64_t offset, char* into, std::size_t size) override {
        std::size_t done = 0;
        while (done < size) {
            const auto got =
                ::pread(descriptor_, into + done, size - done, static_cast<off_t>(offset + done));
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return file_error("reading", path_, errno);
            if (got == 0) break;
            done += static_cast<std::size_t>(got);
        }
        return done;
    }

    Status sync() override {
        if (::fdatasync(descriptor_) != 0) return file_error("syncing", path_, errno);
        return {};
    }

    Status preallocate(std::uint64_t size) override {
        if (::fallocate(descriptor_, 0, 0, static_cast<off_t>(size)) == 0) return {};
        if (errno == EOPNOTSUPP || errno == ENOSYS) return {};
        return file_error("reserving room for", path_, errno);
    }

    Status truncate(std::uint64_t size) override {
        if (::ftruncate(descriptor_, static_cast<off_t>(size)) == 0) return {};
        return file_error("cutting", path_, errno);
    }

    Result<std::uint64_t> size() override {
        struct stat facts {};
        if (::fstat(descriptor_, &facts) != 0) return file_error("looking at", path_, errno);
        return static_cast<std::uint64_t>(facts.st_size);
    }

  private:
    Status write_vectors(std::uint64_t offset, std::span<iovec> vectors) {
        while (!vectors.empty()) {
            const auto wrote =
                ::pwritev(descriptor_, vectors.data(), static_cast<int>(vectors.size()),
                          static_cast<off_t>(offset));
            if (wrote < 0 && errno == EINTR) continue;
            if (wrote < 0) return file_error("writing", path_, errno);
            offset += static_cast<std::uint64_t>(wrote);
            auto left = static_cast<std::size_t>(wrote);
            while (!vectors.empty() && left >= vectors.front().iov_len) {
                left -= vectors.front().iov_len;
                vectors = vectors.subspan(1);
            }
            if (vectors.empty()) break;
            vectors.front().iov_base = static_cast<char*>(vectors.front().iov_base) + left;
            vectors.front().iov_len -= left;
        }
        return {};
    }

    const std::string path_;
    const int descriptor_;
};

class PosixFileSystem final : public FileSystem {
  public:
    Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
        int flags = O_CLOEXEC;
        if (mode == OpenMode::Read) flags |= O_RDONLY;
        if (mode == OpenMode::ReadWrite) flags |= O_RDWR;
        if (mode == OpenMode::Create) flags |= O_RDWR | O_CREAT | O_EXCL;
        const int descriptor = ::open(path.c_str(), flags, 0600);
        if (descriptor < 0) return file_error("opening", path, errno);
        return std::unique_ptr<File>(std::make_unique<PosixFile>(path, descriptor));
    }

    Result<std::vector<std::string>> list(const std::string& directory) override {
        DIR* stream = ::opendir(directory.c_str());
        if (stream == nullptr) return file_error("listing", directory, errno);
        std::vector<std::string> names;
        while (const dirent* entry = ::readdir(stream)) {
            const std::string name = entry->d_name;
            if (name != "." && name != "..") names.push_back(name);
        }
        ::closedir(stream);
        std::sort(names.begin(), names.end());
        return names;
    }

    Status make_directory(const std::string& path) override {
        for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
            const auto part = path.substr(0, slash);
            if (::mkdir(part.c_str(), 0700) == 0) {
                const auto parent = part.substr(0, std::max<std::size_t>(part.rfind('/'), 1));
                if (auto synced = sync_directory(parent); !synced) return synced;
            } else if (errno != EEXIST) {
                return file_error("making the folder", part, errno);
            }
            if (slash == std::string::npos) return {};
        }
    }

    Status rename(const std::string& from, const std::string& to) override {
        if (::rename(from.c_str(), to.c_str()) != 0) return file_error("renaming", from, errno);
        return {};
    }

    Status remove(const std::string& path) override {
        if (std::remove(path.c_str()) == 0 || errno == ENOENT) return {};
        return file_error("removing", path, errno);
    }

    Status sync_directory(const std::string& path) override {
        const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (descriptor < 0) return file_error("opening the folder", path, errno);
        const int outcome = ::fsync(descriptor);
        const int reason = errno;
        ::close(descriptor);
        if (outcome != 0) return file_error("syncing the folder", path, reason);
        return {};
    }
};

}  // namespace

std::unique_ptr<FileSystem> make_posix_file_system() {
    return std::make_unique<PosixFileSystem>();
}

bool is_out_of_descriptors(const Error& error) {
    // An Error keeps no errno, but errno_error() ends the message with the system's words for it.
    return std::ranges::any_of(std::array{EMFILE, ENFILE}, [&](int value) {
        return error.code == ErrorCode::Exhausted &&
               error.message.ends_with(std::generic_category().message(value));
    });
}

Result<std::string> read_exactly(File& file, std::uint64_t offset, std::size_t size) {
    std::string bytes(size, '\0');
    auto got = file.read_at(offset, bytes.data(), size);
    if (!got) return std::move(got).error();
    if (*got != size) {
        return make_error(ErrorCode::Corrupt, "the file ends at byte " +
                                                  std::to_string(offset + *got) + ", before byte " +
                                                  std::to_string(offset + size));
    }
    return bytes;
}

Status replace_file(FileSystem& files, const std::string& path, std::string_view content) {
    const std::string beside = path + ".new";
    if (auto removed = files.remove(beside); !removed) return removed;
    {
        auto file = files.open(beside, OpenMode::Create);
        if (!file) return std::move(file).error();
        const std::string_view pieces[] = {content};
        if (auto written = (*file)->write_at(0, pieces); !written) return written;
        if (auto synced = (*file)->sync(); !synced) return synced;
    }
    if (auto renamed = files.rename(beside, path); !renamed) return renamed;
    return files.sync_directory(path.substr(0, path.rfind('/')));
}

}  // namespace spillway::engine
