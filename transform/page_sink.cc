#include "transform/page_sink.h"

#include <algorithm>

namespace spillway::transform {

namespace {

constexpr std::uint32_t kTopicNumber = 3;
constexpr std::uint32_t kSourceNumber = 4;
constexpr std::uint32_t kTagsNumber = 6;
constexpr std::size_t kSparesMax = 64;
constexpr std::size_t kSpareBytesMax = 16 * 1024 * 1024;  // all of them together

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

void PageSink::begin_page(WallTime now, bool sparing, PageResult& result) {
    now_ = now;
    sparing_ = sparing;
    result_ = &result;
}

void PageSink::recycle(PageResult result) {
    for (auto& group : result.groups) keep_spare(std::move(group.bytes));
}

void PageSink::keep_spare(std::string bytes) {
    const std::size_t capacity = bytes.capacity();
    if (bytes.empty() || spares_.size() == kSparesMax || spared_ + capacity > kSpareBytesMax) {
        return;
    }
    spared_ += capacity;
    spares_.push_back(std::move(bytes));
}

std::string PageSink::spare_bytes(std::size_t wanted) {
    std::string bytes;
    if (!spares_.empty()) {
        bytes = std::move(spares_.back());
        spares_.pop_back();
        spared_ -= bytes.capacity();
    }
    if (bytes.size() < wanted) bytes.resize(wanted);
    return bytes;
}

/// The place to write so many bytes to; the caller says how many it used.
char* PageSink::make_room(Builder& builder, std::size_t bytes) {
    std::string& out = builder.out.bytes;
    const std::size_t wanted = builder.used + bytes;
    if (out.empty()) out = spare_bytes(std::max(wanted, builder.likely_bytes));
    if (wanted > out.size()) out.resize(std::max(wanted, out.size() * 2));
    return out.data() + builder.used;
}

void PageSink::end_run(Builder& builder) {
    if (builder.run.empty()) return;
    write_bytes(make_room(builder, builder.run.size()), builder.run);
    builder.used += builder.run.size();
    builder.run = {};
}

void PageSink::copy_source(Builder& builder, std::string_view bytes) {
    if (builder.run.data() + builder.run.size() == bytes.data()) {
        builder.run = {builder.run.data(), builder.run.size() + bytes.size()};
        return;
    }
    end_run(builder);
    builder.run = bytes;
}

/// From then on the bytes are a string like any other.
void PageSink::seal(Builder& builder) {
    end_run(builder);
    builder.out.bytes.resize(builder.used);
}

void PageSink::begin_group(std::string_view group, std::uint32_t index, const GroupSource& fields) {
    group_source_ = &fields;
    group_ = group;
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
        if (retains(builder, field)) copy_source(builder, frame);
    }
}

std::size_t PageSink::make_builder(const Event& event, const Destination& to) {
    Builder& builder = builders_.emplace_back();
    builder.out.target = to.target;
    builder.out.hash_key = to.hash_key;
    builder.out.source_group = group_index_;
    builder.likely_bytes = 1024;
    if (to.target.empty()) {
        const std::size_t most = group_.size() + group_.size() / 8;
        const std::size_t before = last_bytes_ == 0 ? most : last_bytes_ + last_bytes_ / 16;
        builder.likely_bytes = std::min(most, before) + 64;
    }
    builder.same_fields = !event.is_group_changed();
    if (!builder.same_fields) {
        for (const auto& field : event.group()) {
            if (field.is_present()) builder.fields.emplace_back(field.key, field.value);
        }
    }
    for (const auto& [frame, field] : passed_) {
        if (retains(builder, field)) copy_source(builder, frame);
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
    journal_.push_back({place, size_of(builder)});
    ++builder.out.log_count;
    if (!event.is_changed()) {
        copy_source(builder, log_frame_);
        return;
    }
    end_run(builder);
    // The length stands in front of the log and is known behind it: its room is guessed, and nearly
    // always right.
    const std::size_t most = event.encoded_size_max();
    const std::size_t frame_room = 1 + varint_size(most);
    char* const frame = make_room(builder, frame_room + most);
    char* const body = frame + frame_room;
    const auto body_bytes = static_cast<std::size_t>(event.encode(body, now_) - body);
    *frame = '\x0A';
    char* const body_at = write_varint(frame + 1, body_bytes);
    if (body_at != body) std::memmove(body_at, body, body_bytes);
    builder.used += static_cast<std::size_t>(body_at - frame) + body_bytes;
}

void PageSink::roll_back(std::size_t mark) {
    while (journal_.size() > mark) {
        const auto& undo = journal_.back();
        Builder& builder = builders_[undo.builder];
        const std::size_t kept_of_run = undo.size - std::min(undo.size, builder.used);
        builder.run = builder.run.substr(0, kept_of_run);
        builder.used = std::min(builder.used, undo.size);
        --builder.out.log_count;
        journal_.pop_back();
    }
}

void PageSink::part_failed(std::string_view reason) {
    FailedLog failed;
    failed.source_group = group_index_;
    failed.log_index = log_index_;
    failed.reason = reason;
    result_->failed.push_back(std::move(failed));
}

/// Topic, source and tags that the source group did not have, behind everything else.
void PageSink::add_new_fields(Builder& builder) const {
    if (builder.same_fields) return;
    const GroupFields& before = group_source_->fields();
    for (const auto& [key, value] : builder.fields) {
        const bool passed = std::any_of(before.begin(), before.end(), [&](const Field& field) {
            return field.key == key && field.value == value;
        });
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
        untouched.load(std::string_view(), *group_source_);
        make_builder(untouched, {});
    }
    for (auto& builder : builders_) {
        if (had_logs && builder.out.log_count == 0) {
            keep_spare(std::move(builder.out.bytes));
            continue;
        }
        const bool is_source = builder.used == 0 && builder.run.data() == group_.data() &&
                               builder.run.size() == group_.size();
        if (sparing_ && is_source) {
            builder.out.copies_source = true;
            builder.run = {};
        }
        if (builder.out.target.empty()) last_bytes_ = size_of(builder);
        seal(builder);
        add_new_fields(builder);
        result_->logs_written += builder.out.log_count;
        result_->groups.push_back(std::move(builder.out));
    }
}

}  // namespace spillway::transform
