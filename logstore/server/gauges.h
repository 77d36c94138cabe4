// What /metrics says of the moment it is asked. Any thread.
#pragma once

#include "base/metrics.h"
#include "base/net/http_server.h"
#include "logstore/engine/engine.h"
#include "logstore/server/faults.h"

namespace spillway::server {

/// `http` may be null: a request came before start() had returned.
void set_gauges(MetricsRegistry& metrics, const engine::Engine& engine, const FaultSwitches& faults,
                const HttpServer* http);

}  // namespace spillway::server
