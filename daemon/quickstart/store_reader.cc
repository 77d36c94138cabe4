#include "daemon/quickstart/store_reader.h"

#include "base/hash.h"
#include "base/text.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_reader.h"

#include <utility>

namespace spillway::daemon::quickstart {
namespace {

constexpr std::string_view kOriginTag = "__spillway_origin__";

// Of "v1 link=app-hz-to-sh shard=3 cursor=...": the source shard, in which records had their order.
std::string_view word_of(std::string_view text, std::string_view key) {
    for (const std::string_view word : split(text, ' ')) {
        if (word.size() > key.size() && word.starts_with(key) && word[key.size()] == '=') {
            return word.substr(key.size() + 1);
        }
    }
    return {};
}

}  // namespace

Status visit_records(std::string_view group, std::uint64_t shard_lane, bool after_mark,
                     const StoreReader::Visitor& visit) {
    auto view = wire::LogGroupView::parse(group);
    if (!view) return std::move(view).error();
    const auto inode_tag = view->find_tag("__inode__");
    const auto origin = view->find_tag(kOriginTag);
    StoredRecord record;
    record.file.source = view->source();
    record.path = view->find_tag("__path__").value_or(std::string_view());
    record.arrival.delivery = origin ? Delivery::Replicated : Delivery::Direct;
    record.arrival.late = origin && after_mark;
    record.after_mark = after_mark;
    record.arrival.lane = origin ? hash64(word_of(*origin, "shard"), shard_lane) : shard_lane;
    view->for_each_log([&](wire::LogView log) {
        const auto inode = parse_uint(inode_tag.value_or(log.find("__inode__").value_or("")));
        const auto offset = parse_uint(log.find("__file_offset__").value_or(""));
        const auto content = log.find("content");
        if (!inode || !offset || !content) return true;
        record.file.inode = *inode;
        record.arrival.offset = *offset;
        record.arrival.content = *content;
        visit(record);
        return true;
    });
    return {};
}

Result<Marks> StoreReader::marks(LogSource& source, const LogstoreRef& ref,
                                 const CursorSeek& seek) {
    auto shards = source.shards(ref);
    if (!shards) return std::move(shards).error();
    Marks marks;
    for (const Shard& shard : *shards) {
        auto mark = source.cursor(ref, shard.id, seek);
        if (!mark) return std::move(mark).error();
        marks[shard.id] = *mark;
    }
    return marks;
}

Result<bool> StoreReader::poll(const Visitor& visit) {
    auto shards = source_.shards(ref_);
    if (!shards) return std::move(shards).error();
    bool all_at_end = true;
    for (const Shard& shard : *shards) {
        auto at_end = poll_shard(shard.id, visit);
        if (!at_end) return std::move(at_end).error();
        all_at_end = all_at_end && *at_end;
    }
    return all_at_end;
}

// A page is decoded as a whole before the position moves, so a failed pull is simply repeated.
Result<bool> StoreReader::poll_shard(ShardId shard, const Visitor& visit) {
    Cursor& next = next_[shard];
    if (next.empty()) {
        auto begin = source_.cursor(ref_, shard, CursorSeek::begin());
        if (!begin) return std::move(begin).error();
        next = *begin;
    }
    const auto mark = marks_ && marks_->contains(shard) ? marks_->at(shard).position()
                                                        : std::optional<std::int64_t>();
    for (;;) {
        PullRequest request;
        request.from = next;
        const bool before_mark = mark && next.position().value_or(0) < *mark;
        if (before_mark) request.end = marks_->at(shard);
        auto page = source_.pull(ref_, shard, request);
        if (!page) return std::move(page).error();
        auto body = wire::decompress(page->codec, page->body, page->raw_bytes);
        if (!body) return std::move(body).error();
        Status inner;
        auto walked = wire::for_each_group(*body, [&](std::string_view group) {
            inner = visit_records(group, shard.value(), marks_ && !before_mark, visit);
            return inner.has_value();
        });
        if (!walked) return std::move(walked).error();
        if (!inner) return std::move(inner).error();
        const bool moved = page->next != next;
        next = page->next;
        if (!moved || page->group_count == 0) return true;
    }
}

}  // namespace spillway::daemon::quickstart
