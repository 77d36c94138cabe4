#include "replicator/checkpoint.h"

#include "base/json.h"
#include "base/text.h"

#include <utility>

#include <fmt/format.h>

namespace spillway::replicator {
namespace {

constexpr std::int64_t kVersion = 1;

json::object to_json(const Intent& intent) {
    return {{"from", intent.from.str()},
            {"to", intent.to.str()},
            {"page", static_cast<std::int64_t>(intent.page_number)},
            {"now_unix_ns", intent.now_unix_ns},
            {"rule", intent.rule_digest},
            {"settings", intent.settings_digest},
            {"bytes_max", static_cast<std::int64_t>(intent.bytes_max)},
            {"logs_max", static_cast<std::int64_t>(intent.logs_max)},
            {"lanes", static_cast<std::int64_t>(intent.lanes)},
            {"look_first", intent.look_first}};
}

/// Takes members out of an object and remembers whether one was missing.
class Members {
  public:
    explicit Members(const json::object& object) : object_(object) {}
    std::string text(std::string_view key) {
        return take(find_string(object_, key), key, std::string());
    }
    std::int64_t number(std::string_view key) {
        return take(find_int(object_, key), key, std::int64_t{0});
    }
    bool flag(std::string_view key) { return take(find_bool(object_, key), key, false); }
    const std::string& missing() const { return missing_; }

