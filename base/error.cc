#include "base/error.h"

#include <cerrno>
#include <system_error>
#include <utility>

namespace spillway {

std::string_view name_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::InvalidArgument:
            return "invalid_argument";
        case ErrorCode::NotFound:
            return "not_found";
        case ErrorCode::AlreadyExists:
            return "already_exists";
        case ErrorCode::OutOfRange:
            return "out_of_range";
        case ErrorCode::Throttled:
            return "throttled";
        case ErrorCode::Unavailable:
            return "unavailable";
        case ErrorCode::Unauthenticated:
            return "unauthenticated";
        case ErrorCode::ClockSkew:
            return "clock_skew";
        case ErrorCode::Conflict:
            return "conflict";
        case ErrorCode::Corrupt:
            return "corrupt";
        case ErrorCode::Exhausted:
            return "exhausted";
        case ErrorCode::Refused:
            return "refused";
        case ErrorCode::Unsupported:
            return "unsupported";
        case ErrorCode::Cancelled:
            return "cancelled";
        case ErrorCode::Internal:
            return "internal";
    }
    return "internal";
}

bool is_transient(ErrorCode code) {
    return code == ErrorCode::Throttled || code == ErrorCode::Unavailable ||
           code == ErrorCode::ClockSkew || code == ErrorCode::Exhausted;
}

Error Error::while_doing(std::string_view action) && {
    std::string longer;
    longer.reserve(action.size() + 2 + message.size());
    longer.append(action).append(": ").append(message);
    message = std::move(longer);
    return std::move(*this);
}

std::string Error::to_string() const {
    std::string detail = service_code;
    const auto add = [&detail](std::string part) {
        if (!detail.empty()) detail += ", ";
        detail += part;
    };
    if (http_status != 0) add("HTTP " + std::to_string(http_status));
    if (!request_id.empty()) add("request " + request_id);
    return detail.empty() ? message : message + " (" + detail + ")";
}

Error make_error(ErrorCode code, std::string message) {
    Error error;
    error.code = code;
    error.message = std::move(message);
    return error;
}

namespace {

ErrorCode code_of_errno(int value) {
    switch (value) {
        case ENOENT:
        case ENOTDIR:
            return ErrorCode::NotFound;
        case EEXIST:
            return ErrorCode::AlreadyExists;
        case ENOSPC:
        case EDQUOT:
        case EMFILE:
        case ENFILE:
        case ENOMEM:
            return ErrorCode::Exhausted;
        case EACCES:
        case EPERM:
        case EROFS:
            return ErrorCode::Refused;
        case EINVAL:
            return ErrorCode::InvalidArgument;
        default:
            return ErrorCode::Unavailable;
    }
}

}  // namespace

Error errno_error(std::string_view action, int errno_value) {
    return make_error(code_of_errno(errno_value),
                      std::string(action) + ": " + std::generic_category().message(errno_value));
}

}  // namespace spillway
