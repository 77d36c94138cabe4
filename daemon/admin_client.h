// How the command line talks to a running daemon: JSON over the admin API. Any thread.
#pragma once

#include "base/json.h"
#include "base/net/http_client.h"
#include "base/result.h"
#include "daemon/cli.h"

#include <chrono>
#include <string>
#include <string_view>

namespace spillway::daemon {

/// The flag every command that needs a daemon offers; pass to AdminClient::from.
Flag server_flag();

class AdminClient {
  public:
    explicit AdminClient(std::string server);
    /// --server, else $SPILLWAY_SERVER, else http://127.0.0.1:9470.
    static AdminClient from(const Arguments& arguments);

    /// `path` begins with /api/v1/. Errors carry the code the daemon chose (Refused, NotFound,
    /// InvalidArgument ...); Unavailable with service_code "daemon_unreachable" when nobody
    /// answers.
    Result<json::value> get(std::string_view path);
    Result<json::value> post(std::string_view path, const json::value& body);

    const std::string& server() const { return server_; }

  private:
    Result<json::value> call(std::string_view method, std::string_view path, std::string body);

    std::string server_;
    HttpClient http_;
};

/// report_error for errors of an AdminClient: an unreachable daemon ends with kExitUnreachable and
/// says where it was looked for.
int report_admin_error(const Error& error, Streams& streams);

/// The admin API's shape of an error: {"error": {"code", "message"}}; and its HTTP status.
json::value admin_error_json(const Error& error);
int admin_http_status(ErrorCode code);

}  // namespace spillway::daemon
