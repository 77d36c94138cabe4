#include "bench/pages.h"

#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_writer.h"

#include <array>
#include <string_view>

#include <fmt/format.h>

namespace spillway::bench {

namespace {

class Dice {
  public:
    explicit Dice(std::uint64_t seed) : state_(seed) {}
    std::uint64_t roll() {
        state_ += 0x9E3779B97F4A7C15ULL;
        std::uint64_t mixed = (state_ ^ (state_ >> 30)) * 0xBF58476D1CE4E5B9ULL;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
        return mixed ^ (mixed >> 31);
    }
    std::uint64_t below(std::uint64_t limit) { return roll() % limit; }

  private:
    std::uint64_t state_;
};

constexpr std::array<std::string_view, 5> kAgents{
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.4.1 Safari/605.1.15",
    "okhttp/4.12.0 (app 7.3.1; build 73112; android 14; brand generic)"};

constexpr std::array<std::string_view, 6> kPaths{"/api/v2/orders",
                                                 "/api/v2/cart/items",
                                                 "/static/js/vendor.chunk",
                                                 "/api/v1/users/profile",
                                                 "/search",
                                                 "/checkout/payment/confirm"};

void write_log(wire::LogGroupWriter& writer, Dice& dice, std::uint32_t time) {
    const auto ip = fmt::format("{}.{}.{}.{}", 10 + dice.below(200), dice.below(256),
                                dice.below(256), dice.below(256));
    const auto path = kPaths[dice.below(kPaths.size())];
    const auto uri =
        fmt::format("{}/{}?page={}&sort=price_desc&trace={:016x}{:08x}", path, dice.below(100'000),
                    dice.below(40), dice.roll(), dice.below(1ULL << 32));
    const std::uint64_t draw = dice.below(100);
    const char* level = draw < 70 ? "INFO" : draw < 90 ? "WARN" : "ERROR";
    const char* status = draw < 80 ? "200" : draw < 90 ? "304" : draw < 96 ? "404" : "502";
    writer.begin_log(time);
    writer.content("remote_addr", ip);
    writer.content("remote_user", "-");
    writer.content("time_local",
                   fmt::format("{:02}/Nov/2025:{:02}:{:02}:{:02} +0800", 1 + time / 86'400 % 28,
                               time / 3'600 % 24, time / 60 % 60, time % 60));
    writer.content("request_method", dice.below(5) == 0 ? "POST" : "GET");
    writer.content("request_uri", uri);
    writer.content("status", status);
    writer.content("level", level);
    writer.content("body_bytes_sent", std::to_string(dice.below(200'000)));
    writer.content("request_time", fmt::format("0.{:03}", dice.below(1'000)));
    writer.content("http_referer", fmt::format("https://www.shop.example.com{}/{}?from=mail", path,
                                               dice.below(100'000)));
    writer.content("http_user_agent", kAgents[dice.below(kAgents.size())]);
    writer.content("upstream_addr",
                   fmt::format("172.16.{}.{}:8080", dice.below(4), dice.below(64)));
    writer.content("request_id", fmt::format("{:016x}{:016x}", dice.roll(), dice.roll()));
    writer.end_log();
}

std::string make_group(Dice& dice, std::uint32_t time, std::size_t number, std::uint32_t logs) {
    wire::LogGroupWriter writer;
    for (std::uint32_t i = 0; i < logs; ++i) write_log(writer, dice, time + i / 50);
    writer.topic("nginx");
    writer.source(fmt::format("192.168.1.{}", 10 + number % 200));
    writer.tag("__hostname__", fmt::format("web-{:03}", number));
    writer.tag("__path__", "/var/log/nginx/access.log");
    return writer.take();
}

std::string compressed(std::string_view raw) {
    auto out = wire::compress(Codec::Lz4, raw);
    SPILLWAY_INVARIANT(out.has_value(), "the benchmark's data cannot be compressed");
    return std::move(*out);
}

}  // namespace

Pages make_pages(std::size_t count) {
    Dice dice(20'251'101);
    Pages pages(count);
    std::uint32_t time = 1'762'000'000;
    for (auto& page : pages) {
        for (std::size_t i = 0; i < 4; ++i, time += 20) {
            page.groups.push_back(make_group(dice, time, i, 1'000));
            page.lz4_groups.push_back(compressed(page.groups.back()));
            wire::append_group_frame(page.raw, page.groups.back().size());
            page.raw += page.groups.back();
            page.logs += 1'000;
        }
        page.lz4 = compressed(page.raw);
        page.small = make_group(dice, time, 0, 10);
        page.small_lz4 = compressed(page.small);
    }
    return pages;
}

std::uint64_t raw_bytes(const Pages& pages) {
    std::uint64_t bytes = 0;
    for (const auto& page : pages) bytes += page.raw.size();
    return bytes;
}

}  // namespace spillway::bench
