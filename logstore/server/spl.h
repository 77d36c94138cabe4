// SPL on a pull: the subset that a rule's leading filter needs, so that filtered logs never travel.
//
//   * | where COND | project a, b = c | project-away d, "x*" | ...
//
// COND: and or not ( ), = <> != < <= > >=, is [not] null, [not] in (...), [not] like '...',
// [not] between, coalesce(), strpos(), regexp_like(), try_cast(x as bigint|double|varchar),
// true, false, null. Fields are text, __time__ and __time_ns_part__ whole numbers, and what is
// absent is null; conditions have three values, and a log stays only where its condition is true.
// Immutable; any thread. Source: docs/sources.md#spl
#pragma once

#include "base/result.h"
#include "transform/runtime.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::server {

struct SplNode;

class SplProgram {
  public:
    /// "* | stage | stage". Errors: InvalidArgument (ParameterInvalid), with the place.
    static Result<SplProgram> parse(std::string_view text);
    /// What stands behind the first bar of "* | ...", which began at byte `offset` of the query.
    static Result<SplProgram> parse_stages(std::string_view text, std::size_t offset);
    ~SplProgram();
    SplProgram(SplProgram&&) noexcept;
    SplProgram& operator=(SplProgram&&) noexcept;

    enum class Verdict { Keep, Drop, Fail };
    /// Runs every stage on the frame's event, which it may edit. Fail: the log cannot be judged (a
    /// pattern takes too long); it is left out, and counted.
    Verdict run(transform::Frame& frame) const;

  private:
    struct Stage;
    explicit SplProgram(std::vector<Stage> stages);
    friend class SplParser;
    std::vector<Stage> stages_;
};

/// What is left of a page after a query.
struct SplPage {
    std::string body;  ///< a LogGroupList, uncompressed
    std::uint32_t groups = 0;
    std::uint64_t logs_read = 0;
    std::uint64_t logs_left = 0;
    std::uint64_t logs_failed = 0;
};

/// Runs a query on a raw LogGroupList. A group whose logs all go is absent; one whose logs all stay
/// as they are is copied as it is. Errors: Corrupt.
Result<SplPage> run_spl(const SplProgram& program, std::string_view log_group_list);

}  // namespace spillway::server
