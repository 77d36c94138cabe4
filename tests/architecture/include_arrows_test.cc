// Arrows between folders point down only, and each heavy library is named in one folder: every
// #include of the tree is held against the two tables below (docs/architecture.md explains them).
#include "tests/base/temp_dir.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

namespace spillway {
namespace {

namespace fs = std::filesystem;

using Folders = std::vector<std::string>;

/// Which folders each folder may include, besides itself.
const std::map<std::string, Folders>& allowed_folders() {
    static const std::map<std::string, Folders> kTable = [] {
        const Folders down_to_wire{"logstore/wire", "logstore/model", "base"};
        const auto with = [&](Folders more) {
            more.insert(more.end(), down_to_wire.begin(), down_to_wire.end());
            return more;
        };
        const Folders everyone =
            with({"daemon", "replicator", "switchover", "transform", "logstore/agent",
                  "logstore/server", "logstore/client", "logstore/engine"});
        Folders everyone_and_tests = everyone;
        everyone_and_tests.push_back("tests");  // what starts processes serves both
        return std::map<std::string, Folders>{
            {"base", {}},
            {"logstore/model", {"base"}},
            {"logstore/wire", {"logstore/model", "base"}},
            {"logstore/client", down_to_wire},
            {"logstore/engine", down_to_wire},
            {"logstore/server", with({"logstore/engine", "transform"})},
            {"logstore/agent", with({"logstore/client"})},
            {"transform", down_to_wire},
            {"replicator", with({"transform"})},
            {"switchover", {"logstore/model", "base"}},
            {"daemon", everyone},
            {"bench", everyone_and_tests},
        };
    }();
    return kTable;
}

struct Library {
    std::string include;  ///< how its headers begin, or end when it starts with '*'
    Folders allowed;      ///< paths that may name it begin so
};

const std::vector<Library>& heavy_libraries() {
    static const std::vector<Library> kTable{
        {"boost/beast", {"base/net/"}},
        {"curl/", {"base/net/"}},
        {"openssl/", {"base/net/", "base/hash.cc"}},
        {"sqlite3", {"base/storage/"}},
        {"prometheus/", {"base/metrics.cc"}},
        {"lz4", {"logstore/wire/", "bench/"}},
        {"zstd", {"logstore/wire/"}},
        {"zlib.h", {"logstore/wire/", "transform/"}},
        {"google/protobuf", {"logstore/wire/"}},
        {"*.pb.h", {"logstore/wire/"}},
        {"pcre2", {"transform/", "bench/"}},
        {"simdjson", {"transform/", "bench/"}},
        {"yaml-cpp/", {"daemon/"}},
    };
    return kTable;
}

bool matches(const Library& library, const std::string& include) {
    return library.include.front() == '*' ? include.ends_with(library.include.substr(1))
                                          : include.starts_with(library.include);
}

/// The folder of the table that holds `path`; empty when none does.
std::string folder_of(const std::string& path) {
    for (const auto& [folder, allowed] : allowed_folders()) {
        if (path.starts_with(folder + "/")) return folder;
    }
    return path.starts_with("tests/") ? "tests" : "";
}

struct Include {
    std::string name;
    bool quoted = false;
};

std::optional<Include> include_of(const std::string& line) {
    const auto hash = line.find_first_not_of(" \t");
    if (hash == std::string::npos || line[hash] != '#') return std::nullopt;
    const auto word = line.find_first_not_of(" \t", hash + 1);
    if (word == std::string::npos || line.compare(word, 7, "include") != 0) return std::nullopt;
    const auto open = line.find_first_of("\"<", word + 7);
    if (open == std::string::npos) return std::nullopt;
    const auto close = line.find(line[open] == '"' ? '"' : '>', open + 1);
    if (close == std::string::npos) return std::nullopt;
    return Include{line.substr(open + 1, close - open - 1), line[open] == '"'};
}

/// What is wrong with that include in the file `path` (from the root), or nothing.
std::optional<std::string> fault_of(const std::string& path, const Include& include) {
    for (const auto& library : heavy_libraries()) {
        if (!matches(library, include.name)) continue;
        const bool fine =
            std::any_of(library.allowed.begin(), library.allowed.end(),
                        [&](const auto& allowed) { return path.starts_with(allowed); });
        if (fine) return std::nullopt;
        return fmt::format("{} may be named in {} only", include.name,
                           fmt::join(library.allowed, ", "));
    }
    if (!include.quoted) return std::nullopt;
    const std::string from = folder_of(path);
    const std::string to = folder_of(include.name);
    if (to.empty()) {
        return fmt::format("\"{}\" does not name its folder: write it from the root", include.name);
    }
    const Folders& allowed = allowed_folders().at(from);
    if (from == to || std::find(allowed.begin(), allowed.end(), to) != allowed.end()) {
        return std::nullopt;
    }
    return fmt::format(
        "{} -> {} ({}) is a wrong arrow; {} may include: {}", from, to, include.name, from,
        allowed.empty() ? "nothing of ours" : fmt::format("{}", fmt::join(allowed, ", ")));
}

void check_file(const fs::path& root, const fs::path& file, std::vector<std::string>& faults) {
    const std::string path = fs::relative(file, root).generic_string();
    std::ifstream in(file);
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
        const auto include = include_of(line);
        if (!include) continue;
        if (const auto fault = fault_of(path, *include)) {
            faults.push_back(fmt::format("{}:{}: {}", path, number, *fault));
        }
    }
}

/// "file:line: what is wrong" for each wrong include below `root`, sorted. Tests may include
/// anything.
std::vector<std::string> wrong_includes(const fs::path& root, int* files_seen = nullptr) {
    std::vector<std::string> faults;
    for (const auto& [folder, allowed] : allowed_folders()) {
        if (!fs::exists(root / folder)) continue;
        for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
            const auto extension = entry.path().extension();
            if (extension != ".h" && extension != ".cc") continue;
            if (files_seen != nullptr) ++*files_seen;
            check_file(root, entry.path(), faults);
        }
    }
    std::sort(faults.begin(), faults.end());
    return faults;
}