  private:
    template <class T>
    T take(std::optional<T> found, std::string_view key, T fallback) {
        if (!found && missing_.empty()) missing_ = std::string(key);
        return found ? std::move(*found) : std::move(fallback);
    }
    const json::object& object_;
    std::string missing_;
};

Error lacks(const std::string& member) {
    return make_error(ErrorCode::Corrupt,
                      "member \"" + member + "\" is missing or of a wrong type");
}

Result<Intent> intent_from(const json::object& object) {
    Members members(object);
    Intent intent;
    intent.from = Cursor(members.text("from"));
    intent.to = Cursor(members.text("to"));
    intent.page_number = static_cast<std::uint64_t>(members.number("page"));
    intent.now_unix_ns = members.number("now_unix_ns");
    intent.rule_digest = members.text("rule");
    intent.settings_digest = members.text("settings");
    intent.bytes_max = static_cast<std::uint64_t>(members.number("bytes_max"));
    intent.logs_max = static_cast<std::uint32_t>(members.number("logs_max"));
    intent.lanes = static_cast<std::uint32_t>(members.number("lanes"));
    intent.look_first = members.flag("look_first");
    if (!members.missing().empty()) return lacks("intent." + members.missing());
    if (intent.lanes == 0 || intent.logs_max == 0) return lacks("intent.lanes");
    return intent;
}

Result<SavedRecord> read(const LinkKeys& keys, const StoredValue& value) {
    const auto id = parse_uint(std::string_view(value.key).substr(keys.shards().size()));
    if (!id || *id > UINT32_MAX) {
        return make_error(ErrorCode::Corrupt, "state key " + value.key + " names no shard");
    }
    auto record = decode_record(ShardId(static_cast<std::uint32_t>(*id)), value.value);
    if (!record) {
        return std::move(record).error().while_doing(
            "read state key " + value.key +
            " (restore the state store from a backup, or reset the link)");
    }
    return SavedRecord{std::move(*record), value.modified};
}

}  // namespace

bool ShardRecord::is_of(const Shard& shard_now) const {
    return created_unix_s == shard_now.created_unix_s && begin_key == shard_now.begin_key &&
           end_key == shard_now.end_key;
}

std::string encode_record(const ShardRecord& record) {
    json::object object{{"v", kVersion},
                        {"checkpoint", record.checkpoint.str()},
                        {"drained", record.drained},
                        {"page", static_cast<std::int64_t>(record.page_number)},
                        {"created_unix_s", record.created_unix_s},
                        {"begin_key", record.begin_key},
                        {"end_key", record.end_key}};
    if (record.intent) object["intent"] = to_json(*record.intent);
    return json::serialize(object);
}

Result<ShardRecord> decode_record(ShardId shard, std::string_view text) {
    auto object = parse_json_object(text);
    if (!object) return make_error(ErrorCode::Corrupt, object.error().message);
    Members members(*object);
    ShardRecord record;
    record.shard = shard;
    const std::int64_t version = members.number("v");
    record.checkpoint = Cursor(members.text("checkpoint"));
    record.drained = members.flag("drained");
    record.page_number = static_cast<std::uint64_t>(members.number("page"));
    record.created_unix_s = members.number("created_unix_s");
    record.begin_key = members.text("begin_key");
    record.end_key = members.text("end_key");
    if (!members.missing().empty()) return lacks(members.missing());
    if (version != kVersion) {
        return make_error(
            ErrorCode::Corrupt,
            fmt::format("it is of version {}, this program reads {}", version, kVersion));
    }
    if (const json::object* intent = find_object(*object, "intent")) {
        auto read_intent = intent_from(*intent);
        if (!read_intent) return std::move(read_intent).error();
        record.intent = std::move(*read_intent);
    }
    return record;
}

std::string LinkKeys::shard(ShardId id) const {
    return fmt::format("{}{:010}", shards(), id.value());
}

std::string LinkKeys::gap(const GapRecord& gap) const {
    return fmt::format("{}{:010}-{:010}-{}", gaps(), gap.noticed_unix_s, gap.shard.value(),
                       gap.from.str());
}

Result<std::map<ShardId, SavedRecord>> CheckpointStore::load_all() {
    auto values = state_.list(keys_.shards());
    if (!values) return std::move(values).error();
    std::map<ShardId, SavedRecord> records;
    for (const StoredValue& value : *values) {
        auto saved = read(keys_, value);
        if (!saved) return std::move(saved).error();
        const ShardId shard = saved->record.shard;
        records.emplace(shard, std::move(*saved));
    }
    return records;
}

Result<std::optional<SavedRecord>> CheckpointStore::load(ShardId shard) {
    auto value = state_.get(keys_.shard(shard));
    if (!value) return std::move(value).error();
    if (!*value) return std::optional<SavedRecord>();
    auto saved = read(keys_, **value);
    if (!saved) return std::move(saved).error();
    return std::optional<SavedRecord>(std::move(*saved));
}

Result<Revision> CheckpointStore::save(const ShardRecord& record, Revision revision,
                                       std::vector<StateWrite> with) {
    const std::string key = keys_.shard(record.shard);
    with.push_back({key, encode_record(record)});
    return state_.commit({{key, revision}}, with);
}

std::string encode_gap(const GapRecord& gap) {
    json::object object{{"shard", static_cast<std::int64_t>(gap.shard.value())},
                        {"from", gap.from.str()},
                        {"to", gap.to.str()},
                        {"cause", gap.cause},
                        {"detail", gap.detail},
                        {"noticed_unix_s", gap.noticed_unix_s}};
    if (gap.groups) object["groups"] = static_cast<std::int64_t>(*gap.groups);
    return json::serialize(object);
}

Result<GapRecord> decode_gap(std::string_view text) {
    auto object = parse_json_object(text);
    if (!object) return make_error(ErrorCode::Corrupt, object.error().message);
    Members members(*object);
    GapRecord gap;
    gap.shard = ShardId(static_cast<std::uint32_t>(members.number("shard")));
    gap.from = Cursor(members.text("from"));
    gap.to = Cursor(members.text("to"));
    gap.cause = members.text("cause");
    gap.detail = members.text("detail");
    gap.noticed_unix_s = members.number("noticed_unix_s");
    if (!members.missing().empty()) return lacks(members.missing());
    if (const auto groups = find_int(*object, "groups")) {
        gap.groups = static_cast<std::uint64_t>(*groups);
    }
    return gap;
}

}  // namespace spillway::replicator
