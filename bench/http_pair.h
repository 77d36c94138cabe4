// A plain HTTP server and a client on loopback: what a body costs when nothing is done with it.
#pragma once

#include "base/net/http_client.h"
#include "base/net/http_server.h"

#include <memory>
#include <string>

namespace spillway::bench {

class HttpPair {
  public:
    /// Answers with what `handler` makes of each request.
    explicit HttpPair(std::function<HttpResponse(const HttpRequest&)> handler) {
        auto started = HttpServer::start(
            {},
            [handler = std::move(handler)](const HttpRequest& request, const HttpRespond& respond) {
                respond(handler(request));
            },
            null_event_log());
        SPILLWAY_INVARIANT(started.has_value(), "the benchmark's server does not start");
        server_ = std::move(*started);
    }

    std::string address() const { return server_->address(); }

    HttpResponse send(const std::string& method, std::string_view body) {
        HttpCall call;
        call.method = method;
        call.url = "http://" + server_->address() + "/";
        call.body = body;
        auto answer = client_.send(call);
        SPILLWAY_INVARIANT(answer && answer->status == 200,
                           "the benchmark's server does not answer");
        return std::move(*answer);
    }

  private:
    std::unique_ptr<HttpServer> server_;
    HttpClient client_;
};

}  // namespace spillway::bench