TEST(IncludeArrows, PointDownOnlyInThisTree) {
    int files_seen = 0;
    const auto faults = wrong_includes(SPILLWAY_SOURCE_DIR, &files_seen);
    EXPECT_TRUE(faults.empty()) << fmt::format("{}", fmt::join(faults, "\n"));
    EXPECT_GT(files_seen, 30) << "the tree was not found at " << SPILLWAY_SOURCE_DIR;
}

/// A made-up tree.
class Tree {
  public:
    void put(const std::string& path, const std::string& content) {
        const fs::path file = fs::path(dir_.path()) / path;
        fs::create_directories(file.parent_path());
        std::ofstream(file) << content;
    }
    std::vector<std::string> faults() { return wrong_includes(dir_.path()); }

  private:
    test::TempDir dir_;
};

TEST(IncludeArrows, LetArrowsPointDown) {
    Tree tree;
    tree.put("daemon/main.cc", "#include \"replicator/a.h\"\n#include \"base/x.h\"\n");
    tree.put("logstore/server/a.cc", "#include \"logstore/engine/a.h\"\n#include <vector>\n");
    tree.put("base/net/a.cc", "#include <boost/beast/http.hpp>\n  #  include <curl/curl.h>\n");
    tree.put("logstore/wire/a.cc", "#include \"logstore/wire/sls_logs.pb.h\"\n#include <lz4.h>\n");
    EXPECT_EQ(tree.faults(), std::vector<std::string>{});
}

TEST(IncludeArrows, NameTheLineOfAWrongArrowAndWhatIsAllowed) {
    Tree tree;
    tree.put("base/a.h", "#pragma once\n#include \"logstore/model/names.h\"\n");
    tree.put("replicator/a.cc", "#include \"switchover/plan.h\"\n");
    tree.put("logstore/model/a.h", "// fine\n\n  #include \"tests/support/fake_region.h\"\n");
    EXPECT_EQ(
        tree.faults(),
        (std::vector<std::string>{
            "base/a.h:2: base -> logstore/model (logstore/model/names.h) is a wrong arrow; base "
            "may include: nothing of ours",
            "logstore/model/a.h:3: logstore/model -> tests (tests/support/fake_region.h) is a "
            "wrong arrow; logstore/model may include: base",
            "replicator/a.cc:1: replicator -> switchover (switchover/plan.h) is a wrong arrow; "
            "replicator may include: transform, logstore/wire, logstore/model, base"}));
}

TEST(IncludeArrows, KeepEachHeavyLibraryInItsFolder) {
    Tree tree;
    tree.put("daemon/a.cc", "#include <sqlite3.h>\n#include <yaml-cpp/yaml.h>\n");
    tree.put("base/text.cc", "#include <prometheus/counter.h>\n");
    tree.put("replicator/a.cc", "#include \"sls_logs.pb.h\"\n#include \"local.h\"\n");
    EXPECT_EQ(
        tree.faults(),
        (std::vector<std::string>{
            "base/text.cc:1: prometheus/counter.h may be named in base/metrics.cc only",
            "daemon/a.cc:1: sqlite3.h may be named in base/storage/ only",
            "replicator/a.cc:1: sls_logs.pb.h may be named in logstore/wire/ only",
            "replicator/a.cc:2: \"local.h\" does not name its folder: write it from the root"}));
}

}  // namespace
}  // namespace spillway
