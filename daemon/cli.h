// The command line: one table of commands; parsing, help and error texts come from it.
// A command's run() gets what was parsed and the streams, and returns the exit status.
#pragma once

#include "base/result.h"

#include <functional>
#include <istream>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::daemon {

/// What the process ends with; the same everywhere. 0 is done, and only done.
enum ExitStatus : int {
    kExitDone = 0,
    kExitFailed = 1,
    kExitUsage = 2,
    kExitRefused = 3,  ///< by a guard: nothing was changed, or it was put back
    kExitPartly = 4,
    kExitTimedOut = 5,  ///< or detached: work still runs
    kExitStalePlan = 6,
    kExitUnreachable = 69,  ///< no daemon answers
    kExitNotPermitted = 77,
    kExitBadConfig = 78,
    kExitInterrupted = 130,
};

struct Flag {
    std::string_view name = {};        ///< without dashes: "listen"
    char letter = 0;                   ///< "-o"; 0: none
    std::string_view value_name = {};  ///< "ADDRESS"; empty: a switch
    std::string_view help = {};        ///< one sentence
    std::string_view fallback = {};    ///< shown in help and used when absent; empty: none
    bool required = false;
    bool repeats = false;
};

struct Positional {
    std::string_view name = {};  ///< "PAIR"
    std::string_view help = {};
    bool required = true;
    bool repeats = false;  ///< only the last may
};

/// What was typed, checked against the command's flags.
class Arguments {
  public:
    bool has(std::string_view flag) const;
    /// The value, the flag's fallback, or "".
    std::string get(std::string_view flag) const;
    std::vector<std::string> all(std::string_view flag) const;
    /// Positional by name, or "".
    std::string positional(std::string_view name) const;
    std::vector<std::string> positionals(std::string_view name) const;

    // Filled by the parser.
    std::map<std::string, std::vector<std::string>, std::less<>> flags;
    std::map<std::string, std::string, std::less<>> fallbacks;
    std::map<std::string, std::vector<std::string>, std::less<>> named;
};

struct Streams {
    std::istream& in;
    std::ostream& out;  ///< data
    std::ostream& err;  ///< progress and messages
};

struct Command {
    std::string_view path = {};     ///< "region serve"
    std::string_view summary = {};  ///< one line of `spillway help`
    std::string_view details = {};  ///< paragraphs under --help; may be empty
    std::vector<Positional> positionals = {};
    std::vector<Flag> flags = {};
    std::function<int(const Arguments&, Streams&)> run = {};
};

/// Finds the command, parses, runs. Prints usage errors with "did you mean" and returns kExitUsage.
int run_command_line(const std::vector<Command>& commands,
                     const std::vector<std::string>& arguments, Streams& streams);

/// "error: <message>" plus what to do now, to streams.err; the exit status that fits the error's
/// code.
int report_error(const Error& error, Streams& streams, std::string_view what_now = {});

}  // namespace spillway::daemon
