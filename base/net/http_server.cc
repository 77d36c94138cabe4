#include "base/net/http_server.h"

#include "base/net/http_connection.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace spillway {

using namespace server_detail;

struct HttpRespond::Once {
    explicit Once(std::function<void(HttpResponse)> given) : send(std::move(given)) {}
    Once(const Once&) = delete;
    Once& operator=(const Once&) = delete;
    ~Once() {
        HttpResponse unanswered;
        unanswered.status = 500;
        answer(std::move(unanswered));
    }
    void answer(HttpResponse response) {
        if (!used.exchange(true)) send(std::move(response));
    }

    const std::function<void(HttpResponse)> send;
    std::atomic<bool> used{false};
};

HttpRespond::HttpRespond(std::function<void(HttpResponse)> send)
    : once_(std::make_shared<Once>(std::move(send))) {}

void HttpRespond::operator()(HttpResponse response) const {
    once_->answer(std::move(response));
}

void HttpRespond::drop() const {
    HttpResponse nothing;
    nothing.status = kDropAnswer;
    once_->answer(std::move(nothing));
}

namespace {

Error listen_error(const std::string& where, const error_code& failure) {
    Error error = errno_error(fmt::format("cannot listen on {}", where), failure.value());
    if (failure == asio::error::address_in_use) {
        error.code = ErrorCode::AlreadyExists;
        error.message += ": another program has this port; stop it or choose another";
    } else if (failure == asio::error::access_denied) {
        error.code = ErrorCode::Refused;
        error.message += ": ports below 1024 need a privilege";
    } else if (error.code == ErrorCode::Unavailable) {
        error.code = ErrorCode::InvalidArgument;  // an address that is not of this machine
    }
    return error;
}

Result<tcp::endpoint> endpoint_of(asio::io_context& context, const HttpServerOptions& options) {
    error_code failure;
    const auto address = asio::ip::make_address(options.host, failure);
    if (!failure) return tcp::endpoint(address, options.port);
    tcp::resolver resolver(context);
    const auto found = resolver.resolve(options.host, std::to_string(options.port), failure);
    if (failure || found.empty()) {
        return make_error(ErrorCode::InvalidArgument,
                          fmt::format("cannot listen on \"{}\": neither an address nor a name that "
                                      "resolves",
                                      to_valid_utf8(options.host)));
    }
    return found.begin()->endpoint();
}

Result<ssl::context> tls_context(const std::string& certificate_file, const std::string& key_file) {
    ssl::context context(ssl::context::tls_server);
    context.set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 |
                        ssl::context::no_tlsv1_1);
    error_code failure;
    context.use_certificate_chain_file(certificate_file, failure);
    if (failure) {
        return make_error(
            ErrorCode::InvalidArgument,
            fmt::format("TLS certificate {}: {}", certificate_file, failure.message()));
    }
    context.use_private_key_file(key_file, ssl::context::pem, failure);
    if (failure) {
        return make_error(ErrorCode::InvalidArgument,
                          fmt::format("TLS key {}: {}", key_file, failure.message()));
    }
    return context;
}

}  // namespace

struct HttpServer::Impl {
    Impl(HttpServerOptions options, HttpHandler handler, EventLog& log)
        : shared(std::move(options), std::move(handler), log) {
        for (int i = 0; i < std::max(1, shared.options.io_threads); ++i) {
            loops.push_back(std::make_unique<Loop>());
        }
        acceptor.emplace(loops.front()->context);
    }

    Shared shared;
    std::vector<std::unique_ptr<Loop>> loops;
    std::optional<tcp::acceptor> acceptor;
    tcp::endpoint bound;
    std::mutex stop_mutex;  // guards stopped
    bool stopped = false;

    Status listen() {
        auto wanted = endpoint_of(loops.front()->context, shared.options);
        if (!wanted) return std::move(wanted).error();
        const std::string where = fmt::format("{}:{}", shared.options.host, shared.options.port);
        error_code failure;
        acceptor->open(wanted->protocol(), failure);
        if (!failure) acceptor->set_option(tcp::acceptor::reuse_address(true), failure);
        if (!failure) acceptor->bind(*wanted, failure);
        if (!failure) acceptor->listen(asio::socket_base::max_listen_connections, failure);
        if (!failure) bound = acceptor->local_endpoint(failure);
        if (failure) return listen_error(where, failure);
        return {};
    }

    void run() {
        asio::co_spawn(loops.front()->context, accept_all(), asio::detached);
        for (auto& loop : loops) {
            loop->thread = std::thread([&context = loop->context] { context.run(); });
        }
    }

