// Two regions and a daemon as real processes, writers that never stop, and kill -9 of one of the
// three at random moments. At the end every log the source acknowledged must be in the target
// exactly once, in the order its writer sent it, and the daemon's own verification must say the
// same.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <functional>
#include <string>

namespace spillway::scenarios {

struct KillOptions {
    std::string program;  ///< the spillway binary
    std::string folder;   ///< new or empty; everything lies there
    int kills = 300;      ///< of all three processes together, in turn
    std::uint64_t seed = 1;
    int writers = 3;
    std::function<void(const std::string& line)> say = [](const std::string&) {};
};

struct KillOutcome {
    std::uint64_t logs_acknowledged = 0;  ///< by the source
    std::uint64_t logs_dropped = 0;       ///< of these the rule drops so many
    std::uint64_t logs_arrived = 0;
    std::uint64_t missing = 0;
    std::uint64_t doubled = 0;
    std::uint64_t out_of_order = 0;
    std::uint64_t suppressed = 0;  ///< writes repeated after a crash that the fence held back
    std::string verification;      ///< "exact", or what the daemon said

    bool is_exact() const {
        return missing == 0 && doubled == 0 && out_of_order == 0 && verification == "exact" &&
               logs_arrived > 0;
    }
    std::string to_string() const;
};

/// Bounded: two minutes for the copy to finish after the last kill. Errors: Unavailable when a
/// process does not come up or the copy does not finish, with what was seen last.
Result<KillOutcome> kill_and_compare(const KillOptions& options);

}  // namespace spillway::scenarios
