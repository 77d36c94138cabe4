#include "logstore/server/region_server.h"

#include "base/hash.h"
#include "base/text.h"
#include "logstore/server/addressing.h"
#include "logstore/server/call.h"
#include "logstore/server/faults.h"
#include "logstore/server/gauges.h"
#include "logstore/server/routes.h"
#include "logstore/wire/error_table.h"
#include "logstore/wire/http_time.h"
#include "logstore/wire/signature.h"

#include <atomic>

#include <fmt/format.h>

namespace spillway::server {

namespace {

bool is_loopback(std::string_view host) {
    if (host == "localhost" || host == "::1") return true;
    // A name may begin so too, and lie anywhere.
    return host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos;
}

/// "127.0.0.1:51234", "::1:51234"
bool is_loopback_peer(std::string_view peer) {
    auto host = peer.substr(0, peer.rfind(':'));
    if (host.starts_with("::ffff:")) host.remove_prefix(7);
    return is_loopback(host);
}

/// Searches run on the threads that answer all else: some must stay free.
constexpr int kSearchesMax = 4;

std::vector<std::string> path_parts(std::string_view path) {
    std::vector<std::string> parts;
    for (const auto part : split(path, '/')) {
        if (!part.empty()) parts.push_back(percent_decode(part, false));
    }
    return parts;
}

bool is_query(std::string_view operation) {
    return operation == "GetLogs" || operation == "GetHistograms";
}

HttpResponse error_response(const Error& error, std::string_view operation) {
    const auto wire_error = wire::wire_error_for(error);
    HttpResponse response;
    response.status = wire_error.http_status;
    // Who asks for the index gets 404, who searches without one 400.
    if (error.service_code == "IndexConfigNotExist" && is_query(operation)) response.status = 400;
    response.headers.add("content-type", "application/json");
    response.body = wire::error_body(wire_error.service_code, to_valid_utf8(error.message));
    return response;
}

/// What the HTTP layer refuses by itself, in the service's words.
std::string_view code_of_status(int status) {
    switch (status) {
        case 408:
            return "RequestTimeout";
        case 413:
            return "PostBodyTooLarge";
        case 500:
            return "InternalServerError";
        case 503:
            return "ServerBusy";
        default:
            return "BadRequest";
    }
}

}  // namespace

struct RegionServer::Impl {
    Impl(RegionServerOptions given, engine::Engine& store, const Clock& time, EventLog& log,
         MetricsRegistry& registry)
        : options(std::move(given)),
          engine(store),
          clock(time, faults),
          events(log),
          metrics(registry),
          routes(all_routes()),
          id_prefix(to_hex(random_bytes(4))) {}

    std::string next_request_id() { return fmt::format("{}{:016X}", id_prefix, ++requests); }
    void finish_headers(HttpResponse& response, const std::string& request_id) const;
    void handle(HttpRequest request, const HttpRespond& respond);
    void dispatch(const std::shared_ptr<Call>& call, const HttpRespond& respond);
    void serve(const Route& route, const std::shared_ptr<Call>& call, const Reply& reply);
    void search(const Route& route, const std::shared_ptr<Call>& call, const Reply& reply);
    void admin(const std::shared_ptr<Call>& call, const Reply& reply);
    Status authorize(Call& call, const Route& route);
    Reply reply_for(const std::shared_ptr<Call>& call, const HttpRespond& respond);
    void count(const Call& call, const HttpResponse& response, std::string_view code);
    std::optional<HttpResponse> own_page(const Call& call);

