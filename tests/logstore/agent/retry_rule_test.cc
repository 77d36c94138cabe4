#include "logstore/agent/retry_rule.h"

#include "logstore/wire/error_table.h"

#include <gtest/gtest.h>

namespace spillway::agent {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

SendMove move_of(Error error, int tries, milliseconds age = milliseconds(0)) {
    return judge({std::move(error), tries, age}, hours(6));
}

struct Case {
    const char* service_code;
    SendMove early;
    SendMove late;  // at the sixth try
};

TEST(RetryRule, IsTheRealAgentsTable) {
    const Case cases[] = {
        {"ServerBusy", SendMove::RetryRegion, SendMove::RetryRegion},
        {"InternalServerError", SendMove::RetryRegion, SendMove::RetryRegion},
        {"WriteQuotaExceed", SendMove::RetryGroup, SendMove::RetryGroup},
        {"ShardWriteQuotaExceed", SendMove::RetryGroup, SendMove::RetryGroup},
        {"Unauthorized", SendMove::RetryGroup, SendMove::RetryGroup},
        {"SignatureNotMatch", SendMove::RetryGroup, SendMove::Drop},
        {"ProjectNotExist", SendMove::RetryGroup, SendMove::Drop},
        {"LogStoreNotExist", SendMove::RetryGroup, SendMove::Drop},
        {"PostBodyInvalid", SendMove::RetryGroup, SendMove::Drop},
        {"ParameterInvalid", SendMove::RetryGroup, SendMove::Drop},
        {"InvalidSequenceId", SendMove::Done, SendMove::Done},
        {"RequestTimeExpired", SendMove::RetryGroup, SendMove::RetryGroup},
    };
    for (const Case& known : cases) {
        SCOPED_TRACE(known.service_code);
        const Error error = wire::service_error(known.service_code, "no");
        EXPECT_EQ(move_of(error, 1), known.early);
        EXPECT_EQ(move_of(error, 5), known.early);
        EXPECT_EQ(move_of(error, 6), known.late);
    }
}

TEST(RetryRule, KeepsTryingWithoutAnAnswer) {
    EXPECT_EQ(move_of(make_error(ErrorCode::Unavailable, "refused"), 10'000),
              SendMove::RetryRegion);
}

TEST(RetryRule, DropsEverythingAfterSixHours) {
    const Error refused = make_error(ErrorCode::Unavailable, "refused");
    EXPECT_EQ(move_of(refused, 100, hours(6) - milliseconds(1)), SendMove::RetryRegion);
    EXPECT_EQ(move_of(refused, 100, hours(6)), SendMove::Drop);
}

TEST(RetryRule, WaitsLongerEachTimeButNotForEver) {
    const Error refused = make_error(ErrorCode::Unavailable, "refused");
    EXPECT_EQ(retry_wait(refused, 1), milliseconds(200));
    EXPECT_EQ(retry_wait(refused, 2), milliseconds(400));
    EXPECT_EQ(retry_wait(refused, 1'000'000), milliseconds(5'000));
    EXPECT_EQ(retry_wait(make_error(ErrorCode::Throttled, "quota"), 1), milliseconds(1'000));
}

}  // namespace
}  // namespace spillway::agent
