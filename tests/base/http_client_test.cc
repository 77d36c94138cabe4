#include "base/net/http_client.h"

#include "base/net/http_server.h"
#include "tests/base/raw_connection.h"

#include <future>
#include <thread>

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>

namespace spillway {
namespace {

using std::chrono::milliseconds;

std::unique_ptr<HttpServer> serve(HttpHandler handler, HttpServerOptions options = {}) {
    auto server = HttpServer::start(std::move(options), std::move(handler), null_event_log());
    EXPECT_TRUE(server) << server.error().to_string();
    return std::move(*server);
}

HttpCall call_to(const HttpServer& server, std::string method, std::string_view body = {}) {
    HttpCall call;
    call.method = std::move(method);
    call.url = "http://" + server.address() + "/x?y=1";
    call.body = body;
    return call;
}

/// The request's headers, one a line, sorted as they came.
void show_headers(const HttpRequest& request, const HttpRespond& respond) {
    HttpResponse response;
    for (const auto& header : request.headers.all()) {
        response.body += header.name + "=" + header.value + "\n";
    }
    respond(std::move(response));
}

TEST(HttpClient, SendsWhatWasAskedAndAddsLittle) {
    auto server = serve(show_headers);
    HttpClient client;
    HttpCall call = call_to(*server, "POST", "abc");
    call.headers.add("Host", "prj.cn-hangzhou.log.aliyuncs.com");
    call.headers.add("x-log-apiversion", "0.6.0");
    call.headers.add("x-empty", "");
    call.headers.add("Expect", "100-continue");
    auto answer = client.send(call);
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->body,
              "Host=prj.cn-hangzhou.log.aliyuncs.com\nUser-Agent=spillway\nAccept=*/*\n"
              "x-log-apiversion=0.6.0\nx-empty=\nContent-Length=3\n");
}

TEST(HttpClient, SpeaksEveryMethod) {
    auto server = serve([](const HttpRequest& request, const HttpRespond& respond) {
        HttpResponse response;
        const auto length = request.headers.find("content-length");
        response.body =
            request.method + "|" + request.body + "|" + std::string(length.value_or("none"));
        respond(std::move(response));
    });
    HttpClient client;
    const auto sent = [&](std::string method, std::string_view body) {
        auto answer = client.send(call_to(*server, std::move(method), body));
        return answer ? answer->body : answer.error().to_string();
    };
    EXPECT_EQ(sent("GET", ""), "GET||none");
    EXPECT_EQ(sent("GET", "q"), "GET|q|1");
    EXPECT_EQ(sent("POST", ""), "POST||0");
    EXPECT_EQ(sent("PUT", "p"), "PUT|p|1");
    EXPECT_EQ(sent("PUT", ""), "PUT||0");
    EXPECT_EQ(sent("DELETE", ""), "DELETE||none");
    EXPECT_EQ(sent("DELETE", "d"), "DELETE|d|1");
    EXPECT_EQ(sent("HEAD", ""), "");
}

TEST(HttpClient, TakesErrorsAndRedirectsAsAnswers) {
    auto server = serve([](const HttpRequest&, const HttpRespond& respond) {
        HttpResponse response;
        response.status = 302;
        response.headers.add("Location", "http://127.0.0.1:1/");
        respond(std::move(response));
    });
    auto answer = HttpClient().send(call_to(*server, "GET"));
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->status, 302);
}

TEST(HttpClient, IgnoresTheProxyOfTheEnvironment) {
    ::setenv("http_proxy", "http://127.0.0.1:1", 1);
    auto server = serve(show_headers);
    auto answer = HttpClient().send(call_to(*server, "GET"));
    ::unsetenv("http_proxy");
    EXPECT_TRUE(answer) << answer.error().to_string();
}

TEST(HttpClient, RefusesWhatCannotBeSent) {
    HttpClient client;
    for (const char* url :
         {"", "not a url", "ftp://127.0.0.1/", "http://a/\r\nb", "file:///etc/hosts"}) {
        HttpCall call;
        call.url = url;
        auto answer = client.send(call);
        ASSERT_FALSE(answer) << url;
        EXPECT_EQ(answer.error().code, ErrorCode::InvalidArgument) << url;
    }
    HttpCall call;
    call.url = "http://127.0.0.1:1/";
    call.headers.add("x-forged", "a\r\nHost: b");
    auto answer = client.send(call);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::InvalidArgument);
}

