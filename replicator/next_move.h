// What to do after a failed call, as tables. Nothing here moves a checkpoint: only an
// acknowledgement, a dead letter or a recorded gap does. Pure; any thread.
#pragma once

#include "base/error.h"
#include "replicator/replicator.h"

#include <string_view>

namespace spillway::replicator {

enum class NextMove {
    Retry,        ///< with backoff and jitter, for ever
    RetrySlowly,  ///< a person has to do something first: key, clock, a missing Logstore
    Throttle,     ///< over a quota: less, later
    Look,         ///< the fence refused: see whether the target holds it
    SetAside,     ///< the target will never take these bytes: on_bad_record decides
    Seek,         ///< the position is not stored any more: find out why
    Reread,       ///< the bytes were no page: read again, then read less, then set aside
    Ask,          ///< a person decides
};

NextMove after_put(const Error& error);
NextMove after_pull(const Error& error);

/// Closed set for metrics: ok, throttled, auth, not_found, invalid, server, timeout, network.
std::string_view request_code(const Error& error);

}  // namespace spillway::replicator
