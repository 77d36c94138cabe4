#include "logstore/wire/error_table.h"

#include "base/json.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace spillway::wire {
namespace {

std::string body_of(std::string_view code, std::string_view message = "why") {
    return error_body(code, message);
}

TEST(ErrorTable, TellsTheCallerWhatToDoNext) {
    struct Case {
        int status;
        const char* service_code;
        ErrorCode wanted;
    };
    const std::vector<Case> cases = {
        {400, "RequestTimeExpired", ErrorCode::ClockSkew},
        {400, "RequestTimeTooSkewed", ErrorCode::ClockSkew},
        {400, "ParameterInvalid", ErrorCode::InvalidArgument},
        {413, "PostBodyTooLarge", ErrorCode::InvalidArgument},
        {400, "PostBodyTooLarge", ErrorCode::InvalidArgument},
        {400, "ProjectAlreadyExist", ErrorCode::AlreadyExists},
        {400, "LogstoreAlreadyExist", ErrorCode::AlreadyExists},
        {404, "ProjectNotExist", ErrorCode::NotFound},
        {404, "LogstoreNotExist", ErrorCode::NotFound},
        {404, "ShardNotExist", ErrorCode::NotFound},
        {400, "ShardNotExist", ErrorCode::NotFound},
        {404, "GroupNotExist", ErrorCode::NotFound},
        {400, "InvalidCursor", ErrorCode::OutOfRange},
        {400, "SLSInvalidCursor", ErrorCode::OutOfRange},
        {400, "InvalidSequenceId", ErrorCode::Conflict},
        {400, "ConsumerNotMatch", ErrorCode::Conflict},
        {401, "SignatureNotMatch", ErrorCode::Unauthenticated},
        {401, "Unauthorized", ErrorCode::Unauthenticated},
        {403, "WriteQuotaExceed", ErrorCode::Throttled},
        {403, "ShardReadQuotaExceed", ErrorCode::Throttled},
        {500, "ShardWriteQuotaExceed", ErrorCode::Throttled},
        {403, "MetaOperationQpsLimitExceeded", ErrorCode::Throttled},
        {400, "ProjectQuotaExceed", ErrorCode::Refused},
        {500, "InternalServerError", ErrorCode::Unavailable},
        {503, "ServerBusy", ErrorCode::Unavailable},
        // Codes nobody told us about: the status decides.
        {400, "SomethingNew", ErrorCode::InvalidArgument},
        {401, "SomethingNew", ErrorCode::Unauthenticated},
        {403, "SomethingNew", ErrorCode::Unauthenticated},
        {403, "SomethingQuotaNew", ErrorCode::Throttled},
        {404, "SomethingNew", ErrorCode::NotFound},
        {429, "SomethingNew", ErrorCode::Throttled},
        {502, "SomethingNew", ErrorCode::Unavailable},
        {400, "NewInvalidCursorKind", ErrorCode::OutOfRange},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.service_code);
        const Error error = error_from_response(c.status, body_of(c.service_code), "5f3a");
        EXPECT_EQ(error.code, c.wanted);
        EXPECT_EQ(error.http_status, c.status);
        EXPECT_EQ(error.request_id, "5f3a");
        EXPECT_EQ(error.message, "why");
        EXPECT_FALSE(error.service_code.empty());
    }
}

TEST(ErrorTable, KnowsAnInvalidCursorUnderItsGeneralName) {
    EXPECT_EQ(error_from_response(400, body_of("ParameterInvalid", "Invalid cursor abc"), "").code,
              ErrorCode::OutOfRange);
}

TEST(ErrorTable, SpellsCodesOneWay) {
    EXPECT_EQ(error_from_response(404, body_of("LogstoreNotExist"), "").service_code,
              "LogStoreNotExist");
}

TEST(ErrorTable, ReadsTheOtherShapeOfErrors) {
    const Error error = error_from_response(
        403, R"({"Error":{"Code":"WriteQuotaExceed","Message":"slow","RequestId":"77"}})", "");
    EXPECT_EQ(error.code, ErrorCode::Throttled);
    EXPECT_EQ(error.message, "slow");
    EXPECT_EQ(error.request_id, "77");
}

