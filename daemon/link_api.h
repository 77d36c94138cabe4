// What the admin API answers below /api/v1/links:
//   GET  links                                   GET  links/{link}
//   POST links/{link}/pause|resume|drain         GET  links/{link}/gaps
//   POST links/{link}/verify {"from_unix_s","to_unix_s"}: begins it
//   GET  links/{link}/verify                     POST links/{link}/verify/cancel
//   POST links/{link}/translate {"to":"target"|"source", "places":[{"shard","cursor"}]},
//        or {"to":"target", "time_unix_s"}: every shard of the source at that time
//   GET  links/{link}/dead-letters               GET  links/{link}/dead-letters/{id}
//   POST links/{link}/dead-letters/{id}/replay|drop
// Any thread.
#pragma once

#include "base/clock.h"
#include "base/json.h"
#include "base/storage/state_store.h"
#include "daemon/link_view.h"
#include "daemon/topology.h"
#include "daemon/verify_jobs.h"
#include "logstore/model/logstore_api.h"
#include "switchover/api_json.h"

#include <functional>
#include <string>

namespace spillway::daemon {

class LinkApi {
  public:
    /// The region a link copies from, to ask it for cursors.
    using SourceOf = std::function<LogSource&(const LinkSpec&)>;

    /// All must outlive it.
    LinkApi(const Topology& topology, const LinkMap& links, StateStore& state, SourceOf source_of,
            const Clock& clock, EventLog& events)
        : topology_(topology),
          links_(links),
          state_(state),
          source_of_(std::move(source_of)),
          events_(events),
          jobs_(clock) {}

    /// `request.path` begins with "links".
    Result<json::value> handle(const switchover::ApiRequest& request);
    /// A pause outlives the process: whoever paused a link did not mean "until the next restart".
    Status restore_pauses();

  private:
    struct Called;

    Result<Called> find(const std::string& name) const;
    Result<json::value> answer_one(const Called& called, const switchover::ApiRequest& request);
    Result<json::value> set_mode(const Called& called, const switchover::ApiRequest& request);
    Result<json::value> answer_verify(const Called& called, const switchover::ApiRequest& request);
    Result<json::value> translate(const Called& called, const json::object& body) const;
    Result<json::value> translate_time(const Called& called, std::int64_t unix_s) const;
    Result<json::value> answer_dead(const Called& called, const switchover::ApiRequest& request);

    const Topology& topology_;
    const LinkMap& links_;
    StateStore& state_;
    SourceOf source_of_;
    EventLog& events_;
    VerifyJobs jobs_;
};

}  // namespace spillway::daemon
