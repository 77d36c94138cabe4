#include "logstore/server/log_frames.h"

#include "logstore/wire/log_group_reader.h"
#include "transform/regex.h"

namespace spillway::server {

namespace {
constexpr auto kBytes = wire::WireType::Bytes;
}  // namespace

LogFrames::LogFrames() = default;

Status LogFrames::open_group(std::string_view group) {
    fields_.clear();
    std::size_t tags = 0;
    wire::FieldCursor count(group);
    wire::Field field;
    while (count.next(field)) tags += field.is(wire::detail::kGroupTags, kBytes) ? 1 : 0;
    if (!count.ok()) return wire::detail::corrupt("a LogGroup is malformed", count.offset());
    if (tag_keys_.size() < tags) tag_keys_.resize(tags);
    tags = 0;
    const auto add = [&](std::string_view key, std::string_view value) {
        fields_.push_back({key, value, 0, 0, transform::Field::State::Original});
    };
    wire::FieldCursor cursor(group);
    while (cursor.next(field)) {
        // A topic that is there and empty is there: rules see it so too.
        if (field.is(wire::detail::kGroupTopic, kBytes)) add(transform::kTopicField, field.bytes);
        if (field.is(wire::detail::kGroupSource, kBytes)) add(transform::kSourceField, field.bytes);
        wire::TagView tag;
        if (!field.is(wire::detail::kGroupTags, kBytes)) continue;
        if (!wire::detail::read_pair(field.bytes, tag.key, tag.value)) continue;
        auto& name = tag_keys_[tags++];
        name.assign(transform::kTagPrefix).append(tag.key);
        add(name, tag.value);
    }
    return {};
}

transform::Frame& LogFrames::frame_of(std::string_view log_body) {
    state_.arena.reset();
    state_.event.load(log_body, fields_);
    frame_.emplace(transform::Frame{state_, &state_.event, sink_, WallTime{}});
    return *frame_;
}

}  // namespace spillway::server
