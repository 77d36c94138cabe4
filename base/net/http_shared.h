// What the connections of one HTTP server share, for http_connection.h and http_server.cc alone.
#pragma once

#include "base/net/http_server.h"

#include <algorithm>
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

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/thread_pool.hpp>
#include <fmt/format.h>

namespace spillway::server_detail {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;

/// Where a waiting connection is woken with its answer. Thread-safe; the first call counts.
class Slot {
  public:
    using Resume = std::function<void(HttpResponse)>;

    void arm(Resume resume) {
        const std::lock_guard lock(mutex_);
        resume_ = std::move(resume);
    }
    void complete(HttpResponse response) {
        Resume resume;
        {
            const std::lock_guard lock(mutex_);
            resume = std::exchange(resume_, nullptr);
        }
        if (resume) resume(std::move(response));
    }

  private:
    std::mutex mutex_;  // guards resume_
    Resume resume_;
};

class ConnectionBase {
  public:
    virtual ~ConnectionBase() = default;
    virtual void close_if_idle() = 0;
    virtual void abort() = 0;
};

/// One I/O thread. `connections` is touched on that thread only.
struct Loop {
    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
    std::set<ConnectionBase*> connections;
    std::thread thread;
};

/// What every connection needs of its server.
struct Shared {
    Shared(HttpServerOptions given, HttpHandler handles, EventLog& events)
        : options(std::move(given)),
          handler(std::move(handles)),
          log(events),
          workers(static_cast<std::size_t>(std::max(1, options.worker_threads))) {}

    const HttpServerOptions options;
    const HttpHandler handler;
    EventLog& log;
    asio::thread_pool workers;
    std::optional<ssl::context> tls;
    std::optional<ssl::context> tunnel_tls;
    std::atomic<bool> stopping{false};
    std::atomic<std::size_t> body_bytes{0};
    std::atomic<std::size_t> answer_bytes{0};  ///< of answers that are being written

    /// Room for more of a body of `whole` bytes that holds `mine`. A body that is alone is let in
    /// however large it is. Large ones
    /// leave a quarter of the room to small ones: a few that come drop by drop are not to keep
    /// everybody else from writing.
    bool try_hold(std::size_t more, std::size_t mine, std::size_t whole) {
        constexpr std::size_t kSmallBody = 256 * 1024;
        const std::size_t most = options.bodies_bytes_max;
        const std::size_t limit = whole <= kSmallBody ? most : most - most / 4;
        auto held = body_bytes.load();
        do {
            if (held != mine && held + more > limit) return false;
        } while (!body_bytes.compare_exchange_weak(held, held + more));
        return true;
    }

    std::mutex mutex;  // guards open
    std::condition_variable closed;
    std::size_t open = 0;

    void count(int change) {
        const std::lock_guard lock(mutex);
        open = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(open) + change);
        if (change < 0) closed.notify_all();
    }

    HttpResponse own_answer(int status, std::string_view reason) const {
        if (options.own_answer) return options.own_answer(status, reason);
        HttpResponse response;
        response.status = status;
        response.headers.add("Content-Type", "text/plain; charset=utf-8");
        response.body = fmt::format("{}\n", reason);
        return response;
    }

    /// On a worker thread. A handler that throws leaves its HttpRespond unused: that answers 500.
    void handle(HttpRequest request, HttpRespond respond) const {
        try {
            handler(std::move(request), std::move(respond));
        } catch (const std::exception& failure) {
            log.error("http.handler_threw", "an HTTP handler threw", {{"reason", failure.what()}});
        }
    }
};

/// Counts an answer's body while it lives.
class AnswerCount {
  public:
    AnswerCount(Shared& shared, std::size_t bytes) : shared_(shared), bytes_(bytes) {
        shared_.answer_bytes += bytes_;
    }
    ~AnswerCount() { shared_.answer_bytes -= bytes_; }
    AnswerCount(const AnswerCount&) = delete;
    AnswerCount& operator=(const AnswerCount&) = delete;

  private:
    Shared& shared_;
    const std::size_t bytes_;
};

/// How reading one request ended.
struct ReadOutcome {
    enum class Kind { Got, Gone, Refuse } kind = Kind::Gone;
    int status = 0;  ///< of a refusal
    std::string reason;
};

inline ReadOutcome refuse(int status, std::string reason) {
    return {ReadOutcome::Kind::Refuse, status, std::move(reason)};
}

}  // namespace spillway::server_detail
