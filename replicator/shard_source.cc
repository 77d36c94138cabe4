// ShardPipeline's dealings with the source: pulling, pages that cannot be read, positions that are
// gone, and looking where the source ends.

#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_writer.h"
#include "replicator/next_move.h"
#include "replicator/shard_pipeline.h"

#include <algorithm>
#include <utility>

namespace spillway::replicator {
namespace {

using std::chrono::milliseconds;

/// How long a moved checkpoint may stay in memory only: a crash repeats that much, and doubles
/// nothing.
constexpr std::chrono::seconds kDirtyMax{1};
constexpr std::chrono::seconds kObserveEvery{1};
/// Unreadable answers before one group at a time is read, and before that group is set aside.
constexpr std::uint32_t kRereadsWhole = 3;
constexpr std::uint32_t kRereadsSingle = 6;

}  // namespace

void ShardPipeline::note_source_seen() {
    source_seen_mono_ = context_.ports.clock.mono();
    source_seen_wall_ = context_.ports.clock.wall();
    source_silent_ = false;
}

milliseconds ShardPipeline::idle_delay() const {
    const LinkOptions& options = context_.options;
    if (context_.mode == LinkMode::Draining) return std::min(options.poll, milliseconds(50));
    return std::max(options.poll, options.batch.linger);
}

milliseconds ShardPipeline::step_pull() {
    const MonoTime now = context_.ports.clock.mono();
    const bool paused = context_.mode == LinkMode::Paused;
    if (dirty_ && (at_end_time_ || paused || now - dirty_since_ >= kDirtyMax)) {
        phase_ = Phase::Settle;
        return milliseconds(0);
    }
    if (paused) return idle_delay();
    if (now < next_pull_ && context_.mode != LinkMode::Draining && !replaying()) {
        return std::chrono::ceil<milliseconds>(next_pull_ - now);
    }
    return pull_next();
}

PullRequest ShardPipeline::next_request() const {
    PullRequest request;
    request.from = at_;
    if (replaying()) {
        request.end = record_.intent->to;
    } else if (singles_left_ > 0) {
        request.groups_max = 1;
    } else if (bytes_per_group_ > 0) {
        // Two writes' worth a page keeps memory bounded however big the groups are.
        const double wanted =
            2.0 * static_cast<double>(context_.options.batch.bytes_max) / bytes_per_group_;
        request.groups_max = static_cast<std::uint32_t>(
            std::clamp(wanted, 1.0, static_cast<double>(kPullGroupsMax)));
    }
    return request;
}

milliseconds ShardPipeline::pull_next() {
    const bool read_only = read_only_;  // known before the pull, so that "at the end" is final
    const WallTime pulled = context_.ports.clock.wall();
    const MonoTime begun = context_.ports.clock.mono();
    auto page = context_.ports.source.pull(context_.options.source, shard_.id, next_request());
    const Error* failed = page ? nullptr : &page.error();
    context_.metrics.request(Side::Source, "pull", failed, context_.ports.clock.mono() - begun);
    if (!page) {
        source_silent_ = page.error().code == ErrorCode::Unavailable;
        return after_failed_pull(page.error());
    }
    note_source_seen();
    if (page->group_count == 0) return take_nothing(*page, read_only, pulled);
    return take_page(*page, read_only, pulled, begun);
}

/// No groups: the end, or a stretch without any.
milliseconds ShardPipeline::take_nothing(const Page& page, bool read_only, WallTime pulled) {
    set_trouble(std::nullopt);
    spare_raw_ = {};
    if (replaying()) {
        if (page.next != at_) {
            at_ = page.next;
            return milliseconds(0);
        }
        fault(make_error(
            ErrorCode::Refused,
            "the source ends at " + page.next.str() + ", before " + record_.intent->to.str() +
                ", up to where it was read earlier: it lost its newest data or was made "
                "anew. Look at the source, then reset the link"));
        return kSlowRetry;
    }
    const bool moved = page.next != at_;
    if (moved) advance_to(page.next);
    if (page.at_end) {
        at_end_time_ = pulled;
        source_end_ = page.next;
        last_progress_ = context_.ports.clock.mono();
        if (read_only) {
            record_.drained = true;
            if (!dirty_) dirty_since_ = *last_progress_;
            dirty_ = true;
            phase_ = Phase::Settle;
            return milliseconds(0);
        }
    }
    return moved || (dirty_ && page.at_end) ? milliseconds(0) : idle_delay();
}

Status ShardPipeline::unpack_into_hand(Page& page) {
    SourcePage& source = hand_->source;
    const bool first_part = source.positions.empty();
    std::string part = std::move(spare_raw_);
    auto unpacked = wire::decompress_into(part, page.codec, page.body, page.raw_bytes);
    if (!unpacked) return make_error(ErrorCode::Corrupt, unpacked.error().message);
    const auto next = page.next.position();
    const std::int64_t count = page.group_count;
    if (!page.last_position && !next) {
        return make_error(ErrorCode::Corrupt, "the cursor " + page.next.str() + " is no number");
    }
    const std::int64_t first = (page.last_position ? *page.last_position : *next - 1) - count + 1;
    for (std::int64_t at = 0; at < count; ++at) hand_->source.positions.push_back(first + at);
    hand_->wire_bytes += page.body.size();
    if (first_part) {
        source.raw = std::move(part);
        if (page.codec == Codec::Lz4) source.block = std::move(page.body);
    } else {
        source.raw += part;
        source.block.clear();  // one block of several parts is more than it is worth
    }
    return {};
}

milliseconds ShardPipeline::take_page(Page& page, bool read_only, WallTime pulled, MonoTime begun) {
    at_end_time_.reset();
    if (!hand_) {
        hand_.emplace();
        hand_->from = at_;
        hand_->replayed = replaying();
    }
    if (auto unpacked = unpack_into_hand(page); !unpacked) return reread(unpacked.error());
    at_ = hand_->to = page.next;
    hand_->at_end = page.at_end;
    hand_->read_only = read_only;
    hand_->pulled = pulled;
    hand_->pull_begun = begun;
    set_trouble(std::nullopt);
    if (replaying() && at_ != record_.intent->to) return milliseconds(0);  // the rest of the page
    return prepare_page();
}

// --- bytes that are no page -------------------------------------------------------------------

/// Reads again, then one group alone, then sets that group aside.
milliseconds ShardPipeline::reread(const Error& error) {
    const bool alone = hand_ && hand_->source.positions.size() <= 1;
    if (++corrupt_reads_ == kRereadsWhole) singles_left_ = kPullGroupsMax;
    if (!replaying() && alone && corrupt_reads_ > kRereadsSingle) {
        return set_whole_group_aside(error);
    }
    hand_.reset();
    at_ = record_.checkpoint;
    return retry(Side::Source, Error(error).while_doing("read a page of the source"));
}

milliseconds ShardPipeline::set_whole_group_aside(const Error& error) {
    if (context_.options.on_bad_record == OnBadRecord::Block) {
        fault(make_error(
            ErrorCode::Refused,
            "a group of the source cannot be read and on_bad_record is block: " + error.message));
        return kSlowRetry;
    }
    if (!quarantine_has_room(1)) return kSlowRetry;
    const std::int64_t position =
        hand_->source.positions.empty() ? at_.position().value_or(0) : hand_->source.positions[0];
    hand_->dead.push_back({position, 0, 1, "", "it cannot be read: " + error.message,
                           std::exchange(hand_->source.raw, {})});
    hand_->logs_read = hand_->logs_dead = 1;  // how many it held cannot be told
    if (hand_->to.empty()) hand_->to = Cursor::from_position(position + 1);
    corrupt_reads_ = 0;
    finish_page();
    return milliseconds(0);
}

// --- positions that are gone ------------------------------------------------------------------

milliseconds ShardPipeline::after_failed_pull(const Error& error) {
    if (gone_ && error.code == ErrorCode::NotFound) return give_up_gone_shard(error);
    switch (after_pull(error)) {
        case NextMove::Seek:
            return seek_again(error);
        case NextMove::Throttle: {
            const milliseconds wait = retry(Side::Source, error);
            context_.metrics.throttled(Side::Source, false, wait);
            return wait;
        }
        case NextMove::RetrySlowly:
            return retry(Side::Source, error, kSlowRetry);
        default:
            return retry(Side::Source, error);
    }
}

milliseconds ShardPipeline::seek_again(const Error& refusal) {
    LogSource& source = context_.ports.source;
    auto begin = source.cursor(context_.options.source, shard_.id, CursorSeek::begin());
    if (!begin) return retry(Side::Source, begin.error());
    auto end = source.cursor(context_.options.source, shard_.id, CursorSeek::end());
    if (!end) return retry(Side::Source, end.error());
    note_source_seen();
    const auto at = at_.position();
    const auto first = begin->position();
    const auto past = end->position();
    if (at && first && *at < *first) {
        const Cursor from = replaying() ? record_.intent->from : at_;
        const auto lost = *first - from.position().value_or(*at);
        return skip_gap(
            *begin, static_cast<std::uint64_t>(lost), "retention",
            "the source deleted it before it was copied" +
                std::string(replaying()
                                ? "; a page was under way: part of it may be in the target, "
                                  "and be written a second time"
                                : ""));
    }
    if (at && past && *at > *past) {
        fault(make_error(ErrorCode::Refused,
                         "the checkpoint " + at_.str() + " lies behind the source's end " +
                             end->str() +
                             ": the source was made anew or lost its newest data. Look at it, then "
                             "reset the link"));
        return kSlowRetry;
    }
    return retry(Side::Source, refusal, kSlowRetry);
}

milliseconds ShardPipeline::skip_gap(const Cursor& to, std::optional<std::uint64_t> groups,
                                     const std::string& cause, const std::string& detail) {
    GapRecord gap;
    gap.shard = shard_.id;
    gap.from = record_.checkpoint;
    gap.to = to;
    gap.groups = groups;
    gap.cause = cause;
    gap.detail = detail;
    gap.noticed_unix_s = unix_seconds(context_.ports.clock.wall());
    const std::string sentence = where() + ": source data from " + gap.from.str() + " to " +
                                 gap.to.str() + " is missing (" + cause + "): " + detail;
    if (context_.options.on_gap == OnGap::Stop) {
        fault(make_error(ErrorCode::OutOfRange, sentence + "; on_gap is stop"));
        return kSlowRetry;
    }
    context_.ports.events.error("link.gap", sentence,
                                {{"link", context_.options.name},
                                 {"shard", shard_.id.value()},
                                 {"cause", cause},
                                 {"groups", groups.value_or(0)}});
    pending_writes_.push_back({context_.checkpoints.keys().gap(gap), encode_gap(gap)});
    drop_hand();
    {
        const std::lock_guard lock(mutex_);
        ++settled_.gaps;
    }
    advance_to(to);
    phase_ = Phase::Settle;
    return milliseconds(0);
}

/// Retention took the last of a read-only shard before it was copied to its end.
milliseconds ShardPipeline::give_up_gone_shard(const Error& error) {
    record_.drained = true;
    const milliseconds wait = skip_gap(record_.checkpoint, std::nullopt, "shard_gone",
                                       "the source no longer has this shard: " + error.message);
    if (phase_ != Phase::Settle) record_.drained = false;
    return wait;
}

// --- where the source ends --------------------------------------------------------------------

/// While pulls do not tell (a page is under way, or the link is paused), asks from time to time.
void ShardPipeline::observe_source() {
    const MonoTime now = context_.ports.clock.mono();
    const bool paused = context_.mode == LinkMode::Paused;
    const bool pulls_tell = phase_ == Phase::Pull && at_end_time_ && !paused;
    if (pulls_tell || now - observed_ < kObserveEvery || record_.drained) return;
    observed_ = now;
    const WallTime asked = context_.ports.clock.wall();
    LogSource& source = context_.ports.source;
    auto end = source.cursor(context_.options.source, shard_.id, CursorSeek::end());
    const Error* failed = end ? nullptr : &end.error();
    context_.metrics.request(Side::Source, "cursor", failed, context_.ports.clock.mono() - now);
    if (!end) return;
    note_source_seen();
    source_end_ = *end;
    if (record_.checkpoint == *end && !hand_) {
        at_end_time_ = asked;
        return;
    }
    at_end_time_.reset();
    auto received = source.cursor_time(context_.options.source, shard_.id, record_.checkpoint);
    if (received) oldest_received_unix_s_ = *received;
}

}  // namespace spillway::replicator
