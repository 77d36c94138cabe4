// IP addresses and networks, v4 and v6. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace spillway::transform {

struct IpAddress {
    std::array<std::uint8_t, 16> bytes{};  ///< v4 uses the first four
    bool is_v6 = false;
    int bits() const { return is_v6 ? 128 : 32; }
    auto operator<=>(const IpAddress&) const = default;
};

std::optional<IpAddress> parse_ip(std::string_view text);
std::string text_of(const IpAddress& address);

struct IpNetwork {
    IpAddress first;
    int prefix = 0;
    IpAddress last() const;
    IpAddress netmask() const;
    bool contains(const IpAddress& address) const;
};

/// "10.0.0.0/8", "10.0.0.0/255.0.0.0", "10.0.0.1" (a network of one), "10.0.0.0-10.0.0.255".
/// Bits behind the prefix are cleared.
std::optional<IpNetwork> parse_network(std::string_view text);
std::optional<IpNetwork> make_network(std::string_view address, std::string_view mask);

/// "PRIVATE", "PUBLIC", "LOOPBACK", ...
std::string_view type_of(const IpAddress& address);

}  // namespace spillway::transform