    RegionServerOptions options;
    engine::Engine& engine;
    FaultSwitches faults;
    const SkewedClock clock;
    EventLog& events;
    MetricsRegistry& metrics;
    const std::vector<Route> routes;
    const std::string id_prefix;
    std::atomic<std::uint64_t> requests = 0;
    std::atomic<int> searching = 0;
    std::atomic<HttpServer*> serving = nullptr;  // a request may come before start() returned
    LateWork late;
    std::unique_ptr<HttpServer> http;  // last: it stops before what its handlers use goes
};

/// The request id comes last of all x-log- headers: one official client takes the last one for it.
void RegionServer::Impl::finish_headers(HttpResponse& response,
                                        const std::string& request_id) const {
    response.headers.add("server", "spillway");
    response.headers.add("date", wire::http_date(clock.wall()));
    response.headers.add("access-control-allow-origin", "*");
    response.headers.add("x-log-time", std::to_string(unix_seconds(clock.wall())));
    response.headers.add("x-log-requestid", request_id);
}

void RegionServer::Impl::count(const Call& call, const HttpResponse& response,
                               std::string_view code) {
    const std::string operation = call.operation.empty() ? "unknown" : call.operation;
    metrics
        .counter("spillway_region_received_bytes_total", "Bytes of bodies received, as they came",
                 {{"op", operation}})
        .add(static_cast<double>(call.received_bytes));
    metrics
        .counter("spillway_region_answered_bytes_total", "Bytes of bodies answered, as they went",
                 {{"op", operation}})
        .add(static_cast<double>(response.body.size()));
    metrics
        .counter("spillway_region_requests_total", "Requests answered, by operation and code",
                 {{"op", operation},
                  {"status", std::to_string(response.status)},
                  {"code", std::string(code)}})
        .add();
    const std::chrono::duration<double> took = clock.mono() - call.begun;
    metrics
        .histogram("spillway_region_request_seconds", "How long requests took",
                   {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5, 30},
                   {{"op", operation}})
        .observe(took.count());
}

Reply RegionServer::Impl::reply_for(const std::shared_ptr<Call>& call, const HttpRespond& respond) {
    return [this, call, respond](Answer answer) {
        const std::string code =
            answer ? "OK" : std::string(wire::wire_error_for(answer.error()).service_code);
        auto response =
            answer ? *std::move(answer) : error_response(answer.error(), call->operation);
        finish_headers(response, call->request_id);
        count(*call, response, code);
        respond(std::move(response));
    };
}

void RegionServer::Impl::handle(HttpRequest request, const HttpRespond& respond) {
    auto call = std::make_shared<Call>();
    call->begun = clock.mono();
    call->request_id = next_request_id();
    call->target = parse_target(request.target);
    call->path = path_parts(call->target.path);
    call->project = project_of(request, call->target);
    call->received_bytes = request.body.size();
    call->request = std::move(request);
    if (auto page = own_page(*call)) return respond(*std::move(page));
    dispatch(call, respond);
}

/// Our own pages exist only where the request names no project, so they hide nothing of the
/// service.
std::optional<HttpResponse> RegionServer::Impl::own_page(const Call& call) {
    if (!call.project.empty() || call.path.size() != 1 || call.request.method != "GET") {
        return std::nullopt;
    }
    HttpResponse response;
    if (call.path[0] == "healthz") {
        response.headers.add("content-type", "text/plain; charset=utf-8");
        response.body = "ok\n";
    } else if (call.path[0] == "metrics") {
        set_gauges(metrics, engine, faults, serving.load());
        metrics.gauge("spillway_region_searches", "Searches under way").set(searching.load());
        response.headers.add("content-type", "text/plain; version=0.0.4; charset=utf-8");
        response.body = metrics.expose();
    } else {
        return std::nullopt;
    }
    finish_headers(response, call.request_id);
    return response;
}

Status RegionServer::Impl::authorize(Call& call, const Route& route) {
    if (!options.keys) return {};
    if (route.is_unsigned_allowed && !call.request.headers.find("authorization")) return {};
    auto verified = wire::verify(
        call.request,
        [&](std::string_view id) -> std::optional<std::string> {
            const auto* key = options.keys->find(id);
            return key ? std::optional(key->secret) : std::nullopt;
        },
        clock.wall());
    if (!verified) return std::move(verified).error();
    call.access_key_id = *std::move(verified);
    const auto* key = options.keys->find(call.access_key_id);
    if (!call.project.empty() && !key->may_use(call.project)) {
        return wire::service_error("Unauthorized", "the project does not belong to you: " +
                                                       to_valid_utf8(call.project.str()));
    }
    if (call.project.empty() && !key->projects.empty()) {
        return wire::service_error("Unauthorized",
                                   "this key is for single projects, not for the account");
    }
    return {};
}

namespace {

bool is_write(const Call& call) {
    if (is_query(call.operation)) return false;  // one form of it is a POST
    const auto& method = call.request.method;
    return method != "GET" && method != "HEAD" && method != "OPTIONS";
}

/// The answer of a fault that is an answer.
Error error_of(const Fault& fault, const Call& call) {
    switch (fault.kind) {
        case FaultKind::Throttle:
            return wire::service_error(is_write(call) ? "WriteQuotaExceed" : "ReadQuotaExceed",
                                       "quota exceeded, says a fault switch");
        case FaultKind::Error:
            return wire::service_error(fault.service_code, "an error, says a fault switch");
        case FaultKind::DiskFull:
            return make_error(ErrorCode::Exhausted, "No space left on device, says a fault switch");
        default:
            return wire::service_error("ServerBusy", "read-only, says a fault switch");
    }
}

}  // namespace

/// GET, PUT and DELETE /admin/faults: from this machine only, and with an account's key where keys
/// are in use.
void RegionServer::Impl::admin(const std::shared_ptr<Call>& call, const Reply& reply) {
    call->operation = "AdminFaults";
    const Route route{"", "", "AdminFaults", Scope::Account, {}};
    if (auto allowed = authorize(*call, route); !allowed) {
        return reply(std::move(allowed).error());
    }
    if (!is_loopback_peer(call->request.peer)) {
        return reply(wire::service_error("Unauthorized", "faults are set from this machine only"));
    }
    if (call->request.method == "PUT") {
        auto body = call->body_object();
        if (!body) return reply(std::move(body).error());
        auto wanted = parse_faults(*body);
        if (!wanted) {
            return reply(wire::service_error("ParameterInvalid", wanted.error().message));
        }
        events.warn("region.faults_set", "fault switches were set",
                    {{"faults", json::serialize(faults_json(*wanted))}});
        faults.set(*std::move(wanted));
        late.thaw();
    } else if (call->request.method == "DELETE") {
        events.info("region.faults_cleared", "fault switches were cleared");
        faults.set({});
        late.thaw();
    } else if (call->request.method != "GET") {
        return reply(wire::service_error("InvalidMethod", "GET, PUT or DELETE"));
    }
    reply(json_answer(json::value(faults_json(faults.all()))));
}

void RegionServer::Impl::dispatch(const std::shared_ptr<Call>& call, const HttpRespond& respond) {
    const Reply reply = reply_for(call, respond);
    if (call->project.empty() && call->path == std::vector<std::string>{"admin", "faults"}) {
        return admin(call, reply);
    }
    bool path_known = false;
    const auto* route =
        find_route(routes, call->request.method, call->path, call->arguments, path_known);
    if (route == nullptr && path_known) {
        return reply(wire::service_error(
            "InvalidMethod", fmt::format("Invalid request method : {} {}", call->request.method,
                                         to_valid_utf8(call->target.path))));
    }
    if (route == nullptr) {
        return reply(wire::service_error(
            "NotSupported", fmt::format("no operation {} {} is offered here", call->request.method,
                                        to_valid_utf8(call->target.path))));
    }
    call->operation = operation_of(*route, *call);
    const auto fault = faults.strike(call->operation, is_write(*call));
    if (!fault) return serve(*route, call, reply);
    metrics
        .counter("spillway_region_faults_total", "Requests struck by a fault switch",
                 {{"kind", std::string(name_of(fault->kind))}, {"op", call->operation}})
        .add();
    switch (fault->kind) {
        case FaultKind::Refuse:
            return respond.drop();
        case FaultKind::Delay:
            return late.after(fault->delay,
                              [this, route, call, reply] { serve(*route, call, reply); });
        case FaultKind::Freeze:
            return late.freeze([this, route, call, reply] { serve(*route, call, reply); });
        case FaultKind::DropReply:
            return serve(*route, call, [respond](const Answer&) { respond.drop(); });
        default:
            return reply(error_of(*fault, *call));
    }
}

void RegionServer::Impl::serve(const Route& route, const std::shared_ptr<Call>& call,
                               const Reply& reply) {
    if (auto allowed = authorize(*call, route); !allowed) {
        return reply(std::move(allowed).error());
    }
    if (route.scope == Scope::Project && call->project.empty()) {
        return reply(wire::service_error(
            "InvalidHost",
            "the request names no project: its Host is to begin with PROJECT. (such as "
            "PROJECT.localhost), or the header x-log-project names it"));
    }
    if (!is_query(call->operation)) return route.handler(engine, call, reply);
    search(route, call, reply);
}

void RegionServer::Impl::search(const Route& route, const std::shared_ptr<Call>& call,
                                const Reply& reply) {
    if (searching.fetch_add(1) < kSearchesMax) {
        route.handler(engine, call, reply);
    } else {
        reply(wire::service_error("ServerBusy", fmt::format("{} searches are running already: try "
                                                            "again in a while",
                                                            kSearchesMax)));
    }
    --searching;
}

RegionServer::RegionServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RegionServer::~RegionServer() {
    impl_->late.close();
}

Result<std::unique_ptr<RegionServer>> RegionServer::start(RegionServerOptions options,
                                                          engine::Engine& engine,
                                                          const Clock& clock, EventLog& events,
                                                          MetricsRegistry& metrics) {
    if (!options.keys && !is_loopback(options.http.host)) {
        return make_error(ErrorCode::Refused,
                          "refusing to listen on " + options.http.host +
                              " without keys: anybody on the network could read and write");
    }
    auto impl = std::make_unique<Impl>(std::move(options), engine, clock, events, metrics);
    auto* raw = impl.get();
    auto http = impl->options.http;
    http.own_answer = [raw](int status, std::string_view reason) {
        HttpResponse response;
        response.status = status;
        response.headers.add("content-type", "application/json");
        response.body = wire::error_body(code_of_status(status), reason);
        raw->finish_headers(response, raw->next_request_id());
        return response;
    };
    auto server = HttpServer::start(
        std::move(http),
        [raw](HttpRequest request, const HttpRespond& respond) {
            raw->handle(std::move(request), respond);
        },
        events);
    if (!server) return std::move(server).error();
    impl->http = *std::move(server);
    impl->serving = impl->http.get();
    return std::unique_ptr<RegionServer>(new RegionServer(std::move(impl)));
}

std::uint16_t RegionServer::port() const {
    return impl_->http->port();
}

std::string RegionServer::address() const {
    return impl_->http->address();
}

void RegionServer::stop(std::chrono::milliseconds grace) {
    impl_->late.close();
    impl_->http->stop(grace);
}

}  // namespace spillway::server
