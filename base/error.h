// What went wrong, told by what the caller does next. Values; any thread.
#pragma once

#include <string>
#include <string_view>

namespace spillway {

/// Chosen by the caller's next move, not by where the failure came from.
enum class ErrorCode {
    InvalidArgument,  ///< the request itself is wrong: repeating it is useless
    NotFound,         ///< the named thing does not exist: create it, or stop
    AlreadyExists,    ///< somebody made it before us: often as good as success
    OutOfRange,       ///< a position outside what is stored: seek again, record the gap
    Throttled,        ///< over a quota: back off, then repeat
    Unavailable,      ///< no usable answer; it may or may not have happened: look, then repeat
    Unauthenticated,  ///< key, signature or grant: page a person, repeat slowly
    ClockSkew,        ///< the two clocks differ too much: correct ours, then repeat
    Conflict,         ///< the state moved on (compare-and-swap, sequence id): look, then decide
    Corrupt,          ///< bytes that cannot be what was written: set them aside, go on
    Exhausted,        ///< no disk, memory or descriptors here: stop taking work, keep what is held
    Refused,          ///< a guard said no: a person decides
    Unsupported,      ///< known, but not available here
    Cancelled,        ///< we were asked to stop
    Internal,         ///< our own fault
};

/// Stable lower_snake name, for logs, metrics and JSON: "throttled".
std::string_view name_of(ErrorCode code);

/// True where the same call may succeed later without anything else changing.
bool is_transient(ErrorCode code);

struct Error {
    ErrorCode code = ErrorCode::Internal;
    std::string message;  ///< one sentence for people: what failed and why
    std::string
        service_code;        ///< the Logstore service's own code ("WriteQuotaExceed"), if it spoke
    std::string request_id;  ///< the service's request id, if it spoke
    int http_status = 0;     ///< 0 when there was no HTTP answer

    bool operator==(const Error&) const = default;

    /// Puts what we were doing in front: "pull hz/pay/app shard 0: <message>".
    Error while_doing(std::string_view action) &&;

    /// "message (WriteQuotaExceed, HTTP 403, request 5f3...)".
    std::string to_string() const;
};

Error make_error(ErrorCode code, std::string message);

/// The calling thread's errno as an Error; ENOSPC and EMFILE become Exhausted, ENOENT NotFound.
Error errno_error(std::string_view action, int errno_value);

}  // namespace spillway
