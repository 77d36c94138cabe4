#include "logstore/server/spl.h"

#include "base/text.h"
#include "logstore/server/log_frames.h"
#include "logstore/server/spl_node.h"
#include "logstore/wire/log_group_reader.h"
#include "logstore/wire/log_group_writer.h"

#include <algorithm>
#include <charconv>

namespace spillway::server {

namespace {

using Kind = SplNode::Kind;
using transform::Frame;

SplValue evaluate(const SplNode& node, Frame& frame);

/// A byte inside a UTF-8 character, not its first.
bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

/// What a log has under a name; __time_ns_part__ lies in the Log message beside its contents.
SplValue field_value(const SplNode& node, Frame& frame) {
    if (node.text == "__time_ns_part__") {
        const auto part = wire::LogView(frame.event->body()).time_ns();
        return part ? SplValue::of(static_cast<std::int64_t>(*part)) : SplValue::null();
    }
    const auto value = frame.event->find(node.text, frame.arena());
    if (!value) return SplValue::null();
    if (node.type == SplType::Text) return SplValue::of(*value);
    const auto whole = parse_int(*value);
    return whole ? SplValue::of(*whole) : SplValue::null();
}

/// -1, 0, 1; types fit, as the parser saw to it.
int order_of(const SplValue& left, const SplValue& right) {
    const auto order = [](auto a, auto b) { return a < b ? -1 : (b < a ? 1 : 0); };
    if (left.type == SplType::Text) return order(left.text, right.text);
    if (left.type == SplType::Bool) return order(left.truth, right.truth);
    if (left.type == SplType::Int && right.type == SplType::Int) {
        return order(left.whole, right.whole);
    }
    return order(left.number(), right.number());
}

SplValue compare(const SplNode& node, Frame& frame) {
    const auto left = evaluate(*node.children[0], frame);
    const auto right = evaluate(*node.children[1], frame);
    if (left.is_null() || right.is_null()) return SplValue::null();
    const int order = order_of(left, right);
    switch (node.kind) {
        case Kind::Equal:
            return SplValue::of(order == 0);
        case Kind::NotEqual:
            return SplValue::of(order != 0);
        case Kind::Less:
            return SplValue::of(order < 0);
        case Kind::LessEqual:
            return SplValue::of(order <= 0);
        case Kind::Greater:
            return SplValue::of(order > 0);
        default:
            return SplValue::of(order >= 0);
    }
}

/// and: false decides; or: true decides; else null if one side is.
SplValue junction(const SplNode& node, Frame& frame) {
    const bool decides = node.kind == Kind::Or;
    const auto left = evaluate(*node.children[0], frame);
    if (!left.is_null() && left.truth == decides) return left;
    const auto right = evaluate(*node.children[1], frame);
    if (!right.is_null() && right.truth == decides) return right;
    return left.is_null() ? left : right;
}

SplValue member(const SplNode& node, Frame& frame) {
    const auto value = evaluate(*node.children[0], frame);
    if (value.is_null()) return value;
    bool saw_null = false;
    for (std::size_t i = 1; i < node.children.size(); ++i) {
        const auto item = evaluate(*node.children[i], frame);
        if (item.is_null()) {
            saw_null = true;
        } else if (order_of(value, item) == 0) {
            return SplValue::of(true);
        }
    }
    return saw_null ? SplValue::null() : SplValue::of(false);
}

SplValue between(const SplNode& node, Frame& frame) {
    const auto value = evaluate(*node.children[0], frame);
    const auto low = evaluate(*node.children[1], frame);
    const auto high = evaluate(*node.children[2], frame);
    if (value.is_null()) return value;
    if (!low.is_null() && order_of(value, low) < 0) return SplValue::of(false);
    if (!high.is_null() && order_of(value, high) > 0) return SplValue::of(false);
    return low.is_null() || high.is_null() ? SplValue::null() : SplValue::of(true);
}

/// 1 for the first character; 0 when it is not there.
SplValue position(const SplNode& node, Frame& frame) {
    const auto text = evaluate(*node.children[0], frame);
    const auto part = evaluate(*node.children[1], frame);
    if (text.is_null() || part.is_null()) return SplValue::null();
    const auto at = text.text.find(part.text);
    if (at == std::string_view::npos) return SplValue::of(std::int64_t{0});
    const auto before = text.text.substr(0, at);
    return SplValue::of(1 + std::count_if(before.begin(), before.end(),
                                          [](char c) { return !is_continuation(c); }));
}

SplValue matched(const SplNode& node, Frame& frame) {
    const auto text = evaluate(*node.children[0], frame);
    if (text.is_null()) return text;
    const auto result = node.regex->search(*frame.state.regex_runner, text.text);
    if (result == transform::MatchResult::LimitExceeded) {
        frame.fail("regexp_like takes too long");
        return SplValue::null();
    }
    return SplValue::of(result == transform::MatchResult::Match);
}

SplValue cast(const SplNode& node, Frame& frame) {
    const auto value = evaluate(*node.children[0], frame);
    if (value.is_null() || value.type == node.type) return value;
    if (node.type == SplType::Text) {
        if (value.type == SplType::Bool) return SplValue::of(value.truth ? "true" : "false");
        return SplValue::of(frame.arena().copy(
            value.type == SplType::Int ? std::to_string(value.whole) : std::to_string(value.real)));
    }
    if (value.type == SplType::Bool) return SplValue::null();
    if (value.type == SplType::Text) {
        const auto text = trim(value.text);
        if (node.type == SplType::Int) {
            const auto whole = parse_int(text);
            return whole ? SplValue::of(*whole) : SplValue::null();
        }
        double real = 0;
        const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), real);
        const bool is_number = failure == std::errc() && end == text.data() + text.size();
        return is_number ? SplValue::of(real) : SplValue::null();
    }
    if (node.type == SplType::Double) return SplValue::of(value.number());
    constexpr double kWholeMax = 9.2e18;
    if (!(value.real > -kWholeMax && value.real < kWholeMax)) return SplValue::null();
    return SplValue::of(static_cast<std::int64_t>(value.real));
}