    asio::awaitable<void> accept_all() {
        for (std::size_t turn = 0; !shared.stopping; ++turn) {
            Loop& loop = *loops[turn % loops.size()];
            auto [failure, socket] = co_await acceptor->async_accept(loop.context, kAwait);
            if (shared.stopping) co_return;
            if (failure) {
                co_await wait_after(failure);
            } else {
                adopt(std::move(socket), loop);
            }
        }
    }

    /// Out of descriptors, mostly: accepting at once again would only burn the processor.
    asio::awaitable<void> wait_after(error_code failure) {
        shared.log.warn("http.accept_failed", "a connection could not be accepted",
                        {{"address", address()}, {"reason", failure.message()}});
        asio::steady_timer timer(loops.front()->context, std::chrono::milliseconds{100});
        co_await timer.async_wait(kAwait);
    }

    void adopt(tcp::socket socket, Loop& loop) {
        constexpr std::size_t kRefusalsMax = 64;  // told why; beyond them, closed without a word
        const std::size_t open = connections();
        const bool over_limit = open >= shared.options.connections_max;
        if (open >= shared.options.connections_max + kRefusalsMax) return;
        if (over_limit && open == shared.options.connections_max) {
            shared.log.warn("http.connections_full", "no further connection is taken",
                            {{"address", address()}, {"connections", open}});
        }
        if (shared.tls) {
            spawn(ssl::stream<tcp::socket>(std::move(socket), *shared.tls), loop, over_limit);
        } else {
            spawn(std::move(socket), loop, over_limit);
        }
    }

    template <class Stream>
    void spawn(Stream stream, Loop& loop, bool over_limit) {
        auto connection = std::make_shared<Connection<Stream>>(std::move(stream), loop, shared);
        auto& life = *connection;
        asio::co_spawn(loop.context, life.run(std::move(connection), over_limit), asio::detached);
    }

    std::size_t connections() {
        const std::lock_guard lock(shared.mutex);
        return shared.open;
    }

    std::string address() const {
        const std::string host = bound.address().to_string();
        return bound.address().is_v6() ? fmt::format("[{}]:{}", host, bound.port())
                                       : fmt::format("{}:{}", host, bound.port());
    }

    template <class Act>
    void on_every_connection(Act act) {
        for (auto& loop : loops) {
            asio::post(loop->context, [&connections = loop->connections, act] {
                // A copy: closing one may take it out of the set.
                for (auto* connection : std::vector(connections.begin(), connections.end())) {
                    act(*connection);
                }
            });
        }
    }

    void stop(std::chrono::milliseconds grace) {
        const std::lock_guard once(stop_mutex);
        if (std::exchange(stopped, true)) return;
        shared.stopping = true;
        asio::post(loops.front()->context, [this] {
            error_code ignored;
            acceptor->close(ignored);
        });
        on_every_connection([](ConnectionBase& connection) { connection.close_if_idle(); });
        {
            std::unique_lock lock(shared.mutex);
            shared.closed.wait_for(lock, grace, [this] { return shared.open == 0; });
        }
        on_every_connection([](ConnectionBase& connection) { connection.abort(); });
        for (auto& loop : loops) loop->work.reset();
        for (auto& loop : loops) {
            if (loop->thread.joinable()) loop->thread.join();
        }
        shared.workers.stop();
        shared.workers.join();
    }
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() {
    stop(std::chrono::milliseconds{0});
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpServerOptions options,
                                                      HttpHandler handler, EventLog& log) {
    auto impl = std::make_unique<Impl>(std::move(options), std::move(handler), log);
    const auto& given = impl->shared.options;
    if (!given.tls_certificate_file.empty()) {
        auto context = tls_context(given.tls_certificate_file, given.tls_key_file);
        if (!context) return std::move(context).error();
        impl->shared.tls.emplace(std::move(*context));
    }
    if (given.accepts_tunnels && !given.tunnel_certificate_file.empty()) {
        auto context = tls_context(given.tunnel_certificate_file, given.tunnel_key_file);
        if (!context) return std::move(context).error();
        impl->shared.tunnel_tls.emplace(std::move(*context));
    }
    if (auto listening = impl->listen(); !listening) return std::move(listening).error();
    impl->run();
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

std::uint16_t HttpServer::port() const {
    return impl_->bound.port();
}
std::string HttpServer::address() const {
    return impl_->address();
}
std::size_t HttpServer::connections() const {
    return impl_->connections();
}
std::size_t HttpServer::body_bytes() const {
    return impl_->shared.body_bytes;
}
void HttpServer::stop(std::chrono::milliseconds grace) {
    impl_->stop(grace);
}

}  // namespace spillway
