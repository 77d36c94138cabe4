// One connection of the HTTP server, for http_server.cc alone: the only place that names Beast.
//
// Sketch. One io_context and one thread for each I/O thread; a connection lives on one of them, so
// its state needs no lock. A connection is a coroutine:
//
//     [TLS handshake] -> ( idle -> head -> 100-continue -> body -> handler -> answer )* -> close
//
// The head is found by ourselves and made fit for Beast's strict parser (http_wire.h); a body with
// a length is read straight into its string; Beast takes chunked ones apart. The handler runs on a
// worker thread; its answer wakes the coroutine through a Slot. One lazy timer a connection guards
// every phase: on expiry it cancels the socket's operation, so that a 408 can still be written.
//
// Bodies are counted as they grow, all connections together; where the bound is reached a
// connection stops reading until others have been answered. A tunnel (CONNECT) ends here: what
// comes out of it is served like any request, behind a TLS handshake if it begins with one.
#pragma once

#include "base/net/http_server.h"
#include "base/net/http_shared.h"
#include "base/net/http_wire.h"
#include "base/text.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fmt/format.h>

namespace spillway::server_detail {

namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::chrono::seconds kLingerLimit{5};
constexpr std::chrono::seconds kGoodbyeLimit{1};
constexpr std::size_t kReadStep = 16 * 1024;
constexpr std::size_t kWriteStep = 1024 * 1024;
constexpr std::size_t kBodyStep = 64 * 1024;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

inline tcp::socket& socket_of(tcp::socket& stream) {
    return stream;
}
inline tcp::socket& socket_of(ssl::stream<tcp::socket>& stream) {
    return stream.next_layer();
}

template <class Stream>
class Connection final : public ConnectionBase,
                         public std::enable_shared_from_this<Connection<Stream>> {
  public:
    /// `early`: what a tunnel brought before it was known to be one of TLS.
    Connection(Stream stream, Loop& loop, Shared& shared, std::string early = {})
        : stream_(std::move(stream)),
          loop_(loop),
          shared_(shared),
          timer_(loop.context),
          early_(std::move(early)) {
        shared_.count(+1);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() override {
        let_go();
        loop_.connections.erase(this);
        shared_.count(-1);
    }

    /// The whole life; `self` keeps it. `over_limit`: the server is full, say so and go.
    asio::awaitable<void> run([[maybe_unused]] std::shared_ptr<Connection> self, bool over_limit) {
        loop_.connections.insert(this);
        if (!shared_.stopping && co_await opened()) {
            if (over_limit) {
                co_await refuse_and_linger(503, "too many connections");
            } else {
                while (co_await serve_one()) {
                }
            }
        }
        arm(kGoodbyeLimit);
        co_await say_goodbye();
        done_ = true;
        timer_.cancel();
        error_code ignored;
        socket().close(ignored);
    }

    void close_if_idle() override {
        if (idle_) abort();
    }

    void abort() override {
        error_code ignored;
        socket().close(ignored);
        HttpResponse nothing;
        nothing.status = kDropAnswer;
        if (slot_) slot_->complete(std::move(nothing));
    }

  private:
    using Parser = http::request_parser<http::string_body>;

    tcp::socket& socket() { return socket_of(stream_); }

    asio::awaitable<bool> opened() {
        error_code ignored;
        socket().set_option(tcp::no_delay(true), ignored);
        error_code gone;
        const auto peer = socket().remote_endpoint(gone);
        if (gone) co_return false;
        peer_ = fmt::format("{}:{}", peer.address().to_string(), peer.port());
        if constexpr (!std::is_same_v<Stream, tcp::socket>) {
            arm(shared_.options.request_timeout);
            auto [failure, used] = co_await stream_.async_handshake(ssl::stream_base::server,
                                                                    asio::buffer(early_), kAwait);
            if (failure) {
                shared_.log.debug("http.tls_failed", "a TLS handshake failed",
                                  {{"peer", peer_}, {"reason", failure.message()}});
                co_return false;
            }
        }
        co_return true;
    }

    /// TLS says that it ends; plain TCP needs no words.
    asio::awaitable<void> say_goodbye() {
        if constexpr (!std::is_same_v<Stream, tcp::socket>) {
            if (!dropped_ && socket().is_open()) (void)co_await stream_.async_shutdown(kAwait);
        }
        co_return;
    }

    /// False when the connection is to be closed.
    asio::awaitable<bool> serve_one() {
        HttpRequest request;
        keep_alive_ = true;
        const ReadOutcome outcome = co_await read_request(request);
        if (outcome.kind == ReadOutcome::Kind::Gone) co_return false;
        if (outcome.kind == ReadOutcome::Kind::Refuse) {
            let_go();
            co_await refuse_and_linger(outcome.status, outcome.reason);
            co_return false;
        }
        if (shared_.options.accepts_tunnels && request.method == "CONNECT") {
            co_return co_await open_tunnel();
        }
        const bool is_head = request.method == "HEAD";
        if (request.method == "GET" && !co_await room_for_answers()) {
            const bool said = co_await write_response(
                shared_.own_answer(503, "too many answers wait to be read: try again in a while"),
                false);
            co_return said&& keep_alive_;
        }
        HttpResponse response = co_await answer_to(std::move(request));
        let_go();
        const AnswerCount counted(shared_, response.body.size());
        if (response.status == kDropAnswer) {
            dropped_ = true;
            co_return false;
        }
        if (response.status == 500 && response.body.empty()) {
            response = shared_.own_answer(500, "the request was not answered");
        }
        if (shared_.stopping) keep_alive_ = false;
        const bool written = co_await write_response(response, is_head);
        co_return written&& keep_alive_;
    }

    /// True when plain requests follow. TLS goes on in a connection of its own.
    asio::awaitable<bool> open_tunnel() {
        static constexpr std::string_view kOpen = "HTTP/1.1 200 Connection established\r\n\r\n";
        static constexpr char kTlsHandshake = '\x16';
        arm(shared_.options.write_timeout);
        auto [failure, size] =
            co_await asio::async_write(stream_, asio::buffer(kOpen.data(), kOpen.size()), kAwait);
        if (failure || timed_out_) co_return false;
        arm(shared_.options.idle_timeout);
        idle_ = true;
        const bool more = !in_.empty() || (!shared_.stopping && co_await fill());
        idle_ = false;
        disarm();
        if (!more) co_return false;
        if (in_.front() != kTlsHandshake) co_return true;
        if constexpr (std::is_same_v<Stream, tcp::socket>) {
            if (!shared_.tunnel_tls) co_return false;
            using Secure = Connection<ssl::stream<tcp::socket>>;
            auto secure = std::make_shared<Secure>(
                ssl::stream<tcp::socket>(std::move(stream_), *shared_.tunnel_tls), loop_, shared_,
                std::move(in_));
            auto& life = *secure;
            asio::co_spawn(loop_.context, life.run(std::move(secure), false), asio::detached);
        }
        co_return false;
    }

    /// Counts a body of `whole` bytes that has grown to `total`; waits while others leave no room.
    /// False: no room.
    asio::awaitable<bool> hold(std::size_t total, std::size_t whole) {
        constexpr std::chrono::milliseconds kLookAgain{20};
        if (shared_.options.bodies_bytes_max == 0 || total <= held_bytes_) co_return true;
        const std::size_t more = total - held_bytes_;
        const auto until = std::chrono::steady_clock::now() + shared_.options.busy_wait;
        while (!shared_.try_hold(more, held_bytes_, whole)) {
            if (shared_.stopping || std::chrono::steady_clock::now() >= until) co_return false;
            asio::steady_timer pause(loop_.context, kLookAgain);
            co_await pause.async_wait(kAwait);
        }
        held_bytes_ += more;
        co_return true;
    }

    /// Waits while answers that peers do not read leave no room for more. False: no room.
    asio::awaitable<bool> room_for_answers() {
        constexpr std::chrono::milliseconds kLookAgain{20};
        const std::size_t most = shared_.options.answers_bytes_max;
        const auto until = std::chrono::steady_clock::now() + shared_.options.busy_wait;
        while (most != 0 && shared_.answer_bytes >= most) {
            if (shared_.stopping || std::chrono::steady_clock::now() >= until) co_return false;
            asio::steady_timer pause(loop_.context, kLookAgain);
            co_await pause.async_wait(kAwait);
        }
        co_return true;
    }

    void let_go() { shared_.body_bytes -= std::exchange(held_bytes_, 0); }

    static ReadOutcome busy() {
        return refuse(503, "too much is waiting to be written: try again in a while");
    }

    // --- reading
    // -------------------------------------------------------------------------------------

    asio::awaitable<ReadOutcome> read_request(HttpRequest& request) {
        if (in_.empty()) {
            arm(shared_.options.idle_timeout);
            idle_ = true;
            const bool more = !shared_.stopping && co_await fill();
            idle_ = false;
            if (!more) co_return ReadOutcome{};
        }
        arm(shared_.options.request_timeout);
        ReadOutcome outcome = co_await read_head_and_body(request);
        if (outcome.kind == ReadOutcome::Kind::Gone && timed_out_) {
            co_return refuse(408, "the request did not arrive in time");
        }
        disarm();
        co_return outcome;
    }

    asio::awaitable<ReadOutcome> read_head_and_body(HttpRequest& request) {
        const ReadOutcome head = co_await find_head();
        if (head.kind != ReadOutcome::Kind::Got) co_return head;
        const RequestHead fit = normalise_head(std::string_view(in_).substr(0, head_bytes_));
        in_.erase(0, head_bytes_);
        if (fit.unknown_coding) {
            co_return refuse(501, "the only Transfer-Encoding spoken here is chunked, once");
        }
        Parser parser;
        parser.header_limit(static_cast<std::uint32_t>(fit.text.size() + 1));
        parser.body_limit(shared_.options.body_bytes_max);
        error_code failure;
        parser.put(asio::buffer(fit.text), failure);
        if (failure && failure != http::error::need_more) co_return refusal_of(failure);
        if (!parser.is_header_done()) {
            co_return refuse(400, "not an HTTP request: the request line is not complete");
        }
        take_head(parser, request);
        if (parser.is_done()) co_return ReadOutcome{ReadOutcome::Kind::Got, 0, {}};
        if (!co_await invite_body(request)) co_return ReadOutcome{};
        if (fit.chunked) {
            const ReadOutcome outcome = co_await read_chunked(parser, request.body);
            // A length beside the chunks may be how a request is smuggled through a proxy that goes
            // by the length (RFC 9112, 6.1), so what follows is not trusted. But where the length
            // is that of the decoded body, the chunks took more bytes than it says: nothing of
            // this message is left over to pass for a next one, and an official client says it so.
            if (fit.dropped_length && fit.announced_length != request.body.size()) {
                keep_alive_ = false;
            }
            co_return outcome;
        }
        co_return co_await read_sized(parser.content_length().value_or(0), request.body);
    }

    /// Reads until in_ begins with a whole head; its size is then head_bytes_.
    asio::awaitable<ReadOutcome> find_head() {
        const std::size_t limit = shared_.options.header_bytes_max;
        std::size_t scanned = 0;
        for (;;) {
            // RFC 9112, 2.2: an empty line before the request line is skipped.
            const auto start = in_.find_first_not_of("\r\n");
            in_.erase(0, std::min(start, in_.size()));
            const auto end = find_head_end(in_, std::min(scanned, in_.size()));
            head_bytes_ = end.value_or(in_.size());
            if (head_bytes_ > limit) {
                co_return refuse(
                    431, fmt::format("the request's headers are larger than {} bytes", limit));
            }
            if (end) co_return ReadOutcome{ReadOutcome::Kind::Got, 0, {}};
            scanned = in_.size();
            if (!co_await fill()) co_return ReadOutcome{};
        }
    }

    ReadOutcome refusal_of(const error_code& failure) const {
        if (failure == http::error::body_limit) {
            return refuse(413, fmt::format("the request's body is larger than {} bytes",
                                           shared_.options.body_bytes_max));
        }
        return refuse(400, fmt::format("not an HTTP request: {}", failure.message()));
    }

    void take_head(Parser& parser, HttpRequest& request) {
        const auto& message = parser.get();
        const auto text = [](boost::beast::string_view view) {
            return std::string_view(view.data(), view.size());
        };
        request.method = text(message.method_string());
        request.target = text(message.target());
        request.peer = peer_;
        for (const auto& field : message) {
            request.headers.add(text(field.name_string()), text(field.value()));
        }
        keep_alive_ = keep_alive_ && parser.keep_alive();
        http_1_0_ = message.version() == 10;
    }

    /// A client that said "Expect: 100-continue" holds its body back until it is asked for.
    asio::awaitable<bool> invite_body(const HttpRequest& request) {
        const auto expects = request.headers.find("expect");
        if (!expects || !equals_ignoring_case(*expects, "100-continue") || !in_.empty()) {
            co_return true;
        }
        static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
        auto [failure, size] = co_await asio::async_write(
            stream_, asio::buffer(kContinue.data(), kContinue.size()), kAwait);
        co_return !failure && !timed_out_;
    }

    asio::awaitable<ReadOutcome> read_sized(std::uint64_t length, std::string& body) {
        const auto wanted = static_cast<std::size_t>(length);
        const std::size_t held = std::min(wanted, in_.size());
        if (!co_await hold(held, wanted)) co_return busy();
        body.assign(in_, 0, held);
        in_.erase(0, held);
        std::size_t filled = held;
        while (filled < wanted) {
            if (filled == body.size()) {
                // Grown as bytes arrive: a head alone must not cost body_bytes_max of memory.
                const auto grown = std::min(wanted, std::max(filled * 2, kBodyStep));
                if (!co_await hold(grown, wanted)) co_return busy();
                body.resize(grown);
            }
            auto [failure, size] = co_await stream_.async_read_some(
                asio::buffer(body.data() + filled, body.size() - filled), kAwait);
            if (failure || timed_out_) co_return ReadOutcome{};
            filled += size;
        }
        co_return ReadOutcome{ReadOutcome::Kind::Got, 0, {}};
    }

    asio::awaitable<ReadOutcome> read_chunked(Parser& parser, std::string& body) {
        parser.eager(true);
        for (;;) {
            error_code failure;
            if (!in_.empty()) {
                const std::size_t used = parser.put(asio::buffer(in_), failure);
                in_.erase(0, used);
            }
            if (failure && failure != http::error::need_more) co_return refusal_of(failure);
            const std::size_t size = parser.get().body().size();
            if (!co_await hold(size, size)) co_return busy();
            if (parser.is_done()) break;
            if (in_.size() > shared_.options.header_bytes_max + kReadStep) {
                co_return refuse(400, "not an HTTP request: a chunk header without an end");
            }
            if (!co_await fill()) co_return ReadOutcome{};
        }
        body = std::move(parser.get().body());
        co_return ReadOutcome{ReadOutcome::Kind::Got, 0, {}};
    }

    /// More bytes at the end of in_. False when the peer is gone or the time is up.
    asio::awaitable<bool> fill() {
        const std::size_t held = in_.size();
        in_.resize(held + kReadStep);
        auto [failure, size] =
            co_await stream_.async_read_some(asio::buffer(in_.data() + held, kReadStep), kAwait);
        in_.resize(held + (failure ? 0 : size));
        co_return !failure && !timed_out_;
    }

    // --- answering
    // -----------------------------------------------------------------------------------

    asio::awaitable<HttpResponse> answer_to(HttpRequest request) {
        auto slot = std::make_shared<Slot>();
        slot_ = slot;
        auto initiate = [&](auto handler) {
            using Handler = decltype(handler);
            auto kept = std::make_shared<Handler>(std::move(handler));
            auto work = asio::make_work_guard(loop_.context);
            slot->arm([kept, work](HttpResponse response) {
                asio::post(work.get_executor(), [kept, held = std::move(response)]() mutable {
                    (*kept)(std::move(held));
                });
            });
            HttpRespond respond(
                [slot](HttpResponse response) { slot->complete(std::move(response)); });
            asio::post(shared_.workers, [&shared = shared_, respond = std::move(respond),
                                         held = std::move(request)]() mutable {
                shared.handle(std::move(held), std::move(respond));
            });
        };
        HttpResponse response =
            co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(HttpResponse)>(
                initiate, asio::use_awaitable);
        slot_.reset();
        co_return response;
    }

    asio::awaitable<bool> write_response(const HttpResponse& response, bool is_head) {
        const std::string head = response_head(response, is_head, keep_alive_, http_1_0_);
        std::string_view body = is_head ? std::string_view{} : std::string_view(response.body);
        if (response.status == 204 || response.status == 304) body = {};
        std::string_view left_of_head = head;
        do {
            const auto step = body.substr(0, kWriteStep);
            const std::array<asio::const_buffer, 2> parts{
                asio::buffer(left_of_head.data(), left_of_head.size()),
                asio::buffer(step.data(), step.size())};
            arm(shared_.options.write_timeout);
            auto [failure, size] = co_await asio::async_write(stream_, parts, kAwait);
            if (failure || timed_out_) co_return false;
            left_of_head = {};
            body.remove_prefix(step.size());
        } while (!body.empty());
        disarm();
        co_return true;
    }

    /// Says no, then reads on for a while: closing at once would reset the connection under a
    /// client that still sends, and it would never see the answer.
    asio::awaitable<void> refuse_and_linger(int status, std::string_view reason) {
        keep_alive_ = false;
        const HttpResponse response = shared_.own_answer(status, reason);
        if (!co_await write_response(response, false)) co_return;
        error_code ignored;
        if constexpr (std::is_same_v<Stream, tcp::socket>) {
            socket().shutdown(tcp::socket::shutdown_send, ignored);
        }
        arm(kLingerLimit);
        idle_ = true;  // a server that stops need not wait for it
        for (in_.clear(); !shared_.stopping && co_await fill();) in_.clear();
    }

    // --- the timer
    // -----------------------------------------------------------------------------------

    /// The operations from here on end by then. Mostly this only notes the time: a wait that is
    /// under way and not later than it looks again when it ends.
    void arm(std::chrono::milliseconds limit) {
        timed_out_ = false;
        deadline_ = std::chrono::steady_clock::now() + limit;
        if (!waiting_ || deadline_ < timer_.expiry()) wait();
    }

    void disarm() { deadline_ = SteadyTime::max(); }

    void wait() {
        waiting_ = true;
        timer_.expires_at(deadline_);
        timer_.async_wait([self = this->shared_from_this()](error_code cancelled) {
            if (!cancelled) self->on_timer();
        });
    }

    void on_timer() {
        waiting_ = false;
        if (done_ || deadline_ == SteadyTime::max()) return;
        if (std::chrono::steady_clock::now() < deadline_) {
            wait();
            return;
        }
        timed_out_ = true;
        error_code ignored;
        socket().cancel(ignored);
    }

    Stream stream_;
    Loop& loop_;
    Shared& shared_;
    asio::steady_timer timer_;
    SteadyTime deadline_ = SteadyTime::max();
    bool waiting_ = false;
    bool timed_out_ = false;
    bool idle_ = false;
    bool dropped_ = false;
    bool done_ = false;
    bool keep_alive_ = true;
    bool http_1_0_ = false;
    std::string early_;
    std::size_t held_bytes_ = 0;  ///< counted in Shared::body_bytes
    std::string in_;              ///< received and not yet taken
    std::size_t head_bytes_ = 0;
    std::string peer_;
    std::shared_ptr<Slot> slot_;
};

}  // namespace spillway::server_detail
