// The service's error codes, both ways: which HTTP status a code goes with, and what our caller
// does next. Any thread. Source: docs/sources.md#error-codes
#pragma once

#include "base/error.h"

#include <string>
#include <string_view>

namespace spillway::wire {

/// What a client makes of an answer that is not 200. The body may be anything.
Error error_from_response(int http_status, std::string_view body, std::string_view request_id);

struct WireError {
    int http_status = 500;
    std::string_view service_code;
};

/// What a server answers for one of our errors; its own service_code, where set, is kept.
/// The status is that of the code in the table.
WireError wire_error_for(const Error& error);

/// {"errorCode":"...","errorMessage":"..."}; both never empty.
std::string error_body(std::string_view service_code, std::string_view message);

/// An Error with a service code of the table: its ErrorCode and status follow from it.
Error service_error(std::string_view service_code, std::string message);

}  // namespace spillway::wire
