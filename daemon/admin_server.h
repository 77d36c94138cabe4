// The daemon's HTTP faces: the admin API (JSON, /api/v1) and the metrics endpoint. Loopback only.
// Any thread.
#pragma once

#include "base/event_log.h"
#include "base/json.h"
#include "base/metrics.h"
#include "base/net/http_server.h"
#include "daemon/link_api.h"
#include "switchover/switchover.h"

#include <functional>
#include <memory>
#include <string>

namespace spillway::daemon {

class AdminServer {
  public:
    struct Routes {
        std::function<json::object()> status;
        std::function<bool()> ready;
        switchover::Controller* controller = nullptr;
        LinkApi* links = nullptr;
    };

    /// `address` is HOST:PORT. Errors: AlreadyExists (in use), InvalidArgument, Refused.
    static Result<std::unique_ptr<AdminServer>> start_admin(const std::string& address,
                                                            Routes routes, MetricsRegistry& metrics,
                                                            EventLog& events);
    static Result<std::unique_ptr<AdminServer>> start_metrics(const std::string& address,
                                                              MetricsRegistry& metrics,
                                                              EventLog& events);
    std::string address() const { return server_->address(); }

  private:
    explicit AdminServer(std::unique_ptr<HttpServer> server) : server_(std::move(server)) {}
    std::unique_ptr<HttpServer> server_;
};

}  // namespace spillway::daemon
