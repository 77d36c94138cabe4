#include "daemon/commands/region_fault.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/net/http_client.h"
#include "base/text.h"
#include "logstore/server/faults.h"
#include "logstore/server/key_file.h"
#include "logstore/wire/error_table.h"
#include "logstore/wire/signature.h"

#include <cstdlib>

#include <fmt/format.h>

namespace spillway::daemon {

namespace {

/// Talks to /admin/faults of one region.
class FaultClient {
  public:
    FaultClient(std::string url, std::optional<wire::Credentials> credentials)
        : url_(std::move(url)), credentials_(std::move(credentials)) {}

    Result<std::vector<server::Fault>> send(const std::string& method, const std::string& body) {
        HttpRequest request;
        request.method = method;
        request.target = "/admin/faults";
        request.body = body;
        request.headers.add("Host", url_.substr(url_.find("://") + 3));
        if (!body.empty()) request.headers.add("Content-Type", "application/json");
        if (credentials_) wire::sign(request, *credentials_, {}, SystemClock().wall());
        HttpCall call;
        call.method = method;
        call.url = url_ + request.target;
        call.headers = request.headers;
        call.body = request.body;
        auto response = HttpClient().send(call);
        if (!response) return std::move(response).error();
        if (response->status != 200) {
            return wire::error_from_response(
                response->status, response->body,
                response->headers.find("x-log-requestid").value_or(""));
        }
        auto object = parse_json_object(response->body);
        if (!object) return std::move(object).error();
        return server::parse_faults(*object);
    }

  private:
    const std::string url_;
    const std::optional<wire::Credentials> credentials_;
};

Result<FaultClient> client_of(const Arguments& arguments) {
    auto url = arguments.get("url");
    if (url.find("://") == std::string::npos) url = "http://" + url;
    while (url.ends_with('/')) url.pop_back();
    const char* id = std::getenv("SPILLWAY_ACCESS_KEY_ID");
    const char* secret = std::getenv("SPILLWAY_ACCESS_KEY_SECRET");
    if (id == nullptr || secret == nullptr) return FaultClient(std::move(url), std::nullopt);
    return FaultClient(std::move(url), wire::Credentials{id, secret, ""});
}

/// The fault that the flags describe, as the admin page takes it.
Result<json::object> fault_of(const Arguments& arguments) {
    json::object fault{{"kind", arguments.positional("KIND")}, {"op", arguments.get("op")}};
    const auto rate = arguments.get("rate");
    char* end = nullptr;
    fault["rate"] = std::strtod(rate.c_str(), &end);
    if (rate.empty() || *end != '\0') {
        return make_error(ErrorCode::InvalidArgument, "--rate \"" + rate + "\" is not a number");
    }
    if (arguments.has("delay")) {
        auto delay = parse_duration(arguments.get("delay"));
        if (!delay) return std::move(delay).error().while_doing("--delay");
        fault["delay_ms"] = delay->count();
    }
    if (arguments.has("skew")) {
        auto text = arguments.get("skew");
        const bool is_back = text.starts_with('-');
        auto skew = parse_duration(is_back ? std::string_view(text).substr(1) : text);
        if (!skew) return std::move(skew).error().while_doing("--skew");
        fault["skew_s"] = (is_back ? -1 : 1) * skew->count() / 1000;
    }
    if (arguments.has("code")) fault["code"] = arguments.get("code");
    return fault;
}

void print_faults(const std::vector<server::Fault>& faults, std::ostream& out) {
    if (faults.empty()) out << "no faults are switched on\n";
    const auto object = server::faults_json(faults);
    for (const auto& fault : object.at("faults").as_array()) out << json::serialize(fault) << "\n";
}

int failed(const Error& error, Streams& streams) {
    if (error.code != ErrorCode::Unavailable) {
        return report_error(error, streams,
                            "with keys in use, set SPILLWAY_ACCESS_KEY_ID and "
                            "SPILLWAY_ACCESS_KEY_SECRET to a key of the account");
    }
    (void)report_error(error, streams, "is the region running, and is --url its address?");
    return kExitUnreachable;
}

int fault(const Arguments& arguments, Streams& streams) {
    auto client = client_of(arguments);
    if (!client) return report_error(client.error(), streams);
    const auto kind = arguments.positional("KIND");
    if (kind == "clear") {
        auto left = client->send("DELETE", "");
        if (!left) return failed(left.error(), streams);
        print_faults(*left, streams.out);
        return kExitDone;
    }
    auto faults = client->send("GET", "");
    if (!faults) return failed(faults.error(), streams);
    if (kind != "show") {
        auto added = fault_of(arguments);
        if (!added) {
            (void)report_error(added.error(), streams);
            return kExitUsage;
        }
        auto wanted = server::faults_json(*faults);
        wanted.at("faults").as_array().push_back(*std::move(added));
        if (auto valid = server::parse_faults(wanted); !valid) {
            (void)report_error(valid.error(), streams, "spillway region fault --help lists them");
            return kExitUsage;
        }
        faults = client->send("PUT", json::serialize(wanted));
        if (!faults) return failed(faults.error(), streams);
    }
    print_faults(*faults, streams.out);
    return kExitDone;
}

}  // namespace

Command region_fault_command() {
    Command command;
    command.path = "region fault";
    command.summary = "Make a running region misbehave, for drills";
    command.details =
        "KIND is one of\n"
        "  refuse      close connections without a word\n"
        "  delay       answer later (--delay)\n"
        "  freeze      answer when the faults next change: another is added, or all are cleared\n"
        "  throttle    403, quota exceeded\n"
        "  error       answer a service code (--code)\n"
        "  drop-reply  do it, then close the connection without a word\n"
        "  read-only   refuse what changes anything\n"
        "  disk-full   refuse writes as a full disk does\n"
        "  clock-skew  be off by --skew\n"
        "or show, or clear (all of them). A fault is added to those switched on.\n"
        "\n"
        "Example:\n"
        "  spillway region fault delay --op PutLogs --delay 200ms --rate 0.5\n"
        "  spillway region fault clear";
    command.positionals = {{"KIND", "What to switch on; show; clear", true, false}};
    command.flags = {
        {"url", 0, "URL", "The region's address", "http://127.0.0.1:7101", false, false},
        {"op", 0, "OPERATION", "Strike only this one, such as PutLogs; * all", "*", false, false},
        {"rate", 0, "SHARE", "Share of requests to strike, 0 to 1", "1", false, false},
        {"delay", 0, "DURATION", "Of delay, such as 200ms; 10m at most", "", false, false},
        {"code", 0, "CODE", "Of error, such as ServerBusy", "", false, false},
        {"skew", 0, "DURATION", "Of clock-skew, such as 20m or -20m", "", false, false},
    };
    command.run = fault;
    return command;
}

}  // namespace spillway::daemon
