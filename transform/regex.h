// Regular expressions with Python's syntax, on PCRE2 with its just-in-time compiler (named only in
// regex.cc). Two programs per pattern: one for plain ASCII subjects, and one by Unicode code points
// for the others. Matching is bounded: a bad pattern costs one event, not the shard. A Regex may be
// used by many threads at once; a RegexRunner by one.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::transform {

struct RegexGroup {
    std::string name;
    std::uint32_t number = 0;
};

enum class MatchResult { Match, NoMatch, LimitExceeded };

/// Matches of one thread: group offsets, stack and limits.
class RegexRunner {
  public:
    RegexRunner();
    ~RegexRunner();
    RegexRunner(const RegexRunner&) = delete;
    RegexRunner& operator=(const RegexRunner&) = delete;

    struct Impl;
    Impl& impl() { return *impl_; }

  private:
    std::unique_ptr<Impl> impl_;
};

class Regex {
  public:
    /// Errors: InvalidArgument, with the place in the pattern.
    static Result<std::unique_ptr<Regex>> compile(std::string_view pattern);
    ~Regex();
    Regex(const Regex&) = delete;
    Regex& operator=(const Regex&) = delete;

    /// Anywhere from byte `from` on. The groups are read from the runner until its next use.
    MatchResult search(RegexRunner& runner, std::string_view subject, std::size_t from = 0) const;
    /// The next match behind the runner's last one, as re.finditer goes on: behind an empty match
    /// comes one that is not empty at the same place, or one further on.
    MatchResult search_next(RegexRunner& runner, std::string_view subject) const;
    /// The whole subject.
    MatchResult full_match(RegexRunner& runner, std::string_view subject) const;
    /// From the start, not necessarily to the end.
    MatchResult match_start(RegexRunner& runner, std::string_view subject) const;

    /// Of the last match; nothing for a group that took no part. 0 is the whole.
    std::optional<std::string_view> group(RegexRunner& runner, std::uint32_t number) const;
    std::size_t match_begin(RegexRunner& runner) const;
    std::size_t match_end(RegexRunner& runner) const;

    std::uint32_t group_count() const;
    const std::vector<RegexGroup>& named_groups() const;
    std::string_view pattern() const;
    /// The pattern as a fixed text, when it has no special characters.
    std::optional<std::string_view> literal() const;

  private:
    struct Impl;
    explicit Regex(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// Backslashes before everything special.
std::string regex_escape(std::string_view text);

/// \1, \g<2>, \g<name>, \n...: the replacement for the runner's last match.
/// Errors: InvalidArgument for a group that does not exist.
Status append_replacement(std::string& out, const Regex& regex, RegexRunner& runner,
                          std::string_view replacement);
/// The same errors, without a match.
Status check_replacement(const Regex& regex, std::string_view replacement);

/// Patterns in which a repeat holds a repeat of the same: "(a+)+". They may take exponential time.
/// In regex_hazard.cc.
bool looks_catastrophic(std::string_view pattern);

}  // namespace spillway::transform
