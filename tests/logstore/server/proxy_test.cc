// Clients that take the region for their HTTP proxy: absolute-form requests, and CONNECT with plain
// or TLS behind it. Nothing is ever passed on to anybody.
#include "base/net/self_signed.h"
#include "server_fixture.h"
#include "tests/base/raw_connection.h"

namespace spillway::server {
namespace {

constexpr auto kHost = "pay.cn-hangzhou.log.aliyuncs.com";

class AsProxy : public ServerFixture {
  protected:
    void SetUp() override {
        std::string pattern = ::testing::TempDir() + "spillway_tls_XXXXXX";
        tls_folder_ = ::mkdtemp(pattern.data());
        auto files = self_signed_in(tls_folder_,
                                    {"localhost", "127.0.0.1", "*.cn-hangzhou.log.aliyuncs.com"},
                                    clock_.wall());
        ASSERT_TRUE(files) << files.error().message;
        certificate_ = *files;
        auto& http = server_options_.http;
        http.accepts_tunnels = true;
        http.tunnel_certificate_file = certificate_.certificate_file;
        http.tunnel_key_file = certificate_.key_file;
        ServerFixture::SetUp();
        create(1);
    }
    void TearDown() override {
        ServerFixture::TearDown();
        std::filesystem::remove_all(tls_folder_);
    }
    Result<HttpResponse> through_proxy(const std::string& url, const std::string& ca_file) {
        HttpClientOptions options;
        options.proxy = "http://" + server_->address();
        options.tls_ca_file = ca_file;
        HttpClient client(options);
        HttpCall call;
        call.url = url;
        return client.send(call);
    }

    std::string tls_folder_;
    SelfSignedFiles certificate_;
};

TEST_F(AsProxy, AnAbsoluteFormRequestIsAboutTheProjectInItsUrl) {
    const auto answer = through_proxy(std::string("http://") + kHost + "/logstores", "");
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 200);
    EXPECT_NE(answer->body.find("\"app\""), std::string::npos);
}

TEST_F(AsProxy, ATunnelOfTlsEndsHereWithACertificateOfOurOwn) {
    const auto url = std::string("https://") + kHost + "/logstores";
    const auto answer = through_proxy(url, certificate_.certificate_file);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 200);
    EXPECT_NE(answer->body.find("\"app\""), std::string::npos);
    // Without the certificate file nobody believes us.
    EXPECT_FALSE(through_proxy(url, ""));
}

TEST_F(AsProxy, APlainTunnelTakesRequestsOneAfterTheOther) {
    test::RawConnection peer(server_->port());
    peer.send(std::string("CONNECT ") + kHost + ":80 HTTP/1.1\r\nHost: " + kHost + ":80\r\n\r\n");
    EXPECT_EQ(peer.read_until("\r\n\r\n"), "HTTP/1.1 200 Connection established\r\n\r\n");
    for (int i = 0; i < 2; ++i) {
        peer.send(std::string("GET /logstores HTTP/1.1\r\nHost: ") + kHost + "\r\n\r\n");
        const auto answer = peer.read_answer();
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
        EXPECT_NE(answer.find("\"app\""), std::string::npos);
    }
}

TEST_F(AsProxy, WhateverHostIsNamedTheAnswerIsOurs) {
    const auto answer = through_proxy("http://www.example.com/", "");
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 404);
    EXPECT_NE(answer->body.find("ProjectNotExist"), std::string::npos);
}

TEST_F(AsProxy, ATunnelThatSaysNothingOrNonsenseIsClosed) {
    test::RawConnection peer(server_->port());
    peer.send("CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n");
    peer.read_until("\r\n\r\n");
    peer.send(std::string("\x16\x03\x01\x00\x05hello", 10));
    EXPECT_TRUE(peer.closed_by_peer());
}

TEST(WithoutTunnels, ConnectIsRefusedInTheServicesShape) {
    SystemClock clock;
    auto server = HttpServer::start(
        {},
        [](const HttpRequest& request, const HttpRespond& respond) {
            HttpResponse response;
            response.status = request.method == "CONNECT" ? 405 : 200;
            respond(std::move(response));
        },
        null_event_log());
    ASSERT_TRUE(server);
    test::RawConnection peer((*server)->port());
    peer.send("CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n");
    EXPECT_TRUE(peer.read_answer().starts_with("HTTP/1.1 405"));
}

TEST(SelfSigned, IsKeptWhileItIsGoodAndMadeAnewWhenItIsNot) {
    std::string pattern = ::testing::TempDir() + "spillway_tls_XXXXXX";
    const std::string folder = ::mkdtemp(pattern.data());
    FakeClock clock;
    const std::vector<std::string> names{"localhost", "*.localhost", "127.0.0.1", "::1"};
    const auto first = self_signed_in(folder, names, clock.wall());
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(first->fingerprint.size(), 32U * 3 - 1);
    EXPECT_EQ(self_signed_in(folder, names, clock.wall())->fingerprint, first->fingerprint);
    auto more = names;
    more.push_back("logs.example.com");
    const auto second = self_signed_in(folder, more, clock.wall());
    EXPECT_NE(second->fingerprint, first->fingerprint);
    EXPECT_EQ(self_signed_in(folder, names, clock.wall())->fingerprint, second->fingerprint);
    clock.advance(std::chrono::hours(24 * 365 * 10));
    EXPECT_NE(self_signed_in(folder, names, clock.wall())->fingerprint, second->fingerprint);
    const auto mode = std::filesystem::status(first->key_file).permissions();
    EXPECT_EQ(mode & std::filesystem::perms::others_read, std::filesystem::perms::none);
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace spillway::server
