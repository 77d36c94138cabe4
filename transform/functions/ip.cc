// IP addresses.
#include "transform/arguments.h"
#include "transform/ip_network.h"
#include "transform/registry.h"

#include <fmt/format.h>

namespace spillway::transform {

namespace {

Value ip_cidrmatch(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto network = parse_network(stored_text(a[0], frame.arena()));
    const auto address = parse_ip(stored_text(a[1], frame.arena()));
    if (!network || !address) {
        frame.warn();
        return a[2];
    }
    return Value::of(network->contains(*address));
}

Value ip_version(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto address = parse_ip(stored_text(a[0], frame.arena()));
    if (!address) {
        frame.warn();
        return a[1];
    }
    return Value::of(std::string_view(address->is_v6 ? "IPv6" : "IPv4"));
}

Value ip_type(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto address = parse_ip(stored_text(a[0], frame.arena()));
    if (!address) {
        frame.warn();
        return a[1];
    }
    return Value::of(type_of(*address));
}

std::string network_text(const IpNetwork& network) {
    return fmt::format("{}/{}", text_of(network.first), network.prefix);
}

Value ip_makenet(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto address = stored_text(a[0], frame.arena());
    const auto network = a[1].is_null() ? parse_network(address)
                                        : make_network(address, stored_text(a[1], frame.arena()));
    if (!network) {
        frame.warn();
        return a[2];
    }
    return Value::of(frame.arena().copy(network_text(*network)));
}

Value ip_to_format(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto network = parse_network(stored_text(a[0], frame.arena()));
    const auto form = integer_argument(frame, self, a[1]);
    if (!form) return Value::null();
    if (!network || *form < 0 || *form > 3) {
        frame.warn();
        return a[2];
    }
    const auto first = text_of(network->first);
    std::string text;
    switch (*form) {
        case 0:
            text = network->prefix == network->first.bits() ? first : network_text(*network);
            break;
        case 1:
            text = network_text(*network);
            break;
        case 2:
            text = fmt::format("{}/{}", first, text_of(network->netmask()));
            break;
        default:
            text = fmt::format("{}-{}", first, text_of(network->last()));
    }
    return Value::of(frame.arena().copy(text));
}

/// 0: apart; 1: the first holds (or is) the second; -1: the second holds the first.
Value ip_overlaps(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto left = parse_network(stored_text(a[0], frame.arena()));
    const auto right = parse_network(stored_text(a[1], frame.arena()));
    if (!left || !right) {
        frame.warn();
        return a[2];
    }
    if (left->prefix <= right->prefix && left->contains(right->first)) return Value::of(1);
    if (right->contains(left->first)) return Value::of(-1);
    return Value::of(0);
}

Value ip2long(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto address = parse_ip(stored_text(a[0], frame.arena()));
    if (!address || address->is_v6) {
        frame.warn();
        return a[1];
    }
    std::int64_t number = 0;
    for (std::size_t i = 0; i < 4; ++i) number = number * 256 + address->bytes[i];
    return Value::of(number);
}

Value long2ip(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto number = parse_number(stored_text(a[0], frame.arena()), frame.arena());
    if (!number || number->kind != Kind::Int || number->integer < 0 ||
        number->integer > 0xFFFFFFFFLL) {
        frame.warn();
        return a[1];
    }
    IpAddress address;
    for (std::size_t i = 0; i < 4; ++i) {
        address.bytes[i] = static_cast<std::uint8_t>(number->integer >> (24 - 8 * i));
    }
    return Value::of(frame.arena().copy(text_of(address)));
}

constexpr auto kCore = FunctionTier::Core;
constexpr auto kMore = FunctionTier::More;

constexpr FunctionEntry kFunctions[] = {
    {"ip_cidrmatch(cidr, ip, default=\"\")",
     kCore,
     "Whether the address is in the network.",
     {R"(ip_cidrmatch("10.0.0.0/8", "10.1.2.3"))", "{}", "true"},
     ip_cidrmatch},
    {"ip_version(ip, default=\"\")",
     kCore,
     "IPv4 or IPv6.",
     {R"(ip_version("::1"))", "{}", "IPv6"},
     ip_version},
    {"ip_type(ip, default=\"\")",
     kMore,
     "PRIVATE, PUBLIC, LOOPBACK, ...",
     {R"(ip_type("192.168.1.1"))", "{}", "PRIVATE"},
     ip_type},
    {"ip_makenet(ip, subnet_mask=null, default=\"\")",
     kMore,
     "The network in CIDR form.",
     {R"(ip_makenet("10.1.2.3", "255.0.0.0"))", "{}", "10.0.0.0/8"},
     ip_makenet},
    {"ip_to_format(cidr, want_prefix_len:n=0, default=\"\")",
     kMore,
     "The network as it is (0), with prefix (1), with netmask (2), or as a range (3).",
     {R"(ip_to_format("10.0.0.0/8", 2))", "{}", "10.0.0.0/255.0.0.0"},
     ip_to_format},
    {"ip_overlaps(a, b, default=\"\")",
     kMore,
     "0: apart; 1: a holds b; -1: b holds a.",
     {R"(ip_overlaps("10.0.0.0/8", "10.1.0.0/16"))", "{}", "1"},
     ip_overlaps},
    {"ip2long(ip, default=0)",
     kMore,
     "An IPv4 address as a number.",
     {R"(ip2long("10.0.0.5"))", "{}", "167772165"},
     ip2long},
    {"long2ip(number, default=\"\")",
     kMore,
     "A number as an IPv4 address.",
     {R"(long2ip("167772165"))", "{}", "10.0.0.5"},
     long2ip},
};

}  // namespace

std::span<const FunctionEntry> ip_functions() {
    return kFunctions;
}

}  // namespace spillway::transform
