// The daemon put together: regions, links, controller, state, admin API and metrics of one
// topology. open() and the destructor belong to one thread; the rest may come from any.
#pragma once

#include "base/clock.h"
#include "base/event_log.h"
#include "base/json.h"
#include "daemon/topology.h"

#include <memory>

namespace spillway::daemon {

class Daemon {
  public:
    /// Everything runs when this returns; a region that is down is no error, that is what we are
    /// for. Errors: Conflict (another daemon holds the state), AlreadyExists (a port is in use),
    /// NotFound (a secret), Corrupt (state), InvalidArgument.
    static Result<std::unique_ptr<Daemon>> open(Topology topology, const Clock& clock,
                                                EventLog& events);
    /// Stops links and servers; what was in flight is repeated at the next start.
    ~Daemon();
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    std::string admin_address() const;
    std::string metrics_address() const;
    json::object status_json() const;

  private:
    struct Parts;
    explicit Daemon(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace spillway::daemon
