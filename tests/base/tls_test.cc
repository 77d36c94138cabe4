#include "base/net/http_client.h"
#include "base/net/http_server.h"
#include "base/storage/durable_file.h"
#include "tests/base/raw_connection.h"
#include "tests/base/temp_dir.h"

#include <memory>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace spillway {
namespace {

template <auto release>
struct Release {
    template <class Thing>
    void operator()(Thing* thing) const {
        release(thing);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Release<X509_free>>;
using File = std::unique_ptr<FILE, Release<fclose>>;

/// Writes cert.pem and key.pem: self-signed, good for 127.0.0.1 for a day.
void make_certificate(const test::TempDir& dir) {
    const Key key(EVP_EC_gen("P-256"));
    const Certificate certificate(X509_new());
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86'400);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("spillway test"), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    std::unique_ptr<X509_EXTENSION, Release<X509_EXTENSION_free>> address(
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1"));
    X509_add_ext(certificate.get(), address.get(), -1);
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    const File cert_file(fopen((dir / "cert.pem").c_str(), "w"));
    PEM_write_X509(cert_file.get(), certificate.get());
    const File key_file(fopen((dir / "key.pem").c_str(), "w"));
    PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
}

class Tls : public testing::Test {
  protected:
    void SetUp() override {
        make_certificate(dir_);
        HttpServerOptions options;
        options.tls_certificate_file = dir_ / "cert.pem";
        options.tls_key_file = dir_ / "key.pem";
        options.request_timeout = std::chrono::milliseconds{2'000};
        auto started = HttpServer::start(
            options,
            [](HttpRequest request, const HttpRespond& respond) {
                HttpResponse response;
                response.body = std::move(request.body);
                respond(std::move(response));
            },
            null_event_log());
        ASSERT_TRUE(started) << started.error().to_string();
        server_ = std::move(*started);
        call_.method = "POST";
        call_.url = "https://" + server_->address() + "/";
    }

    test::TempDir dir_;
    std::unique_ptr<HttpServer> server_;
    HttpCall call_;
};

TEST_F(Tls, CarriesBodiesBothWaysAndKeepsTheConnection) {
    HttpClientOptions options;
    options.tls_ca_file = dir_ / "cert.pem";
    HttpClient client(options);
    const std::string body(3'000'000, 'x');
    call_.body = body;
    for (int i = 0; i < 3; ++i) {
        auto answer = client.send(call_);
        ASSERT_TRUE(answer) << answer.error().to_string();
        EXPECT_EQ(answer->body, body);
    }
    EXPECT_EQ(server_->connections(), 1u);
}

TEST_F(Tls, IsRefusedByAClientThatDoesNotKnowTheCertificate) {
    auto answer = HttpClient().send(call_);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::Unavailable);
    EXPECT_TRUE(answer.error().message.starts_with(server_->address() + ": TLS: "))
        << answer.error().message;
    HttpClientOptions trusting;
    trusting.tls_verify = false;
    EXPECT_TRUE(HttpClient(trusting).send(call_));
}

TEST_F(Tls, IsNotSpokenInPlainText) {
    test::RawConnection raw(server_->port());
    raw.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(raw.read_to_end().find("HTTP/1.1"), std::string::npos);
}

TEST_F(Tls, StopsWithConnectionsOpen) {
    HttpClientOptions options;
    options.tls_verify = false;
    HttpClient client(options);
    ASSERT_TRUE(client.send(call_));
    test::RawConnection silent(server_->port());
    server_->stop(std::chrono::milliseconds{0});
    EXPECT_TRUE(silent.closed_by_peer());
    EXPECT_FALSE(client.send(call_));
}

TEST_F(Tls, NamesTheFileThatCannotBeUsed) {
    HttpServerOptions options;
    options.tls_certificate_file = dir_ / "none.pem";
    options.tls_key_file = dir_ / "key.pem";
    auto started = HttpServer::start(options, {}, null_event_log());
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, ErrorCode::InvalidArgument);
    EXPECT_NE(started.error().message.find("none.pem"), std::string::npos);
    options.tls_certificate_file = dir_ / "cert.pem";
    options.tls_key_file = dir_ / "cert.pem";
    started = HttpServer::start(options, {}, null_event_log());
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().message.find("TLS key"), std::string::npos);
}

}  // namespace
}  // namespace spillway
