#include "daemon/quickstart/workspace.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <utility>

namespace spillway::daemon::quickstart {
namespace fs = std::filesystem;
namespace {

Result<std::string> make_temporary() {
    const char* base = std::getenv("TMPDIR");
    std::string name = std::string(base != nullptr && *base != '\0' ? base : "/tmp") +
                       "/spillway-quickstart-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) return errno_error("make " + name, errno);
    return name;
}

// In a path pattern these would mean something else than themselves; quotes end a YAML text.
bool fits_into_files(const std::string& path) {
    return path.find_first_of("*?[]{}\"\\\n\r\t") == std::string::npos;
}

Result<std::string> absolute_path(const std::string& path) {
    std::error_code error;
    const fs::path absolute = fs::weakly_canonical(path, error);
    if (error) return errno_error("find " + path, error.value());
    if (!fits_into_files(absolute.string())) {
        return make_error(ErrorCode::InvalidArgument,
                          "the folder name " + absolute.string() +
                              " has a character that is special in path patterns; choose another");
    }
    return absolute.string();
}

}  // namespace

Result<Workspace> Workspace::open(const std::string& wanted) {
    if (wanted.empty()) {
        auto made = make_temporary();
        if (!made) return std::move(made).error();
        auto path = absolute_path(*made);
        if (!path) return std::move(path).error();
        return Workspace(*path, true);
    }
    auto path = absolute_path(wanted);
    if (!path) return std::move(path).error();
    std::error_code error;
    if (!fs::exists(*path, error)) {
        if (!fs::create_directories(*path, error)) {
            return errno_error("make " + *path, error.value());
        }
        return Workspace(*path, true);
    }
    if (!fs::is_directory(*path, error)) {
        return make_error(ErrorCode::InvalidArgument, *path + " is not a folder");
    }
    const bool empty = fs::is_empty(*path, error);
    if (error) return errno_error("read " + *path, error.value());
    if (!empty) {
        return make_error(ErrorCode::Refused,
                          *path + " is not empty; name a new or empty folder, or leave --data out");
    }
    return Workspace(*path, false);
}

Workspace::Workspace(Workspace&& other) noexcept
    : path_(std::exchange(other.path_, {})), made_(other.made_), keep_(other.keep_) {}

Workspace::~Workspace() {
    if (path_.empty() || keep_) return;
    std::error_code ignored;
    if (made_) {
        fs::remove_all(path_, ignored);
        return;
    }
    for (const fs::directory_entry& entry : fs::directory_iterator(path_, ignored)) {
        fs::remove_all(entry.path(), ignored);
    }
}

}  // namespace spillway::daemon::quickstart
