#include "crash_check.h"

#include "base/clock.h"
#include "logstore/client/region_client.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_reader.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::crash {

namespace {

class Checker {
  public:
    Checker(const Plan& plan, const std::string& url, const Counts& acknowledged,
            Progress& progress)
        : plan_(plan), acknowledged_(acknowledged), progress_(progress) {
        client::RegionClientOptions options;
        options.name = RegionName("crash");
        options.endpoint = url;
        auto client = client::RegionClient::open(options, clock_);
        SPILLWAY_INVARIANT(client.has_value(), "the region's address is no address");
        client_ = *std::move(client);
        progress_.stored.resize(plan.writers.size());
        progress_.keyless.resize(plan.writers.size());
    }

    CheckResult run(const SeenEnds& seen) {
        for (const auto& store : plan_.stores) check_store(store, seen);
        for (const auto& writer : plan_.writers) check_counts(writer);
        result_.stored = progress_.stored;
        if (result_.problems.empty()) {
            for (const auto& writer : plan_.writers) check_fence(writer);
        }
        return std::move(result_);
    }

  private:
    template <class... Values>
    void problem(fmt::format_string<Values...> text, Values&&... values) {
        result_.problems.push_back(fmt::format(text, std::forward<Values>(values)...));
    }

    void check_store(const LogstoreRef& store, const SeenEnds& seen) {
        auto shards = client_->shards(store);
        if (!shards) {
            return problem("{}: its shards: {}", store.to_string(), shards.error().message);
        }
        check_ring(store, *shards);
        // Parents have the lower ids, so this is the order of every lineage.
        for (const auto& shard : *shards) check_shard(store, shard.id, seen);
    }

    void check_ring(const LogstoreRef& store, std::vector<Shard> shards) {
        std::erase_if(shards, [](const Shard& s) { return s.status != ShardStatus::ReadWrite; });
        std::sort(shards.begin(), shards.end(), [](const Shard& left, const Shard& right) {
            return left.begin_key < right.begin_key;
        });
        std::string reached(32, '0');
        for (const auto& shard : shards) {
            if (shard.begin_key != reached) {
                problem("{}: shard {} begins at {}, not at {}", store.to_string(), shard.id.value(),
                        shard.begin_key, reached);
            }
            reached = shard.end_key;
        }
        if (reached != std::string(32, 'f')) {
            problem("{}: no shard above {}", store.to_string(), reached);
        }
    }

    void check_shard(const LogstoreRef& store, ShardId shard, const SeenEnds& seen) {
        auto at = client_->cursor(store, shard, CursorSeek::begin());
        auto end = client_->cursor(store, shard, CursorSeek::end());
        if (!at || !end) return problem("{}/{}: no cursor", store.to_string(), shard.value());
        if (const auto reached = seen.find({store, shard});
            reached != seen.end() && *end->position() < reached->second) {
            problem("{}/{}: ends at {}, but a reader saw it up to {}", store.to_string(),
                    shard.value(), *end->position(), reached->second);
        }
        auto& read_to = progress_.read_to[{store, shard}];
        read_to = std::max(read_to, *at->position());
        if (*end->position() < read_to) {
            return problem("{}/{}: ends at {}, but was read to {}", store.to_string(),
                           shard.value(), *end->position(), read_to);
        }
        PullRequest request;
        request.from = Cursor::from_position(read_to);
        while (request.from != *end) {
            auto page = client_->pull(store, shard, request);
            if (!page || page->next == request.from) {
                return problem("{}/{}: no page at {}: {}", store.to_string(), shard.value(),
                               *request.from.position(),
                               page ? std::string("it stands still") : page.error().message);
            }
            check_page(store, shard, *page);
            request.from = page->next;
            read_to = *page->next.position();
        }
    }

    void check_page(const LogstoreRef& store, ShardId shard, const Page& page) {
        auto raw = wire::decompress(page.codec, page.body, page.raw_bytes);
        if (!raw) return problem("{}/{}: a page does not decode", store.to_string(), shard.value());
        const auto read = wire::for_each_group(*raw, [&](std::string_view group) {
            check_group(store, shard, group);
            return true;
        });
        if (!read) problem("{}/{}: a page is no list", store.to_string(), shard.value());
    }

    void check_group(const LogstoreRef& store, ShardId shard, std::string_view bytes) {
        ++result_.groups;
        const auto name = name_of(bytes);
        if (!name || name->writer >= plan_.writers.size()) {
            return problem("{}/{}: a group nobody wrote", store.to_string(), shard.value());
        }
        const auto& writer = plan_.writers[name->writer];
        if (bytes != group_bytes(name->writer, name->number) || writer.store != store) {
            problem("{}/{}: writer {}, number {} is not what was put", store.to_string(),
                    shard.value(), name->writer, name->number);
        }
        auto& stored = progress_.stored[name->writer];
        if (writer.key && name->number != stored) {
            problem("{}/{}: writer {}: {} comes after {}", store.to_string(), shard.value(),
                    name->writer, name->number, stored);
        }
        if (!writer.key) progress_.keyless[name->writer].push_back({shard, name->number});
        ++stored;
    }

    void check_counts(const Writer& writer) {
        auto numbers = progress_.keyless[writer.id];
        std::map<ShardId, std::uint64_t> last;
        for (const auto& [shard, number] : numbers) {
            const auto [before, is_first] = last.emplace(shard, number);
            if (!is_first && number <= before->second) {
                problem("writer {}: {} comes after {} in shard {}", writer.id, number,
                        before->second, shard.value());
            }
            before->second = number;
        }
        std::sort(numbers.begin(), numbers.end(),
                  [](const auto& left, const auto& right) { return left.second < right.second; });
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            if (numbers[i].second == i) continue;
            problem("writer {}: number {} is missing or there twice", writer.id, i);
            break;
        }
        const auto stored = progress_.stored[writer.id];
        const auto promised = acknowledged_[writer.id];
        if (stored < promised) {
            problem("writer {}: {} acknowledged, {} there: LOST", writer.id, promised, stored);
        } else if (stored > promised && stored != promised + put_size(promised)) {
            problem("writer {}: {} acknowledged, {} there", writer.id, promised, stored);
        }
        result_.unacknowledged += stored > promised;
    }

    void check_fence(const Writer& writer) {
        auto& stored = result_.stored[writer.id];
        if (writer.key && stored > 0) {
            const auto again = client_->put(writer.store, batch_of(writer, stored - 1));
            if (again) {
                problem("writer {}: number {} was taken twice", writer.id, stored - 1);
            } else if (again.error().service_code != "InvalidSequenceId") {
                problem("writer {}: sent again: {}", writer.id, again.error().to_string());
            } else {
                ++result_.refused_again;
            }
        }
        const auto fresh = client_->put(writer.store, batch_of(writer, stored));
        if (!fresh) return problem("writer {}: {}", writer.id, fresh.error().to_string());
        ++stored;
    }

    const Plan& plan_;
    const Counts& acknowledged_;
    SystemClock clock_;
    std::unique_ptr<client::RegionClient> client_;
    Progress& progress_;
    CheckResult result_;
};

}  // namespace

CheckResult check(const Plan& plan, const std::string& url, const Counts& acknowledged,
                  const SeenEnds& seen, Progress& progress) {
    return Checker(plan, url, acknowledged, progress).run(seen);
}

}  // namespace spillway::crash
