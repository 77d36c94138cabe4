// A link's status as the admin API shows it. Unknown is null, never zero. Any thread.
#pragma once

#include "base/clock.h"
#include "base/json.h"
#include "daemon/topology.h"
#include "daemon/verify_jobs.h"
#include "replicator/replicator.h"

#include <string>
#include <vector>

namespace spillway::daemon {

json::object link_json(const LinkSpec& spec, const replicator::LinkStatus& status);
json::object gaps_json(const std::string& link, const std::vector<replicator::GapRecord>& gaps);
/// "state" is "running", "exact", "differs", "failed" or "cancelled".
json::object verify_json(const std::string& link, const VerifyJob& job);
/// `to`: "target" or "source"; the places are in the Logstore at that end.
json::object places_json(const LinkSpec& spec, const std::string& to,
                         const std::vector<replicator::TranslatedCursor>& places);
json::object dead_letters_json(const std::string& link,
                               const std::vector<replicator::DeadLetter>& letters);
/// With the record itself, its logs as an array.
json::object dead_letter_json(const replicator::DeadLetter& letter);

}  // namespace spillway::daemon
