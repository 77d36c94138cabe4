// HTTP/1.1 server (Boost.Beast, named only in http_server.cc). Keep-alive, 100-continue, chunked
// bodies (chunked wins over a Content-Length beside it, as one official client sends both), limits,
// time limits, graceful stop, optional TLS.
//
// Threads: one connection is a coroutine on an I/O thread; the handler runs on a worker thread and
// may block there; it may also keep the Respond and answer later from any other thread.
#pragma once

#include "base/event_log.h"
#include "base/net/http.h"
#include "base/result.h"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace spillway {

/// Answers one request. Copyable; the first call counts, later ones are ignored. If every copy goes
/// away unused the server answers 500.
class HttpRespond {
  public:
    explicit HttpRespond(std::function<void(HttpResponse)> send);
    void operator()(HttpResponse response) const;
    /// Closes the connection without a word: for drills that lose an answer.
    void drop() const;

  private:
    struct Once;
    std::shared_ptr<Once> once_;
};

using HttpHandler = std::function<void(HttpRequest, HttpRespond)>;

struct HttpServerOptions {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;  ///< 0: the system chooses; see HttpServer::port()
    int io_threads = 1;
    int worker_threads = 8;
    std::size_t header_bytes_max = 64 * 1024;
    std::size_t body_bytes_max = 16 * 1024 * 1024;
    std::size_t connections_max = 16'384;
    std::chrono::milliseconds request_timeout{
        30'000};                                     ///< first byte of the head to last of the body
    std::chrono::milliseconds idle_timeout{60'000};  ///< between requests on a kept connection
    std::chrono::milliseconds write_timeout{30'000};
    std::string tls_certificate_file;  ///< PEM; empty: plain HTTP
    std::string tls_key_file;          ///< PEM
    /// What bodies may hold in memory in all, from their first byte to the answer; 0: no bound. A
    /// body that does not fit waits up to `busy_wait`, then its request is answered 503: so a
    /// handler that falls behind slows its clients instead of filling memory.
    std::size_t bodies_bytes_max = 64 * 1024 * 1024;
    std::chrono::milliseconds busy_wait{5'000};
    /// What answers that are being written may hold; 0: no bound. While peers that do not read keep
    /// more than that, a GET waits up to `busy_wait` and is then answered 503 before its handler
    /// runs. Exceeded by at most one answer a worker.
    std::size_t answers_bytes_max = 256 * 1024 * 1024;
    /// A client may take us for its proxy: CONNECT is answered as if we were whomever it names, and
    /// what follows is served here, TLS (with this certificate) or plain. Nothing is ever passed
    /// on.
    bool accepts_tunnels = false;
    std::string tunnel_certificate_file;  ///< PEM; empty: no TLS in tunnels
    std::string tunnel_key_file;          ///< PEM
    /// Body and content type of the answers the server gives by itself (400, 408, 413, 431, 500,
    /// 503).
    std::function<HttpResponse(int status, std::string_view reason)> own_answer;
};

class HttpServer {
  public:
    /// Listening when this returns. Errors: InvalidArgument (host), AlreadyExists (port in use),
    /// Refused (no permission), Exhausted.
    static Result<std::unique_ptr<HttpServer>> start(HttpServerOptions options, HttpHandler handler,
                                                     EventLog& log);
    ~HttpServer();  // stops at once
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    std::uint16_t port() const;
    std::string address() const;  ///< "127.0.0.1:7101"
    std::size_t connections() const;
    std::size_t body_bytes() const;  ///< held by bodies now

    /// Takes no new connection or request, waits up to `grace` for answers under way, then closes.
    void stop(std::chrono::milliseconds grace);

  private:
    struct Impl;
    explicit HttpServer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace spillway
