#include "crash_load.h"

#include "base/clock.h"
#include "base/net/http_client.h"
#include "logstore/client/region_client.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_writer.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::crash {

namespace {

const SystemClock kClock;

std::unique_ptr<client::RegionClient> connect(const std::string& url) {
    client::RegionClientOptions options;
    options.name = RegionName("crash");
    options.endpoint = url;
    auto client = client::RegionClient::open(options, kClock);
    SPILLWAY_INVARIANT(client.has_value(), "the region's address is no address");
    return *std::move(client);
}

/// Nothing but the kill may end a call: Unavailable is a connection that broke.
bool is_explained(const Error& error) {
    return error.code == ErrorCode::Unavailable || error.code == ErrorCode::Corrupt;
}

/// Groups `number` and on in one request.
Status put_together(HttpClient& http, const std::string& url, const Writer& writer,
                    std::uint64_t number, std::uint64_t count) {
    HttpCall call;
    call.method = "POST";
    std::string body;
    std::uint64_t raw_bytes = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto bytes = group_bytes(writer.id, number + i);
        auto block = wire::compress(Codec::Lz4, bytes);
        if (!block) return std::move(block).error();
        std::string package = "\x0a";  // data, uncompress_size; LZ4 is what goes without saying
        wire::append_varint(package, block->size());
        package += *block;
        package += '\x10';
        wire::append_varint(package, bytes.size());
        body += '\x0a';
        wire::append_varint(body, package.size());
        body += package;
        raw_bytes += bytes.size();
    }
    const auto target =
        writer.key ? fmt::format("route?key={}&seqid={}", writer.key->str(), number + count)
                   : std::string("lb");
    call.url = fmt::format("{}/logstores/{}/shards/{}", url, writer.store.logstore.str(), target);
    call.headers.add("x-log-project", writer.store.project.str());
    call.headers.add("x-log-mode", "batch_group");
    call.headers.add("x-log-bodyrawsize", std::to_string(raw_bytes));
    call.body = body;
    auto answer = http.send(call);
    if (!answer) return std::move(answer).error();
    if (answer->status == 200) return {};
    return make_error(ErrorCode::Internal, answer->body);
}

}  // namespace

Load::Load(const Plan& plan, const std::string& url, Counts from, std::uint64_t seed)
    : plan_(plan), url_(url) {
    result_.acknowledged = std::move(from);
    for (const auto& writer : plan_.writers) {
        threads_.emplace_back([this, &writer] { write(writer); });
    }
    threads_.emplace_back([this] { read(); });
    if (seed % 3 == 0) threads_.emplace_back([this, seed] { change_shards(seed / 3); });
}

LoadResult Load::finish() {
    dead_ = true;
    for (auto& thread : threads_) thread.join();
    return std::move(result_);
}

void Load::note_problem(const std::string& text) {
    const std::lock_guard lock(mutex_);
    result_.problems.push_back(text);
}

void Load::write(const Writer& writer) {
    const auto client = connect(url_);
    std::uint64_t number = 0;
    {
        const std::lock_guard lock(mutex_);
        number = result_.acknowledged[writer.id];
    }
    HttpClient http;
    while (!dead_) {
        const auto count = put_size(number);
        const auto put_now = [&]() -> Status {
            if (count > 1) return put_together(http, url_, writer, number, count);
            auto one = client->put(writer.store, batch_of(writer, number));
            return one ? Status{} : Status(std::move(one).error());
        };
        const auto put = put_now();
        if (!put) {
            if (is_explained(put.error())) return;
            return note_problem(fmt::format("writer {}, number {}: {}", writer.id, number,
                                            put.error().to_string()));
        }
        const std::lock_guard lock(mutex_);
        result_.acknowledged[writer.id] = number += count;
    }
}

/// Reads every shard to its end, over and over. What was served once must stay.
void Load::read() {
    const auto client = connect(url_);
    SeenEnds seen;
    while (!dead_) {
        for (const auto& store : plan_.stores) {
            auto shards = client->shards(store);
            if (!shards) return;
            for (const auto& shard : *shards) {
                PullRequest request;
                auto end = client->cursor(store, shard.id, CursorSeek::end());
                if (!end) return;
                const auto before = *end->position() - 50;  // a part of what others wrote just now
                auto begin = client->cursor(store, shard.id, CursorSeek::begin());
                if (!begin) return;
                request.from = Cursor::from_position(std::max(before, *begin->position()));
                auto page = client->pull(store, shard.id, request);
                if (!page) return;
                const std::lock_guard lock(mutex_);
                auto& reached = result_.seen[{store, shard.id}];
                reached = std::max(reached, *page->next.position());
            }
        }
    }
}

/// Splits a shard, or merges one where there are many, of a Logstore chosen by the seed.
void Load::change_shards(std::uint64_t seed) {
    const auto client = connect(url_);
    HttpClient http;
    std::mt19937_64 random(seed);
    while (!dead_) {
        const auto& store = plan_.stores[random() % plan_.stores.size()];
        auto shards = client->shards(store);
        if (!shards) return;
        std::erase_if(*shards, [](const Shard& s) { return s.status != ShardStatus::ReadWrite; });
        const auto& chosen = (*shards)[random() % shards->size()];
        const bool merges = shards->size() >= 6;
        HttpCall call;
        call.method = "POST";
        call.url = fmt::format("{}/logstores/{}/shards/{}?action={}", url_, store.logstore.str(),
                               chosen.id.value(), merges ? "merge" : "split");
        call.headers.add("x-log-project", store.project.str());
        auto answer = http.send(call);
        if (!answer) return;
        const std::lock_guard lock(mutex_);
        // The last shard of the ring has no right neighbour to merge with.
        if (answer->status == 200) ++result_.shard_changes;
        if (answer->status >= 500) {
            result_.problems.push_back(fmt::format("{}: {}", call.url, answer->body));
        }
        if (result_.shard_changes >= 2) return;
    }
}

}  // namespace spillway::crash
