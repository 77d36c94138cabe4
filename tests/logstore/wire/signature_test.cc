#include "logstore/wire/signature.h"

#include "base/hash.h"
#include "base/text.h"
#include "logstore/wire/http_time.h"

#include <string>

#include <gtest/gtest.h>

namespace spillway::wire {
namespace {

constexpr WallTime kNow{std::chrono::seconds{1'760'083'200}};  // 2025-10-10 08:00:00
const Credentials kKey{"testAccessKeyId", "testAccessKeySecret", ""};

std::optional<std::string> secret_of(std::string_view id) {
    return id == kKey.access_key_id ? std::optional(kKey.access_key_secret) : std::nullopt;
}

HttpRequest get_logstores() {
    HttpRequest request;
    request.method = "GET";
    request.target = "/logstores?offset=0&size=100&logstoreName=app";
    request.headers.add("Host", "test-project.cn-hangzhou.log.aliyuncs.com");
    request.headers.add("x-log-bodyrawsize", "0");
    return request;
}

HttpRequest post_logs() {
    HttpRequest request;
    request.method = "POST";
    request.target = "/logstores/app/shards/route?key=3F25&seqid=1";
    request.headers.add("Host", "p.127.0.0.1:7101");
    request.headers.add("Content-Type", "application/x-protobuf");
    request.headers.add("x-log-bodyrawsize", "5");
    request.body = std::string("he\0lo", 5);
    return request;
}

HttpRequest signed_as(HttpRequest request, SignVersion version, const Credentials& key = kKey) {
    sign(request, key, {version, "cn-hangzhou"}, kNow);
    return request;
}

/// Replaces Authorization by a v1 signature over `text`, as a client that builds another text
/// would.
void sign_text(HttpRequest& request, const std::string& text) {
    request.headers.set("Authorization", "LOG " + kKey.access_key_id + ":" +
                                             to_base64(hmac_sha1(kKey.access_key_secret, text)));
}

std::string refused(const HttpRequest& request, WallTime now = kNow) {
    const auto verified = verify(request, secret_of, now);
    return verified ? "verified" : verified.error().service_code;
}

TEST(Signature, GivesThePublishedValues) {
    const auto v1 = signed_as(get_logstores(), SignVersion::V1);
    EXPECT_EQ(v1.headers.find("authorization"), "LOG testAccessKeyId:5a8CZ4UqcO3zGmvjg/AHqhGsUe4=");
    const auto v4 = signed_as(get_logstores(), SignVersion::V4);
    EXPECT_EQ(v4.headers.find("authorization"),
              "SLS4-HMAC-SHA256 Credential=testAccessKeyId/20251010/cn-hangzhou/sls/"
              "aliyun_v4_request,Signature="
              "68e08fb3bda040af73710659665ea91427561ea67ae3d7a2443d58b30d6f1517");
}

TEST(Signature, VerifiesWhatItSigned) {
    for (const SignVersion version : {SignVersion::V1, SignVersion::V4}) {
        for (const auto& request : {get_logstores(), post_logs()}) {
            for (const auto* token : {"", "CAIS/+=="}) {
                Credentials key = kKey;
                key.security_token = token;
                const auto verified = verify(signed_as(request, version, key), secret_of, kNow);
                ASSERT_TRUE(verified) << verified.error().to_string();
                EXPECT_EQ(*verified, kKey.access_key_id);
            }
        }
    }
}

TEST(Signature, EveryChangeAfterSigningIsSeen) {
    for (const SignVersion version : {SignVersion::V1, SignVersion::V4}) {
        const HttpRequest good = signed_as(post_logs(), version);
        const auto changed = [&](auto change) {
            HttpRequest request = good;
            change(request);
            return refused(request);
        };
        const std::string wanted = "SignatureNotMatch";
        EXPECT_EQ(changed([](auto& r) { r.method = "PUT"; }), wanted);
        EXPECT_EQ(changed([](auto& r) { r.target += "9"; }), wanted);
        EXPECT_EQ(changed([](auto& r) { r.target += "&x="; }), wanted);
        EXPECT_EQ(changed([](auto& r) { r.target.insert(11, "x"); }), wanted);
        EXPECT_EQ(changed([](auto& r) { r.body += "!"; }), wanted);
        EXPECT_EQ(changed([](auto& r) { r.headers.set("Content-Type", "text/plain"); }), wanted);
        EXPECT_EQ(changed([](auto& r) { r.headers.set("x-log-bodyrawsize", "6"); }), wanted);
        EXPECT_EQ(changed([](auto& r) { r.headers.add("x-log-new", "1"); }), wanted);
        EXPECT_EQ(changed([](auto& r) { r.headers.add("x-acs-security-token", "1"); }), wanted);
        if (version == SignVersion::V4) {
            EXPECT_EQ(changed([](auto& r) { r.headers.set("Host", "p.127.0.0.1"); }), wanted);
        }
        EXPECT_EQ(changed([](auto& r) { r.headers.add("X-Other", "1"); }), "verified");
    }
}

TEST(Signature, RefusesAWrongSecretAndAnUnknownKey) {
    for (const SignVersion version : {SignVersion::V1, SignVersion::V4}) {
        const Credentials wrong{kKey.access_key_id, "other", ""};
        EXPECT_EQ(refused(signed_as(get_logstores(), version, wrong)), "SignatureNotMatch");
        const Credentials unknown{"somebody", kKey.access_key_secret, ""};
        EXPECT_EQ(refused(signed_as(get_logstores(), version, unknown)), "Unauthorized");
    }
    EXPECT_EQ(refused(get_logstores()), "Unauthorized");
}

TEST(Signature, AllowsFifteenMinutesEitherWay) {
    using std::chrono::minutes;
    using std::chrono::seconds;
    for (const SignVersion version : {SignVersion::V1, SignVersion::V4}) {
        const HttpRequest request = signed_as(get_logstores(), version);
        EXPECT_EQ(refused(request, kNow + minutes(15)), "verified");
        EXPECT_EQ(refused(request, kNow - minutes(15)), "verified");
        EXPECT_EQ(refused(request, kNow + minutes(15) + seconds(1)), "RequestTimeExpired");
        EXPECT_EQ(refused(request, kNow - minutes(15) - seconds(1)), "RequestTimeExpired");
    }
}

TEST(Signature, RefusesAMissingOrForeignTime) {
    HttpRequest v1 = signed_as(get_logstores(), SignVersion::V1);
    v1.headers.set("Date", "yesterday");
    EXPECT_EQ(refused(v1), "InvalidRequestTime");
    v1.headers.set("Date", "");
    EXPECT_EQ(refused(v1), "MissingParameter");
    HttpRequest v4 = signed_as(get_logstores(), SignVersion::V4);
    v4.headers.set("x-log-date", "Fri, 10 Oct 2025 08:00:00 GMT");
    EXPECT_EQ(refused(v4), "InvalidRequestTime");
    v4.headers.set("x-log-date", "20251010T080001Z");
    EXPECT_EQ(refused(v4), "SignatureNotMatch");
}

TEST(Signature, AV4ScopeOfAnotherDayIsRefused) {
    HttpRequest request = signed_as(get_logstores(), SignVersion::V4);
    std::string header(*request.headers.find("authorization"));
    header.replace(header.find("20251010"), 8, "20251009");
    request.headers.set("Authorization", header);
    EXPECT_EQ(refused(request), "SignatureNotMatch");
}

TEST(Signature, ABodyAddedToABodilessV1RequestIsRefused) {
    HttpRequest request = signed_as(get_logstores(), SignVersion::V1);
    request.body = "x";
    EXPECT_EQ(refused(request), "SignatureNotMatch");
}

TEST(Signature, AV4WithoutABodyDigestIsRefused) {
    HttpRequest request = signed_as(get_logstores(), SignVersion::V4);
    request.headers.set("x-log-content-sha256", "");
    EXPECT_EQ(refused(request), "MissingParameter");
}

TEST(Signature, V1LeavesOutADateHeaderAddedAfterSigning) {
    HttpRequest request = signed_as(get_logstores(), SignVersion::V1);
    request.headers.add("x-log-date", http_date(kNow));
    EXPECT_EQ(refused(request), "verified");
}

TEST(Signature, V1TakesTheTimeFromXLogDateWhereThereIsOne) {
    HttpRequest request = get_logstores();
    request.headers.add("x-log-date", http_date(kNow + std::chrono::minutes(5)));
    request = signed_as(std::move(request), SignVersion::V1);
    EXPECT_NE(v1_string_to_sign(request).find("08:05:00"), std::string::npos);
    EXPECT_EQ(refused(request), "verified");
}

TEST(Signature, V1AcceptsAClientThatSignsXLogDate) {
    HttpRequest request = get_logstores();
    const std::string date = http_date(kNow);
    request.headers.add("x-log-date", date);
    request.headers.add("x-log-apiversion", "0.6.0");
    sign_text(request, "GET\n\n\n" + date +
                           "\nx-log-apiversion:0.6.0\nx-log-bodyrawsize:0\nx-log-date:" + date +
                           "\n/logstores?logstoreName=app&offset=0&size=100");
    EXPECT_EQ(refused(request), "verified");
}

TEST(Signature, V1AcceptsAnEmptyBodysDigestSignedOrNot) {
    HttpRequest request = get_logstores();
    request.headers.add("Content-MD5", "D41D8CD98F00B204E9800998ECF8427E");
    request.headers.add("Date", http_date(kNow));
    const std::string rest = "\n\n" + http_date(kNow) +
                             "\nx-log-bodyrawsize:0\n/logstores?logstoreName=app&offset=0&size=100";
    sign_text(request, "GET\n" + rest);
    EXPECT_EQ(refused(request), "verified");
    sign_text(request, "GET\nD41D8CD98F00B204E9800998ECF8427E" + rest);
    EXPECT_EQ(refused(request), "verified");
    sign_text(request, "GET\nsomething else" + rest);
    EXPECT_EQ(refused(request), "SignatureNotMatch");
}

TEST(Signature, V1HasNoQuestionMarkWithoutParameters) {
    HttpRequest request = get_logstores();
    request.target = "/logstores?";
    request.headers.add("Date", http_date(kNow));
    sign_text(request, "GET\n\n\n" + http_date(kNow) + "\nx-log-bodyrawsize:0\n/logstores");
    EXPECT_EQ(refused(request), "verified");
}

TEST(Signature, V1SignsDecodedValuesAndKeepsEmptyOnes) {
    HttpRequest request = get_logstores();
    request.target = "/logstores/a?query=a+b%2Bc%3D%26&topic=&x=%E6%B6%88";
    EXPECT_TRUE(
        v1_string_to_sign(request).ends_with("/logstores/a?query=a b+c=&&topic=&x=\xE6\xB6\x88"));
    request.target = "/logstores/a?query=a%20b%2Bc%3D%26&topic=&x=%E6%B6%88";
    EXPECT_TRUE(
        v1_string_to_sign(request).ends_with("/logstores/a?query=a b+c=&&topic=&x=\xE6\xB6\x88"));
}

TEST(Signature, V1WithSha256IsChosenByItsHeader) {
    HttpRequest request = get_logstores();
    request.headers.add("x-log-signaturemethod", "hmac-sha256");
    request = signed_as(std::move(request), SignVersion::V1);
    const auto authorization = parse_authorization(request.headers);
    ASSERT_TRUE(authorization && *authorization);
    EXPECT_EQ(from_base64((*authorization)->signature)->size(), 32U);
    EXPECT_EQ(refused(request), "verified");
    request.headers.set("x-log-signaturemethod", "hmac-sha1");
    EXPECT_EQ(refused(request), "SignatureNotMatch");
    request.headers.set("x-log-signaturemethod", "md5");
    EXPECT_EQ(refused(request), "InvalidSignatureMethod");
}

TEST(Signature, MetaHeadersMayBeSignedOrNot) {
    for (const SignVersion version : {SignVersion::V1, SignVersion::V4}) {
        HttpRequest request = signed_as(get_logstores(), version);
        request.headers.add("x-log-meta-note", "mine");
        EXPECT_EQ(refused(request), "verified");
    }
    HttpRequest request = get_logstores();
    request.headers.add("x-log-meta-note", "mine");
    request.headers.add("Date", http_date(kNow));
    sign_text(request, "GET\n\n\n" + http_date(kNow) +
                           "\nx-log-bodyrawsize:0\nx-log-meta-note:mine\n"
                           "/logstores?logstoreName=app&offset=0&size=100");
    EXPECT_EQ(refused(request), "verified");
}

TEST(Signature, V4KeepsOnlyTheNameOfAnEmptyValue) {
    HttpRequest request = get_logstores();
    request.target = "/logstores/a?topic=&z=%7E*%2F&b";
    EXPECT_TRUE(
        v4_canonical_request(request).starts_with("GET\n/logstores/a\nb&topic&z=~%2A%2F\n"));
}

TEST(Signature, AnAbsoluteFormIsSignedByItsPath) {
    for (const SignVersion version : {SignVersion::V1, SignVersion::V4}) {
        HttpRequest request = signed_as(get_logstores(), version);
        request.target = "http://test-project.cn-hangzhou.log.aliyuncs.com:80" + request.target;
        EXPECT_EQ(refused(request), "verified");
    }
}

TEST(Signature, MalformedHeadersAreUnauthenticatedNotACrash) {
    for (const auto* text :
         {"", "LOG", "LOG ", "LOG a", "LOG a:", "LOG :b", "Basic abc", "SLS4-HMAC-SHA256",
          "SLS4-HMAC-SHA256 Credential=", "SLS4-HMAC-SHA256 Credential=a/b,Signature=c",
          "SLS4-HMAC-SHA256 Credential=a/20251010/r/sls/other,Signature=c",
          "SLS4-HMAC-SHA256 Credential=/20251010/r/sls/aliyun_v4_request,Signature=c",
          "SLS4-HMAC-SHA256 Credential=a/20251010/r/sls/aliyun_v4_request", "\xFF\xFF\xFF"}) {
        HttpRequest request = get_logstores();
        request.headers.add("Authorization", text);
        const auto verified = verify(request, secret_of, kNow);
        ASSERT_FALSE(verified) << text;
        EXPECT_EQ(verified.error().code, ErrorCode::Unauthenticated) << text;
    }
}

TEST(Signature, TakesACredentialApartFromTheRight) {
    HttpHeaders headers;
    headers.add(
        "authorization",
        "SLS4-HMAC-SHA256 Credential=STS.a/b/20251010/cn-local/sls/aliyun_v4_request,Signature=0f");
    const auto parsed = parse_authorization(headers);
    ASSERT_TRUE(parsed && *parsed);
    EXPECT_EQ((*parsed)->version, SignVersion::V4);
    EXPECT_EQ((*parsed)->access_key_id, "STS.a/b");
    EXPECT_EQ((*parsed)->scope_date, "20251010");
    EXPECT_EQ((*parsed)->scope_region, "cn-local");
    EXPECT_EQ((*parsed)->signature, "0f");
}

}  // namespace
}  // namespace spillway::wire