TEST(ErrorTable, AnAnswerThatIsNotTheServicesNeverMeansThatSomethingDoesNotExist) {
    struct Case {
        int status;
        const char* body;
        ErrorCode wanted;
    };
    const std::vector<Case> cases = {
        {404, "<html>nginx</html>", ErrorCode::Unavailable},
        {502, "", ErrorCode::Unavailable},
        {500, "\xFF\xFE", ErrorCode::Unavailable},
        {400, "[1,2]", ErrorCode::Unavailable},
        {301, "", ErrorCode::Unavailable},
        {204, "", ErrorCode::Unavailable},
        {401, "denied", ErrorCode::Unauthenticated},
        {429, "", ErrorCode::Throttled},
        {413, "too big", ErrorCode::InvalidArgument},
        {404, R"({"errorCode":5})", ErrorCode::Unavailable},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.body);
        const Error error = error_from_response(c.status, c.body, "");
        EXPECT_EQ(error.code, c.wanted);
        EXPECT_TRUE(error.service_code.empty());
        EXPECT_NE(error.message.find("HTTP " + std::to_string(c.status)), std::string::npos);
        EXPECT_TRUE(parse_json("\"" + error.message.substr(0, 20) + "\""));
    }
}

TEST(ErrorTable, AnswersWithTheStatusOfTheCode) {
    EXPECT_EQ(wire_error_for(service_error("LogStoreNotExist", "no")).http_status, 404);
    EXPECT_EQ(wire_error_for(service_error("InvalidSequenceId", "no")).http_status, 400);
    EXPECT_EQ(wire_error_for(service_error("ShardWriteQuotaExceed", "no")).http_status, 403);
    EXPECT_EQ(wire_error_for(service_error("PostBodyTooLarge", "no")).http_status, 413);
    EXPECT_EQ(wire_error_for(service_error("ServerBusy", "no")).http_status, 503);
    EXPECT_EQ(wire_error_for(service_error("ServerBusy", "no")).service_code, "ServerBusy");
}

TEST(ErrorTable, EveryErrorOfOursHasAnAnswerAndComesBackAsTheSameAdvice) {
    for (int i = 0; i <= static_cast<int>(ErrorCode::Internal); ++i) {
        const Error error = make_error(static_cast<ErrorCode>(i), "why");
        const WireError wire = wire_error_for(error);
        EXPECT_GE(wire.http_status, 400);
        EXPECT_FALSE(wire.service_code.empty());
        const Error back = error_from_response(wire.http_status, body_of(wire.service_code), "");
        switch (error.code) {
            case ErrorCode::Conflict:
                EXPECT_EQ(back.code, ErrorCode::InvalidArgument);
                break;
            case ErrorCode::Exhausted:
            case ErrorCode::Cancelled:
            case ErrorCode::Corrupt:
            case ErrorCode::Internal:
                EXPECT_EQ(back.code, ErrorCode::Unavailable);
                break;
            default:
                EXPECT_EQ(back.code, error.code);
        }
    }
}

TEST(ErrorTable, KeepsAServiceCodeItDoesNotKnow) {
    Error error = make_error(ErrorCode::NotFound, "why");
    error.service_code = "ThingNotExist";
    EXPECT_EQ(wire_error_for(error).http_status, 404);
    EXPECT_EQ(wire_error_for(error).service_code, "ThingNotExist");
    error.http_status = 410;
    EXPECT_EQ(wire_error_for(error).http_status, 410);
}

TEST(ErrorTable, BodiesAreJsonWithTwoTextsThatAreNeverEmpty) {
    for (const auto& text :
         {error_body("", ""), error_body("A", ""), error_body("A", "b\xFF\"\n")}) {
        const auto object = parse_json_object(text);
        ASSERT_TRUE(object) << text;
        EXPECT_FALSE(find_string(*object, "errorCode").value_or("").empty());
        EXPECT_FALSE(find_string(*object, "errorMessage").value_or("").empty());
    }
}

}  // namespace
}  // namespace spillway::wire
