// A log service that says what a test tells it to, over real sockets, and remembers what it was
// asked.
#pragma once

#include "base/net/http_server.h"

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace spillway::client::testing {

/// A 200 with a request id.
HttpResponse ok(std::string body = {}, std::vector<HttpHeader> headers = {});
/// An error as the service writes it.
HttpResponse service_says(int status, std::string_view code, std::string_view message = "why");

class ScriptedService {
  public:
    ScriptedService();
    ~ScriptedService();

    std::string endpoint() const { return "http://" + server_->address(); }
    /// Answers come in this order; when none is left the service is `ServerBusy`.
    void then(HttpResponse response);
    /// The next request gets no answer at all until the service goes away.
    void then_silence();
    /// What was asked, in order.
    std::vector<HttpRequest> requests() const;
    HttpRequest last_request() const;

  private:
    struct Step {
        HttpResponse response;
        bool silent = false;
    };
    void handle(HttpRequest request, HttpRespond respond);

    mutable std::mutex mutex_;  // guards the four below
    std::deque<Step> script_;
    std::vector<HttpRequest> requests_;
    std::vector<HttpRespond> unanswered_;
    std::unique_ptr<HttpServer> server_;
};

/// Sends fixed bytes to the first connection, whatever it asks, and hangs up.
class RawPeer {
  public:
    explicit RawPeer(std::string bytes);
    ~RawPeer();
    std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }

  private:
    void serve_once() const;

    std::string bytes_;
    int listener_ = -1;
    int port_ = 0;
    std::thread thread_;
};

}  // namespace spillway::client::testing