SplValue evaluate(const SplNode& node, Frame& frame) {
    switch (node.kind) {
        case Kind::Literal:
            return node.type == SplType::Text ? SplValue::of(std::string_view(node.text))
                                              : node.literal;
        case Kind::Field:
            return field_value(node, frame);
        case Kind::And:
        case Kind::Or:
            return junction(node, frame);
        case Kind::Not: {
            const auto inner = evaluate(*node.children[0], frame);
            return inner.is_null() ? inner : SplValue::of(!inner.truth);
        }
        case Kind::IsNull:
            return SplValue::of(evaluate(*node.children[0], frame).is_null());
        case Kind::In:
            return member(node, frame);
        case Kind::Between:
            return between(node, frame);
        case Kind::Like: {
            const auto text = evaluate(*node.children[0], frame);
            if (text.is_null()) return text;
            return SplValue::of(spl_like(text.text, node.text, {'%', '_', node.escape}));
        }
        case Kind::Coalesce:
            for (const auto& child : node.children) {
                if (const auto value = evaluate(*child, frame); !value.is_null()) return value;
            }
            return SplValue::null();
        case Kind::Strpos:
            return position(node, frame);
        case Kind::RegexpLike:
            return matched(node, frame);
        case Kind::TryCast:
            return cast(node, frame);
        default:
            return compare(node, frame);
    }
}

bool is_time(std::string_view field) {
    return field == transform::kTimeField;
}

}  // namespace

std::string_view name_of(SplType type) {
    switch (type) {
        case SplType::Bool:
            return "a condition";
        case SplType::Int:
        case SplType::Double:
            return "a number";
        case SplType::Text:
            return "text";
        case SplType::Null:
            break;
    }
    return "null";
}

bool spl_like(std::string_view text, std::string_view pattern, const SplWildcards& signs) {
    // Greedy with one place to come back to: behind the last sign for any text.
    std::size_t at = 0;
    std::size_t place = 0;
    std::size_t back_place = std::string_view::npos;
    std::size_t back_at = 0;
    while (true) {
        if (place < pattern.size() && pattern[place] == signs.any_text) {
            back_place = ++place;
            back_at = at;
            continue;
        }
        if (at == text.size()) return place == pattern.size();
        if (place < pattern.size()) {
            const bool is_escaped =
                signs.escape != 0 && pattern[place] == signs.escape && place + 1 < pattern.size();
            const char wanted = pattern[place + (is_escaped ? 1 : 0)];
            if (!is_escaped && signs.one_character != 0 && wanted == signs.one_character) {
                ++place;
                for (++at; at < text.size() && is_continuation(text[at]);) ++at;
                continue;
            }
            if (text[at] == wanted) {
                place += is_escaped ? 2 : 1;
                ++at;
                continue;
            }
        }
        if (back_place == std::string_view::npos || back_at >= text.size()) return false;
        place = back_place;
        at = ++back_at;
    }
}

bool SplColumn::names(std::string_view field) const {
    return is_pattern ? spl_like(field, from, {'*', 0, 0}) : field == from;
}

SplProgram::SplProgram(std::vector<Stage> stages) : stages_(std::move(stages)) {}
SplProgram::~SplProgram() = default;
SplProgram::SplProgram(SplProgram&&) noexcept = default;
SplProgram& SplProgram::operator=(SplProgram&&) noexcept = default;

