#include "replicator/next_move.h"

namespace spillway::replicator {

NextMove after_put(const Error& error) {
    switch (error.code) {
        case ErrorCode::Throttled:
            return NextMove::Throttle;
        case ErrorCode::Conflict:
            return error.service_code == "InvalidSequenceId" ? NextMove::Look : NextMove::Retry;
        case ErrorCode::InvalidArgument:
            return NextMove::SetAside;
        case ErrorCode::NotFound:
        case ErrorCode::Unauthenticated:
        case ErrorCode::ClockSkew:
        case ErrorCode::Refused:
        case ErrorCode::Unsupported:
            return NextMove::RetrySlowly;
        case ErrorCode::AlreadyExists:
        case ErrorCode::OutOfRange:
        case ErrorCode::Unavailable:
        case ErrorCode::Corrupt:
        case ErrorCode::Exhausted:
        case ErrorCode::Cancelled:
        case ErrorCode::Internal:
            return NextMove::Retry;
    }
    return NextMove::Retry;
}

NextMove after_pull(const Error& error) {
    switch (error.code) {
        case ErrorCode::Throttled:
            return NextMove::Throttle;
        case ErrorCode::OutOfRange:
            return NextMove::Seek;
        case ErrorCode::Corrupt:
            return NextMove::Reread;
        case ErrorCode::NotFound:
        case ErrorCode::Unauthenticated:
        case ErrorCode::ClockSkew:
        case ErrorCode::Refused:
        case ErrorCode::Unsupported:
        case ErrorCode::InvalidArgument:
            return NextMove::RetrySlowly;
        case ErrorCode::AlreadyExists:
        case ErrorCode::Conflict:
        case ErrorCode::Unavailable:
        case ErrorCode::Exhausted:
        case ErrorCode::Cancelled:
        case ErrorCode::Internal:
            return NextMove::Retry;
    }
    return NextMove::Retry;
}

std::string_view request_code(const Error& error) {
    switch (error.code) {
        case ErrorCode::Throttled:
            return "throttled";
        case ErrorCode::Unauthenticated:
        case ErrorCode::ClockSkew:
            return "auth";
        case ErrorCode::NotFound:
            return "not_found";
        case ErrorCode::InvalidArgument:
        case ErrorCode::OutOfRange:
        case ErrorCode::Conflict:
        case ErrorCode::AlreadyExists:
        case ErrorCode::Corrupt:
            return "invalid";
        default:
            break;
    }
    if (error.http_status != 0) return "server";
    return error.message.find("timed out") != std::string::npos ? "timeout" : "network";
}

}  // namespace spillway::replicator
