// Requests as the service wants them, and every way an answer can be wrong.
#include "logstore/client/region_client.h"

#include "logstore/wire/codec.h"
#include "scripted_service.h"

#include <map>

#include <gtest/gtest.h>

namespace spillway::client {
namespace {

using testing::ok;
using testing::RawPeer;
using testing::ScriptedService;
using testing::service_says;

const LogstoreRef kApp{ProjectName("pay"), LogstoreName("app")};
const wire::Credentials kKey{"id", "secret", ""};

class RegionClientTest : public ::testing::Test {
  protected:
    std::unique_ptr<RegionClient> open(std::string endpoint, RegionClientOptions options = {}) {
        options.name = RegionName("hz");
        options.endpoint = std::move(endpoint);
        auto client = RegionClient::open(std::move(options), clock_);
        EXPECT_TRUE(client);
        return *std::move(client);
    }
    static PullRequest from(const char* cursor) {
        PullRequest request;
        request.from = Cursor(cursor);
        return request;
    }

    FakeClock clock_;
    ScriptedService service_;
    std::unique_ptr<RegionClient> client_ = open(service_.endpoint());
};

HttpResponse page(std::string body, std::map<std::string, std::string> headers) {
    std::vector<HttpHeader> list;
    for (const auto& [name, value] : headers) list.push_back({name, value});
    return ok(std::move(body), list);
}

TEST_F(RegionClientTest, AsksWithHostQueryAndHeadersOfTheService) {
    service_.then(ok(R"({"cursor":"MTIz"})"));
    const auto cursor = client_->cursor(kApp, ShardId(3), CursorSeek::at(1'700'000'000));
    ASSERT_TRUE(cursor) << cursor.error().to_string();
    EXPECT_EQ(cursor->str(), "MTIz");
    const auto request = service_.last_request();
    EXPECT_EQ(request.method, "GET");
    EXPECT_EQ(request.target, "/logstores/app/shards/3?type=cursor&from=1700000000");
    EXPECT_EQ(request.headers.find("host"), "pay." + service_.endpoint().substr(7));
    EXPECT_EQ(request.headers.find("x-log-apiversion"), "0.6.0");
    EXPECT_EQ(request.headers.find("x-log-bodyrawsize"), "0");
    EXPECT_EQ(request.headers.find("authorization"), std::nullopt) << "no key, no signature";
}

TEST_F(RegionClientTest, SignsSoThatAServerVerifies) {
    for (const auto version : {wire::SignVersion::V1, wire::SignVersion::V4}) {
        RegionClientOptions options;
        options.credentials = kKey;
        options.credentials->security_token = "CAIS+/==";
        options.sign = {version, "cn-hangzhou"};
        const auto client = open(service_.endpoint(), options);
        service_.then(ok());
        Batch batch;
        batch.body = "a+b=c";
        batch.raw_bytes = 5;
        batch.route_key = RouteKey("3F25");
        batch.sequence_id = SequenceId(7);
        ASSERT_TRUE(client->put(kApp, batch));
        const auto verified = wire::verify(
            service_.last_request(),
            [](std::string_view) { return std::optional<std::string>("secret"); }, clock_.wall());
        EXPECT_TRUE(verified) << verified.error().to_string();
    }
}

TEST_F(RegionClientTest, PutsWithKeyAndSequenceId) {
    service_.then(ok());
    Batch batch;
    batch.body = wire::compress(Codec::Lz4, std::string(1'000, 'x')).value();
    batch.codec = Codec::Lz4;
    batch.raw_bytes = 1'000;
    batch.route_key = RouteKey("3F25");
    batch.sequence_id = SequenceId(18'446'744'073'709'551'615U);
    const auto receipt = client_->put(kApp, batch);
    ASSERT_TRUE(receipt);
    EXPECT_EQ(receipt->request_id, "5F3A");
    const auto request = service_.last_request();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/logstores/app/shards/route?key=3F25&seqid=18446744073709551615");
    EXPECT_EQ(request.headers.find("x-log-compresstype"), "lz4");
    EXPECT_EQ(request.headers.find("x-log-bodyrawsize"), "1000");
    EXPECT_EQ(request.headers.find("content-type"), "application/x-protobuf");
    EXPECT_EQ(request.body, batch.body);
}

TEST_F(RegionClientTest, PutsWithoutAKeyToTheLoadBalancer) {
    service_.then(ok());
    Batch batch;
    batch.body = "raw";
    batch.raw_bytes = 3;
    ASSERT_TRUE(client_->put(kApp, batch));
    EXPECT_EQ(service_.last_request().target, "/logstores/app/shards/lb");
    EXPECT_EQ(service_.last_request().headers.find("x-log-compresstype"), std::nullopt);
}

TEST_F(RegionClientTest, RefusesABatchTheServiceWouldRefuseWithoutSendingIt) {
    Batch large;
    large.body = "x";
    large.raw_bytes = kPutBytesMax + 1;
    EXPECT_EQ(client_->put(kApp, large).error().code, ErrorCode::InvalidArgument);
    Batch keyless;
    keyless.sequence_id = SequenceId(1);
    EXPECT_EQ(client_->put(kApp, keyless).error().code, ErrorCode::InvalidArgument);
    EXPECT_TRUE(service_.requests().empty());
}

TEST_F(RegionClientTest, ReadsAPageWithEveryHeader) {
    service_.then(page("BODY", {{"x-log-cursor", "MTIz"},
                                {"x-log-count", "2"},
                                {"x-log-bodyrawsize", "99"},
                                {"x-log-compresstype", "lz4"},
                                {"x-log-read-last-cursor", "122"},
                                {"x-log-end-of-cursor", "1"}}));
    auto request = from("MTIx");
    request.end = Cursor("MTI1");
    request.groups_max = 10;
    const auto read = client_->pull(kApp, ShardId(0), request);
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(read->from, Cursor("MTIx"));
    EXPECT_EQ(read->next, Cursor("MTIz"));
    EXPECT_EQ(read->codec, Codec::Lz4);
    EXPECT_EQ(read->raw_bytes, 99U);
    EXPECT_EQ(read->group_count, 2U);
    EXPECT_EQ(read->body, "BODY");
    EXPECT_TRUE(read->at_end);
    EXPECT_EQ(read->last_position, 122);
    const auto sent = service_.last_request();
    EXPECT_EQ(sent.target, "/logstores/app/shards/0?type=log&cursor=MTIx&count=10&end_cursor=MTI1");
    EXPECT_EQ(sent.headers.find("accept-encoding"), "lz4");
    EXPECT_EQ(sent.headers.find("accept"), "application/x-protobuf");
}

TEST_F(RegionClientTest, AnEmptyPageKeepsTheCursor) {
    service_.then(page(std::string(1, '\0'), {{"x-log-cursor", "MTIz"},
                                              {"x-log-count", "0"},
                                              {"x-log-bodyrawsize", "0"},
                                              {"x-log-compresstype", "lz4"}}));
    const auto read = client_->pull(kApp, ShardId(0), from("MTIz"));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->next, Cursor("MTIz"));
    EXPECT_TRUE(read->at_end);
    EXPECT_EQ(wire::decompress(read->codec, read->body, read->raw_bytes).value(), "");
}

TEST_F(RegionClientTest, ForPlainPullsItAsksForNoEncoding) {
    service_.then(
        page("ab", {{"x-log-cursor", "MTIz"}, {"x-log-count", "1"}, {"x-log-bodyrawsize", "2"}}));
    auto request = from("MTIx");
    request.codec = Codec::None;
    const auto read = client_->pull(kApp, ShardId(0), request);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->codec, Codec::None);
    EXPECT_FALSE(read->at_end);
    EXPECT_EQ(service_.last_request().headers.find("accept-encoding"), std::nullopt);
}

TEST_F(RegionClientTest, APageThatLacksAHeaderOrLiesIsCorrupt) {
    const std::map<std::string, std::string> whole = {{"x-log-cursor", "MTIz"},
                                                      {"x-log-count", "1"},
                                                      {"x-log-bodyrawsize", "2"},
                                                      {"x-log-compresstype", "lz4"}};
    struct Case {
        const char* header;
        const char* value;  ///< null: the header is missing
        const char* named;
    };
    for (const auto& c :
         {Case{"x-log-cursor", nullptr, "x-log-cursor"},
          Case{"x-log-count", nullptr, "x-log-count"},
          Case{"x-log-bodyrawsize", nullptr, "x-log-bodyrawsize"},
          Case{"x-log-count", "many", "many"}, Case{"x-log-count", "-1", "-1"},
          Case{"x-log-count", "1001", "1001"}, Case{"x-log-bodyrawsize", "0", "x-log-count"},
          Case{"x-log-compresstype", "brotli", "brotli"},
          Case{"x-log-compresstype", nullptr, "bytes"}}) {
        SCOPED_TRACE(c.named);
        auto headers = whole;
        headers.erase(c.header);
        if (c.value != nullptr) headers[c.header] = c.value;
        service_.then(page("abc", headers));
        const auto read = client_->pull(kApp, ShardId(4), from("MTIx"));
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().code, ErrorCode::Corrupt);
        EXPECT_NE(read.error().message.find(c.named), std::string::npos) << read.error().message;
        EXPECT_NE(read.error().message.find("pull from hz pay/app shard 4"), std::string::npos)
            << read.error().message;
    }
}

TEST_F(RegionClientTest, TurnsTheServicesErrorsIntoAdvice) {
    service_.then(service_says(403, "ShardWriteQuotaExceed", "too fast"));
    const auto throttled = client_->put(kApp, Batch{});
    ASSERT_FALSE(throttled);
    EXPECT_EQ(throttled.error().code, ErrorCode::Throttled);
    EXPECT_EQ(throttled.error().service_code, "ShardWriteQuotaExceed");
    EXPECT_EQ(throttled.error().request_id, "5F3A");
    EXPECT_EQ(throttled.error().http_status, 403);
    EXPECT_EQ(throttled.error().message, "put to hz pay/app: too fast");

    service_.then(service_says(400, "InvalidSequenceId"));
    EXPECT_EQ(client_->put(kApp, Batch{}).error().code, ErrorCode::Conflict);
    service_.then(service_says(401, "SignatureNotMatch"));
    EXPECT_EQ(client_->put(kApp, Batch{}).error().code, ErrorCode::Unauthenticated);
    service_.then(service_says(400, "InvalidCursor"));
    EXPECT_EQ(client_->pull(kApp, ShardId(0), from("x")).error().code, ErrorCode::OutOfRange);
    service_.then(service_says(404, "LogStoreNotExist"));
    EXPECT_EQ(client_->shards(kApp).error().code, ErrorCode::NotFound);
    service_.then(service_says(400, "RequestTimeExpired"));
    EXPECT_EQ(client_->logstore(kApp).error().code, ErrorCode::ClockSkew);
}

TEST_F(RegionClientTest, AnAnswerThatIsNotTheServicesIsUnavailable) {
    HttpResponse bare;
    bare.status = 500;
    bare.body = "<html>bad gateway</html>";
    service_.then(bare);
    EXPECT_EQ(client_->shards(kApp).error().code, ErrorCode::Unavailable);
    HttpResponse portal;  // somebody answers 200 to everything
    portal.body = "[]";
    service_.then(portal);
    const auto listed = client_->shards(kApp);
    ASSERT_FALSE(listed);
    EXPECT_EQ(listed.error().code, ErrorCode::Unavailable);
    EXPECT_NE(listed.error().message.find("x-log-requestid"), std::string::npos);
    service_.then(portal);
    EXPECT_EQ(client_->put(kApp, Batch{}).error().code, ErrorCode::Unavailable)
        << "an acknowledgement must come from the service";
}

TEST_F(RegionClientTest, JsonThatIsWrongIsCorrupt) {
    for (const auto* body : {"", "{", "[1,2", "\xFF", "5", "[]extra"}) {
        service_.then(ok(body));
        const auto got = client_->logstore(kApp);
        ASSERT_FALSE(got) << body;
        EXPECT_EQ(got.error().code, ErrorCode::Corrupt) << got.error().to_string();
        EXPECT_NE(got.error().message.find("get Logstore from hz pay/app"), std::string::npos);
    }
    service_.then(ok(R"([{"shardID":"x"}])"));
    EXPECT_EQ(client_->shards(kApp).error().code, ErrorCode::Corrupt);
}

TEST_F(RegionClientTest, ACutBodyIsUnavailableNotStoredDamage) {
    const RawPeer peer(
        "HTTP/1.1 200 OK\r\nx-log-requestid: 1\r\nContent-Length: 100\r\n\r\nonly this");
    const auto read = open(peer.endpoint())->pull(kApp, ShardId(0), from("MQ=="));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::Unavailable) << read.error().to_string();
}

TEST_F(RegionClientTest, AConnectionThatDiesIsUnavailable) {
    const RawPeer peer("");
    EXPECT_EQ(open(peer.endpoint())->put(kApp, Batch{}).error().code, ErrorCode::Unavailable);
    const RawPeer garbage("\x16\x03\x01 this is not HTTP\r\n\r\n");
    EXPECT_EQ(open(garbage.endpoint())->shards(kApp).error().code, ErrorCode::Unavailable);
}

TEST_F(RegionClientTest, APeerThatSaysNothingTimesOut) {
    RegionClientOptions options;
    options.timeout = std::chrono::milliseconds(50);
    const auto client = open(service_.endpoint(), options);
    service_.then_silence();
    const auto put = client->put(kApp, Batch{});
    ASSERT_FALSE(put);
    EXPECT_EQ(put.error().code, ErrorCode::Unavailable);
    EXPECT_NE(put.error().message.find("put to hz pay/app"), std::string::npos);
}

TEST_F(RegionClientTest, StopsWhenAskedTo) {
    std::stop_source stop;
    RegionClientOptions options;
    options.stop = stop.get_token();
    const auto client = open(service_.endpoint(), options);
    stop.request_stop();
    EXPECT_EQ(client->pull(kApp, ShardId(0), from("MQ==")).error().code, ErrorCode::Cancelled);
}

TEST_F(RegionClientTest, RefusesAnUnusableEndpointAndAV4KeyWithoutARegion) {
    RegionClientOptions options;
    options.endpoint = "not an endpoint";
    EXPECT_EQ(RegionClient::open(options, clock_).error().code, ErrorCode::InvalidArgument);
    options.endpoint = "http://127.0.0.1:1";
    options.credentials = kKey;
    options.sign.version = wire::SignVersion::V4;
    EXPECT_EQ(RegionClient::open(options, clock_).error().code, ErrorCode::InvalidArgument);
}

TEST_F(RegionClientTest, ANameCannotLeaveItsPlaceInTheUrl) {
    service_.then(service_says(404, "ConfigNotExist"));
    (void)client_->config(ProjectName("pay"), ConfigName("../x?y#z"), ConfigForm::Pipeline);
    EXPECT_EQ(service_.last_request().target, "/pipelineconfigs/..%2Fx%3Fy%23z");
}

}  // namespace
}  // namespace spillway::client
