#include "transform/ip_network.h"

#include "base/text.h"

#include <algorithm>

#include <arpa/inet.h>

namespace spillway::transform {

std::optional<IpAddress> parse_ip(std::string_view text) {
    IpAddress address;
    const std::string copy(trim(text));
    if (copy.find('\0') != std::string::npos) return std::nullopt;
    if (inet_pton(AF_INET, copy.c_str(), address.bytes.data()) == 1) return address;
    if (inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1) {
        address.is_v6 = true;
        return address;
    }
    return std::nullopt;
}

std::string text_of(const IpAddress& address) {
    char text[INET6_ADDRSTRLEN] = "";
    inet_ntop(address.is_v6 ? AF_INET6 : AF_INET, address.bytes.data(), text, sizeof text);
    return text;
}

namespace {

IpAddress masked(IpAddress address, int prefix, bool fill) {
    for (int i = 0; i < address.bits(); ++i) {
        if (i < prefix) continue;
        auto& byte = address.bytes[static_cast<std::size_t>(i / 8)];
        const auto bit = static_cast<std::uint8_t>(0x80U >> static_cast<unsigned>(i % 8));
        byte = static_cast<std::uint8_t>(fill ? byte | bit : byte & ~bit);
    }
    return address;
}

/// The length of a mask such as 255.255.0.0; nothing for one with holes.
std::optional<int> prefix_of(const IpAddress& mask) {
    int prefix = 0;
    bool ended = false;
    for (int i = 0; i < mask.bits(); ++i) {
        const bool set = (mask.bytes[static_cast<std::size_t>(i / 8)] >> (7 - i % 8) & 1) != 0;
        if (set && ended) return std::nullopt;
        ended = ended || !set;
        prefix += set ? 1 : 0;
    }
    return prefix;
}

}  // namespace

IpAddress IpNetwork::last() const {
    return masked(first, prefix, true);
}

IpAddress IpNetwork::netmask() const {
    IpAddress mask;
    mask.is_v6 = first.is_v6;
    mask.bytes.fill(0xFF);
    if (!mask.is_v6) std::fill(mask.bytes.begin() + 4, mask.bytes.end(), std::uint8_t{0});
    return masked(mask, prefix, false);
}

bool IpNetwork::contains(const IpAddress& address) const {
    return address.is_v6 == first.is_v6 && masked(address, prefix, false) == first;
}

std::optional<IpNetwork> make_network(std::string_view text, std::string_view mask_text) {
    const auto address = parse_ip(text);
    if (!address) return std::nullopt;
    std::optional<int> prefix;
    if (const auto number = parse_int(mask_text)) {
        prefix = static_cast<int>(std::clamp<std::int64_t>(*number, -1, 1000));
    } else if (const auto mask = parse_ip(mask_text); mask && mask->is_v6 == address->is_v6) {
        prefix = prefix_of(*mask);
    }
    if (!prefix || *prefix < 0 || *prefix > address->bits()) return std::nullopt;
    return IpNetwork{masked(*address, *prefix, false), *prefix};
}

std::optional<IpNetwork> parse_network(std::string_view text) {
    if (const auto slash = text.find('/'); slash != std::string_view::npos) {
        return make_network(text.substr(0, slash), text.substr(slash + 1));
    }
    if (const auto dash = text.find('-'); dash != std::string_view::npos) {
        const auto first = parse_ip(text.substr(0, dash));
        const auto last = parse_ip(text.substr(dash + 1));
        if (!first || !last || first->is_v6 != last->is_v6) return std::nullopt;
        for (int prefix = 0; prefix <= first->bits(); ++prefix) {
            if (masked(*first, prefix, false) == *first && masked(*first, prefix, true) == *last) {
                return IpNetwork{*first, prefix};
            }
        }
        return std::nullopt;
    }
    const auto address = parse_ip(text);
    if (!address) return std::nullopt;
    return IpNetwork{*address, address->bits()};
}

namespace {

struct Range {
    std::string_view network;
    std::string_view type;
};

// In order of preference: the special blocks of RFC 6890 before the general ones.
constexpr Range kRanges[] = {
    {"0.0.0.0/32", "UNSPECIFIED"},
    {"127.0.0.0/8", "LOOPBACK"},
    {"255.255.255.255/32", "BROADCAST"},
    {"10.0.0.0/8", "PRIVATE"},
    {"172.16.0.0/12", "PRIVATE"},
    {"192.168.0.0/16", "PRIVATE"},
    {"0.0.0.0/8", "PRIVATE"},
    {"169.254.0.0/16", "LINKLOCAL"},
    {"100.64.0.0/10", "CARRIER_GRADE_NAT"},
    {"192.0.0.0/24", "PRIVATE"},
    {"192.0.2.0/24", "TEST-NET-1"},
    {"198.51.100.0/24", "TEST-NET-2"},
    {"203.0.113.0/24", "TEST-NET-3"},
    {"192.88.99.0/24", "6TO4-RELAY-ANYCAST"},
    {"198.18.0.0/15", "RESERVED"},
    {"224.0.0.0/4", "MULTICAST"},
    {"240.0.0.0/4", "RESERVED"},
    {"::/128", "UNSPECIFIED"},
    {"::1/128", "LOOPBACK"},
    {"::ffff:0:0/96", "RESERVED"},
    {"fc00::/7", "PRIVATE"},
    {"fe80::/10", "LINKLOCAL"},
    {"ff00::/8", "MULTICAST"},
    {"2001:db8::/32", "DOCUMENTATION"},
    {"100::/64", "RESERVED"},
    {"2000::/3", "GLOBAL-UNICAST"},
};

}  // namespace

std::string_view type_of(const IpAddress& address) {
    for (const auto& range : kRanges) {
        const auto network = parse_network(range.network);
        if (network && network->contains(address)) return range.type;
    }
    return address.is_v6 ? "RESERVED" : "PUBLIC";
}

}  // namespace spillway::transform
