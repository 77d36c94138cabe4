// A YAML file read strictly: every key must be known and stand once, every duration and size
// carries a unit, every secret is a reference. All findings are collected with file:line:column, so
// one run names them all. yaml-cpp is named in yaml_document.cc only. One thread at a time.
#pragma once

#include "base/result.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::daemon {

enum class FindingSeverity { Error, Warning };

/// One thing wrong in a file. Line and column count from 1; 0 when the place is not known.
struct Finding {
    FindingSeverity severity = FindingSeverity::Error;
    std::string file;
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    std::uint32_t length = 1;
    std::string message;
    std::string snippet;  ///< the source line
};

/// "topology.yaml:41:7: error: ..." with the source line and a mark under it.
std::string render(const Finding& finding);
bool has_errors(const std::vector<Finding>& findings);

/// Where a secret comes from. Never the secret itself.
struct SecretRef {
    enum class Kind { Env, File } kind = Kind::Env;
    std::string name;  ///< of the variable, or the path
    bool operator==(const SecretRef&) const = default;
    /// Errors: NotFound naming the variable or file; trailing line ends of a file are cut off.
    Result<std::string> resolve() const;
};

/// A place in the document, for findings of later layers (references, rules).
struct YamlPlace {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    std::uint32_t length = 1;
};

class YamlDocument;

/// One mapping. Ask for each key it may hold; what was not asked for is reported as unknown when
/// the reader goes away.
class YamlMap {
  public:
    YamlMap(YamlMap&&) noexcept;
    ~YamlMap();

    bool has(std::string_view key) const;
    YamlPlace place() const;
    YamlPlace place_of(std::string_view key) const;

    std::optional<std::string> text(std::string_view key);
    std::string text_or(std::string_view key, std::string_view fallback);
    /// A missing key is a finding; gives "" then.
    std::string required_text(std::string_view key);
    /// A text that must be one of `choices`.
    std::string one_of(std::string_view key, std::vector<std::string> choices,
                       std::string_view fallback);
    std::int64_t integer_or(std::string_view key, std::int64_t fallback, std::int64_t least,
                            std::int64_t most);
    double number_or(std::string_view key, double fallback, double least, double most);
    bool boolean_or(std::string_view key, bool fallback);
    std::chrono::milliseconds duration_or(std::string_view key, std::chrono::milliseconds fallback);
    std::uint64_t bytes_or(std::string_view key, std::uint64_t fallback);
    std::vector<std::string> texts(std::string_view key);
    std::optional<SecretRef> secret(std::string_view key);

    /// A mapping below; nothing when the key is absent (or of another kind: a finding).
    std::optional<YamlMap> map(std::string_view key);
    /// `key` holds a mapping from free names to mappings.
    void each_named(std::string_view key,
                    const std::function<void(const std::string&, YamlMap&)>& read);
    /// `key` holds a mapping from free names to texts.
    std::vector<std::pair<std::string, std::string>> named_texts(std::string_view key);
    /// `key` holds a list of mappings.
    void each_item(std::string_view key, const std::function<void(YamlMap&)>& read);

    /// Adds a finding at the value of `key` (or at the mapping when it is absent).
    void complain(std::string_view key, std::string message,
                  FindingSeverity severity = FindingSeverity::Error);

  private:
    friend class YamlDocument;
    struct Impl;
    explicit YamlMap(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

class YamlDocument {
  public:
    /// Reads and parses; syntax faults become findings. `file` is for messages.
    static YamlDocument parse(std::string text, std::string file);
    /// A file that cannot be read is a finding too.
    static YamlDocument load(const std::string& path);
    ~YamlDocument();
    YamlDocument(YamlDocument&&) noexcept;

    /// The top mapping. Without one (syntax fault, a list) every question gives its fallback.
    YamlMap root();
    void complain(const YamlPlace& place, std::string message,
                  FindingSeverity severity = FindingSeverity::Error);
    /// Sorted by place. Ask after every YamlMap is gone.
    std::vector<Finding> findings() const;

  private:
    friend class YamlMap;
    struct Impl;
    explicit YamlDocument(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;
};

}  // namespace spillway::daemon
