// A rule from text to a runnable program, and the run over pages and single events.
#include "transform/checker.h"
#include "transform/compiler.h"
#include "transform/page_sink.h"
#include "transform/parser.h"
#include "transform/runtime.h"
#include "transform/spl.h"
#include "transform/tier.h"
#include "transform/transform.h"
#include "transform/wire_scan.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::transform {

struct Scratch::Impl {
    RunState state;
    PageSink sink;
    GroupSource group;
};

Scratch::Scratch() : impl_(std::make_unique<Impl>()) {}
Scratch::~Scratch() = default;
Scratch::Scratch(Scratch&&) noexcept = default;
Scratch& Scratch::operator=(Scratch&&) noexcept = default;

void Scratch::recycle(PageResult result) {
    impl_->sink.recycle(std::move(result));
}

struct Program::Impl {
    Code code;
    const Op* main = nullptr;
    Effects effects;
    TierChoice choice;
    std::string spl;

    bool run_log(Frame& frame, Event& event) const;
    void run_one(std::string_view log, std::string_view frame_bytes, std::uint32_t index,
                 std::uint32_t log_index, const RunContext& context, Scratch::Impl& scratch) const;
    Status run_group(std::string_view group, std::uint32_t index, const RunContext& context,
                     Scratch::Impl& scratch) const;
    bool append_tags(std::string_view group, std::uint32_t index, bool sparing,
                     PageResult& result) const;
    /// How much of the work may be left out.
    struct Manner {
        bool fast_tiers = true;
        bool sparing = false;
    };
    Result<PageResult> run_page(std::string_view list, const RunContext& context, Manner manner,
                                Scratch::Impl& scratch) const;
};

std::string_view name_of(Tier tier) {
    switch (tier) {
        case Tier::Passthrough:
            return "passthrough";
        case Tier::TagAppend:
            return "tag-append";
        case Tier::DropOnly:
            return "drop-only";
        case Tier::Rewrite:
            return "rewrite";
    }
    return "rewrite";
}

