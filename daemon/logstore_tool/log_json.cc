#include "daemon/logstore_tool/log_json.h"

#include "base/json.h"
#include "base/text.h"

#include <algorithm>
#include <array>
#include <utility>

namespace spillway::daemon {

namespace {

using Pair = std::pair<std::string_view, std::string_view>;

void append_text(std::string& out, std::string_view text) {
    if (is_valid_utf8(text)) {
        out += json::serialize(json::string_view(text.data(), text.size()));
    } else {
        out.append(R"({"base64":")").append(to_base64(text)).append("\"}");
    }
}

bool fits_object(const std::vector<Pair>& pairs) {
    std::vector<std::string_view> keys;
    keys.reserve(pairs.size());
    for (const auto& [key, value] : pairs) {
        if (!is_valid_utf8(key)) return false;
        keys.push_back(key);
    }
    std::sort(keys.begin(), keys.end());
    return std::adjacent_find(keys.begin(), keys.end()) == keys.end();
}

void append_pairs(std::string& out, const std::vector<Pair>& pairs) {
    const bool object = fits_object(pairs);
    out += object ? '{' : '[';
    bool first = true;
    for (const auto& [key, value] : pairs) {
        if (!first) out += ',';
        first = false;
        if (!object) out += '[';
        append_text(out, key);
        out += object ? ':' : ',';
        append_text(out, value);
        if (!object) out += ']';
    }
    out += object ? '}' : ']';
}

void append_optional(std::string& out, std::string_view name, std::string_view text) {
    if (text.empty()) return;
    out.append(",\"").append(name).append("\":");
    append_text(out, text);
}

Error wrong(std::string message) {
    return make_error(ErrorCode::InvalidArgument, std::move(message));
}

/// Text, or {"base64": "..."}.
Result<std::string> read_text(const json::value& value, std::string_view name) {
    if (const auto* text = value.if_string()) return std::string(*text);
    if (const auto* object = value.if_object(); object != nullptr && object->size() == 1) {
        const auto encoded = find_string(*object, "base64");
        auto bytes = encoded ? from_base64(*encoded) : std::nullopt;
        if (bytes) return *std::move(bytes);
    }
    return wrong("\"" + std::string(name) + R"(" is neither a text nor {"base64":"..."})");
}

/// An object, or a list of [key, value].
Result<std::vector<LogTag>> read_pairs(const json::value& value, std::string_view name) {
    std::vector<LogTag> out;
    if (const auto* object = value.if_object()) {
        for (const auto& member : *object) {
            auto text = read_text(member.value(), member.key());
            if (!text) return std::move(text).error();
            out.push_back({std::string(member.key()), *std::move(text)});
        }
        return out;
    }
    const auto* list = value.if_array();
    if (list == nullptr)
        return wrong("\"" + std::string(name) + "\" is neither an object nor a list");
    for (const auto& item : *list) {
        const auto* pair = item.if_array();
        if (pair == nullptr || pair->size() != 2) {
            return wrong("\"" + std::string(name) + "\" holds something that is no [key, value]");
        }
        auto key = read_text((*pair)[0], name);
        if (!key) return std::move(key).error();
        auto text = read_text((*pair)[1], *key);
        if (!text) return std::move(text).error();
        out.push_back({*std::move(key), *std::move(text)});
    }
    return out;
}

Result<std::uint32_t> read_number(const json::value& value, std::string_view name) {
    json::error_code failure;
    const auto number = value.to_number<std::uint32_t>(failure);
    if (failure) return wrong("\"" + std::string(name) + "\" is not a whole number");
    return number;
}

constexpr std::array<std::string_view, 8> kOwnMembers = {"time", "time_ns", "topic", "source",
                                                         "tags", "fields",  "shard", "cursor"};

/// Our own form: "fields" with pairs in it, and nothing that we would not write.
bool is_own_form(const json::object& object) {
    const auto* fields = object.if_contains("fields");
    if (fields == nullptr || !(fields->is_object() || fields->is_array())) return false;
    return std::all_of(object.begin(), object.end(), [](const auto& member) {
        const std::string_view key(member.key().data(), member.key().size());
        return std::find(kOwnMembers.begin(), kOwnMembers.end(), key) != kOwnMembers.end();
    });
}

Status read_group_members(const json::object& object, ParsedLog& out) {
    for (const auto& [name, text] :
         {std::pair("topic", &out.topic), std::pair("source", &out.source)}) {
        if (const auto* value = object.if_contains(name)) {
            auto read = read_text(*value, name);
            if (!read) return std::move(read).error();
            *text = *std::move(read);
        }
    }
    if (const auto* value = object.if_contains("tags")) {
        auto tags = read_pairs(*value, "tags");
        if (!tags) return std::move(tags).error();
        out.tags = *std::move(tags);
    }
    return {};
}

Result<ParsedLog> read_own_form(const json::object& object, ParsedLog out) {
    if (const auto* value = object.if_contains("time")) {
        const auto time = read_number(*value, "time");
        if (!time) return time.error();
        out.log.time = *time;
    }
    if (const auto* value = object.if_contains("time_ns")) {
        const auto time_ns = read_number(*value, "time_ns");
        if (!time_ns) return time_ns.error();
        out.log.time_ns = *time_ns;
    }
    if (auto read = read_group_members(object, out); !read) return std::move(read).error();
    auto fields = read_pairs(object.at("fields"), "fields");
    if (!fields) return std::move(fields).error();
    for (auto& field : *fields) {
        out.log.contents.push_back({std::move(field.key), std::move(field.value)});
    }
    return out;
}

}  // namespace

Status append_log_line(std::string& out, const wire::LogGroupView& group, wire::LogView log,
                       ShardId shard, const Cursor& cursor) {
    out.append("{\"time\":").append(std::to_string(log.time()));
    if (const auto time_ns = log.time_ns()) {
        out.append(",\"time_ns\":").append(std::to_string(*time_ns));
    }
    append_optional(out, "topic", group.topic());
    append_optional(out, "source", group.source());
    std::vector<Pair> pairs;
    group.for_each_tag([&pairs](std::string_view key, std::string_view value) {
        pairs.emplace_back(key, value);
        return true;
    });
    if (!pairs.empty()) {
        out += ",\"tags\":";
        append_pairs(out, pairs);
    }
    pairs.clear();
    auto read = log.for_each_content([&pairs](const wire::ContentView& content) {
        pairs.emplace_back(content.key, content.value);
        return true;
    });
    if (!read) return read;
    out += ",\"fields\":";
    append_pairs(out, pairs);
    out.append(",\"shard\":").append(std::to_string(shard.value()));
    append_optional(out, "cursor", cursor.str());
    out += "}\n";
    return {};
}

Result<ParsedLog> parse_log_line(std::string_view line, std::uint32_t now_unix_s) {
    const auto object = parse_json_object(line);
    if (!object) return object.error();
    ParsedLog out;
    out.log.time = now_unix_s;
    if (is_own_form(*object)) return read_own_form(*object, std::move(out));
    for (const auto& member : *object) {
        const auto* text = member.value().if_string();
        out.log.contents.push_back(
            {std::string(member.key()),
             text != nullptr ? std::string(*text) : json::serialize(member.value())});
    }
    return out;
}

}  // namespace spillway::daemon
