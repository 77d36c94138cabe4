// The door of the rule compiler: rule text -> Program -> edited LogGroups.
// A Program is immutable and may run on many threads at once; a run keeps its scratch in a Scratch of
// the caller, one per thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace spillway::transform {

enum class Severity { Error, Warning };

/// One finding in a rule. Lines and columns count from 1, columns in code points.
struct Diagnostic {
    Severity severity = Severity::Error;
    std::string code;     ///< stable: "T0102"
    std::string message;  ///< one sentence
    std::string help;     ///< what to write instead; may be empty
    std::uint32_t line = 1;
    std::uint32_t column = 1;
    std::uint32_t length = 1;  ///< code points marked from there
};

/// "rule.dsl:2:14: error: ..." with the source line and a caret below it.
std::string render(const Diagnostic& diagnostic, std::string_view rule, std::string_view file_name);

/// What a rule costs: how much of a page has to be touched.
enum class Tier { Passthrough, TagAppend, DropOnly, Rewrite };
std::string_view name_of(Tier tier);

/// One LogGroup to send. `bytes` is an encoded LogGroup, uncompressed.
struct OutputGroup {
    std::string target;  ///< empty: the default target
    std::string bytes;
    std::uint32_t log_count = 0;
    std::uint32_t source_group = 0;  ///< index in the page
};

/// A log the rule failed on. It is not in any output group.
struct FailedLog {
    std::uint32_t source_group = 0;
    std::uint32_t log_index = 0;
    std::string reason;
};

struct PageResult {
    std::vector<OutputGroup> groups;
    std::vector<FailedLog> failed;
    std::uint64_t logs_read = 0;
    std::uint64_t logs_written = 0;
    std::uint64_t logs_dropped = 0;
};

/// Everything a rule may know beside the event; the same context gives the same bytes.
struct RunContext {
    WallTime now;  ///< pinned per page
};

class Program {
  public:
    ~Program();
    Program(Program&&) noexcept;
    Program& operator=(Program&&) noexcept;

    /// An empty rule copies every log. On errors there is no program, only diagnostics.
    struct Compiled;
    static Compiled compile(std::string_view rule);

    Tier tier() const;
    /// Why that tier: "e_set changes a field of each log".
    std::string tier_reason() const;

    /// Edits a page: a raw (uncompressed) LogGroupList. A pure function of page and context.
    /// Groups stay one-to-one and in order except where a rule changes topic, source or tags, or drops
    /// every log of a group (then it is absent). Errors: Corrupt when the page is not a LogGroupList.
    Result<PageResult> run_page(std::string_view log_group_list, const RunContext& context) const;

  private:
    struct Impl;
    explicit Program(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

struct Program::Compiled {
    std::optional<Program> program;
    std::vector<Diagnostic> diagnostics;
};

}  // namespace spillway::transform
