#include "daemon/quickstart/free_port.h"

#include <algorithm>
#include <fstream>
#include <random>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace spillway::daemon::quickstart {
namespace {

constexpr int kLowestPort = 10'000;
constexpr int kHighestPort = 65'000;

bool is_free(std::uint16_t port) {
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return false;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool bound =
        bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(descriptor);
    return bound;
}

}  // namespace

Result<std::vector<std::uint16_t>> choose_free_ports(std::size_t count) {
    int outgoing_low = 32'768;
    int outgoing_high = 60'999;
    std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> outgoing_low >> outgoing_high;
    const bool outgoing_is_everything =
        outgoing_low <= kLowestPort && outgoing_high >= kHighestPort;
    std::random_device seed;
    std::mt19937 random(seed());
    std::uniform_int_distribution<int> any_port(kLowestPort, kHighestPort);
    std::vector<std::uint16_t> ports;
    for (int tries = 0; tries < 20'000 && ports.size() < count; ++tries) {
        const int port = any_port(random);
        if (port >= outgoing_low && port <= outgoing_high && !outgoing_is_everything) continue;
        const auto candidate = static_cast<std::uint16_t>(port);
        if (std::find(ports.begin(), ports.end(), candidate) != ports.end()) continue;
        if (is_free(candidate)) ports.push_back(candidate);
    }
    if (ports.size() < count) {
        return make_error(ErrorCode::Exhausted, "no free TCP ports on 127.0.0.1");
    }
    return ports;
}

}  // namespace spillway::daemon::quickstart
