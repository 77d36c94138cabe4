// Blocking HTTP client (libcurl, named only in http_client.cc) with a pool of kept connections.
// Thread-safe: each call takes a handle from the pool.
#pragma once

#include "base/net/http.h"
#include "base/result.h"

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

namespace spillway {

struct HttpCall {
    std::string method = "GET";
    std::string url;
    HttpHeaders headers;    ///< a Host header here overrides the URL's; Expect is never sent
    std::string_view body;  ///< borrowed for the call
    std::chrono::milliseconds connect_timeout{3'000};
    std::chrono::milliseconds timeout{15'000};  ///< the whole call
    std::size_t response_bytes_max = 64 * 1024 * 1024;
};

struct HttpClientOptions {
    std::size_t idle_connections_max = 64;
    std::string tls_ca_file;  ///< empty: the system's
    bool tls_verify = true;
    std::string user_agent = "spillway";
    std::string proxy = {};  ///< "http://HOST:PORT"; empty: none, whatever the environment says
};

class HttpClient {
  public:
    explicit HttpClient(HttpClientOptions options = {});
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// Any HTTP status is an answer, not an error. Redirects are not followed. Errors: Unavailable
    /// (resolve, refused, reset, timeout, TLS; the message says which and where), Corrupt (answer
    /// larger than allowed or cut off), Cancelled, InvalidArgument (URL).
    Result<HttpResponse> send(const HttpCall& call, std::stop_token stop = {});

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace spillway
