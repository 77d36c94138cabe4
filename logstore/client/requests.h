// One request to a region: addressed, signed, sent, and its answer judged. Thread-safe.
#pragma once

#include "base/json.h"
#include "base/net/http_client.h"
#include "logstore/client/endpoint.h"
#include "logstore/client/region_client.h"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spillway::client {

using Query = std::vector<std::pair<std::string, std::string>>;

/// What to ask. Paths are made of segments, so that a name can never leave its place.
struct Ask {
    std::string_view action = {};  ///< for error texts: "pull"
    std::string subject = {};      ///< for error texts: "pay/app shard 0"
    std::string_view method = "GET";
    ProjectName project = {};  ///< empty: the account
    std::vector<std::string> path = {};
    Query query = {};
    std::string body = {};
    std::string_view content_type = {};
    std::uint64_t body_raw_bytes = 0;  ///< before compression
    std::vector<HttpHeader> headers = {};
};

class Requests {
  public:
    Requests(RegionClientOptions options, Endpoint endpoint, const Clock& clock);

    const RegionClientOptions& options() const { return options_; }
    const Endpoint& endpoint() const { return endpoint_; }

    /// The answer of a 200. Errors: the service's, by its table; Unavailable; Cancelled.
    Result<HttpResponse> send(Ask ask) const;
    /// The same, for calls whose answer says nothing.
    Status send_only(Ask ask) const;
    /// The body of a 200 as JSON. Errors: also Corrupt.
    Result<json::value> send_for_json(Ask ask) const;
    Result<json::object> send_for_object(Ask ask) const;
    /// Every item of a paged list, in the order of the service. Errors: also Corrupt when a page is
    /// cut off or the list ends before its total.
    Result<std::vector<json::value>> list_all(const Ask& ask, std::string_view member) const;
    /// The same for a list of names: sorted, each once.
    Result<std::vector<std::string>> list_names(const Ask& ask, std::string_view member) const;

    /// Puts in front of an error what was asked of whom: "pull from hz, pay/app shard 0".
    Error during(Error error, const Ask& ask) const;

  private:
    HttpRequest build(Ask& ask, const Address& address) const;

    RegionClientOptions options_;
    Endpoint endpoint_;
    const Clock& clock_;
    mutable HttpClient http_;  // thread-safe
};

}  // namespace spillway::client