SplProgram::Verdict SplProgram::run(Frame& frame) const {
    for (const auto& stage : stages_) {
        if (stage.kind == Stage::Kind::Where) {
            const auto value = evaluate(*stage.condition, frame);
            if (frame.has_failed) return Verdict::Fail;
            if (value.is_null() || !value.truth) return Verdict::Drop;
            continue;
        }
        const bool keeps_named = stage.kind == Stage::Kind::Project;
        frame.event->remove_if(frame.arena(), [&](std::string_view field) {
            if (is_time(field)) return false;
            const bool named =
                std::any_of(stage.columns.begin(), stage.columns.end(),
                            [&](const SplColumn& column) { return column.names(field); });
            return named != keeps_named;
        });
        for (const auto& column : stage.columns) {
            if (column.from != column.to) {
                frame.event->rename(column.from, column.to, frame.arena());
            }
        }
    }
    return Verdict::Keep;
}

namespace {

/// Writes a group log by log; what is neither log, topic, source nor tag goes through.
class GroupRun {
  public:
    GroupRun(const SplProgram& program, LogFrames& frames, SplPage& page)
        : program_(program), frames_(frames), page_(page) {}

    Status run(std::string_view group) {
        if (auto opened = frames_.open_group(group); !opened) return opened;
        bool changed = false;
        std::optional<transform::GroupFields> fields;
        wire::FieldCursor cursor(group);
        wire::Field field;
        std::uint32_t left = 0;
        while (cursor.next(field)) {
            if (!field.is(wire::detail::kGroupLogs, wire::WireType::Bytes)) continue;
            ++page_.logs_read;
            auto& frame = frames_.frame_of(field.bytes);
            const auto verdict = program_.run(frame);
            if (verdict == SplProgram::Verdict::Fail) ++page_.logs_failed;
            if (verdict != SplProgram::Verdict::Keep) {
                changed = true;
                continue;
            }
            ++left;
            changed = changed || frame.event->is_changed() || frame.event->is_group_changed();
            if (left == 1 && frame.event->is_group_changed()) fields = frame.event->group();
            append_log(frame, wire::LogView(field.bytes));
        }
        auto out = writer_.take();
        page_.logs_left += left;
        if (left == 0) return {};
        ++page_.groups;
        if (!changed) {
            append_group(group);
            return {};
        }
        append_rest(group, fields ? &*fields : nullptr, out);
        append_group(out);
        return {};
    }

  private:
    void append_log(Frame& frame, const wire::LogView& log) {
        if (!frame.event->is_changed()) return writer_.append_log(log.body());
        writer_.begin_log(log.time(), log.time_ns());
        frame.event->for_each(frame.arena(), [&](std::string_view key, std::string_view value) {
            if (transform::place_of(key) == transform::Place::Content) writer_.content(key, value);
        });
        writer_.end_log();
    }

    /// Topic, source and tags as the query left them, and all else as it was.
    void append_rest(std::string_view group, const transform::GroupFields* fields,
                     std::string& out) const {
        wire::FieldCursor cursor(group);
        wire::Field field;
        while (cursor.next(field)) {
            if (field.is(wire::detail::kGroupLogs, wire::WireType::Bytes)) continue;
            const bool is_named = field.is(wire::detail::kGroupTopic, wire::WireType::Bytes) ||
                                  field.is(wire::detail::kGroupSource, wire::WireType::Bytes) ||
                                  field.is(wire::detail::kGroupTags, wire::WireType::Bytes);
            if (fields == nullptr || !is_named) out += field.frame;
        }
        if (fields == nullptr) return;
        wire::LogGroupWriter writer;
        for (const auto& each : *fields) {
            if (!each.is_present()) continue;
            if (each.key == transform::kTopicField) {
                writer.topic(each.value);
            } else if (each.key == transform::kSourceField) {
                writer.source(each.value);
            } else {
                writer.tag(each.key.substr(transform::kTagPrefix.size()), each.value);
            }
        }
        out += writer.take();
    }

    void append_group(std::string_view group) {
        wire::append_group_frame(page_.body, group.size());
        page_.body += group;
    }

    const SplProgram& program_;
    LogFrames& frames_;
    SplPage& page_;
    wire::LogGroupWriter writer_;
};

}  // namespace

Result<SplPage> run_spl(const SplProgram& program, std::string_view log_group_list) {
    SplPage page;
    LogFrames frames;
    GroupRun run(program, frames, page);
    Status failed;
    auto walked = wire::for_each_group(log_group_list, [&](std::string_view group) {
        failed = run.run(group);
        return failed.has_value();
    });
    if (!failed) return std::move(failed).error();
    if (!walked) return std::move(walked).error();
    return page;
}

}  // namespace spillway::server