Program::Program(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Program::~Program() = default;
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;

Program::Compiled Program::compile(std::string_view rule) {
    constexpr std::size_t kRuleBytesMax = 4 * 1024 * 1024;
    Compiled compiled;
    Diagnostics found(rule);
    if (rule.size() > kRuleBytesMax) {
        found.error("T0107", {0, 1}, "the rule is longer than 4 MiB");
        compiled.diagnostics = found.take();
        return compiled;
    }
    Rule tree = parse(rule, found);
    check(tree, found);
    if (!found.has_errors()) {
        auto impl = std::make_unique<Impl>();
        // Folding never sees the clock: functions that do are not pure.
        Compiler compiler(impl->code, found, WallTime{});
        impl->main = compiler.rule(tree);
        if (impl->main != nullptr) {
            impl->effects = std::move(compiler.effects());
            impl->choice = choose_tier(tree, impl->effects);
            impl->spl = leading_filter_as_spl(tree);
            warn_about(tree, found);
            compiled.program = Program(std::move(impl));
        }
    }
    compiled.diagnostics = found.take();
    return compiled;
}

Tier Program::tier() const {
    return impl_->choice.tier;
}
std::string Program::tier_reason() const {
    return impl_->choice.reason;
}
std::vector<AppendedTag> Program::appended_tags() const {
    return impl_->choice.tags;
}
std::string Program::pushdown_spl() const {
    return impl_->spl;
}
std::vector<std::string> Program::targets() const {
    return {impl_->effects.targets.begin(), impl_->effects.targets.end()};
}

std::vector<std::string> Program::fields_read() const {
    if (impl_->effects.reads_unknown) return {"*"};
    return {impl_->effects.reads.begin(), impl_->effects.reads.end()};
}

std::vector<std::string> Program::fields_written() const {
    if (impl_->effects.writes_unknown) return {"*"};
    return {impl_->effects.writes.begin(), impl_->effects.writes.end()};
}

/// False when the log failed: the sink is as it was before, but for the copies it sent.
bool Program::Impl::run_log(Frame& frame, Event& event) const {
    frame.event = &event;
    const std::size_t mark = frame.sink.mark();
    const Flow flow = main->run(frame, event, nullptr);
    if (frame.arena().used() > kEventMemoryMax) frame.fail("the event needs too much memory");
    if (frame.has_failed) {
        frame.sink.roll_back(std::max(mark, frame.sent));
        return false;
    }
    if (flow == Flow::Go) frame.sink.emit(event, {});
    return true;
}

namespace {

Error corrupt(std::size_t at) {
    return make_error(ErrorCode::Corrupt,
                      fmt::format("the page is no LogGroupList: bad field at byte {}", at));
}

/// False for a tag without key or value, or cut off.
bool is_sound(const WireField& field) {
    std::string_view key;
    std::string_view value;
    return field.number != 6 || field.type != 2 || read_pair(field.payload, key, value);
}

/// The next log lies behind this one, out of the processor's reach as yet: fetches its first lines
/// while this one is worked on.
void fetch_ahead(const char* at) {
    __builtin_prefetch(at);
    __builtin_prefetch(at + 64);
    __builtin_prefetch(at + 128);
}

}  // namespace

void Program::Impl::run_one(std::string_view log, std::string_view frame_bytes, std::uint32_t index,
                            std::uint32_t log_index, const RunContext& context,
                            Scratch::Impl& scratch) const {
    RunState& state = scratch.state;
    PageSink& sink = scratch.sink;
    PageResult& result = sink.result();
    state.arena.reset();
    state.event.load(log, scratch.group);
    sink.begin_log(frame_bytes, log_index);
    Frame frame{state, &state.event, sink, context.now};
    frame.seed = (std::uint64_t{index} << 32U) | log_index;
    const std::size_t failed_before = result.failed.size();
    if (!run_log(frame, state.event)) sink.part_failed(frame.failure);
    const bool failed = result.failed.size() != failed_before;
    if (failed && !sink.is_log_dropped()) {
        for (std::size_t i = failed_before; i < result.failed.size(); ++i) {
            result.failed[i].partly_written = true;
        }
    }
    if (!failed && sink.is_log_dropped()) ++result.logs_dropped;
    ++result.logs_read;
}

Status Program::Impl::run_group(std::string_view group, std::uint32_t index,
                                const RunContext& context, Scratch::Impl& scratch) const {
    scratch.group.bind(group);
    scratch.sink.begin_group(group, index, scratch.group);
    std::uint32_t log_index = 0;
    WireField field;
    for (std::size_t at = 0; at < group.size();) {
        if (!read_field(group, at, field)) return corrupt(at);
        const auto frame_bytes = group.substr(field.begin, field.end - field.begin);
        if (field.number == 1 && field.type == 2) {
            fetch_ahead(group.data() + at);
            run_one(field.payload, frame_bytes, index, log_index++, context, scratch);
        } else {
            if (!is_sound(field)) return corrupt(field.begin);
            scratch.sink.pass(frame_bytes, field);
        }
    }
    scratch.sink.end_group(log_index != 0);
    return {};
}

/// Only for TagAppend and Passthrough: the group as it is, plus tags. False when it has one of them
/// already, which only rewriting can change.
bool Program::Impl::append_tags(std::string_view group, std::uint32_t index, bool sparing,
                                PageResult& result) const {
    OutputGroup out;
    out.source_group = index;
    out.copies_source = sparing;
    WireField field;
    for (std::size_t at = 0; at < group.size();) {
        if (!read_field(group, at, field)) return false;
        if (field.number == 1 && field.type == 2) ++out.log_count;
        if (field.number != 6 || field.type != 2) continue;
        std::string_view key;
        std::string_view value;
        if (!read_pair(field.payload, key, value)) return false;
        for (const auto& tag : choice.tags) {
            if (tag.key == key) return false;
        }
    }
    if (!sparing) {
        out.bytes.reserve(group.size() + 64 * choice.tags.size());
        out.bytes = group;
    }
    if (out.log_count != 0) {
        for (const auto& tag : choice.tags) put_pair(out.bytes, '\x32', tag.key, tag.value);
    }
    result.logs_read += out.log_count;
    result.logs_written += out.log_count;
    result.groups.push_back(std::move(out));
    return true;
}

Result<PageResult> Program::Impl::run_page(std::string_view list, const RunContext& context,
                                           Manner manner, Scratch::Impl& scratch) const {
    const bool only_tags = choice.tier == Tier::Passthrough || choice.tier == Tier::TagAppend;
    PageResult result;
    scratch.sink.begin_page(context.now, manner.sparing, result);
    WireField field;
    std::uint32_t index = 0;
    for (std::size_t at = 0; at < list.size();) {
        const std::size_t begin = at;
        if (!read_field(list, at, field)) return corrupt(begin);
        if (field.number != 1 || field.type != 2) continue;
        const bool tagged = manner.fast_tiers && only_tags &&
                            append_tags(field.payload, index, manner.sparing, result);
        if (!tagged) {
            auto done = run_group(field.payload, index, context, scratch);
            if (!done) return std::move(done).error();
        }
        ++index;
    }
    return result;
}

Result<PageResult> Program::run_page(std::string_view log_group_list,
                                     const RunContext& context) const {
    Scratch scratch;
    return run_page(log_group_list, context, scratch);
}

Result<PageResult> Program::run_page(std::string_view log_group_list, const RunContext& context,
                                     Scratch& scratch) const {
    return impl_->run_page(log_group_list, context, {true, false}, *scratch.impl_);
}

Result<PageResult> Program::run_page_sparing(std::string_view log_group_list,
                                             const RunContext& context, Scratch& scratch) const {
    return impl_->run_page(log_group_list, context, {true, true}, *scratch.impl_);
}

Result<PageResult> Program::run_page_rewriting(std::string_view log_group_list,
                                               const RunContext& context, Scratch& scratch) const {
    return impl_->run_page(log_group_list, context, {false, false}, *scratch.impl_);
}

namespace {

/// Keeps events as they are: for rule tests.
class EventCollector final : public EventSink {
  public:
    EventCollector(EventResult& result, Arena& arena) : result_(result), arena_(arena) {}

    void emit(const Event& event, const Destination& to) override {
        EmittedEvent made;
        made.target = to.target;
        event.for_each(arena_, [&](std::string_view key, std::string_view value) {
            made.fields.emplace_back(key, value);
        });
        result_.emitted.push_back(std::move(made));
    }
    std::size_t mark() override { return result_.emitted.size(); }
    void roll_back(std::size_t mark) override { result_.emitted.resize(mark); }
    void part_failed(std::string_view reason) override { result_.failures.emplace_back(reason); }

  private:
    EventResult& result_;
    Arena& arena_;
};

}  // namespace

EventResult Program::run_event(const EventFields& event, const RunContext& context,
                               Scratch& scratch) const {
    EventResult result;
    RunState& state = scratch.impl_->state;
    state.arena.reset();
    std::vector<std::pair<std::string_view, std::string_view>> fields(event.begin(), event.end());
    state.event.load_fields(fields);
    EventCollector sink(result, state.arena);
    Frame frame{state, &state.event, sink, context.now};
    if (!impl_->run_log(frame, state.event)) result.failures.emplace_back(frame.failure);
    result.warnings = frame.warnings;
    return result;
}

}  // namespace spillway::transform
