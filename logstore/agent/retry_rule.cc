#include "logstore/agent/retry_rule.h"

#include "logstore/agent/agent_options.h"

#include <algorithm>

namespace spillway::agent {
namespace {

bool region_is_down(const Error& error) {
    if (error.code == ErrorCode::Throttled) return false;
    return error.code == ErrorCode::Unavailable || error.code == ErrorCode::Corrupt ||
           error.http_status >= 500;
}

bool waits_for_a_person(const Error& error) {
    return error.code == ErrorCode::Throttled || error.code == ErrorCode::ClockSkew ||
           error.code == ErrorCode::Cancelled || error.service_code == "Unauthorized";
}

}  // namespace

SendMove judge(const SendFailure& failure, std::chrono::milliseconds discard_after) {
    const Error& error = failure.error;
    if (error.service_code == "InvalidSequenceId") return SendMove::Done;
    if (failure.age >= discard_after) return SendMove::Drop;
    if (region_is_down(error)) return SendMove::RetryRegion;
    if (waits_for_a_person(error)) return SendMove::RetryGroup;
    return failure.tries > kOtherErrorTriesMax ? SendMove::Drop : SendMove::RetryGroup;
}

std::chrono::milliseconds retry_wait(const Error& error, int tries) {
    const int first = error.code == ErrorCode::Throttled ? 1'000 : 200;
    const int doublings = std::clamp(tries - 1, 0, 10);
    return std::chrono::milliseconds(std::min(first << doublings, 5'000));
}

}  // namespace spillway::agent
