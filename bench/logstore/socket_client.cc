#include "bench/logstore/socket_client.h"

#include "base/text.h"

#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace spillway::bench {

BareClient::BareClient(std::uint16_t port) {
    descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor_ < 0) return;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{20, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        close();
    }
}

BareClient::~BareClient() {
    close();
}

BareClient::BareClient(BareClient&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

BareClient& BareClient::operator=(BareClient&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

void BareClient::close() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
}

bool BareClient::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

int BareClient::read_status() {
    char bytes[4096];
    const auto got = ::recv(descriptor_, bytes, sizeof bytes, 0);
    if (got < 12) return 0;
    return static_cast<int>(parse_uint(std::string_view(bytes + 9, 3)).value_or(0));
}

}  // namespace spillway::bench
