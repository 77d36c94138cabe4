// The door of the region server: the embedded Logstore behind the service's HTTP protocol, so that
// the official clients cannot tell. Besides it answers GET /metrics and GET /healthz of its own.
#pragma once

#include "base/clock.h"
#include "base/event_log.h"
#include "base/metrics.h"
#include "base/net/http_server.h"
#include "logstore/engine/engine.h"
#include "logstore/server/key_file.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace spillway::server {

struct RegionServerOptions {
    HttpServerOptions http;
    std::optional<KeyFile> keys;  ///< absent: every request is allowed, on a loopback address only
};

class RegionServer {
  public:
    /// Serving when this returns. The engine and the rest must outlive it.
    /// Errors: Refused (not a loopback address and no keys); those of HttpServer::start.
    static Result<std::unique_ptr<RegionServer>> start(RegionServerOptions options,
                                                       engine::Engine& engine, const Clock& clock,
                                                       EventLog& events, MetricsRegistry& metrics);
    ~RegionServer();  // stops at once
    RegionServer(const RegionServer&) = delete;
    RegionServer& operator=(const RegionServer&) = delete;

    std::uint16_t port() const;
    std::string address() const;  ///< "127.0.0.1:7101"
    /// Takes no new request, answers what is under way, then closes.
    void stop(std::chrono::milliseconds grace);

  private:
    struct Impl;
    explicit RegionServer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace spillway::server
