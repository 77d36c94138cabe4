// What people ask of a link beside copying: is the copy right, where does a reader go on, and what
// about the records that could not be copied.

#include "base/hash.h"
#include "base/text.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/log_group_writer.h"
#include "replicator/ledger.h"
#include "replicator/link_core.h"
#include "replicator/quarantine.h"
#include "replicator/target_look.h"
#include "replicator/translate.h"
#include "replicator/verify.h"

#include <algorithm>
#include <utility>

namespace spillway::replicator {

Result<VerifyReport> LinkCore::verify(std::int64_t from_unix_s, std::int64_t to_unix_s,
                                      std::stop_token stop) const {
    VerifyRequest request;
    request.link = context_.options.name;
    request.source = context_.options.source;
    request.from_minute = from_unix_s / 60;
    request.to_minute = to_unix_s <= from_unix_s ? request.from_minute : (to_unix_s - 1) / 60;
    return verify_link(request, context_.ports, compile_, std::move(stop));
}

// --- cursors ----------------------------------------------------------------------------------

Result<LogSource*> LinkCore::default_reader() const {
    const LinkTarget& target = context_.ports.targets.front();
    if (target.reader != nullptr) return target.reader;
    return make_error(ErrorCode::Unsupported,
                      "target " + target.ref.to_string() + " cannot be read back");
}

/// The books say in which minute a position was copied; the target's clock may differ.
Result<std::int64_t> LinkCore::copied_not_before(ShardId shard, const Cursor& cursor) const {
    auto entries = read_ledger(state_, context_.options.name, 0, INT64_MAX);
    if (!entries) return std::move(entries).error();
    const std::int64_t position = cursor.position().value_or(0);
    std::optional<std::int64_t> minute;
    bool reaches_back = false;
    for (const LedgerEntry& entry : *entries) {
        if (entry.shard != shard) continue;
        if (entry.first <= position) {
            reaches_back = true;
            minute = entry.minute;  // the last entry that begins at or before the position
        }
    }
    if (!reaches_back) return std::int64_t{0};
    return *minute * 60 - std::chrono::seconds(kClockSkewMax).count();
}

Result<std::vector<TranslatedCursor>> LinkCore::translate_to_target(ShardId shard,
                                                                    const Cursor& cursor) const {
    auto reader = default_reader();
    if (!reader) return std::move(reader).error();
    auto since = copied_not_before(shard, cursor);
    if (!since) return std::move(since).error();
    return replicator::translate_to_target(**reader, context_.ports.targets.front().ref,
                                           context_.options.name, std::max<std::int64_t>(0, *since),
                                           shard, cursor);
}

Result<std::vector<TranslatedCursor>> LinkCore::translate_to_source(
    const std::vector<TranslatedCursor>& places) const {
    auto reader = default_reader();
    if (!reader) return std::move(reader).error();
    // Taken before reading: what is copied meanwhile lies behind the places.
    std::vector<TranslatedCursor> checkpoints;
    for (const ShardState& shard : status().shards) {
        checkpoints.push_back({shard.shard, shard.checkpoint});
    }
    return replicator::translate_to_source(**reader, context_.ports.targets.front().ref,
                                           context_.options.name, places, checkpoints);
}

// --- dead letters -----------------------------------------------------------------------------

Result<std::vector<DeadLetter>> LinkCore::dead_letters() const {
    return list_dead_letters(state_, context_.options.name);
}

Status LinkCore::drop_dead_letter(const std::string& id) {
    auto removed = remove_dead_letter(state_, context_.options.name, id);
    if (removed && context_.dead_letters_held > 0) --context_.dead_letters_held;
    return removed;
}

/// What the target refused went through the rule already; what the rule refused goes through it
/// again.
Result<std::vector<OutBatch>> LinkCore::writes_of(const DeadLetter& letter) const {
    SourcePage page;
    const std::string group = without_provenance(letter.record.group);
    const bool was_written = group.size() != letter.record.group.size();
    wire::append_group_frame(page.raw, group.size());
    page.raw += group;
    page.positions = {letter.record.position};
    EncodeSettings settings;
    settings.link = context_.options.name;
    settings.shard = letter.shard;
    settings.epoch = context_.epoch;
    settings.hops_max = context_.options.hops_max;
    for (const LinkTarget& target : context_.ports.targets) settings.targets.push_back(target.name);
    settings.bytes_max = context_.options.batch.bytes_max;
    settings.logs_max = context_.options.batch.logs_max;
    settings.late = true;
    const Rule as_it_is;
    const Rule& rule = was_written ? as_it_is : *context_.rules.current();
    auto encoded = encode_page(page, rule, from_unix_seconds(letter.noticed_unix_s), settings);
    if (!encoded) {
        return make_error(ErrorCode::Refused,
                          "it still cannot be read: " + encoded.error().message);
    }
    if (!encoded->dead.empty()) {
        return make_error(ErrorCode::Refused,
                          "the rule fails on it again: " + encoded->dead.front().reason);
    }
    if (was_written && !letter.record.target.empty()) {
        const auto& names = settings.targets;
        const auto found = std::find(names.begin(), names.end(), letter.record.target);
        if (found == names.end()) {
            return make_error(ErrorCode::Refused,
                              "the link has no target \"" + letter.record.target + "\" any more");
        }
        for (OutBatch& batch : encoded->batches) {
            batch.target = static_cast<std::size_t>(found - names.begin());
        }
    }
    return std::move(encoded->batches);
}

Result<bool> LinkCore::holds_late(const LinkTarget& target, const DeadLetter& letter,
                                  const OutBatch& batch) const {
    auto shards = target.reader->shards(target.ref);
    if (!shards) return std::move(shards).error();
    bool holds = false;
    const std::int64_t since = letter.noticed_unix_s - std::chrono::seconds(kClockSkewMax).count();
    for (const Shard& shard : *shards) {
        auto walked = for_each_group_since(
            *target.reader, target.ref, shard.id, std::max<std::int64_t>(0, since),
            [&](std::string_view group) {
                auto view = wire::LogGroupView::parse(group);
                const auto tag = view ? view->find_tag(kOriginTag) : std::nullopt;
                const auto digest = tag ? origin_digest(group) : Result<std::uint64_t>(0U);
                holds = holds || (tag && digest && *digest == batch.origin_digest &&
                                  parse_provenance(*tag) == batch.provenance);
            });
        if (!walked) return Error(walked.error());
    }
    return holds;
}

Status LinkCore::write_late(const DeadLetter& letter, const OutBatch& batch) {
    const LinkTarget& target = context_.ports.targets[batch.target];
    auto body = wire::compress(Codec::Lz4, batch.body);
    if (!body) return std::move(body).error();
    Batch write;
    write.raw_bytes = batch.body.size();
    write.body = std::move(*body);
    write.codec = Codec::Lz4;
    if (context_.delivery == Delivery::ExactlyOnce) {
        // A key of its own: it is written once, and whoever repeats it is refused.
        write.route_key = RouteKey(to_hex(md5("spillway late " + context_.options.name + " " +
                                              letter.id + " " + std::to_string(batch.index))));
        write.sequence_id = SequenceId(1);
    }
    auto put = target.sink->put(target.ref, write);
    if (put) return {};
    if (put.error().service_code != "InvalidSequenceId") return std::move(put).error();
    auto holds = holds_late(target, letter, batch);
    if (!holds) return std::move(holds).error();
    if (*holds) return {};
    return make_error(ErrorCode::Conflict,
                      "the target refuses it as written before, yet does not "
                      "hold it: somebody else used its route key");
}

Status LinkCore::replay_dead_letter(const std::string& id) {
    auto letters = dead_letters();
    if (!letters) return std::move(letters).error();
    const auto letter = std::find_if(letters->begin(), letters->end(),
                                     [&id](const DeadLetter& each) { return each.id == id; });
    if (letter == letters->end()) {
        return make_error(ErrorCode::NotFound,
                          "link " + context_.options.name + " has no dead letter " + id);
    }
    auto writes = writes_of(*letter);
    if (!writes) return std::move(writes).error();
    for (const OutBatch& batch : *writes) {
        if (auto written = write_late(*letter, batch); !written) return written;
    }
    return drop_dead_letter(id);
}

}  // namespace spillway::replicator
