// The processes and the region contents of the drill: two regions, a daemon, three agents.
// Thread rule: one owner; the supervisor it holds is thread-safe.
#pragma once

#include "base/clock.h"
#include "daemon/quickstart/layout.h"
#include "daemon/quickstart/supervisor.h"
#include "logstore/model/logstore_api.h"

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

namespace spillway::daemon::quickstart {

/// What the quickstart needs of the house and does not make itself.
struct StagePorts {
    std::string program;  ///< the binary to start children from
    const Clock& clock;
    std::function<std::unique_ptr<RegionApi>(const std::string& endpoint)> connect;
    std::function<Result<json::value>(const std::string& admin_url, const std::string& path)>
        ask_daemon;
    std::stop_token stop;
};

class Stage {
  public:
    Stage(Layout layout, StagePorts ports, Supervisor::Handler on_event);

    /// Writes the files, starts everything in order, and returns when each part answers.
    /// Errors: Cancelled; Unavailable with what did not answer and where its output is.
    Status set_up();
    Status kill_source() { return supervisor_.kill_and_hold(source_child()); }
    Status return_source() { return supervisor_.release(source_child()); }
    void stop_all(std::chrono::milliseconds grace) { supervisor_.stop_all(grace); }

    RegionApi& source() { return *source_; }
    RegionApi& target() { return *target_; }
    Result<json::value> daemon(const std::string& path) {
        return ports_.ask_daemon(layout_.admin_url(), path);
    }
    const Layout& layout() const { return layout_; }
    const StagePorts& ports() const { return ports_; }
    Supervisor& supervisor() { return supervisor_; }

    /// Asks again until it is so. Errors: Cancelled; Unavailable; what the supervisor gave up on.
    Status wait_until(const std::string& what, std::chrono::milliseconds limit,
                      const std::function<bool()>& is_so);

  private:
    std::string source_child() const { return "region " + layout_.source.name; }
    Status write_files() const;
    Status start_region(const RegionPlace& region, RegionApi& api);
    Status fill_regions();
    Status start_daemon();
    Status start_agents();

    const Layout layout_;
    const StagePorts ports_;
    std::unique_ptr<RegionApi> source_;
    std::unique_ptr<RegionApi> target_;
    Supervisor supervisor_;
};

}  // namespace spillway::daemon::quickstart
