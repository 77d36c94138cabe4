// Bodies over loopback, one connection: our client and server against a bare socket that carries
// the same bytes with nothing around them.
#include "bench/contests.h"
#include "bench/http_pair.h"

#include <memory>
#include <thread>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace spillway::bench {

namespace {

constexpr std::size_t kBodyBytes = 1024 * 1024;

/// A connected pair of loopback TCP sockets; a thread takes what comes and answers each body by a
/// byte.
class BareSocket {
  public:
    BareSocket() {
        const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* name = reinterpret_cast<sockaddr*>(&address);
        socklen_t size = sizeof address;
        SPILLWAY_INVARIANT(::bind(listener, name, size) == 0 && ::listen(listener, 1) == 0 &&
                               ::getsockname(listener, name, &size) == 0,
                           "no loopback socket");
        near_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        SPILLWAY_INVARIANT(::connect(near_, name, size) == 0, "no loopback connection");
        far_ = ::accept(listener, nullptr, nullptr);
        ::close(listener);
        thread_ = std::thread([this] { serve(); });
    }
    ~BareSocket() {
        ::shutdown(near_, SHUT_RDWR);
        thread_.join();
        ::close(near_);
        ::close(far_);
    }
    BareSocket(const BareSocket&) = delete;
    BareSocket& operator=(const BareSocket&) = delete;

    void carry(std::string_view body) const {
        for (std::size_t sent = 0; sent < body.size();) {
            const ssize_t took =
                ::send(near_, body.data() + sent, body.size() - sent, MSG_NOSIGNAL);
            if (took <= 0) return;
            sent += static_cast<std::size_t>(took);
        }
        char answer = 0;
        (void)!::read(near_, &answer, 1);
    }

  private:
    void serve() const {
        std::string body(kBodyBytes, '\0');
        for (std::size_t held = 0;;) {
            const ssize_t got = ::read(far_, body.data() + held, body.size() - held);
            if (got <= 0) return;
            held += static_cast<std::size_t>(got);
            if (held < body.size()) continue;
            held = 0;
            (void)!::write(far_, "k", 1);
        }
    }

    int near_ = -1;
    int far_ = -1;
    std::thread thread_;
};

HttpResponse take_or_give(const HttpRequest& request) {
    HttpResponse response;
    if (request.method == "GET") response.body.assign(kBodyBytes, 'x');
    return response;
}

}  // namespace

void add_http_contests(std::vector<Contest>& contests, const Pages& /*pages*/) {
    auto http = std::make_shared<HttpPair>(take_or_give);
    auto bare = std::make_shared<BareSocket>();
    auto body = std::make_shared<std::string>(kBodyBytes, 'x');
    const Program limit{"a bare socket, same bytes", [bare, body] {
                            bare->carry(*body);
                            return static_cast<std::uint64_t>(kBodyBytes);
                        }};
    const auto product = [&](std::string method, std::string_view bytes) {
        return Program{"", [http, body, method = std::move(method), bytes] {
                           (void)http->send(method, bytes);
                           return static_cast<std::uint64_t>(kBodyBytes);
                       }};
    };
    contests.push_back({"HTTP: POST of 1 MiB", product("POST", *body), limit, {}});
    contests.push_back({"HTTP: GET of 1 MiB", product("GET", {}), limit, {}});
}

}  // namespace spillway::bench
