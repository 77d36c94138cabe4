// A pattern is walked name by name: plain names are followed without listing their folder,
// wildcards list it, `**` tries every folder below, down to its depth.
#include "logstore/agent/file_search.h"

#include "base/text.h"

#include <algorithm>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>

namespace spillway::agent {
namespace {

namespace fs = std::filesystem;

// A pattern over a whole disk must not stop the agent.
constexpr std::size_t kFilesMax = 20'000;

std::optional<FoundFile> look_at(const std::string& path) {
    struct stat seen {};
    if (stat(path.c_str(), &seen) != 0 || !S_ISREG(seen.st_mode)) return std::nullopt;
    return FoundFile{path, FileId{seen.st_dev, seen.st_ino},
                     static_cast<std::uint64_t>(seen.st_size)};
}

bool has_wildcard(std::string_view name) {
    return name.find_first_of("*?") != std::string_view::npos;
}

struct Walk {
    std::vector<std::string_view> names;
    unsigned depth_max;
    std::vector<FoundFile> found;

    std::vector<fs::path> entries(const std::string& folder) const {
        std::vector<fs::path> all;
        std::error_code failed;
        for (fs::directory_iterator at(folder + "/", failed), end; !failed && at != end;
             at.increment(failed)) {
            all.push_back(at->path().filename());
        }
        return all;
    }

    static bool is_folder(const std::string& path) {
        std::error_code failed;
        return fs::is_directory(path, failed);
    }

    void visit(const std::string& folder, std::size_t index, unsigned depth) {
        if (found.size() >= kFilesMax || index == names.size()) return;
        const std::string_view name = names[index];
        const bool last = index + 1 == names.size();
        if (name == "**" && !last) {
            visit(folder, index + 1, depth);
            if (depth == depth_max) return;
            for (const fs::path& entry : entries(folder)) {
                const std::string path = folder + "/" + entry.string();
                // Links to folders are not followed here: they could lead round in circles.
                std::error_code failed;
                if (fs::is_directory(fs::symlink_status(path, failed)))
                    visit(path, index, depth + 1);
            }
        } else if (!has_wildcard(name)) {
            take(folder + "/" + std::string(name), index, last, depth);
        } else {
            for (const fs::path& entry : entries(folder)) {
                if (!wildcard_match(name, entry.string())) continue;
                take(folder + "/" + entry.string(), index, last, depth);
            }
        }
    }

    void take(const std::string& path, std::size_t index, bool last, unsigned depth) {
        if (!last) {
            if (is_folder(path)) visit(path, index + 1, depth);
        } else if (auto file = look_at(path)) {
            found.push_back(std::move(*file));
        }
    }
};

}  // namespace

bool wildcard_match(std::string_view pattern, std::string_view name) {
    std::size_t at = 0;
    std::size_t in_name = 0;
    std::optional<std::size_t> star;
    std::size_t star_name = 0;
    while (in_name < name.size()) {
        if (at < pattern.size() && pattern[at] == '*') {
            star = at++;
            star_name = in_name;
        } else if (at < pattern.size() && (pattern[at] == '?' || pattern[at] == name[in_name])) {
            ++at;
            ++in_name;
        } else if (star) {
            at = *star + 1;
            in_name = ++star_name;
        } else {
            return false;
        }
    }
    while (at < pattern.size() && pattern[at] == '*') ++at;
    return at == pattern.size();
}

std::vector<FoundFile> find_files(const PathPattern& pattern) {
    Walk walk{{}, pattern.depth_max, {}};
    for (const std::string_view name : split(pattern.text, '/')) {
        if (!name.empty()) walk.names.push_back(name);
    }
    walk.visit("", 0, 0);
    std::sort(walk.found.begin(), walk.found.end(),
              [](const FoundFile& left, const FoundFile& right) { return left.path < right.path; });
    return std::move(walk.found);
}

std::optional<FoundFile> find_by_id(const std::string& folder, const FileId& id) {
    std::error_code failed;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end;
         at.increment(failed)) {
        auto file = look_at(at->path().string());
        if (file && file->id == id) return file;
    }
    return std::nullopt;
}

std::optional<std::int64_t> birth_unix_ns(const std::string& path) {
    struct statx seen {};
    if (statx(AT_FDCWD, path.c_str(), 0, STATX_BTIME, &seen) != 0) return std::nullopt;
    if ((seen.stx_mask & STATX_BTIME) == 0) return std::nullopt;
    return std::int64_t{seen.stx_btime.tv_sec} * 1'000'000'000 + seen.stx_btime.tv_nsec;
}

}  // namespace spillway::agent
