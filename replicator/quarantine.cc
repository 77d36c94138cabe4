#include "replicator/quarantine.h"

#include "base/json.h"
#include "base/text.h"

#include <fmt/format.h>

namespace spillway::replicator {
namespace {

std::string id_of(ShardId shard, const DeadRecord& record) {
    return fmt::format("{:010}/{:020}.{}{}", shard.value(), record.position, record.log_index,
                       record.target.empty() ? "" : "@" + record.target);
}

Result<DeadLetter> decode(const StoredValue& value, std::size_t prefix) {
    auto object = parse_json_object(value.value);
    const auto broken = [&](std::string_view why) {
        return make_error(ErrorCode::Corrupt,
                          "state key " + value.key + " is no dead letter: " + std::string(why));
    };
    if (!object) return broken(object.error().message);
    const auto group = find_string(*object, "group");
    const auto bytes = group ? from_base64(*group) : std::nullopt;
    const auto shard = find_int(*object, "shard");
    const auto position = find_int(*object, "position");
    if (!bytes || !shard || !position) return broken("shard, position or group is missing");
    DeadLetter letter;
    letter.id = value.key.substr(prefix);
    letter.shard = ShardId(static_cast<std::uint32_t>(*shard));
    letter.record.position = *position;
    letter.record.log_index = static_cast<std::uint32_t>(find_int(*object, "log").value_or(0));
    letter.record.logs = static_cast<std::uint32_t>(find_int(*object, "logs").value_or(1));
    letter.record.target = find_string(*object, "target").value_or("");
    letter.record.reason = find_string(*object, "reason").value_or("");
    letter.record.group = *bytes;
    letter.rule_digest = find_string(*object, "rule").value_or("");
    letter.noticed_unix_s = find_int(*object, "noticed_unix_s").value_or(0);
    return letter;
}

}  // namespace

StateWrite dead_letter_write(const LinkKeys& keys, ShardId shard, const DeadRecord& record,
                             const std::string& rule_digest, WallTime now) {
    const json::object object{{"shard", static_cast<std::int64_t>(shard.value())},
                              {"position", record.position},
                              {"log", static_cast<std::int64_t>(record.log_index)},
                              {"logs", static_cast<std::int64_t>(record.logs)},
                              {"target", record.target},
                              {"reason", to_valid_utf8(record.reason)},
                              {"rule", rule_digest},
                              {"noticed_unix_s", unix_seconds(now)},
                              {"group", to_base64(record.group)}};
    return {keys.dead() + id_of(shard, record), json::serialize(object)};
}

Result<std::vector<DeadLetter>> list_dead_letters(StateStore& state, const std::string& link) {
    const std::string prefix = LinkKeys(link).dead();
    auto values = state.list(prefix);
    if (!values) return std::move(values).error();
    std::vector<DeadLetter> letters;
    for (const StoredValue& value : *values) {
        auto letter = decode(value, prefix.size());
        if (!letter) return std::move(letter).error();
        letters.push_back(std::move(*letter));
    }
    return letters;
}

Status remove_dead_letter(StateStore& state, const std::string& link, const std::string& id) {
    const std::string key = LinkKeys(link).dead() + id;
    auto found = state.get(key);
    if (!found) return std::move(found).error();
    if (!*found)
        return make_error(ErrorCode::NotFound, "link " + link + " has no dead letter " + id);
    auto removed = state.commit({{key, (*found)->modified}}, {{key, std::nullopt}});
    if (!removed) return std::move(removed).error();
    return {};
}

}  // namespace spillway::replicator
