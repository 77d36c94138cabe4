#include "daemon/admin_server.h"

#include "base/text.h"
#include "daemon/admin_client.h"
#include "daemon/topology.h"
#include "switchover/api_json.h"

#include <utility>

namespace spillway::daemon {

namespace {

constexpr std::string_view kPrefix = "/api/v1/";

HttpResponse answer(int status, std::string_view type, std::string body) {
    HttpResponse response;
    response.status = status;
    response.headers.set("content-type", type);
    response.headers.set("cache-control", "no-store");
    response.headers.set("x-content-type-options", "nosniff");
    response.body = std::move(body);
    return response;
}

HttpResponse json_answer(int status, const json::value& body) {
    return answer(status, "application/json", json::serialize(body) + "\n");
}

HttpResponse error_answer(const Error& error) {
    return json_answer(admin_http_status(error.code), admin_error_json(error));
}

/// A page from elsewhere must not reach us through a name that was pointed at this machine (DNS
/// rebinding): whoever asks has to have used a loopback name.
bool host_is_loopback(const HttpRequest& request) {
    const auto host = request.headers.find("Host");
    if (!host) return false;
    const auto address = parse_host_port(*host);
    return is_loopback(address ? address->host : *host);
}

/// JSON content type keeps plain HTML forms out: a browser must ask before it sends that across
/// sites.
bool is_json(const HttpRequest& request) {
    const auto type = request.headers.find("Content-Type");
    return type && to_lower(*type).rfind("application/json", 0) == 0;
}

Result<switchover::ApiRequest> api_request(const HttpRequest& request, const HttpTarget& target) {
    switchover::ApiRequest api;
    api.method = request.method;
    for (const auto part : split(std::string_view(target.path).substr(kPrefix.size()), '/')) {
        api.path.push_back(percent_decode(part, false));
    }
    for (const auto& [key, value] : target.query) api.query[key] = value;
    if (!request.body.empty()) {
        if (!is_json(request)) {
            return make_error(ErrorCode::InvalidArgument,
                              "the body must have Content-Type: application/json");
        }
        auto body = parse_json_object(request.body);
        if (!body) return std::move(body).error();
        api.body = *std::move(body);
    }
    const auto who = request.headers.find("x-spillway-user");
    api.who = std::string(who.value_or("admin-api")) + " from " + request.peer;
    return api;
}

HttpResponse serve_admin(const AdminServer::Routes& routes, const HttpRequest& request) {
    if (!host_is_loopback(request)) {
        return error_answer(make_error(ErrorCode::Refused, "ask for a loopback host name"));
    }
    const auto target = parse_target(request.target);
    if (target.path == "/healthz") {
        const bool alive = routes.ready();
        return answer(alive ? 200 : 503, "text/plain",
                      alive ? "ok\n" : "the control loop is late\n");
    }
    if (target.path == "/readyz") return answer(200, "text/plain", "ready\n");
    if (request.method == "GET" && target.path == "/api/v1/status") {
        return json_answer(200, routes.status());
    }
    if (target.path.rfind(kPrefix, 0) != 0) {
        return error_answer(
            make_error(ErrorCode::NotFound, "no such path; the API begins at /api/v1/status"));
    }
    auto api = api_request(request, target);
    if (!api) return error_answer(api.error());
    const bool is_of_links = !api->path.empty() && api->path.front() == "links";
    auto result =
        is_of_links ? routes.links->handle(*api) : switchover::handle(*routes.controller, *api);
    return result ? json_answer(200, *result) : error_answer(result.error());
}

Result<std::unique_ptr<HttpServer>> start(const std::string& address, HttpHandler handler,
                                          EventLog& events) {
    auto place = parse_host_port(address);
    if (!place) return std::move(place).error();
    HttpServerOptions options;
    options.host = place->host;
    options.port = place->port;
    options.worker_threads = 4;
    options.body_bytes_max = 1024 * 1024;
    return HttpServer::start(std::move(options), std::move(handler), events);
}

}  // namespace

Result<std::unique_ptr<AdminServer>> AdminServer::start_admin(const std::string& address,
                                                              Routes routes,
                                                              MetricsRegistry& metrics,
                                                              EventLog& events) {
    auto server = start(
        address,
        [routes = std::move(routes), &metrics](HttpRequest request, HttpRespond respond) {
            auto response = serve_admin(routes, request);
            metrics
                .counter("spillway_http_requests_total", "Requests to the admin API by status code",
                         {{"handler", "admin"}, {"code", std::to_string(response.status)}})
                .add();
            respond(std::move(response));
        },
        events);
    if (!server) return std::move(server).error();
    return std::unique_ptr<AdminServer>(new AdminServer(*std::move(server)));
}

Result<std::unique_ptr<AdminServer>> AdminServer::start_metrics(const std::string& address,
                                                                MetricsRegistry& metrics,
                                                                EventLog& events) {
    auto server = start(
        address,
        [&metrics](HttpRequest request, HttpRespond respond) {
            const auto path = parse_target(request.target).path;
            if (path == "/metrics") {
                respond(answer(200, "text/plain; version=0.0.4; charset=utf-8", metrics.expose()));
            } else if (path == "/") {
                respond(answer(200, "text/plain", "spillway metrics are at /metrics\n"));
            } else {
                respond(answer(404, "text/plain", "metrics are at /metrics\n"));
            }
        },
        events);
    if (!server) return std::move(server).error();
    return std::unique_ptr<AdminServer>(new AdminServer(*std::move(server)));
}

}  // namespace spillway::daemon