TEST(HttpClient, NamesTheAddressThatRefusesAndWhy) {
    std::uint16_t port = 0;
    {
        auto server = serve(show_headers);
        port = server->port();
    }
    HttpCall call;
    call.url = "http://127.0.0.1:" + std::to_string(port) + "/secret?AccessKey=1";
    auto answer = HttpClient().send(call);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::Unavailable);
    EXPECT_EQ(answer.error().message, "127.0.0.1:" + std::to_string(port) + ": connection refused");
}

TEST(HttpClient, NamesTheHostThatDoesNotResolve) {
    HttpCall call;
    call.url = "http://no-such-host.invalid/";
    auto answer = HttpClient().send(call);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::Unavailable);
    EXPECT_EQ(answer.error().message, "no-such-host.invalid:80: cannot resolve the host name");
}

TEST(HttpClient, GivesUpWhenTheTimeIsOver) {
    std::promise<HttpRespond> kept;
    auto server =
        serve([&](const HttpRequest&, HttpRespond respond) { kept.set_value(std::move(respond)); });
    HttpCall call = call_to(*server, "GET");
    call.timeout = milliseconds{50};
    auto answer = HttpClient().send(call);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::Unavailable);
    EXPECT_EQ(answer.error().message, server->address() + ": timeout: no complete answer in 50 ms");
}

TEST(HttpClient, ReturnsAtOnceWhenStopped) {
    std::promise<HttpRespond> kept;
    auto server =
        serve([&](const HttpRequest&, HttpRespond respond) { kept.set_value(std::move(respond)); });
    std::stop_source stop;
    HttpClient client;
    auto answer = std::async(
        std::launch::async, [&] { return client.send(call_to(*server, "GET"), stop.get_token()); });
    auto respond = kept.get_future().get();
    stop.request_stop();
    auto got = answer.get();
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, ErrorCode::Cancelled);
}

TEST(HttpClient, NeverSendsAPostTwiceWhenItsAnswerIsDropped) {
    std::atomic<int> posts{0};
    auto server = serve([&](const HttpRequest& request, const HttpRespond& respond) {
        if (request.method != "POST") return respond({});
        ++posts;
        respond.drop();
    });
    HttpClient client;
    ASSERT_TRUE(client.send(call_to(*server, "GET")));  // the POST runs on a kept connection
    auto answer = client.send(call_to(*server, "POST", "once"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::Unavailable);
    EXPECT_EQ(answer.error().message, server->address() + ": connection closed before the answer");
    EXPECT_EQ(posts, 1);
    ASSERT_TRUE(client.send(call_to(*server, "GET")));
}

TEST(HttpClient, OutlivesAServerThatCameBack) {
    auto server = serve(show_headers);
    HttpServerOptions options;
    options.port = server->port();
    HttpClient client;
    ASSERT_TRUE(client.send(call_to(*server, "POST", "x")));
    server.reset();
    server = serve(show_headers, options);
    auto answer = client.send(call_to(*server, "POST", "x"));
    EXPECT_TRUE(answer) << answer.error().to_string();
}

TEST(HttpClient, RefusesAnAnswerThatIsTooLarge) {
    auto server = serve([](const HttpRequest&, const HttpRespond& respond) {
        HttpResponse response;
        response.body.assign(5'000, 'x');
        respond(std::move(response));
    });
    HttpCall call = call_to(*server, "GET");
    call.response_bytes_max = 4'999;
    HttpClient client;
    auto answer = client.send(call);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::Corrupt);
    EXPECT_EQ(answer.error().message,
              server->address() + ": answer larger than the 5.0 KB allowed");
    call.response_bytes_max = 5'000;
    EXPECT_TRUE(client.send(call));
}

TEST(HttpClient, ServesManyThreads) {
    auto server = serve(show_headers);
    HttpClient client;
    std::atomic<int> good{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            for (int k = 0; k < 25; ++k) good += client.send(call_to(*server, "POST", "x")) ? 1 : 0;
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(good, 200);
    EXPECT_LE(server->connections(), 8u);
}

}  // namespace
}  // namespace spillway
