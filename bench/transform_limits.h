// What no rule can do without: the library's or the wire's part of the work alone, with everything
// around it left out. What whole chains (LZ4 off, rule, LZ4 on) are measured against.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace spillway::bench {

/// Finds the field of that name in each log; returns how many have that value.
std::uint64_t count_by_hand(std::string_view page, std::string_view key, std::string_view value);

/// Runs a pattern over the first content of each log, by PCRE2's just-in-time code and nothing
/// else.
class RegexLimit {
  public:
    explicit RegexLimit(std::string_view pattern);
    ~RegexLimit();
    RegexLimit(const RegexLimit&) = delete;
    RegexLimit& operator=(const RegexLimit&) = delete;
    /// The bytes captured.
    std::uint64_t run(std::string_view page);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Reads every member of the JSON object in the first content of each log, by simdjson on demand.
class JsonLimit {
  public:
    JsonLimit();
    ~JsonLimit();
    JsonLimit(const JsonLimit&) = delete;
    JsonLimit& operator=(const JsonLimit&) = delete;
    /// The bytes of keys and values.
    std::uint64_t run(std::string_view page);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace spillway::bench
