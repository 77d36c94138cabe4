#include "replicator/target_look.h"

#include "base/text.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_reader.h"

#include <utility>

namespace spillway::replicator {
namespace {

/// The MD5 space ends in all f: the last shard holds that key too.
bool may_hold(const Shard& shard, const RouteKey& key) {
    std::string wanted = to_lower(key.str());
    wanted.resize(shard.begin_key.size(), '0');
    const bool last = shard.end_key.find_first_not_of("fF") == std::string::npos;
    return to_lower(shard.begin_key) <= wanted && (last || wanted < to_lower(shard.end_key));
}

void note_group(std::string_view bytes, const LookRequest& request, LandedSet& landed) {
    auto view = wire::LogGroupView::parse(bytes);
    if (!view) return;  // not ours: we wrote what can be read
    const auto tag = view->find_tag(kOriginTag);
    if (!tag) return;
    const auto provenance = parse_provenance(*tag);
    if (!provenance || provenance->late || provenance->link != request.link ||
        provenance->shard != request.shard || provenance->first < request.first ||
        provenance->last >= request.past) {
        return;
    }
    if (auto digest = origin_digest(bytes)) landed.add(*digest, *provenance);
}

}  // namespace

Status for_each_group_at(
    LogSource& target, const LogstoreRef& ref, ShardId shard, const Cursor& from,
    const std::function<bool(std::string_view group, std::int64_t position)>& visit) {
    auto end = target.cursor(ref, shard, CursorSeek::end());
    if (!end) return std::move(end).error();
    const auto last = end->position();
    Cursor at = from;
    bool wanted = true;
    while (wanted && at != *end) {
        auto page = target.pull(ref, shard, {at, std::nullopt, kPullGroupsMax, Codec::Lz4});
        if (!page) return std::move(page).error();
        if (page->next == at) break;
        const auto next = page->next.position();
        auto raw = wire::decompress(page->codec, page->body, page->raw_bytes);
        if (!raw) return std::move(raw).error();
        std::int64_t position = page->last_position.value_or(next.value_or(0) - 1) -
                                static_cast<std::int64_t>(page->group_count) + 1;
        auto walked = wire::for_each_group(*raw, [&](std::string_view group) {
            wanted = visit(group, position++);
            return wanted;
        });
        if (!walked) return walked;
        at = std::move(page->next);
        if (next && last && *next >= *last) break;
    }
    return {};
}

Status for_each_group_since(LogSource& target, const LogstoreRef& ref, ShardId shard,
                            std::int64_t since_unix_s,
                            const std::function<void(std::string_view group)>& visit) {
    auto at = target.cursor(ref, shard, CursorSeek::at(since_unix_s));
    if (!at) return std::move(at).error();
    return for_each_group_at(target, ref, shard, *at,
                             [&visit](std::string_view group, std::int64_t) {
                                 visit(group);
                                 return true;
                             });
}

Result<LandedSet> look_for_page(LogSource& target, const LogstoreRef& ref,
                                const LookRequest& request, std::chrono::seconds margin) {
    auto shards = target.shards(ref);
    if (!shards) return std::move(shards).error();
    const std::int64_t since_s = unix_seconds(request.sent) - margin.count();
    LandedSet landed;
    for (const Shard& shard : *shards) {
        if (request.route_key && !may_hold(shard, *request.route_key)) continue;
        auto looked = for_each_group_since(
            target, ref, shard.id, since_s,
            [&](std::string_view group) { note_group(group, request, landed); });
        if (!looked) {
            return Error(looked.error())
                .while_doing("look in " + ref.to_string() + " shard " +
                             std::to_string(shard.id.value()));
        }
    }
    return landed;
}

}  // namespace spillway::replicator
