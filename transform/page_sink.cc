#include "transform/page_sink.h"

#include <algorithm>

namespace spillway::transform {

namespace {

constexpr std::uint32_t kTopicNumber = 3;
constexpr std::uint32_t kSourceNumber = 4;
constexpr std::uint32_t kTagsNumber = 6;

void append_sized(std::string& out, std::string_view text) {
    put_varint(out, text.size());
    out += text;
}

bool holds(const std::vector<std::pair<std::string, std::string>>& fields, std::string_view prefix,
           std::string_view key, std::string_view value) {
    return std::any_of(fields.begin(), fields.end(), [&](const auto& field) {
        return field.second == value && field.first.size() == prefix.size() + key.size() &&
               std::string_view(field.first).starts_with(prefix) &&
               std::string_view(field.first).substr(prefix.size()) == key;
    });
}

}  // namespace

void PageSink::begin_group(std::string_view group, std::uint32_t index, const GroupFields& fields) {
    group_fields_ = &fields;
    group_bytes_ = group.size();
    group_index_ = index;
    builders_.clear();
    by_key_.clear();
    passed_.clear();
    journal_.clear();
    plain_builder_ = kNone;
}

void PageSink::begin_log(std::string_view frame, std::uint32_t log_index) {
    log_frame_ = frame;
    log_index_ = log_index;
    journal_.clear();
}

bool PageSink::retains(const Builder& builder, const WireField& field) {
    if (builder.same_fields || field.type != 2) return true;
    if (field.number == kTopicNumber) return holds(builder.fields, "", kTopicField, field.payload);
    if (field.number == kSourceNumber) {
        return holds(builder.fields, "", kSourceField, field.payload);
    }
    std::string_view key;
    std::string_view value;
    if (field.number != kTagsNumber || !read_pair(field.payload, key, value)) return true;
    return holds(builder.fields, kTagPrefix, key, value);
}

void PageSink::pass(std::string_view frame, const WireField& field) {
    passed_.push_back({frame, field});
    for (auto& builder : builders_) {
        if (retains(builder, field)) builder.out.bytes += frame;
    }
}

std::size_t PageSink::make_builder(const Event& event, const Destination& to) {
    Builder& builder = builders_.emplace_back();
    builder.out.target = to.target;
    builder.out.hash_key = to.hash_key;
    builder.out.source_group = group_index_;
    builder.same_fields = !event.is_group_changed();
    if (!builder.same_fields) {
        for (const auto& field : event.group()) {
            if (field.is_present()) builder.fields.emplace_back(field.key, field.value);
        }
    }
    builder.out.bytes.reserve(to.target.empty() ? group_bytes_ + group_bytes_ / 8 + 64 : 1024);
    for (const auto& [frame, field] : passed_) {
        if (retains(builder, field)) builder.out.bytes += frame;
    }
    return builders_.size() - 1;
}

std::size_t PageSink::builder_for(const Event& event, const Destination& to) {
    const bool plain = to.target.empty() && to.hash_key.empty() && !event.is_group_changed();
    if (plain) {
        if (plain_builder_ == kNone) plain_builder_ = make_builder(event, to);
        return plain_builder_;
    }
    key_.clear();
    append_sized(key_, to.target);
    append_sized(key_, to.hash_key);
    key_ += event.is_group_changed() ? '1' : '0';
    if (event.is_group_changed()) {
        for (const auto& field : event.group()) {
            if (!field.is_present()) continue;
            append_sized(key_, field.key);
            append_sized(key_, field.value);
        }
    }
    if (const auto known = by_key_.find(key_); known != by_key_.end()) return known->second;
    const std::size_t made = make_builder(event, to);
    by_key_.emplace(key_, made);
    return made;
}

void PageSink::emit(const Event& event, const Destination& to) {
    const std::size_t place = builder_for(event, to);
    Builder& builder = builders_[place];
    std::string& out = builder.out.bytes;
    journal_.push_back({place, out.size()});
    if (!event.is_changed()) {
        out += log_frame_;
    } else {
        out += '\x0A';
        put_varint(out, event.encoded_size(now_));
        event.encode(out, now_);
    }
    ++builder.out.log_count;
}

void PageSink::roll_back(std::size_t mark) {
    while (journal_.size() > mark) {
        const auto& undo = journal_.back();
        builders_[undo.builder].out.bytes.resize(undo.size);
        --builders_[undo.builder].out.log_count;
        journal_.pop_back();
    }
}

void PageSink::part_failed(std::string_view reason) {
    FailedLog failed;
    failed.source_group = group_index_;
    failed.log_index = log_index_;
    failed.reason = reason;
    result_.failed.push_back(std::move(failed));
}

/// Topic, source and tags that the source group did not have, behind everything else.
void PageSink::add_new_fields(Builder& builder) const {
    for (const auto& [key, value] : builder.fields) {
        const bool passed = std::any_of(
            group_fields_->begin(), group_fields_->end(),
            [&](const Field& field) { return field.key == key && field.value == value; });
        if (passed) continue;
        if (key == kTopicField) {
            put_text(builder.out.bytes, '\x1A', value);
        } else if (key == kSourceField) {
            put_text(builder.out.bytes, '\x22', value);
        } else {
            put_pair(builder.out.bytes, '\x32', std::string_view(key).substr(kTagPrefix.size()),
                     value);
        }
    }
}

void PageSink::end_group(bool had_logs) {
    if (!had_logs) {
        Event untouched;
        untouched.load({}, *group_fields_);
        make_builder(untouched, {});
    }
    for (auto& builder : builders_) {
        if (had_logs && builder.out.log_count == 0) continue;
        add_new_fields(builder);
        result_.logs_written += builder.out.log_count;
        result_.groups.push_back(std::move(builder.out));
    }
}

}  // namespace spillway::transform
