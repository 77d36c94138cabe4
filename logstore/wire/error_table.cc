#include "logstore/wire/error_table.h"

#include "base/json.h"
#include "base/text.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace spillway::wire {

namespace {

struct Row {
    std::string_view service_code;
    int http_status;
    ErrorCode code;
};

using enum ErrorCode;

/// The first row of a name is the one we send; older spellings follow, for reading.
constexpr std::array kRows = std::to_array<Row>({
    // The request's time, host and form.
    {"RequestTimeExpired", 400, ClockSkew},
    {"RequestTimeTooSkewed", 400, ClockSkew},
    {"InvalidRequestTime", 400, InvalidArgument},
    {"InvalidDateFormat", 400, InvalidArgument},
    {"InvalidHost", 400, InvalidArgument},
    {"MissingHost", 400, InvalidArgument},
    {"MissingDate", 400, InvalidArgument},
    {"MissingParameter", 400, InvalidArgument},
    {"MissingContentType", 400, InvalidArgument},
    {"MissingContentLength", 411, InvalidArgument},
    {"MissingBodyRawSize", 400, InvalidArgument},
    {"MissingAPIVersion", 400, InvalidArgument},
    {"MissAccessKeyId", 401, Unauthenticated},
    {"MissingSignatureMethod", 400, InvalidArgument},
    {"InvalidSignatureMethod", 400, InvalidArgument},
    {"InvalidAPIVersion", 400, InvalidArgument},
    {"InvalidBodyRawSize", 400, InvalidArgument},
    {"InvalidCompressType", 400, InvalidArgument},
    {"InvalidContentType", 400, InvalidArgument},
    {"InvalidContentLength", 400, InvalidArgument},
    {"InvalidAcceptContentType", 400, InvalidArgument},
    {"InvalidAcceptEncoding", 400, InvalidArgument},
    {"InvalidMethod", 405, InvalidArgument},
    {"ParameterInvalid", 400, InvalidArgument},
    {"InvalidParameter", 400, InvalidArgument},
    {"BadRequest", 400, InvalidArgument},
    {"NotSupported", 400, Unsupported},
    // Bodies.
    {"PostBodyInvalid", 400, InvalidArgument},
    {"PostBodyTooLarge", 413, InvalidArgument},
    {"PostBodyUncompressError", 400, InvalidArgument},
    {"InvalidTimestamp", 400, InvalidArgument},
    {"InvalidEncoding", 400, InvalidArgument},
    {"InvalidKey", 400, InvalidArgument},
    {"InvalidLogSize", 400, InvalidArgument},
    {"JsonInfoInvalid", 400, InvalidArgument},
    // Projects, Logstores, shards, cursors.
    {"ProjectAlreadyExist", 400, AlreadyExists},
    {"ProjectNotExist", 404, NotFound},
    {"ProjectNotExists", 404, NotFound},
    {"ProjectForbidden", 403, Unauthenticated},
    {"LogStoreAlreadyExist", 400, AlreadyExists},
    {"LogStoreNotExist", 404, NotFound},
    {"LogStoreInfoInvalid", 400, InvalidArgument},
    {"LogStoreWithoutShard", 400, Unavailable},  // between creating a Logstore and its shards
    {"ShardNotExist", 404, NotFound},
    {"InvalidCursor", 400, OutOfRange},
    {"SLSInvalidCursor", 400, OutOfRange},
    {"InvalidSequenceId", 400, Conflict},
    {"CategoryNotExist", 404, NotFound},
    {"TopicNotExist", 404, NotFound},
    {"UserNotExist", 404, NotFound},
    {"ShipperNotExist", 404, NotFound},
    {"NotExist", 404, NotFound},
    {"AlreadyExist", 400, AlreadyExists},
    // Consumer groups.
    {"ConsumerGroupAlreadyExist", 400, AlreadyExists},
    {"ConsumerGroupNotExist", 404, NotFound},
    {"ConsumerNotExist", 404, NotFound},
    {"ConsumerNotExsit", 404, NotFound},  // one official client spells it so
    {"ShardNotExsit", 404, NotFound},     // and so
    {"InvalidShardCheckPoint", 400, InvalidArgument},
    {"NotExistConsumerWithBody", 400, Conflict},
    {"ConsumerNotMatch", 400, Conflict},
    // Collector configs and machine groups.
    {"ConfigAlreadyExist", 400, AlreadyExists},
    {"ConfigNotExist", 404, NotFound},
    {"MachineGroupAlreadyExist", 400, AlreadyExists},
    {"GroupAlreadyExist", 400, AlreadyExists},
    {"MachineGroupNotExist", 404, NotFound},
    {"GroupNotExist", 404, NotFound},
    // Index and queries.
    {"IndexInfoInvalid", 400, InvalidArgument},
    {"IndexAlreadyExist", 400, AlreadyExists},
    {"IndexConfigNotExist", 404, NotFound},
    {"InvalidLogStoreQuery", 400, InvalidArgument},
    {"InvalidTimeRange", 400, InvalidArgument},
    {"InvalidQueryString", 400, InvalidArgument},
    {"InvalidOffset", 400, InvalidArgument},
    {"InvalidLine", 400, InvalidArgument},
    {"InvalidReverse", 400, InvalidArgument},
    // Who asks. 401 and never 403: one official client takes 403 for a quota and repeats for ever.
    {"Unauthorized", 401, Unauthenticated},
    {"SignatureNotMatch", 401, Unauthenticated},
    {"InvalidAccessKeyId", 401, Unauthenticated},
    {"SecurityTokenExpired", 401, Unauthenticated},
    {"SecurityToken.Expired", 401, Unauthenticated},
    // Quotas. Those on rates pass by themselves; those on how many things may exist need a person.
    {"WriteQuotaExceed", 403, Throttled},
    {"ReadQuotaExceed", 403, Throttled},
    {"ShardWriteQuotaExceed", 403, Throttled},
    {"ShardReadQuotaExceed", 403, Throttled},
    {"MetaOperationQpsLimitExceeded", 403, Throttled},
    {"ExceedQuota", 403, Refused},
    {"QuotaExceed", 403, Refused},
    {"ProjectQuotaExceed", 400, Refused},
    // The service itself.
    {"InternalServerError", 500, Unavailable},
    {"RequestTimeout", 500, Unavailable},
    {"ServerBusy", 503, Unavailable},
});

/// Names differ in case between the service's own documents (LogStoreNotExist, LogstoreNotExist).
const Row* find_row(std::string_view service_code) {
    const auto* found = std::find_if(kRows.begin(), kRows.end(), [&](const Row& row) {
        return equals_ignoring_case(row.service_code, service_code);
    });
    return found == kRows.end() ? nullptr : found;
}

/// What the service says in its body, in any of the shapes that are about.
struct Spoken {
    std::string code;
    std::string message;
    std::string request_id;
};

Spoken spoken_in(const json::object& object, std::string_view code, std::string_view message,
                 std::string_view request_id) {
    return {find_string(object, code).value_or(""), find_string(object, message).value_or(""),
            find_string(object, request_id).value_or("")};
}

std::optional<Spoken> read_body(std::string_view body) {
    const auto object = parse_json_object(body);
    if (!object) return std::nullopt;
    Spoken spoken = spoken_in(*object, "errorCode", "errorMessage", "requestID");
    if (const auto* inner = find_object(*object, "Error"); spoken.code.empty() && inner) {
        spoken = spoken_in(*inner, "Code", "Message", "RequestId");
    }
    if (spoken.code.empty()) return std::nullopt;
    return spoken;
}

bool contains_ignoring_case(std::string_view text, std::string_view part) {
    return to_lower(text).find(to_lower(part)) != std::string::npos;
}

/// For a code that is not in the table.
ErrorCode code_of_status(int http_status, std::string_view service_code) {
    if (contains_ignoring_case(service_code, "InvalidCursor")) return OutOfRange;
    switch (http_status) {
        case 401:
            return Unauthenticated;
        case 403:
            return contains_ignoring_case(service_code, "quota") ||
                           contains_ignoring_case(service_code, "limit")
                       ? Throttled
                       : Unauthenticated;
        case 404:
            return NotFound;
        case 429:
            return Throttled;
        default:
            return http_status >= 400 && http_status < 500 ? InvalidArgument : Unavailable;
    }
}

/// For an answer that is not the service's own: a proxy or load balancer, or another program on
/// that port. A bare 404 from there says nothing about a Logstore, so nobody may act as if it did
/// not exist.
ErrorCode code_of_foreign(int http_status) {
    switch (http_status) {
        case 401:
        case 403:
        case 407:
            return Unauthenticated;
        case 413:
        case 414:
        case 431:
            return InvalidArgument;
        case 429:
            return Throttled;
        default:
            return Unavailable;
    }
}

std::string excerpt(std::string_view body) {
    constexpr std::size_t kShown = 120;
    if (trim(body).empty()) return "an empty body";
    std::string shown = to_valid_utf8(body.substr(0, kShown));
    std::replace_if(
        shown.begin(), shown.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    return "\"" + shown + (body.size() > kShown ? "...\"" : "\"");
}

/// What a server says for an error of its own that has no service code.
Row row_for(ErrorCode code) {
    switch (code) {
        case InvalidArgument:
            return {"ParameterInvalid", 400, code};
        case NotFound:
            return {"NotExist", 404, code};
        case AlreadyExists:
            return {"AlreadyExist", 400, code};
        case OutOfRange:
            return {"InvalidCursor", 400, code};
        case Throttled:
            return {"WriteQuotaExceed", 403, code};
        case Unauthenticated:
            return {"Unauthorized", 401, code};
        case ClockSkew:
            return {"RequestTimeExpired", 400, code};
        case Conflict:
            return {"BadRequest", 400, code};
        case Refused:
            return {"ExceedQuota", 403, code};
        case Unsupported:
            return {"NotSupported", 400, code};
        case Unavailable:
        case Exhausted:
        case Cancelled:
            return {"ServerBusy", 503, code};
        case Corrupt:
        case Internal:
            return {"InternalServerError", 500, code};
    }
    return {"InternalServerError", 500, code};
}

}  // namespace

Error error_from_response(int http_status, std::string_view body, std::string_view request_id) {
    Error error;
    error.http_status = http_status;
    error.request_id = request_id;
    const auto spoken = read_body(body);
    if (!spoken) {
        error.code = code_of_foreign(http_status);
        error.message = "the answer is not the service's own: HTTP " + std::to_string(http_status) +
                        " with " + excerpt(body);
        return error;
    }
    const Row* row = find_row(spoken->code);
    error.code = row != nullptr ? row->code : code_of_status(http_status, spoken->code);
    // Some versions of the service report an expired cursor under the general name.
    if (error.code == InvalidArgument &&
        contains_ignoring_case(spoken->message, "invalid cursor")) {
        error.code = OutOfRange;
    }
    error.service_code = row != nullptr ? std::string(row->service_code) : spoken->code;
    error.message = to_valid_utf8(spoken->message.empty() ? spoken->code : spoken->message);
    if (error.request_id.empty()) error.request_id = spoken->request_id;
    return error;
}

WireError wire_error_for(const Error& error) {
    if (error.service_code.empty()) {
        const Row row = row_for(error.code);
        return {row.http_status, row.service_code};
    }
    if (const Row* row = find_row(error.service_code))
        return {row->http_status, error.service_code};
    const int status =
        error.http_status >= 400 ? error.http_status : row_for(error.code).http_status;
    return {status, error.service_code};
}

std::string error_body(std::string_view service_code, std::string_view message) {
    json::object body;
    body["errorCode"] =
        service_code.empty() ? std::string("InternalServerError") : to_valid_utf8(service_code);
    body["errorMessage"] =
        message.empty() ? std::string(body["errorCode"].get_string()) : to_valid_utf8(message);
    return json::serialize(body);
}

Error service_error(std::string_view service_code, std::string message) {
    const Row* row = find_row(service_code);
    Error error = make_error(row != nullptr ? row->code : Internal, std::move(message));
    error.service_code = service_code;
    error.http_status = row != nullptr ? row->http_status : 500;
    return error;
}

}  // namespace spillway::wire
