// The phases of a page. Pulling, gaps and looking at the source's end are in shard_source.cc.

#include "replicator/shard_pipeline.h"

#include "replicator/next_move.h"
#include "replicator/quarantine.h"
#include "replicator/target_look.h"

#include <algorithm>
#include <utility>

namespace spillway::replicator {
namespace {

using std::chrono::milliseconds;

/// While writes are under way: lanes wake us when they are done, this is for observing the source.
constexpr milliseconds kWhileSending{500};
/// New numbers that were refused again, before we wait between tries.
constexpr std::uint32_t kRenumberPatience = 3;
/// First page numbers follow the clock, so that a lost or restored state store gives higher numbers
/// than the target has seen; 2^33 seconds keep the sequence id within 63 bits.
constexpr int kPagesPerSecondBits = 10;
constexpr std::int64_t kNanosecondsPerMinute = 60'000'000'000;
constexpr std::int64_t kClockSecondsMax = std::int64_t{1} << 33;

}  // namespace

ShardPipeline::ShardPipeline(LinkContext& context, const Shard& shard, SavedRecord saved)
    : context_(context),
      shard_(shard),
      lanes_(context, shard.id),
      read_only_(shard.status == ShardStatus::ReadOnly),
      record_(std::move(saved.record)),
      revision_(saved.revision),
      ledger_(context.checkpoints.keys(), shard.id),
      backoff_(context.options.retry, context.backoff_seed(shard.id, 0)) {
    // Without the fence a page is simply read again from the checkpoint.
    if (context_.delivery == Delivery::AtLeastOnce) record_.intent.reset();
    at_ = record_.checkpoint;
    last_progress_ = context_.ports.clock.mono();
    publish();
}

milliseconds ShardPipeline::step() {
    {
        const std::lock_guard lock(mutex_);
        if (fault_) return kSlowRetry;
    }
    if (record_.drained && !dirty_) return kSlowRetry;
    if (!load_ledger()) return kSlowRetry;
    observe_source();
    tell_lane_trouble();
    milliseconds wait{0};
    switch (phase_) {
        case Phase::Pull:
            wait = step_pull();
            break;
        case Phase::Intend:
            wait = step_intend();
            break;
        case Phase::Look:
            wait = step_look();
            break;
        case Phase::Send:
            wait = step_send();
            break;
        case Phase::Settle:
            wait = step_settle();
            break;
    }
    publish();
    return wait;
}

std::string ShardPipeline::where() const {
    return "link " + context_.options.name + " shard " + std::to_string(shard_.id.value());
}

milliseconds ShardPipeline::retry(Side side, const Error& error, milliseconds at_least) {
    context_.metrics.retry(side, error);
    set_trouble(error);
    return std::max(backoff_.next().value_or(context_.options.retry.max), at_least);
}

void ShardPipeline::set_trouble(std::optional<Error> trouble) {
    if (trouble && (!trouble_ || trouble_->code != trouble->code)) {
        context_.ports.events.warn("link.trouble", where() + ": " + trouble->to_string(),
                                   {{"link", context_.options.name},
                                    {"shard", shard_.id.value()},
                                    {"code", name_of(trouble->code)}});
    } else if (!trouble && trouble_) {
        context_.ports.events.info("link.recovered", where() + " goes on",
                                   {{"link", context_.options.name}, {"shard", shard_.id.value()}});
    }
    if (!trouble) backoff_.reset();
    trouble_ = std::move(trouble);
}

void ShardPipeline::tell_lane_trouble() {
    const auto trouble = lanes_.trouble();
    if (trouble && !lane_trouble_told_) {
        context_.ports.events.warn("link.target_trouble", where() + ": " + trouble->to_string(),
                                   {{"link", context_.options.name},
                                    {"shard", shard_.id.value()},
                                    {"code", name_of(trouble->code)}});
    } else if (!trouble && lane_trouble_told_) {
        context_.ports.events.info("link.target_recovered", where() + " writes again",
                                   {{"link", context_.options.name}, {"shard", shard_.id.value()}});
    }
    lane_trouble_told_ = trouble.has_value();
}

void ShardPipeline::fault(Error error) {
    context_.ports.events.error("link.faulted", where() + " stopped: " + error.to_string(),
                                {{"link", context_.options.name},
                                 {"shard", shard_.id.value()},
                                 {"code", name_of(error.code)}});
    const std::lock_guard lock(mutex_);
    fault_ = std::move(error);
}

// --- what a page is ---------------------------------------------------------------------------

std::uint64_t ShardPipeline::next_page_number() const {
    const std::int64_t now =
        std::clamp<std::int64_t>(unix_seconds(context_.ports.clock.wall()), 0, kClockSecondsMax);
    return std::max(record_.page_number + 1, static_cast<std::uint64_t>(now)
                                                 << kPagesPerSecondBits);
}

Intent ShardPipeline::new_intent() const {
    Intent intent;
    intent.from = hand_->from;
    intent.to = hand_->to;
    intent.page_number = next_page_number();
    intent.now_unix_ns = context_.ports.clock.wall().time_since_epoch().count();
    intent.rule_digest = context_.rules.current()->digest();
    intent.settings_digest = context_.settings_digest;
    intent.bytes_max = context_.options.batch.bytes_max;
    intent.logs_max = context_.options.batch.logs_max;
    intent.lanes = context_.lanes();
    return intent;
}

EncodeSettings ShardPipeline::settings_for(const Intent& intent) const {
    const LinkOptions& options = context_.options;
    EncodeSettings settings;
    settings.link = options.name;
    settings.shard = shard_.id;
    settings.epoch = context_.epoch;
    settings.hops_max = options.hops_max;
    settings.refuse_links = options.refuse_links;
    for (const LinkTarget& target : context_.ports.targets) settings.targets.push_back(target.name);
    settings.bytes_max = intent.bytes_max;
    settings.logs_max = intent.logs_max;
    settings.lanes = intent.lanes;
    settings.order = options.order;
    return settings;
}

Result<EncodedPage> ShardPipeline::encode(const Intent& intent) {
    auto rule = context_.rules.find(intent.rule_digest);
    if (!rule) return std::move(rule).error();
    const WallTime now{std::chrono::nanoseconds(intent.now_unix_ns)};
    return encode_page(hand_->source, **rule, now, settings_for(intent));
}

/// The page is whole: makes its writes, and decides which way they go.
milliseconds ShardPipeline::prepare_page() {
    bool fresh = !record_.intent;
    Intent intent = fresh ? new_intent() : *record_.intent;
    if (!fresh && intent.settings_digest != context_.settings_digest) {
        // The link was set up differently meanwhile: the same page may give other writes.
        intent.settings_digest = context_.settings_digest;
        intent.page_number = next_page_number();
        intent.look_first = true;
        fresh = true;
    }
    auto encoded = encode(intent);
    if (!encoded && encoded.error().code == ErrorCode::Corrupt) return reread(encoded.error());
    if (!encoded) return retry(Side::Source, encoded.error(), kSlowRetry);
    hand_->source.block = {};
    const std::size_t dead = encoded->dead.size();
    if (dead > 0 && context_.options.on_bad_record == OnBadRecord::Block) {
        fault(
            make_error(ErrorCode::Refused, "the rule failed on a log and on_bad_record is block: " +
                                               encoded->dead.front().reason));
        return kSlowRetry;
    }
    if (!quarantine_has_room(dead)) return kSlowRetry;
    {
        const std::lock_guard lock(mutex_);
        in_hand_.logs_read = hand_->logs_read = encoded->logs_read;
        in_hand_.logs_filtered = hand_->logs_filtered = encoded->logs_filtered;
        in_hand_.logs_looped = hand_->logs_looped = encoded->logs_looped;
        for (const DeadRecord& record : encoded->dead) in_hand_.logs_dead += record.logs;
        hand_->logs_dead = in_hand_.logs_dead;
        in_hand_.bytes_read_raw = hand_->source.raw.size();
        in_hand_.bytes_read_wire = hand_->wire_bytes;
        in_hand_.logs_in_flight = 0;
        for (const OutBatch& batch : encoded->batches) in_hand_.logs_in_flight += batch.logs;
    }
    hand_->begun_minute = intent.now_unix_ns / kNanosecondsPerMinute;
    hand_->rule_digest = intent.rule_digest;
    hand_->batches = std::move(encoded->batches);
    hand_->dead = std::move(encoded->dead);
    corrupt_reads_ = 0;
    if (singles_left_ > 0) --singles_left_;
    if (hand_->batches.empty()) {
        finish_page();
        return milliseconds(0);
    }
    if (context_.delivery == Delivery::AtLeastOnce) {
        record_.page_number = intent.page_number;
        load_lanes();
        return kWhileSending;
    }
    record_.intent = std::move(intent);
    if (fresh) {
        phase_ = Phase::Intend;
    } else if (record_.intent->look_first) {
        phase_ = Phase::Look;
    } else {
        load_lanes();
        return kWhileSending;
    }
    return milliseconds(0);
}

bool ShardPipeline::quarantine_has_room(std::size_t more) {
    if (more == 0 || context_.options.on_bad_record != OnBadRecord::DeadLetter) return true;
    if (context_.dead_letters_held + more <= kDeadLettersMax) return true;
    fault(make_error(ErrorCode::Refused,
                     "the quarantine holds " + std::to_string(context_.dead_letters_held.load()) +
                         " records and takes no more: repair the rule, then replay or drop them"));
    return false;
}

// --- intend, look, send -----------------------------------------------------------------------

milliseconds ShardPipeline::step_intend() {
    record_.page_number = record_.intent->page_number;
    if (auto saved = commit(); !saved) {
        return phase_ == Phase::Intend ? retry(Side::Target, saved.error()) : milliseconds(0);
    }
    set_trouble(std::nullopt);
    if (record_.intent->look_first) {
        phase_ = Phase::Look;
        return milliseconds(0);
    }
    load_lanes();
    return kWhileSending;
}

/// The page's writes may be in the target under older numbers: those that are stay out.
milliseconds ShardPipeline::step_look() {
    const PageStamp stamp = stamp_of(*record_.intent);
    for (std::size_t index = 0; index < context_.ports.targets.size(); ++index) {
        const LinkTarget& target = context_.ports.targets[index];
        const LookRequest request{
            context_.options.name, shard_.id, stamp.first, stamp.past, stamp.sent, std::nullopt};
        auto landed = look_for_page(*target.reader, target.ref, request, kClockSkewMax);
        if (!landed) return retry(Side::Target, landed.error());
        std::erase_if(hand_->batches, [&](const OutBatch& batch) {
            if (batch.target != index || !landed->holds(batch)) return false;
            hand_->logs_held += batch.logs;
            hand_->held += batch.sum;
            ++hand_->batches_held;
            return true;
        });
    }
    set_trouble(std::nullopt);
    load_lanes();
    return kWhileSending;
}

PageStamp ShardPipeline::stamp_of(const Intent& intent) const {
    PageStamp stamp;
    stamp.page_number = intent.page_number;
    stamp.first = intent.from.position().value_or(0);
    stamp.past = intent.to.position().value_or(INT64_MAX);
    stamp.sent = WallTime{std::chrono::nanoseconds(intent.now_unix_ns)};
    return stamp;
}

void ShardPipeline::load_lanes() {
    PageStamp stamp;
    stamp.page_number = record_.page_number;
    if (record_.intent) stamp = stamp_of(*record_.intent);
    phase_ = Phase::Send;
    const std::lock_guard lock(mutex_);  // status sees a log in flight once, here or there
    in_hand_.logs_in_flight = 0;
    in_hand_.logs_written = hand_->logs_held;
    in_hand_.batches_written = hand_->batches_held;
    in_hand_.duplicates_suppressed = hand_->batches_held;
    lanes_.load(std::move(hand_->batches), stamp);
    hand_->batches.clear();
}

milliseconds ShardPipeline::step_send() {
    if (lanes_.wants_new_numbers()) {
        return lanes_.is_quiet() ? begin_new_numbers() : milliseconds(10);
    }
    if (!lanes_.finished()) return kWhileSending;
    renumbered_ = 0;
    finish_page();
    return milliseconds(0);
}

milliseconds ShardPipeline::begin_new_numbers() {
    context_.ports.events.warn(
        "link.fence_refused_unseen",
        where() + ": the target refused a write it does not hold; the page is numbered anew",
        {{"link", context_.options.name}, {"shard", shard_.id.value()}});
    {
        const std::lock_guard lock(mutex_);
        hand_->batches = lanes_.take_rest();
        for (const OutBatch& batch : hand_->batches) in_hand_.logs_in_flight += batch.logs;
    }
    record_.intent->page_number = next_page_number();
    record_.intent->look_first = true;
    phase_ = Phase::Intend;
    if (++renumbered_ < kRenumberPatience) return milliseconds(0);
    return retry(
        Side::Target,
        make_error(ErrorCode::Conflict,
                   "the target's fence refuses numbers that none of its data has: somebody "
                   "else writes with our route keys"),
        kSlowRetry);
}

// --- settle -----------------------------------------------------------------------------------

void ShardPipeline::quarantine(const std::vector<DeadRecord>& dead, const char* refused_by) {
    for (const DeadRecord& record : dead) {
        context_.metrics.dead_letter(refused_by, record.logs);
        if (context_.options.on_bad_record != OnBadRecord::DeadLetter) continue;
        pending_writes_.push_back(dead_letter_write(
            context_.checkpoints.keys(), shard_.id, record,
            record_.intent ? record_.intent->rule_digest : context_.rules.current()->digest(),
            context_.ports.clock.wall()));
        ++context_.dead_letters_held;
    }
    if (dead.empty()) return;
    context_.ports.events.warn(
        "link.dead_letters",
        where() + ": " + std::to_string(dead.size()) + " records set aside: " + dead.front().reason,
        {{"link", context_.options.name}, {"shard", shard_.id.value()}, {"records", dead.size()}});
}

void ShardPipeline::advance_to(const Cursor& checkpoint) {
    record_.checkpoint = checkpoint;
    record_.intent.reset();
    at_ = checkpoint;
    last_progress_ = context_.ports.clock.mono();
    oldest_received_unix_s_.reset();
    if (!dirty_) dirty_since_ = *last_progress_;
    dirty_ = true;
}

/// Everything of the page is acknowledged, filtered or set aside.
void ShardPipeline::finish_page() {
    {
        const std::lock_guard lock(mutex_);
        PageProgress progress = lanes_.take_progress();
        settled_.logs_read += hand_->logs_read;
        settled_.logs_filtered += hand_->logs_filtered;
        settled_.logs_looped += hand_->logs_looped;
        settled_.logs_dead += hand_->logs_dead + progress.logs_dead;
        settled_.logs_written += hand_->logs_held + progress.logs_written;
        settled_.bytes_read_raw += hand_->source.raw.size();
        settled_.bytes_read_wire += hand_->wire_bytes;
        settled_.bytes_written_raw += progress.bytes_written_raw;
        settled_.bytes_written_wire += progress.bytes_written_wire;
        settled_.batches_written += hand_->batches_held + progress.batches_written;
        settled_.duplicates_suppressed += hand_->batches_held + progress.duplicates_suppressed;
        in_hand_ = {};
        quarantine(hand_->dead, "rule");
        quarantine(progress.dead, "target");
        enter_in_ledger(progress);
    }
    const auto groups =
        static_cast<double>(std::max<std::size_t>(1, hand_->source.positions.size()));
    logs_per_group_ = 0.8 * logs_per_group_ + 0.2 * static_cast<double>(hand_->logs_read) / groups;
    const double bytes_per_group = static_cast<double>(hand_->source.raw.size()) / groups;
    bytes_per_group_ =
        bytes_per_group_ == 0 ? bytes_per_group : 0.8 * bytes_per_group_ + 0.2 * bytes_per_group;
    advance_to(hand_->to);
    if (hand_->at_end) {
        at_end_time_ = hand_->pulled;
        next_pull_ = hand_->pull_begun + idle_delay();
    }
    record_.drained = hand_->at_end && hand_->read_only;
    if (!hand_->at_end) spare_raw_ = std::move(hand_->source.raw);
    hand_.reset();
    const bool now =
        !pending_writes_.empty() || record_.drained || context_.delivery == Delivery::AtLeastOnce;
    phase_ = now ? Phase::Settle : Phase::Pull;
}

bool ShardPipeline::load_ledger() {
    if (ledger_loaded_) return true;
    const auto loaded = ledger_.load(context_.ports.state);
    if (!loaded) set_trouble(loaded.error());
    ledger_loaded_ = loaded.has_value();
    return ledger_loaded_;
}

void ShardPipeline::enter_in_ledger(const PageProgress& progress) {
    LedgerEntry page;
    page.first = hand_->from.position().value_or(0);
    page.past = hand_->to.position().value_or(page.first);
    page.logs_read = hand_->logs_read;
    page.bytes_read = hand_->source.raw.size();
    page.logs_filtered = hand_->logs_filtered;
    page.logs_dead = hand_->logs_dead + progress.logs_dead;
    page.acknowledged = progress.acknowledged;
    page.acknowledged += hand_->held;
    page.rule_digest = hand_->rule_digest;
    ledger_.add(hand_->begun_minute, page);
}

milliseconds ShardPipeline::step_settle() {
    if (auto saved = commit(); !saved) {
        return phase_ == Phase::Settle ? retry(Side::Target, saved.error()) : milliseconds(0);
    }
    set_trouble(std::nullopt);
    phase_ = Phase::Pull;
    if (record_.drained) {
        context_.ports.events.info("link.shard_drained", where() + " is copied to its end",
                                   {{"link", context_.options.name}, {"shard", shard_.id.value()}});
        context_.waker.wake_control();
    }
    return milliseconds(0);
}

Status ShardPipeline::commit() {
    std::vector<StateWrite> writes = pending_writes_;
    for (StateWrite& write : ledger_.writes()) writes.push_back(std::move(write));
    auto saved = context_.checkpoints.save(record_, revision_, std::move(writes));
    context_.metrics.checkpoint_write(saved.has_value());
    if (saved) {
        revision_ = *saved;
        dirty_ = false;
        pending_writes_.clear();
        ledger_.saved();
        return {};
    }
    if (saved.error().code == ErrorCode::Conflict) take_up_stored();
    return Error(saved.error()).while_doing("save the checkpoint");
}

/// Someone moved the record (a reset), or our own commit did although its answer was lost.
void ShardPipeline::take_up_stored() {
    auto stored = context_.checkpoints.load(shard_.id);
    if (!stored) return;  // the next try comes here again
    if (!*stored) {
        fault(make_error(ErrorCode::Refused, "its checkpoint was removed while it was running"));
        return;
    }
    context_.ports.events.warn("link.checkpoint_moved",
                               where() +
                                   ": the stored checkpoint is not the one we saved; going on "
                                   "from the stored one",
                               {{"link", context_.options.name}, {"shard", shard_.id.value()}});
    record_ = std::move((*stored)->record);
    revision_ = (*stored)->revision;
    if (context_.delivery == Delivery::AtLeastOnce) record_.intent.reset();
    dirty_ = false;
    pending_writes_.clear();
    ledger_.forget();
    ledger_loaded_ = false;
    drop_hand();
    phase_ = Phase::Pull;
}

void ShardPipeline::drop_hand() {
    hand_.reset();
    at_ = record_.checkpoint;
    at_end_time_.reset();
    const std::lock_guard lock(mutex_);
    in_hand_ = {};
}

// --- telling ----------------------------------------------------------------------------------

void ShardPipeline::publish() {
    const MonoTime mono = context_.ports.clock.mono();
    const WallTime wall = context_.ports.clock.wall();
    const std::lock_guard lock(mutex_);
    published_.shard = shard_.id;
    published_.read_only = read_only_;
    published_.drained = record_.drained && !dirty_;
    published_.checkpoint = record_.checkpoint;
    published_.source_end = source_end_;
    const bool open_end = hand_ || !pending_writes_.empty();
    published_.at_end_time = open_end ? std::nullopt : at_end_time_;
    published_.last_error = trouble_;
    published_.source_seen = source_seen_wall_;
    published_record_ = record_;
    evidence_.proved_at_end = published_.at_end_time.has_value() || record_.drained;
    evidence_.checkpoint_position = record_.checkpoint.position();
    evidence_.end_position = source_end_ ? source_end_->position() : std::nullopt;
    evidence_.oldest_received_unix_s = oldest_received_unix_s_;
    evidence_.logs_per_group = logs_per_group_;
    evidence_.bytes_per_group = bytes_per_group_;
    evidence_.source_seen = source_seen_mono_;
    evidence_.source_silent = source_silent_;
    evidence_.last_progress = last_progress_;
    const LagLimits limits{.stalled_after = context_.options.stalled_after};
    if (const auto lag = judge_lag(evidence_, limits, wall, mono); lag.seconds) {
        known_lag_seconds_ = lag.seconds;
    }
}

ShardState ShardPipeline::state(WallTime wall, MonoTime mono) const {
    const std::lock_guard lock(mutex_);
    const PageProgress progress = lanes_.progress();
    ShardState state = published_;
    LagEvidence evidence = evidence_;
    evidence.logs_in_flight =
        in_hand_.logs_in_flight + progress.logs_loaded - progress.logs_written - progress.logs_dead;
    evidence.bytes_in_flight = progress.bytes_loaded - progress.bytes_written_raw;
    if (state.drained) {  // nothing can come any more, seen or not
        evidence.source_seen = mono;
        evidence.source_silent = false;
    }
    state.lag = judge_lag(evidence, {.stalled_after = context_.options.stalled_after}, wall, mono);
    state.last_ack = lanes_.last_ack();
    state.faulted = fault_.has_value() || lanes_.is_blocked();
    if (fault_) state.last_error = fault_;
    if (!state.last_error) state.last_error = lanes_.trouble();
    LinkTotals& totals = state.totals;
    totals = settled_;
    totals.logs_read += in_hand_.logs_read;
    totals.logs_filtered += in_hand_.logs_filtered;
    totals.logs_looped += in_hand_.logs_looped;
    totals.logs_dead += in_hand_.logs_dead + progress.logs_dead;
    totals.logs_written += in_hand_.logs_written + progress.logs_written;
    totals.logs_in_flight = evidence.logs_in_flight;
    totals.bytes_read_raw += in_hand_.bytes_read_raw;
    totals.bytes_read_wire += in_hand_.bytes_read_wire;
    totals.bytes_written_raw += progress.bytes_written_raw;
    totals.bytes_written_wire += progress.bytes_written_wire;
    totals.batches_written += in_hand_.batches_written + progress.batches_written;
    totals.duplicates_suppressed += in_hand_.duplicates_suppressed + progress.duplicates_suppressed;
    return state;
}

std::optional<double> ShardPipeline::last_known_lag_seconds() const {
    const std::lock_guard lock(mutex_);
    return known_lag_seconds_;
}

std::optional<MonoTime> ShardPipeline::source_seen() const {
    const std::lock_guard lock(mutex_);
    return evidence_.source_seen;
}

bool ShardPipeline::is_drained() const {
    const std::lock_guard lock(mutex_);
    return published_.drained;
}

ShardRecord ShardPipeline::record() const {
    const std::lock_guard lock(mutex_);
    return published_record_;
}

}  // namespace spillway::replicator
