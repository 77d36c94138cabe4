#include "scripted_service.h"

#include "logstore/wire/error_table.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace spillway::client::testing {

HttpResponse ok(std::string body, std::vector<HttpHeader> headers) {
    HttpResponse response;
    response.headers.add("x-log-requestid", "5F3A");
    for (const auto& [name, value] : headers) response.headers.set(name, value);
    response.body = std::move(body);
    return response;
}

HttpResponse service_says(int status, std::string_view code, std::string_view message) {
    HttpResponse response = ok(wire::error_body(code, message));
    response.status = status;
    return response;
}

ScriptedService::ScriptedService() {
    HttpServerOptions options;
    options.worker_threads = 2;
    auto started = HttpServer::start(
        options,
        [this](HttpRequest request, HttpRespond respond) {
            handle(std::move(request), std::move(respond));
        },
        null_event_log());
    SPILLWAY_INVARIANT(started.has_value(), "the scripted service cannot listen");
    server_ = *std::move(started);
}

ScriptedService::~ScriptedService() {
    server_->stop(std::chrono::milliseconds(0));
}

void ScriptedService::then(HttpResponse response) {
    const std::lock_guard lock(mutex_);
    script_.push_back({std::move(response), false});
}

void ScriptedService::then_silence() {
    const std::lock_guard lock(mutex_);
    script_.push_back({{}, true});
}

std::vector<HttpRequest> ScriptedService::requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
}

HttpRequest ScriptedService::last_request() const {
    const std::lock_guard lock(mutex_);
    return requests_.empty() ? HttpRequest() : requests_.back();
}

void ScriptedService::handle(HttpRequest request, HttpRespond respond) {
    Step step;
    {
        const std::lock_guard lock(mutex_);
        requests_.push_back(std::move(request));
        step.response = service_says(503, "ServerBusy", "the script is over");
        if (!script_.empty()) {
            step = std::move(script_.front());
            script_.pop_front();
        }
        if (step.silent) unanswered_.push_back(respond);
    }
    if (!step.silent) respond(std::move(step.response));
}

RawPeer::RawPeer(std::string bytes) : bytes_(std::move(bytes)) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    SPILLWAY_INVARIANT(listener_ >= 0 && bind(listener_, any, size) == 0 &&
                           listen(listener_, 1) == 0 && getsockname(listener_, any, &size) == 0,
                       "the raw peer cannot listen");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve_once(); });
}

RawPeer::~RawPeer() {
    shutdown(listener_, SHUT_RDWR);  // wakes an accept that nobody came to
    thread_.join();
    close(listener_);
}

void RawPeer::serve_once() const {
    const int connection = accept(listener_, nullptr, nullptr);
    if (connection < 0) return;
    std::string head;
    char buffer[4096];
    while (head.find("\r\n\r\n") == std::string::npos) {
        const auto got = read(connection, buffer, sizeof buffer);
        if (got <= 0) break;
        head.append(buffer, static_cast<std::size_t>(got));
    }
    std::string_view rest = bytes_;
    while (!rest.empty()) {
        const auto put = send(connection, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (put <= 0) break;
        rest.remove_prefix(static_cast<std::size_t>(put));
    }
    close(connection);
}

}  // namespace spillway::client::testing
