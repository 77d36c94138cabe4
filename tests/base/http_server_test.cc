#include "base/net/http_server.h"

#include "base/net/http_client.h"
#include "base/net/http_wire.h"
#include "tests/base/raw_connection.h"

#include <atomic>
#include <condition_variable>
#include <future>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace spillway {
namespace {

using std::chrono::milliseconds;
using test::RawConnection;

HttpResponse text_answer(int status, std::string body) {
    HttpResponse response;
    response.status = status;
    response.headers.add("x-log-requestid", "5F3");
    response.body = std::move(body);
    return response;
}

/// "METHOD target|body".
void echo(const HttpRequest& request, const HttpRespond& respond) {
    respond(text_answer(200, request.method + " " + request.target + "|" + request.body));
}

std::unique_ptr<HttpServer> serve(HttpHandler handler = echo, HttpServerOptions options = {}) {
    auto server = HttpServer::start(std::move(options), std::move(handler), null_event_log());
    EXPECT_TRUE(server) << server.error().to_string();
    return std::move(*server);
}

HttpCall call_to(const HttpServer& server, std::string method, std::string target,
                 std::string_view body = {}) {
    HttpCall call;
    call.method = std::move(method);
    call.url = "http://" + server.address() + target;
    call.body = body;
    return call;
}

/// A gate that tests close and open: what a handler waits at.
class Gate {
  public:
    void open() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return open_; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
};

TEST(HttpServer, AnswersAndKeepsTheConnection) {
    auto server = serve();
    HttpClient client;
    for (int i = 0; i < 3; ++i) {
        auto answer = client.send(call_to(*server, "POST", "/a?b=c", "hello"));
        ASSERT_TRUE(answer) << answer.error().to_string();
        EXPECT_EQ(answer->status, 200);
        EXPECT_EQ(answer->body, "POST /a?b=c|hello");
        EXPECT_EQ(answer->headers.find("X-Log-RequestId"), "5F3");
    }
    EXPECT_EQ(server->connections(), 1u);
}

TEST(HttpServer, CarriesLargeBodiesBothWays) {
    auto server = serve();
    HttpClient client;
    const std::string body(9'000'001, 'x');
    auto answer = client.send(call_to(*server, "POST", "/", body));
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->body.size(), body.size() + 7);
}

