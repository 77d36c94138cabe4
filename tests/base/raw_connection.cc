#include "tests/base/raw_connection.h"

#include "base/text.h"

#include <algorithm>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace spillway::test {

RawConnection::RawConnection(std::uint16_t port) {
    descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval limit{10, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(descriptor_);
        descriptor_ = -1;
    }
}

RawConnection::~RawConnection() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

bool RawConnection::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

void RawConnection::finish_sending() {
    ::shutdown(descriptor_, SHUT_WR);
}

bool RawConnection::fill() {
    char bytes[64 * 1024];
    const ssize_t got = ::recv(descriptor_, bytes, sizeof bytes, 0);
    if (got > 0) held_.append(bytes, static_cast<std::size_t>(got));
    return got > 0;
}

std::string RawConnection::read_until(std::string_view end) {
    while (held_.find(end) == std::string::npos) {
        if (!fill()) return std::exchange(held_, {});
    }
    const auto size = held_.find(end) + end.size();
    std::string out = held_.substr(0, size);
    held_.erase(0, size);
    return out;
}

std::string RawConnection::read_answer() {
    std::string answer = read_until("\r\n\r\n");
    std::size_t body = 0;
    for (const auto line : split(answer, '\n')) {
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        if (!equals_ignoring_case(line.substr(0, colon), "content-length")) continue;
        body = parse_uint(trim(line.substr(colon + 1, line.size() - colon - 2))).value_or(0);
    }
    while (held_.size() < body && fill()) {
    }
    const std::size_t size = std::min(body, held_.size());
    answer += held_.substr(0, size);
    held_.erase(0, size);
    return answer;
}

std::string RawConnection::read_to_end() {
    while (fill()) {
    }
    return std::exchange(held_, {});
}

bool RawConnection::closed_by_peer() {
    while (fill()) {
    }
    return errno != EAGAIN && errno != EWOULDBLOCK;
}

}  // namespace spillway::test
