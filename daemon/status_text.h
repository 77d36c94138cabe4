// `spillway status` for people, from the status JSON of the admin API. Any thread.
#pragma once

#include "base/clock.h"
#include "base/json.h"

#include <string>

namespace spillway::daemon {

/// One screen: pairs, links, regions, backups, and what needs a person. `colour` marks trouble.
std::string status_text(const json::object& status, bool colour);

/// "12.0 s", or "unknown": never a false zero.
std::string seconds_text(const json::value* seconds);
std::string milliseconds_text(const json::value* milliseconds);

}  // namespace spillway::daemon