TEST(HttpServer, SendsHeaderNamesAsGivenAndALengthForAnEmptyBody) {
    auto server = serve([](const HttpRequest&, const HttpRespond& respond) {
        HttpResponse response;
        response.headers.add("x-log-Weird", "a\r\nforged: b");
        respond(std::move(response));
    });
    RawConnection raw(server->port());
    ASSERT_TRUE(raw.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    EXPECT_EQ(raw.read_answer(),
              "HTTP/1.1 200 OK\r\nx-log-Weird: a  forged: b\r\nContent-Length: 0\r\n\r\n");
}

TEST(HttpServer, ShowsTheRequestAsItCame) {
    HttpRequest seen;
    auto server = serve([&](HttpRequest request, const HttpRespond& respond) {
        seen = std::move(request);
        respond({});
    });
    RawConnection raw(server->port());
    raw.send(
        "DELETE http://prj.any.host:80/p%20q?x=&y=%2F HTTP/1.1\r\nhost: prj\r\nX-Log-One: 1\r\n"
        "X-Log-Empty:\r\n\r\n");
    raw.read_answer();
    EXPECT_EQ(seen.method, "DELETE");
    EXPECT_EQ(seen.target, "http://prj.any.host:80/p%20q?x=&y=%2F");
    EXPECT_EQ(seen.headers.all(),
              (std::vector<HttpHeader>{{"host", "prj"}, {"X-Log-One", "1"}, {"X-Log-Empty", ""}}));
    EXPECT_TRUE(seen.peer.starts_with("127.0.0.1:")) << seen.peer;
}

TEST(HttpServer, LetsChunkedWinOverALengthBesideItAndInvitesTheBody) {
    auto server = serve();
    RawConnection raw(server->port());
    raw.send(
        "POST /logstores HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n"
        "Transfer-Encoding: chunked\r\n\r\n");
    EXPECT_EQ(raw.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    raw.send("3\r\nabc\r\n8;ext=1\r\ndefghijk\r\n0\r\n\r\n");
    EXPECT_TRUE(raw.read_answer().ends_with("|abcdefghijk"));
}

TEST(HttpServer, ClosesAfterAnAmbiguousLength) {
    auto server = serve();
    for (const std::string_view lengths :
         {"Content-Length: 5\r\n", "Content-Length: 2\r\nContent-Length: 3\r\n",
          "Content-Length: 1e0\r\n"}) {
        RawConnection raw(server->port());
        raw.send(
            fmt::format("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n{}\r\n"
                        "3\r\nabc\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
                        lengths));
        const std::string answer = raw.read_answer();
        EXPECT_TRUE(answer.ends_with("PUT /|abc")) << answer;
        EXPECT_NE(answer.find("Connection: close"), std::string::npos) << lengths;
        EXPECT_TRUE(raw.closed_by_peer());
    }
}

TEST(HttpServer, RefusesATransferEncodingThatIsNotJustChunked) {
    auto server = serve();
    for (const std::string_view coding :
         {"Transfer-Encoding: gzip\r\n", "Transfer-Encoding: gzip, chunked\r\n",
          "Transfer-Encoding: identity\r\n", "Transfer-Encoding: xchunked\r\n",
          "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
          "Transfer-Encoding:\r\n chunked\r\n"}) {
        RawConnection raw(server->port());
        raw.send(
            fmt::format("POST / HTTP/1.1\r\nHost: x\r\n{}\r\n"
                        "DELETE /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
                        coding));
        const std::string answer = raw.read_to_end();
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 501 ")) << coding << answer;
        EXPECT_EQ(answer.find("smuggled"), std::string::npos) << coding;
    }
}

TEST(HttpServer, DoesNotPileUpAnswersThatNobodyReads) {
    HttpServerOptions options;
    options.answers_bytes_max = 1024 * 1024;
    options.busy_wait = std::chrono::milliseconds(10);
    auto server = serve(
        [](const HttpRequest& request, const HttpRespond& respond) {
            const bool is_large = request.target == "/large";
            respond(text_answer(200, std::string(is_large ? 64 * 1024 * 1024 : 1, 'x')));
        },
        std::move(options));
    RawConnection deaf(server->port());
    deaf.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    std::string answer;
    for (int tries = 0; tries < 2'000 && !answer.starts_with("HTTP/1.1 503 "); ++tries) {
        RawConnection other(server->port());
        other.send("GET /small HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        answer = other.read_to_end();
    }
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
    RawConnection writer(server->port());
    writer.send("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    EXPECT_TRUE(writer.read_answer().starts_with("HTTP/1.1 200 ")) << "writes go on";
}

TEST(HttpServer, StaysOpenWhereTheLengthBesideChunksIsThatOfTheBody) {
    auto server = serve();
    RawConnection raw(server->port());
    for (int i = 0; i < 3; ++i) {
        raw.send(
            "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"
            "3\r\nabc\r\n0\r\n\r\n");
        const std::string answer = raw.read_answer();
        EXPECT_TRUE(answer.ends_with("PUT /|abc")) << answer;
        EXPECT_EQ(answer.find("Connection:"), std::string::npos);
    }
    raw.send(
        "PUT /empty HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n"
        "0\r\n\r\n");
    EXPECT_TRUE(raw.read_answer().ends_with("PUT /empty|"));
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
    auto server = serve();
    RawConnection raw(server->port());
    raw.send(
        "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab"
        "POST /2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\ncd\r\n0\r\n\r\n"
        "\r\nGET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(raw.read_answer().ends_with("POST /1|ab"));
    EXPECT_TRUE(raw.read_answer().ends_with("POST /2|cd"));
    EXPECT_TRUE(raw.read_answer().ends_with("GET /3|"));
    EXPECT_TRUE(raw.closed_by_peer());
}

TEST(HttpServer, TakesARequestByteByByte) {
    auto server = serve();
    RawConnection raw(server->port());
    for (const char c :
         std::string("POST /s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "1\r\nz\r\n0\r\n\r\n")) {
        ASSERT_TRUE(raw.send(std::string_view(&c, 1)));
    }
    EXPECT_TRUE(raw.read_answer().ends_with("POST /s|z"));
}

TEST(HttpServer, AnswersHeadWithoutABody) {
    auto server = serve();
    RawConnection raw(server->port());
    raw.send("HEAD /h HTTP/1.1\r\nHost: x\r\n\r\nGET /g HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_NE(raw.read_until("\r\n\r\n").find("Content-Length: 8"), std::string::npos);
    EXPECT_TRUE(raw.read_answer().ends_with("GET /g|"));
}

TEST(HttpServer, SpeaksToHttp10) {
    auto server = serve();
    RawConnection raw(server->port());
    raw.send("GET /old HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(raw.read_to_end().ends_with("GET /old|"));
}

TEST(HttpServer, RefusesABodyThatIsAnnouncedTooLargeBeforeItIsSent) {
    HttpServerOptions options;
    options.body_bytes_max = 1'000;
    auto server = serve(echo, options);
    RawConnection raw(server->port());
    raw.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n");
    const std::string answer = raw.read_answer();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << answer;
    EXPECT_NE(answer.find("larger than 1000 bytes"), std::string::npos) << answer;
}

TEST(HttpServer, LetsAClientThatStillSendsSeeThatItsBodyIsTooLarge) {
    HttpServerOptions options;
    options.body_bytes_max = 1'000;
    auto server = serve(echo, options);
    HttpClient client;
    const std::string body(20'000'000, 'x');
    auto answer = client.send(call_to(*server, "POST", "/", body));
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->status, 413);

    RawConnection chunked(server->port());
    chunked.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 20; ++i) chunked.send("3e8\r\n" + std::string(1'000, 'y') + "\r\n");
    EXPECT_TRUE(chunked.read_answer().starts_with("HTTP/1.1 413 "));
}

TEST(HttpServer, RefusesHeadersThatAreTooLarge) {
    HttpServerOptions options;
    options.header_bytes_max = 4'096;
    auto server = serve(echo, options);
    RawConnection endless(server->port());
    endless.send("GET / HTTP/1.1\r\nX-Big: " + std::string(70'000, 'x'));
    EXPECT_TRUE(endless.read_answer().starts_with("HTTP/1.1 431 "));
    RawConnection whole(server->port());
    whole.send("GET / HTTP/1.1\r\nX-Big: " + std::string(5'000, 'x') + "\r\n\r\n");
    EXPECT_TRUE(whole.read_answer().starts_with("HTTP/1.1 431 "));
}

TEST(HttpServer, RefusesWhatIsNoHttp) {
    auto server = serve();
    for (const std::string_view bytes :
         {"\x16\x03\x01 hello\r\n\r\n", "GET /\r\n\r\n", "GET /a: 1\r\n\r\n",
          "GET / HTTP/9.9\r\n\r\n", "G\1T / HTTP/1.1\r\n\r\n",
          "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
          "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
          "GET / HTTP/1.1\r\nno colon\r\n\r\n",
          "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
        RawConnection raw(server->port());
        raw.send(bytes);
        EXPECT_TRUE(raw.read_answer().starts_with("HTTP/1.1 400 ")) << bytes;
    }
}

TEST(HttpServer, UsesTheOwnersWordsForItsOwnAnswers) {
    HttpServerOptions options;
    options.own_answer = [](int status, std::string_view reason) {
        HttpResponse response;
        response.status = status;
        response.headers.add("x-log-requestid", "r");
        response.body = "{" + std::string(reason.substr(0, 3)) + "}";
        return response;
    };
    auto server = serve([](const HttpRequest&, const HttpRespond&) {}, options);
    HttpClient client;
    auto answer = client.send(call_to(*server, "GET", "/"));
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->status, 500);
    EXPECT_EQ(answer->body, "{the}");
}

TEST(HttpServer, Answers500WhenAHandlerThrows) {
    auto server =
        serve([](const HttpRequest&, const HttpRespond&) { throw std::runtime_error("oops"); });
    HttpClient client;
    auto answer = client.send(call_to(*server, "GET", "/"));
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->status, 500);
}

TEST(HttpServer, TakesAnAnswerFromAnotherThreadAndOnlyTheFirst) {
    std::thread later;
    auto server = serve([&](const HttpRequest&, const HttpRespond& respond) {
        later = std::thread([respond] {
            respond(text_answer(201, "first"));
            respond(text_answer(202, "second"));
        });
    });
    HttpClient client;
    auto answer = client.send(call_to(*server, "GET", "/"));
    server->stop(std::chrono::seconds(10));  // the handler has returned, so `later` is set
    later.join();
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->status, 201);
    EXPECT_EQ(answer->body, "first");
}

TEST(HttpServer, TellsASlowClientThatItsTimeIsUp) {
    HttpServerOptions options;
    options.request_timeout = milliseconds{50};
    auto server = serve(echo, options);
    RawConnection head(server->port());
    head.send("GET / HT");
    EXPECT_TRUE(head.read_answer().starts_with("HTTP/1.1 408 "));
    EXPECT_TRUE(head.closed_by_peer());
    RawConnection body(server->port());
    body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n123");
    EXPECT_TRUE(body.read_answer().starts_with("HTTP/1.1 408 "));
}

TEST(HttpServer, ClosesAnIdleConnectionWithoutAWord) {
    HttpServerOptions options;
    options.idle_timeout = milliseconds{50};
    auto server = serve(echo, options);
    RawConnection raw(server->port());
    EXPECT_EQ(raw.read_to_end(), "");
    RawConnection kept(server->port());
    kept.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    kept.read_answer();
    EXPECT_EQ(kept.read_to_end(), "");
}

TEST(HttpServer, GivesUpOnAClientThatDoesNotRead) {
    HttpServerOptions options;
    options.write_timeout = milliseconds{50};
    auto server = serve(
        [](const HttpRequest&, const HttpRespond& respond) {
            respond(text_answer(200, std::string(32 * 1024 * 1024, 'x')));
        },
        options);
    RawConnection raw(server->port());
    raw.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    raw.read_until("\r\n");
    while (server->connections() > 0) std::this_thread::yield();
    EXPECT_LT(raw.read_to_end().size(), 32u * 1024 * 1024);
}

TEST(HttpServer, RefusesConnectionsBeyondItsLimit) {
    HttpServerOptions options;
    options.connections_max = 2;
    auto server = serve(echo, options);
    RawConnection first(server->port());
    RawConnection second(server->port());
    for (auto* raw : {&first, &second}) {
        raw->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        raw->read_answer();
    }
    RawConnection third(server->port());
    third.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(third.read_answer().starts_with("HTTP/1.1 503 "));
    first.send("GET /still HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(first.read_answer().ends_with("GET /still|"));
}

TEST(HttpServer, ServesFiveHundredConnectionsAtOnce) {
    HttpServerOptions options;
    options.io_threads = 2;
    auto server = serve(echo, options);
    std::vector<std::unique_ptr<RawConnection>> all;
    for (int i = 0; i < 500; ++i) {
        all.push_back(std::make_unique<RawConnection>(server->port()));
        ASSERT_TRUE(all.back()->connected());
    }
    for (int round = 0; round < 2; ++round) {
        for (std::size_t i = 0; i < all.size(); ++i) {
            const std::string n = std::to_string(i);
            all[i]->send("POST /" + n + " HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi");
        }
        for (std::size_t i = 0; i < all.size(); ++i) {
            EXPECT_TRUE(all[i]->read_answer().ends_with("POST /" + std::to_string(i) + "|hi"));
        }
    }
    EXPECT_EQ(server->connections(), 500u);
}

TEST(HttpServer, NamesThePortThatIsInUse) {
    auto server = serve();
    HttpServerOptions options;
    options.port = server->port();
    auto second = HttpServer::start(options, echo, null_event_log());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::AlreadyExists);
    EXPECT_NE(second.error().message.find(server->address()), std::string::npos);
    options.host = "no such host";
    auto third = HttpServer::start(options, echo, null_event_log());
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code, ErrorCode::InvalidArgument);
}

TEST(HttpServer, StopsAfterTheAnswersThatAreUnderWay) {
    Gate entered;
    Gate leave;
    auto server = serve([&](const HttpRequest&, const HttpRespond& respond) {
        entered.open();
        leave.wait();
        respond(text_answer(200, "late"));
    });
    RawConnection idle(server->port());
    HttpClient client;
    auto answer =
        std::async(std::launch::async, [&] { return client.send(call_to(*server, "GET", "/")); });
    entered.wait();
    auto stopped = std::async(std::launch::async, [&] { server->stop(milliseconds{20'000}); });
    EXPECT_TRUE(idle.closed_by_peer());
    leave.open();
    stopped.get();
    auto got = answer.get();
    ASSERT_TRUE(got) << got.error().to_string();
    EXPECT_EQ(got->body, "late");
    EXPECT_EQ(server->connections(), 0u);
    EXPECT_FALSE(RawConnection(server->port()).connected());
}

TEST(HttpServer, StopsThoughAnAnswerNeverComes) {
    std::promise<HttpRespond> kept;
    auto server =
        serve([&](const HttpRequest&, HttpRespond respond) { kept.set_value(std::move(respond)); });
    RawConnection raw(server->port());
    raw.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    const HttpRespond respond = kept.get_future().get();
    server->stop(milliseconds{0});
    EXPECT_EQ(raw.read_to_end(), "");
    server.reset();
    respond(text_answer(200, "too late"));  // must not touch what is gone
}

TEST(HttpServer, StopsWhileRequestsPourIn) {
    auto server = serve();
    std::atomic<bool> done{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            HttpClient client;
            while (!done) {
                auto answer = client.send(call_to(*server, "POST", "/", "x"));
                if (!answer) break;
            }
        });
    }
    HttpClient client;
    for (int i = 0; i < 20; ++i) (void)client.send(call_to(*server, "GET", "/"));
    server->stop(milliseconds{1'000});
    done = true;
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(server->connections(), 0u);
}

}  // namespace
}  // namespace spillway
