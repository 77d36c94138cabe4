// Access keys from a file: one a line, `access_key_id access_key_secret [project,project...]`, #
// begins a comment. A key without projects may use all. Values; any thread.
#pragma once

#include "base/event_log.h"
#include "base/result.h"
#include "logstore/model/names.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace spillway::server {

struct AccessKey {
    std::string secret;
    std::set<ProjectName> projects;  ///< empty: all

    bool may_use(const ProjectName& project) const {
        return projects.empty() || projects.contains(project);
    }
};

class KeyFile {
  public:
    /// Errors: InvalidArgument with the line; never with a secret.
    static Result<KeyFile> parse(std::string_view text);
    /// Reads and parses; warns when others than the owner may read the file.
    static Result<KeyFile> read(const std::string& path, EventLog& events);

    const AccessKey* find(std::string_view access_key_id) const;
    std::size_t size() const { return keys_.size(); }

  private:
    std::map<std::string, AccessKey, std::less<>> keys_;
};

}  // namespace spillway::server
