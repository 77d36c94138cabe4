#include "base/json.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace spillway {

Result<json::value> parse_json(std::string_view text) {
    json::error_code failure;
    json::stream_parser parser;
    const std::size_t used = parser.write_some(text.data(), text.size(), failure);
    if (!failure && used < text.size() &&
        text.find_first_not_of(" \t\r\n", used) != std::string_view::npos) {
        failure = json::error::extra_data;
    }
    if (!failure) parser.finish(failure);
    if (failure) {
        return make_error(ErrorCode::InvalidArgument,
                          "not JSON at byte " + std::to_string(used) + ": " + failure.message());
    }
    return parser.release();
}

Result<json::object> parse_json_object(std::string_view text) {
    auto value = parse_json(text);
    if (!value) return std::move(value).error();
    if (!value->is_object()) {
        return make_error(ErrorCode::InvalidArgument, "JSON, but not an object");
    }
    return std::move(value->get_object());
}

std::optional<std::string> find_string(const json::object& object, std::string_view key) {
    const auto* found = object.if_contains(key);
    if (found == nullptr || !found->is_string()) return std::nullopt;
    return std::string(found->get_string());
}

std::optional<std::int64_t> find_int(const json::object& object, std::string_view key) {
    const auto* found = object.if_contains(key);
    if (found == nullptr) return std::nullopt;
    if (found->is_int64()) return found->get_int64();
    if (found->is_uint64() && found->get_uint64() <= INT64_MAX) {
        return static_cast<std::int64_t>(found->get_uint64());
    }
    return std::nullopt;
}

std::optional<bool> find_bool(const json::object& object, std::string_view key) {
    const auto* found = object.if_contains(key);
    if (found == nullptr || !found->is_bool()) return std::nullopt;
    return found->get_bool();
}

const json::object* find_object(const json::object& object, std::string_view key) {
    const auto* found = object.if_contains(key);
    return found == nullptr ? nullptr : found->if_object();
}

const json::array* find_array(const json::object& object, std::string_view key) {
    const auto* found = object.if_contains(key);
    return found == nullptr ? nullptr : found->if_array();
}

namespace {

std::vector<std::string_view> sorted_keys(const json::object& object) {
    std::vector<std::string_view> keys;
    for (const auto& member : object) keys.emplace_back(member.key().data(), member.key().size());
    std::sort(keys.begin(), keys.end());
    return keys;
}

void write_canonical(const json::value& value, std::string& out) {
    if (const auto* object = value.if_object()) {
        out += '{';
        bool first = true;
        for (const auto key : sorted_keys(*object)) {
            if (!first) out += ',';
            first = false;
            out += json::serialize(json::string_view(key.data(), key.size()));
            out += ':';
            write_canonical(object->at(key), out);
        }
        out += '}';
    } else if (const auto* array = value.if_array()) {
        out += '[';
        for (std::size_t i = 0; i < array->size(); ++i) {
            if (i > 0) out += ',';
            write_canonical((*array)[i], out);
        }
        out += ']';
    } else {
        out += json::serialize(value);
    }
}

void write_pretty(const json::value& value, std::string& out, std::size_t depth) {
    const auto indent = [&out](std::size_t level) { out.append("\n").append(level * 2, ' '); };
    if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
        out += '{';
        bool first = true;
        for (const auto& member : *object) {
            if (!first) out += ',';
            first = false;
            indent(depth + 1);
            out += json::serialize(member.key());
            out += ": ";
            write_pretty(member.value(), out, depth + 1);
        }
        indent(depth);
        out += '}';
    } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
        out += '[';
        for (std::size_t i = 0; i < array->size(); ++i) {
            if (i > 0) out += ',';
            indent(depth + 1);
            write_pretty((*array)[i], out, depth + 1);
        }
        indent(depth);
        out += ']';
    } else if (const auto* number = value.if_double()) {
        out += fmt::format("{}", *number);  // 0.047 reads better than 4.7E-2
    } else {
        out += json::serialize(value);
    }
}

}  // namespace

std::string canonical_json(const json::value& value) {
    std::string out;
    write_canonical(value, out);
    return out;
}

std::string pretty_json(const json::value& value) {
    std::string out;
    write_pretty(value, out, 0);
    return out;
}

}  // namespace spillway
