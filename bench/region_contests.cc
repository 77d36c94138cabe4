// End to end over loopback, one connection: our client against our region server, beside plain HTTP
// that carries the same bytes. Both processes' work is in one process here, so its processor time
// is the sum.
#include "base/hash.h"
#include "bench/bench_region.h"
#include "bench/contests.h"
#include "bench/http_pair.h"
#include "logstore/wire/codec.h"

#include <memory>

namespace spillway::bench {

namespace {

/// What a put cannot do without: POST, a digest of the body, its LZ4 taken off once to look inside.
std::function<std::uint64_t()> least_put(const Pages& pages) {
    auto raw = std::make_shared<std::atomic<std::uint64_t>>(0);
    auto http = std::make_shared<HttpPair>([raw](const HttpRequest& request) {
        std::string out;
        (void)wire::decompress_into(out, Codec::Lz4, request.body, *raw);
        keep(out.data());
        keep(md5(request.body).data());
        return HttpResponse{};
    });
    return [http, raw, turn = GroupTurn(pages)]() mutable {
        const auto [block, size] = turn.next();
        *raw = size;
        (void)http->send("POST", block);
        return size;
    };
}

/// Reads the Logstore from its begin, a page a call, for ever.
std::function<std::uint64_t()> pull_round(std::shared_ptr<Region> region) {
    auto& client = region->client();
    const auto begin = must(client.cursor(region->store, ShardId(0), CursorSeek::begin()));
    return [region = std::move(region), &client, begin, at = begin]() mutable {
        PullRequest request;
        request.from = at;
        request.groups_max = kGroupsAPull;
        auto page = must(client.pull(region->store, ShardId(0), request));
        SPILLWAY_INVARIANT(page.group_count > 0, "the benchmark's Logstore is empty");
        at = page.at_end ? begin : page.next;
        return page.raw_bytes;
    };
}

std::function<std::uint64_t()> plain_get(const Pages& pages) {
    auto http = std::make_shared<HttpPair>([turn = Turn(pages)](const HttpRequest&) mutable {
        HttpResponse response;
        response.body = turn.next().lz4;
        return response;
    });
    return [http, turn = Turn(pages)]() mutable {
        (void)http->send("GET", {});
        return static_cast<std::uint64_t>(turn.next().raw.size());
    };
}

}  // namespace

void add_region_contests(std::vector<Contest>& contests, const Pages& pages) {
    auto written = std::make_shared<Region>();
    contests.push_back({"region: put of a group over HTTP",
                        {"",
                         [written, turn = GroupTurn(pages)]() mutable {
                             const auto [block, size] = turn.next();
                             return written->put(block, size);
                         }},
                        {"POST + MD5 + LZ4 decompress", least_put(pages)},
                        0.71});
    auto read = std::make_shared<Region>();
    for (const auto& page : pages) {
        for (std::size_t i = 0; i < page.groups.size(); ++i) {
            (void)read->put(page.lz4_groups[i], page.groups[i].size());
        }
    }
    contests.push_back({"region: pull of a page over HTTP",
                        {"", pull_round(read)},
                        {"plain GET of the same bytes", plain_get(pages)},
                        0.5});
}

}  // namespace spillway::bench
