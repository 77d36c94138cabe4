#include "daemon/admin_client.h"

#include <array>
#include <cstdlib>
#include <utility>

namespace spillway::daemon {

namespace {

constexpr std::string_view kDefaultServer = "http://127.0.0.1:9470";
constexpr std::string_view kUnreachable = "daemon_unreachable";

struct CodeName {
    ErrorCode code;
    int status;
};

// Codes the API can answer with; any other becomes Internal.
constexpr std::array kCodes{
    CodeName{ErrorCode::InvalidArgument, 400}, CodeName{ErrorCode::NotFound, 404},
    CodeName{ErrorCode::AlreadyExists, 409},   CodeName{ErrorCode::OutOfRange, 409},
    CodeName{ErrorCode::Throttled, 429},       CodeName{ErrorCode::Unavailable, 503},
    CodeName{ErrorCode::Unauthenticated, 401}, CodeName{ErrorCode::ClockSkew, 503},
    CodeName{ErrorCode::Conflict, 409},        CodeName{ErrorCode::Corrupt, 500},
    CodeName{ErrorCode::Exhausted, 507},       CodeName{ErrorCode::Refused, 409},
    CodeName{ErrorCode::Unsupported, 501},     CodeName{ErrorCode::Cancelled, 503},
};

ErrorCode code_named(std::string_view name) {
    for (const auto& each : kCodes) {
        if (name_of(each.code) == name) return each.code;
    }
    return ErrorCode::Internal;
}

Error error_of_answer(const HttpResponse& answer) {
    const auto body = parse_json_object(answer.body);
    const auto* told = body ? find_object(*body, "error") : nullptr;
    if (told == nullptr) {
        return make_error(ErrorCode::Internal, "the daemon answered HTTP " +
                                                   std::to_string(answer.status) +
                                                   " without an error message");
    }
    return make_error(code_named(find_string(*told, "code").value_or("")),
                      find_string(*told, "message").value_or("no message"));
}

}  // namespace

int admin_http_status(ErrorCode code) {
    for (const auto& each : kCodes) {
        if (each.code == code) return each.status;
    }
    return 500;
}

json::value admin_error_json(const Error& error) {
    return json::object{
        {"error", json::object{{"code", name_of(error.code)}, {"message", error.to_string()}}}};
}

Flag server_flag() {
    Flag flag;
    flag.name = "server";
    flag.value_name = "URL";
    flag.help =
        "the daemon's admin address; $SPILLWAY_SERVER, else "
        "http://127.0.0.1:9470";
    return flag;
}

AdminClient::AdminClient(std::string server) : server_(std::move(server)) {
    while (!server_.empty() && server_.back() == '/') server_.pop_back();
    if (server_.find("://") == std::string::npos) server_ = "http://" + server_;
}

AdminClient AdminClient::from(const Arguments& arguments) {
    if (arguments.has("server")) return AdminClient(arguments.get("server"));
    const char* from_environment = std::getenv("SPILLWAY_SERVER");
    if (from_environment != nullptr && *from_environment != '\0')
        return AdminClient(from_environment);
    return AdminClient(std::string(kDefaultServer));
}

Result<json::value> AdminClient::call(std::string_view method, std::string_view path,
                                      std::string body) {
    HttpCall request;
    request.method = method;
    request.url = server_ + std::string(path);
    request.body = body;
    request.timeout = std::chrono::seconds{30};
    if (!body.empty()) request.headers.set("Content-Type", "application/json");
    auto answer = http_.send(request);
    if (!answer) {
        auto error = std::move(answer).error();
        error.service_code = kUnreachable;
        return error;
    }
    if (answer->status != 200) return error_of_answer(*answer);
    return parse_json(answer->body);
}

Result<json::value> AdminClient::get(std::string_view path) {
    return call("GET", path, "");
}

Result<json::value> AdminClient::post(std::string_view path, const json::value& body) {
    return call("POST", path, json::serialize(body));
}

int report_admin_error(const Error& error, Streams& streams) {
    if (error.service_code != kUnreachable) return report_error(error, streams);
    streams.err << "error: no spillway daemon answers: " << error.message << "\n"
                << "  start one with \"spillway run -c topology.yaml\", or name its address with "
                   "--server\n";
    return kExitUnreachable;
}

}  // namespace spillway::daemon
