// Paths are bytes, JSON is text: a path travels as "path" when it is valid UTF-8 and as
// "path_base64" otherwise. Digests are hex, because JSON readers may round 64-bit numbers. The
// first line is a checksum of all that follows, so that a torn or edited file is noticed whole.
#include "logstore/agent/checkpoint_table.h"

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"

namespace spillway::agent {
namespace {

constexpr std::string_view kHead = "spillway-agent-checkpoints 1 crc32c=";

std::string hex64(std::uint64_t number) {
    std::string bytes(8, '\0');
    for (std::size_t at = 0; at < 8; ++at) bytes[at] = static_cast<char>(number >> (56 - 8 * at));
    return to_hex(bytes);
}

std::optional<std::uint64_t> parse_hex64(std::string_view text) {
    const auto bytes = from_hex(text);
    if (!bytes || bytes->size() != 8) return std::nullopt;
    std::uint64_t number = 0;
    for (const char byte : *bytes) number = number << 8 | static_cast<unsigned char>(byte);
    return number;
}

void put_bytes(json::object& object, std::string_view key, const std::string& bytes) {
    if (is_valid_utf8(bytes)) {
        object[key] = bytes;
    } else {
        object[std::string(key) + "_base64"] = to_base64(bytes);
    }
}

std::optional<std::string> get_bytes(const json::object& object, std::string_view key) {
    if (auto text = find_string(object, key)) return text;
    const auto coded = find_string(object, std::string(key) + "_base64");
    return coded ? from_base64(*coded) : std::nullopt;
}

std::optional<std::uint64_t> get_uint(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    if (value == nullptr) return std::nullopt;
    if (value->is_uint64()) return value->as_uint64();
    if (value->is_int64() && value->as_int64() >= 0) {
        return static_cast<std::uint64_t>(value->as_int64());
    }
    return std::nullopt;
}

json::object owed_json(const OwedRange& owed) {
    json::object object;
    object["until"] = owed.until;
    object["region"] = owed.delivery.target.region.str();
    object["project"] = owed.delivery.target.logstore.project.str();
    object["logstore"] = owed.delivery.target.logstore.logstore.str();
    put_bytes(object, "topic", owed.delivery.topic);
    object["position_meta"] = owed.delivery.position_meta;
    return object;
}

std::optional<OwedRange> parse_owed(const json::object& object) {
    const auto until = get_uint(object, "until");
    const auto region = find_string(object, "region");
    const auto project = find_string(object, "project");
    const auto logstore = find_string(object, "logstore");
    const auto topic = get_bytes(object, "topic");
    if (!until || !region || !project || !logstore || !topic) return std::nullopt;
    OwedRange owed;
    owed.until = *until;
    owed.delivery.target = {RegionName(*region), {ProjectName(*project), LogstoreName(*logstore)}};
    owed.delivery.topic = *topic;
    owed.delivery.position_meta = find_bool(object, "position_meta").value_or(false);
    return owed;
}

json::object entry_json(const CheckpointKey& key, const FileCheckpoint& file) {
    json::object entry;
    entry["device"] = key.file.device;
    entry["inode"] = key.file.inode;
    entry["config"] = key.config;
    put_bytes(entry, "path", file.path);
    entry["offset"] = file.offset;
    entry["signature_bytes"] = file.signature.bytes;
    entry["signature"] = hex64(file.signature.digest);
    entry["updated"] = file.updated_unix_s;
    if (file.owed) entry["owed"] = owed_json(*file.owed);
    return entry;
}

bool parse_entry(const json::object& entry, CheckpointTable& table) {
    const auto device = get_uint(entry, "device");
    const auto inode = get_uint(entry, "inode");
    const auto config = find_string(entry, "config");
    const auto path = get_bytes(entry, "path");
    const auto offset = get_uint(entry, "offset");
    const auto signature_bytes = get_uint(entry, "signature_bytes");
    const auto digest = parse_hex64(find_string(entry, "signature").value_or(""));
    if (!device || !inode || !config || !path || !offset || !signature_bytes || !digest)
        return false;
    FileCheckpoint file;
    file.path = *path;
    file.offset = *offset;
    file.signature = {static_cast<std::uint32_t>(*signature_bytes), *digest};
    file.updated_unix_s = find_int(entry, "updated").value_or(0);
    if (const json::object* owed = find_object(entry, "owed")) {
        file.owed = parse_owed(*owed);
        if (!file.owed) return false;
    }
    table.files[{{*device, *inode}, *config}] = std::move(file);
    return true;
}

Error corrupt(std::string what) {
    return make_error(ErrorCode::Corrupt, "not a checkpoint file: " + std::move(what));
}

}  // namespace

const FileCheckpoint* CheckpointTable::find(const CheckpointKey& key) const {
    const auto found = files.find(key);
    return found == files.end() ? nullptr : &found->second;
}

void CheckpointTable::forget_before(std::int64_t unix_s) {
    std::erase_if(files, [&](const auto& entry) {
        return !entry.second.owed && entry.second.updated_unix_s < unix_s;
    });
}

std::string to_text(const CheckpointTable& table) {
    json::array files;
    for (const auto& [key, file] : table.files) files.push_back(entry_json(key, file));
    json::object watched;
    for (const auto& [config, since] : table.watched_since_unix_ns) watched[config] = since;
    json::object whole;
    whole["watched_since"] = std::move(watched);
    whole["files"] = std::move(files);
    const std::string body = json::serialize(whole) + "\n";
    return std::string(kHead) + std::to_string(crc32c(body)) + "\n" + body;
}

Result<CheckpointTable> parse_checkpoints(std::string_view text) {
    const std::size_t line_end = text.find('\n');
    if (!text.starts_with(kHead) || line_end == std::string_view::npos) {
        return corrupt("it does not begin with \"" + std::string(kHead) + "\"");
    }
    const auto wanted = parse_uint(text.substr(kHead.size(), line_end - kHead.size()));
    const std::string_view body = text.substr(line_end + 1);
    if (!wanted || *wanted != crc32c(body)) return corrupt("the checksum does not fit its content");
    auto whole = parse_json_object(body);
    if (!whole) return corrupt(whole.error().message);
    CheckpointTable table;
    if (const json::object* watched = find_object(*whole, "watched_since")) {
        for (const auto& member : *watched) {
            if (member.value().is_int64()) {
                table.watched_since_unix_ns[std::string(member.key())] = member.value().as_int64();
            }
        }
    }
    const json::array* files = find_array(*whole, "files");
    if (files == nullptr) return corrupt("\"files\" is missing");
    for (const json::value& entry : *files) {
        if (!entry.is_object() || !parse_entry(entry.as_object(), table)) {
            return corrupt("an entry of \"files\" lacks a member: " + json::serialize(entry));
        }
    }
    return table;
}

}  // namespace spillway::agent
