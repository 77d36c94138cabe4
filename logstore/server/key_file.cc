#include "logstore/server/key_file.h"

#include "base/storage/durable_file.h"
#include "base/text.h"

#include <vector>

#include <fmt/format.h>
#include <sys/stat.h>

namespace spillway::server {

namespace {

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (true) {
        const auto begin = line.find_first_not_of(" \t\r");
        if (begin == std::string_view::npos) return words;
        line.remove_prefix(begin);
        const auto end = std::min(line.find_first_of(" \t\r"), line.size());
        words.push_back(line.substr(0, end));
        line.remove_prefix(end);
    }
}

}  // namespace

Result<KeyFile> KeyFile::parse(std::string_view text) {
    KeyFile file;
    int number = 0;
    for (const auto line : split(text, '\n')) {
        ++number;
        const auto words = words_of(line.substr(0, line.find('#')));
        if (words.empty()) continue;
        const auto wrong = [&](std::string_view what) {
            return make_error(
                ErrorCode::InvalidArgument,
                fmt::format("line {} of the keys file {}: a line is "
                            "\"access_key_id access_key_secret [project,project...]\"",
                            number, what));
        };
        if (words.size() < 2) return wrong("has no secret");
        if (words.size() > 3) return wrong("has more than three words");
        AccessKey key;
        key.secret = words[1];
        if (words.size() == 3) {
            for (const auto name : split(words[2], ',')) {
                const ProjectName project{name};
                if (auto valid = check_project_name(project); !valid) {
                    return wrong("names a project that cannot be one: " + valid.error().message);
                }
                key.projects.insert(project);
            }
        }
        if (!file.keys_.emplace(words[0], std::move(key)).second) {
            return wrong(fmt::format("names {} a second time", to_valid_utf8(words[0])));
        }
    }
    if (file.keys_.empty()) {
        return make_error(ErrorCode::InvalidArgument, "the keys file holds no key");
    }
    return file;
}

Result<KeyFile> KeyFile::read(const std::string& path, EventLog& events) {
    auto text = read_file(path, 1024 * 1024);
    if (!text) return std::move(text).error().while_doing("keys file");
    struct stat facts {};
    if (::stat(path.c_str(), &facts) == 0 && (facts.st_mode & 077) != 0) {
        events.warn("region.keys_exposed", "others may read the keys file; run chmod 600 on it",
                    {{"file", path}});
    }
    auto keys = parse(*text);
    if (!keys) return std::move(keys).error().while_doing(path);
    return keys;
}

const AccessKey* KeyFile::find(std::string_view access_key_id) const {
    const auto found = keys_.find(access_key_id);
    return found == keys_.end() ? nullptr : &found->second;
}

}  // namespace spillway::server
