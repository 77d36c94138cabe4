#include "replicator/translate.h"

#include "logstore/wire/log_group_reader.h"
#include "replicator/provenance.h"
#include "replicator/target_look.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

namespace spillway::replicator {
namespace {

/// The provenance of a group that this link wrote.
std::optional<Provenance> ours(std::string_view group, const std::string& link) {
    auto view = wire::LogGroupView::parse(group);
    const auto tag = view ? view->find_tag(kOriginTag) : std::nullopt;
    auto provenance = tag ? parse_provenance(*tag) : std::nullopt;
    if (!provenance || provenance->link != link || provenance->late) return std::nullopt;
    return provenance;
}

}  // namespace

Result<std::vector<TranslatedCursor>> translate_to_target(LogSource& target, const LogstoreRef& ref,
                                                          const std::string& link,
                                                          std::int64_t since_unix_s, ShardId shard,
                                                          const Cursor& cursor) {
    const auto wanted = cursor.position();
    if (!wanted) {
        return make_error(ErrorCode::InvalidArgument,
                          "the cursor " + cursor.str() + " is no number");
    }
    auto shards = target.shards(ref);
    if (!shards) return std::move(shards).error();
    std::vector<TranslatedCursor> places;
    for (const Shard& at : *shards) {
        auto end = target.cursor(ref, at.id, CursorSeek::end());
        if (!end) return std::move(end).error();
        auto begin = target.cursor(ref, at.id, CursorSeek::at(since_unix_s));
        if (!begin) return std::move(begin).error();
        std::optional<Cursor> found;
        auto walked = for_each_group_at(
            target, ref, at.id, *begin, [&](std::string_view group, std::int64_t position) {
                const auto provenance = ours(group, link);
                if (!provenance || provenance->shard != shard || provenance->last < *wanted) {
                    return true;
                }
                found = Cursor::from_position(position);
                return false;
            });
        if (!walked) return std::move(walked).error();
        places.push_back({at.id, found ? *found : *end});
    }
    return places;
}

Result<std::vector<TranslatedCursor>> translate_to_source(
    LogSource& target, const LogstoreRef& ref, const std::string& link,
    const std::vector<TranslatedCursor>& places, const std::vector<TranslatedCursor>& checkpoints) {
    std::map<ShardId, std::int64_t> first;
    for (const TranslatedCursor& place : places) {
        auto walked = for_each_group_at(
            target, ref, place.shard, place.cursor, [&](std::string_view group, std::int64_t) {
                const auto provenance = ours(group, link);
                if (!provenance) return true;
                const auto known = first.find(provenance->shard);
                if (known == first.end() || provenance->first < known->second) {
                    first.insert_or_assign(provenance->shard, provenance->first);
                }
                return true;
            });
        if (!walked) return std::move(walked).error();
    }
    std::vector<TranslatedCursor> found;
    for (const TranslatedCursor& checkpoint : checkpoints) {
        const auto known = first.find(checkpoint.shard);
        found.push_back(
            known == first.end()
                ? checkpoint
                : TranslatedCursor{checkpoint.shard, Cursor::from_position(known->second)});
    }
    return found;
}

}  // namespace spillway::replicator
