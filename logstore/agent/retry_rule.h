// What to do with a group that was not accepted. Pure; any thread. Source:
// docs/sources.md#agent-facts
#pragma once

#include "base/error.h"

#include <chrono>
#include <cstdint>

namespace spillway::agent {

enum class SendMove {
    RetryRegion,  ///< the region does not answer: every group to it waits
    RetryGroup,   ///< this group waits; others may go
    Drop,         ///< give it up, count it, say so
    Done,         ///< the target has it already
};

struct SendFailure {
    Error error;
    int tries = 1;                     ///< this one included
    std::chrono::milliseconds age{0};  ///< since the group was first queued
};

/// Network, server, quota and "Unauthorized" errors are retried; any other error is given up after
/// more than five tries; everything is given up at `discard_after`.
SendMove judge(const SendFailure& failure, std::chrono::milliseconds discard_after);

/// Wait before the given try is repeated: doubles from 200 ms to 5 s; a quota starts at 1 s.
std::chrono::milliseconds retry_wait(const Error& error, int tries);

}  // namespace spillway::agent
