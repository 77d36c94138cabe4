#include "replicator/lanes.h"

#include "base/hash.h"
#include "base/text.h"
#include "logstore/wire/codec.h"
#include "replicator/next_move.h"
#include "replicator/target_look.h"

#include <algorithm>
#include <utility>

namespace spillway::replicator {
namespace {

using std::chrono::milliseconds;

/// A lane with nothing to do is woken; this is only for a wake that came before its task was there.
constexpr milliseconds kIdle{1'000};
/// A success of another lane that came sooner after our failure says nothing.
constexpr milliseconds kAfterOutage{100};
/// How far before the page was sent to look first; a second look goes to the service's own limit.
constexpr std::chrono::seconds kNearMargin{5};

}  // namespace

SequenceId sequence_id_of(std::uint64_t page_number, std::uint32_t index) {
    SPILLWAY_INVARIANT(index + 1 < (1U << kIndexBits), "a page has more writes than ids");
    return SequenceId((page_number << kIndexBits) | (index + 1));
}

RouteKey route_key_of(const std::string& link, const LogstoreRef& source, ShardId shard,
                      const LogstoreRef& target, std::uint32_t lane) {
    return RouteKey(to_hex(md5("spillway live " + link + " " + source.to_string() + " " +
                               std::to_string(shard.value()) + " " + target.to_string() + " " +
                               std::to_string(lane))));
}

Lanes::Lanes(LinkContext& context, ShardId shard) : context_(context), shard_(shard) {
    for (std::uint32_t lane = 0; lane < context.lanes(); ++lane) {
        lanes_.push_back(
            Lane{.queue = {},
                 .backoff = Backoff(context.options.retry, context.backoff_seed(shard, lane + 1)),
                 .trouble = std::nullopt});
    }
}

void Lanes::load(std::vector<OutBatch> batches, const PageStamp& stamp) {
    std::vector<bool> loaded(lanes_.size());
    {
        const std::lock_guard lock(mutex_);
        SPILLWAY_INVARIANT(left_ == 0, "a page was loaded on top of another");
        stamp_ = stamp;
        hold_ = false;
        for (OutBatch& batch : batches) {
            progress_.logs_loaded += batch.logs;
            progress_.bytes_loaded += batch.raw_bytes;
            const std::size_t lane = batch.lane % lanes_.size();
            lanes_[lane].queue.push_back(std::move(batch));
            loaded[lane] = true;
            ++left_;
        }
    }
    for (std::uint32_t lane = 0; lane < loaded.size(); ++lane) {
        if (loaded[lane]) context_.waker.wake_lane(shard_, lane);
    }
}

milliseconds Lanes::allowance(std::uint64_t bytes) {
    const MonoTime now = context_.ports.clock.mono();
    milliseconds wait{0};
    bool by_us = false;
    {
        const std::lock_guard lock(mutex_);
        wait = limiter_.wait_before(bytes, now);
    }
    if (wait == milliseconds(0)) {
        wait = context_.budget.take(bytes, now);
        by_us = true;
    }
    if (wait > milliseconds(0)) context_.metrics.throttled(Side::Target, by_us, wait);
    return wait;
}

OutBatch* Lanes::begin_send(Lane& lane, milliseconds& wait) {
    const std::lock_guard lock(mutex_);
    wait = kIdle;
    if (hold_ || lane.queue.empty()) return nullptr;
    const MonoTime now = context_.ports.clock.mono();
    // Throttling is a quota's word and is kept; an outage is over when another lane got through.
    const bool is_over = lane.trouble && lane.trouble->code == ErrorCode::Unavailable &&
                         context_.target_took.load() > lane.failed_at + kAfterOutage;
    if (now < lane.next_try && !is_over) {
        wait = std::min(kIdle, std::chrono::ceil<milliseconds>(lane.next_try - now));
        return nullptr;
    }
    lane.sending = true;
    return &lane.queue.front();
}

milliseconds Lanes::step(std::uint32_t index) {
    Lane& lane = lanes_[index];
    milliseconds wait{0};
    OutBatch* batch = begin_send(lane, wait);
    if (batch == nullptr) return wait;
    Outcome outcome;
    outcome.wait = allowance(batch->raw_bytes);
    if (outcome.wait == milliseconds(0)) outcome = send(lane, *batch);
    return finish(lane, outcome);
}

Batch Lanes::wire_batch(const OutBatch& from) const {
    Batch batch;
    batch.codec = Codec::Lz4;
    batch.raw_bytes = from.raw_bytes;
    const LinkTarget& target = context_.ports.targets[from.target];
    batch.route_key =
        route_key_of(context_.options.name, context_.options.source, shard_, target.ref, from.lane);
    if (context_.delivery == Delivery::ExactlyOnce) {
        batch.sequence_id = sequence_id_of(stamp_.page_number, from.index);
    }
    return batch;
}

Lanes::Outcome Lanes::send(Lane& lane, OutBatch& batch) {
    if (batch.block.empty()) {
        auto block = wire::compress(Codec::Lz4, batch.body);
        if (!block) return again(lane, std::move(block).error(), milliseconds(0));
        batch.block = std::move(*block);
        batch.body = {};
    }
    const LinkTarget& target = context_.ports.targets[batch.target];
    const MonoTime begun = context_.ports.clock.mono();
    Batch write = wire_batch(batch);
    write.body = std::move(batch.block);  // lent for the call
    const auto put = target.sink->put(target.ref, write);
    batch.block = std::move(write.body);
    const Error* failed = put ? nullptr : &put.error();
    context_.metrics.request(Side::Target, "put", failed, context_.ports.clock.mono() - begun);
    if (put) return {Verdict::Written, std::nullopt, milliseconds(0), false};
    return judge(lane, batch, put.error());
}

Lanes::Outcome Lanes::again(Lane& lane, const Error& error, milliseconds at_least) {
    context_.metrics.retry(Side::Target, error);
    const std::lock_guard lock(mutex_);
    const milliseconds drawn = lane.backoff.next().value_or(context_.options.retry.max);
    return {Verdict::Again, error, std::max(drawn, at_least), false};
}

Lanes::Outcome Lanes::judge(Lane& lane, const OutBatch& batch, const Error& error) {
    switch (after_put(error)) {
        case NextMove::Look:
            return look(lane, batch, error);
        case NextMove::Throttle: {
            milliseconds quiet{0};
            {
                const std::lock_guard lock(mutex_);
                quiet = limiter_.on_throttled(context_.ports.clock.mono());
            }
            context_.metrics.throttled(Side::Target, false, quiet);
            return {Verdict::Again, error, quiet, false};
        }
        case NextMove::SetAside:
            if (context_.options.on_bad_record == OnBadRecord::Block) {
                Outcome outcome = again(lane, error, kSlowRetry);
                outcome.blocked = true;
                return outcome;
            }
            return {Verdict::SetAside, error, milliseconds(0), false};
        case NextMove::RetrySlowly:
            return again(lane, error, kSlowRetry);
        default:
            return again(lane, error, milliseconds(0));
    }
}

Lanes::Outcome Lanes::look(Lane& lane, const OutBatch& batch, const Error& refusal) {
    if (context_.delivery != Delivery::ExactlyOnce) {
        return again(lane, refusal, milliseconds(0));
    }
    const LinkTarget& target = context_.ports.targets[batch.target];
    const LookRequest request{context_.options.name, shard_,      stamp_.first,
                              stamp_.past,           stamp_.sent, wire_batch(batch).route_key};
    for (const std::chrono::seconds margin : {kNearMargin, std::chrono::seconds(kClockSkewMax)}) {
        const MonoTime begun = context_.ports.clock.mono();
        auto landed = look_for_page(*target.reader, target.ref, request, margin);
        const Error* failed = landed ? nullptr : &landed.error();
        context_.metrics.request(Side::Target, "look", failed, context_.ports.clock.mono() - begun);
        if (!landed) return again(lane, landed.error(), milliseconds(0));
        if (landed->holds(batch)) {
            return {Verdict::Held, std::nullopt, milliseconds(0), false};
        }
    }
    return {Verdict::NewNumbers, refusal, milliseconds(0), false};
}

void Lanes::note_written(const OutBatch& batch, Verdict verdict) {
    const WallTime now = context_.ports.clock.wall();
    limiter_.on_written(batch.raw_bytes, context_.ports.clock.mono());
    last_ack_ = now;
    context_.target_took = context_.ports.clock.mono();
    progress_.logs_written += batch.logs;
    progress_.bytes_written_raw += batch.raw_bytes;
    progress_.bytes_written_wire += batch.block.size();
    progress_.acknowledged += batch.sum;
    ++progress_.batches_written;
    if (verdict == Verdict::Held) ++progress_.duplicates_suppressed;
}

milliseconds Lanes::finish(Lane& lane, const Outcome& outcome) {
    bool call_shard = false;
    milliseconds wait = outcome.wait;
    {
        const std::lock_guard lock(mutex_);
        lane.sending = false;
        lane.blocked = outcome.blocked;
        const OutBatch& batch = lane.queue.front();
        switch (outcome.verdict) {
            case Verdict::Again:
                if (outcome.error) lane.trouble = outcome.error;
                lane.failed_at = context_.ports.clock.mono();
                lane.next_try = lane.failed_at + outcome.wait;
                return std::min(kIdle, wait);
            case Verdict::NewNumbers:
                lane.trouble = outcome.error;
                hold_ = true;
                call_shard = true;
                break;
            case Verdict::SetAside:
                progress_.logs_dead += batch.logs;
                progress_.dead.push_back({batch.provenance.first, batch.index, batch.logs,
                                          context_.ports.targets[batch.target].name,
                                          "the target refused it: " + outcome.error->to_string(),
                                          raw_body(batch)});
                break;
            case Verdict::Written:
            case Verdict::Held:
                note_written(batch, outcome.verdict);
                break;
        }
        if (outcome.verdict != Verdict::NewNumbers) {
            lane.queue.pop_front();
            lane.trouble.reset();
            lane.next_try = {};
            lane.backoff.reset();
            call_shard = --left_ == 0;
        }
        call_shard = call_shard || hold_;
        wait = lane.queue.empty() || hold_ ? kIdle : milliseconds(0);
    }
    if (call_shard) context_.waker.wake_shard(shard_);
    return wait;
}

bool Lanes::finished() const {
    const std::lock_guard lock(mutex_);
    return left_ == 0;
}

bool Lanes::wants_new_numbers() const {
    const std::lock_guard lock(mutex_);
    return hold_;
}

bool Lanes::is_quiet() const {
    const std::lock_guard lock(mutex_);
    return std::none_of(lanes_.begin(), lanes_.end(),
                        [](const Lane& lane) { return lane.sending; });
}

std::vector<OutBatch> Lanes::take_rest() {
    const std::lock_guard lock(mutex_);
    std::vector<OutBatch> rest;
    for (Lane& lane : lanes_) {
        for (OutBatch& batch : lane.queue) {
            progress_.logs_loaded -= batch.logs;
            progress_.bytes_loaded -= batch.raw_bytes;
            rest.push_back(std::move(batch));
        }
        lane.queue.clear();
        lane.trouble.reset();
        lane.blocked = false;
        lane.next_try = {};
    }
    left_ = 0;
    std::sort(rest.begin(), rest.end(),
              [](const OutBatch& left, const OutBatch& right) { return left.index < right.index; });
    return rest;
}

PageProgress Lanes::progress() const {
    const std::lock_guard lock(mutex_);
    PageProgress numbers = progress_;
    numbers.dead.clear();
    return numbers;
}

PageProgress Lanes::take_progress() {
    const std::lock_guard lock(mutex_);
    return std::exchange(progress_, {});
}

std::optional<Error> Lanes::trouble() const {
    const std::lock_guard lock(mutex_);
    for (const Lane& lane : lanes_) {
        if (lane.trouble) return lane.trouble;
    }
    return std::nullopt;
}

bool Lanes::is_blocked() const {
    const std::lock_guard lock(mutex_);
    return std::any_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return lane.blocked; });
}

std::optional<WallTime> Lanes::last_ack() const {
    const std::lock_guard lock(mutex_);
    return last_ack_;
}

}  // namespace spillway::replicator
