// The door of the rule compiler: rule text -> Program -> edited LogGroups.
// A Program is immutable and may run on many threads at once; a run keeps its scratch in a Scratch
// of the caller, one per thread.
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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
    std::string hash_key;            ///< e_output(hash_key=...): route by it; empty: as usual
    /// The source group as it stands, and then `bytes`. Only from run_page_sparing().
    bool copies_source = false;
};

/// A log the rule failed on. It is in no output group, but for the copies it sent before.
struct FailedLog {
    std::uint32_t source_group = 0;
    std::uint32_t log_index = 0;
    std::string reason;
    /// Other parts of the same log (e_split) or copies of it (e_coutput) were written: a replay of
    /// the whole log repeats those.
    bool partly_written = false;
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

/// An event outside a page: for rule tests and for trying a rule. Keys are distinct.
using EventFields = std::vector<std::pair<std::string, std::string>>;

struct EmittedEvent {
    std::string target;  ///< empty: the default target
    EventFields fields;
};

struct EventResult {
    std::vector<EmittedEvent> emitted;
    std::vector<std::string> failures;  ///< why it, or a part of it, was dropped with an error
    std::uint32_t warnings = 0;
};

/// What a run keeps between logs and pages, so that it need not allocate. One per thread.
class Scratch {
  public:
    Scratch();
    ~Scratch();
    Scratch(Scratch&&) noexcept;
    Scratch& operator=(Scratch&&) noexcept;

    /// Takes the memory of a result that is done with: pages of like size then need no new.
    void recycle(PageResult result);

    struct Impl;

  private:
    friend class Program;
    std::unique_ptr<Impl> impl_;
};

/// A tag that the rule gives to every group, as "env", "prod" for __tag__:env.
struct AppendedTag {
    std::string key;
    std::string value;
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
    /// Groups stay one-to-one and in order except where a rule changes topic, source or tags, or
    /// drops every log of a group (then it is absent). Errors: Corrupt when the page is not a
    /// LogGroupList.
    Result<PageResult> run_page(std::string_view log_group_list, const RunContext& context) const;
    Result<PageResult> run_page(std::string_view log_group_list, const RunContext& context,
                                Scratch& scratch) const;
    /// The same for who has the page: groups that stay as they are, or only get something behind
    /// their bytes, come without those bytes (OutputGroup::copies_source).
    Result<PageResult> run_page_sparing(std::string_view log_group_list, const RunContext& context,
                                        Scratch& scratch) const;
    /// The same without a faster tier: every log is looked at. For tests of the tiers.
    Result<PageResult> run_page_rewriting(std::string_view log_group_list,
                                          const RunContext& context, Scratch& scratch) const;

    EventResult run_event(const EventFields& event, const RunContext& context,
                          Scratch& scratch) const;

    /// Sorted. A lone "*" stands for fields whose names are known only when the rule runs.
    std::vector<std::string> fields_read() const;
    std::vector<std::string> fields_written() const;
    /// Names in e_output and e_coutput that are constant; sorted.
    std::vector<std::string> targets() const;
    /// With tier TagAppend: exact where a group has none of these tags yet; run_page looks and
    /// rewrites the others.
    std::vector<AppendedTag> appended_tags() const;
    /// The leading filter as "* | where ...", for sources that can filter; empty: nothing
    /// translates. The rule still has to run on what comes back.
    std::string pushdown_spl() const;

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
